"""A run: from a source and models to stored rows.

``engine`` goes through models, volumes and slices; ``executors`` computes them here,
``cluster`` on the ``workers`` of Dask, both by ``evaluation``; ``run_store`` keeps the
rows, in the forms of ``stored_runs``; ``stored_prompts`` gives them to another model
and ``repredict`` predicts one of them again.
"""
