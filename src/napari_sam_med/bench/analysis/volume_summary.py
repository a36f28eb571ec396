"""Means of a run over volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.bench.analysis.between_models.told_apart import own_name
from napari_sam_med.bench.protocol.volume_rules.volume_floors import FLOORS
from napari_sam_med.bench.protocol.volume_rules.volume_settings import SlicePromptKind

if TYPE_CHECKING:
    import pandas as pd

KEYS = ["task", "model", "profile", "setting", "step"]
MEASURES = [
    "iou",
    "dice",
    "nsd",
    "hd95_mm",
    "iou_volume",
    "surplus_slices",
    "lost_mm",
    "dsc_auc",
    "nsd_auc",
    "seconds_predict",
]


def summarise_volumes(rows: pd.DataFrame) -> pd.DataFrame:
    """Average measures, from objects to patients to tasks.

    Parameters
    ----------
    rows : DataFrame
        The columns of ``Row``; failures are left out.

    Returns
    -------
    DataFrame
        One row for each task, model, setting and step: ``n`` objects, ``n_patients``,
        and the mean over patients of each patient's mean. What was not measured is NaN:
        ``lost_mm`` counts only objects that were lost, ``n_lost`` says how many.
    """
    good = rows[rows["error"].eq("")]
    of_patients = good.groupby([*KEYS, "patient"], sort=True)[MEASURES].mean()
    means = of_patients.groupby(KEYS, sort=True).mean()
    groups = good.groupby(KEYS, sort=True)
    counts = groups.agg(
        n=("case_id", "size"),
        n_patients=("patient", "nunique"),
        n_lost=("lost_mm", "count"),
    )
    return counts.join(means).reset_index()


def means_over_tasks(summary: pd.DataFrame) -> pd.DataFrame:
    """Average a summary over tasks.

    Parameters
    ----------
    summary : DataFrame
        As ``summarise_volumes`` gives it.

    Returns
    -------
    DataFrame
        One row for each model, setting and step, with ``n_tasks``, over how many.
    """
    keys = [key for key in KEYS if key != "task"]
    groups = summary.groupby(keys, sort=True)
    return groups.size().to_frame("n_tasks").join(groups[MEASURES].mean()).reset_index()


def last_answers(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out clicks that another one follows: they are no way of prompting.

    Parameters
    ----------
    rows : DataFrame
        The columns of ``Row``.

    Returns
    -------
    DataFrame
        Of each model and setting the rows of its last step.
    """
    last = rows.groupby(["model", "setting"])["step"].transform("max")
    return rows[rows["step"].eq(last)]


def tells_mask(settings: pd.Series) -> pd.Series:
    """Whether ways of prompting tell a model the true mask of a slice.

    Parameters
    ----------
    settings : Series of str
        As ``setting_name`` names them.

    Returns
    -------
    Series of bool
    """
    return settings.astype(str).str.split("_").str[0].eq(SlicePromptKind.MASK)


def is_floor(models: pd.Series) -> pd.Series:
    """Whether models are floors, which know the truth of the prompted slices.

    Parameters
    ----------
    models : Series of str
        Their names, that of a run behind them where ``joined_rows`` told them apart.

    Returns
    -------
    Series of bool
    """
    return models.astype(str).map(lambda name: own_name(name, FLOORS)).isin([*FLOORS])
