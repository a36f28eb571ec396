"""Worker processes and clusters: the one place that knows Dask.

``workers`` says who is to compute, ``connections`` starts or finds them,
``kept_models`` sends them jobs and has each load a model once, ``slice_cluster`` and
``volume_cluster`` say what a job is. Nothing but rows comes back, in the order of the
run, and only the client's process writes them.
"""
