"""A run: from a source and models to stored rows.

``engine`` goes through models, volumes and slices; ``executors`` computes them here,
``cluster`` on workers of Dask, both by ``evaluation``; ``store`` keeps the rows;
``stored_prompts`` gives them to another model and ``repredict`` predicts one of them
again.
"""
