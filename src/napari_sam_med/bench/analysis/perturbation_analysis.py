"""Perturbed prompts, summed up: how much an answer depends on the exact prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

GROUP = ["task", "model", "profile"]
PERTURBATIONS = ("box_shift", "box_expand", "box_corners", "point_shift")


def summarise_perturbation(defaults: pd.DataFrame) -> pd.DataFrame:
    """Sum up what perturbed prompts cost, by task, model, profile and kind.

    Parameters
    ----------
    defaults : pandas.DataFrame
        Rows of the default mask, as ``defaults_of`` gives them.

    Returns
    -------
    pandas.DataFrame
        ``n`` objects, ``draws``, ``mean`` IoU over objects and draws, and ``spread``,
        the standard deviation over an object's draws, averaged over objects.
    """
    chosen = defaults[defaults["setting"].isin(PERTURBATIONS)]
    by_case = chosen.groupby([*GROUP, "setting", "case_id"])["iou"]
    cases = by_case.agg(mean="mean", spread="std", draws="size").reset_index()
    return (
        cases.groupby([*GROUP, "setting"])
        .agg(
            n=("mean", "size"),
            draws=("draws", "max"),
            mean=("mean", "mean"),
            spread=("spread", "mean"),
        )
        .reset_index()
    )
