"""How an object is prompted and an answer scored; nothing here goes through data.

``profiles`` name the rules (``profile_rules``) of a run, ``run_settings`` what it does,
``cases`` the slices and objects, ``random_streams`` the draws. A ``prompted_slices``
object is asked by ``mode_runs``, ``click_runs``, ``clicking_group_runs``, ``grid_runs``
and ``perturbation_runs``; ``scoring`` fills the ``result_rows``.
"""
