"""Grids of points, summed up: how many of the objects some mask matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.bench.analysis.between_models.common_cases import (
    answered_throughout,
)
from napari_sam_med.bench.analysis.ladder import task_means

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
        As ``task_means``, of the cases of a task that all its models answered:
        ``best_iou`` of each object's best-matching mask,
        ``recall50`` and ``recall75`` the part of objects that some mask matches to .50
        and .75, ``masks`` the number of masks on an object's slice.
    """
    chosen = rows[rows["setting"].eq("everything") & rows["error"].eq("")]
    chosen = chosen.rename(
        columns={"step": "points_a_side", "iou": "best_iou", "n_masks": "masks"}
    )
    shared = ["profile", "task", "points_a_side", "selection"]
    chosen = answered_throughout(chosen, shared)
    recalls = {
        name: chosen["best_iou"].ge(target).astype(float)
        for name, target in RECALL_IOUS.items()
    }
    measures = ["best_iou", *RECALL_IOUS, "masks"]
    by = [*GROUP, "points_a_side", "selection"]
    return task_means(chosen.assign(**recalls), by, measures)
