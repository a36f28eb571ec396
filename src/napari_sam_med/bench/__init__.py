"""The benchmark: labelled volumes in, one row for each prediction out, then a report.

Five rooms, each importing only from those before it:

- ``data``: images with their truth, from files, folders, published data sets, memory;
- ``protocol``: profiles, settings, cases and random streams, and how one object is
  prompted and scored (pure functions: slice, object, model and draws decide the row);
- ``run``: goes through all cases, here or on Dask workers (nowhere else), keeps the
  rows, takes up a run that stopped, predicts a stored row again;
- ``analysis``: means and intervals, calibration, clicks needed, comparisons;
- ``report``: all of it as one page.
"""
