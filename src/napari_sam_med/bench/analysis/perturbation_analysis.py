"""Grids of points and unsteady hands, summed up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

RECALL_IOUS = {"recall50": 0.5, "recall75": 0.75}
GROUP = ["task", "model", "profile"]
JITTER = ("box_shift", "box_expand", "box_corners", "point_shift")


def summarise_everything(rows: pd.DataFrame) -> pd.DataFrame:
    """Sum up grids of points by task, model, profile, points a side and selection.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``.

    Returns
    -------
    pandas.DataFrame
        ``n`` objects, ``best_iou`` the mean IoU of each object's best-matching mask,
        ``recall50`` and ``recall75`` the part of objects that some mask matches to .50
        and .75, ``masks`` the mean number of masks on a slice.
    """
    chosen = rows[rows["setting"].eq("everything") & rows["error"].eq("")]
    chosen = chosen.rename(columns={"step": "points_a_side"})
    recalls = {
        name: chosen["iou"].ge(target).astype(float)
        for name, target in RECALL_IOUS.items()
    }
    groups = chosen.assign(**recalls).groupby([*GROUP, "points_a_side", "selection"])
    return groups.agg(
        n=("iou", "size"),
        best_iou=("iou", "mean"),
        recall50=("recall50", "mean"),
        recall75=("recall75", "mean"),
        masks=("n_masks", "mean"),
    ).reset_index()


def summarise_jitter(defaults: pd.DataFrame) -> pd.DataFrame:
    """Sum up what an unsteady hand costs, by task, model, profile and kind.

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
    chosen = defaults[defaults["setting"].isin(JITTER)]
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
