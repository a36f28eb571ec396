"""How an object is prompted and an answer scored; nothing here goes through data.

``profiles`` are the rules by which runs differ, ``run_settings`` what is asked for,
``cases`` the slices and objects, ``random_streams`` the draws. A ``prompted_slices``
object is asked by ``mode_runs``, ``click_runs``, ``grid_runs`` and
``perturbation_runs``; ``scoring`` fills the ``result_rows``.
"""
