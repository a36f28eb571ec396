"""Grids of points, summed up: how many of the objects some mask matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

RECALL_IOUS = {"recall50": 0.5, "recall75": 0.75}
"""The two overlaps of COCO's AP50 and AP75."""
GROUP = ["task", "model", "profile"]


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
