"""What an object's kind has to do with how well it is found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam_med.bench.analysis.between_models.common_cases import (
    set_side_by_side,
)
from napari_sam_med.bench.analysis.calibration import rank_correlation
from napari_sam_med.bench.analysis.ladder import ALL_TASKS, ENOUGH, task_means

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import numpy.typing as npt
    import pandas as pd

GROUP = ["profile", "model"]
POINT, BOX = "mode1", "mode5"
GAP = "box minus point"
FACTORS = {"size": "area_px", "share of slice": "area_fraction", "parts": "n_parts"}
"""Names and columns; the share of the slice tells objects in other matrices apart."""
MODALITIES = {
    "CT": r"CT",
    "MR": r"MRI?",
    "radiograph": r"X-?ray|DX|CR|RG",
    "ultrasound": r"US|ultrasound",
    "PET": r"PET|PT",
    "microscopy": r"SM|XC|microscopy",
}
"""As tasks, data sets and DICOM's modality name them."""


def prompt_gaps(defaults: pd.DataFrame) -> pd.DataFrame:
    """Set one box and one point on the same object side by side.

    Parameters
    ----------
    defaults : pandas.DataFrame
        Rows of the default mask, as ``defaults_of`` gives them.

    Returns
    -------
    pandas.DataFrame
        One row for each profile, model and object that was prompted both ways:
        ``case_id``, ``patient``, ``task``, ``area_px``, ``area_fraction``, ``n_parts``,
        ``point`` and ``box`` (IoU in mode 1 and 5) and ``gap``, box minus point.
    """
    kept = ["case_id", "patient", "task", "area_px", "area_fraction", "n_parts"]
    point = defaults[defaults["setting"].eq(POINT)]
    box = defaults[defaults["setting"].eq(BOX)]
    both = point[[*GROUP, *kept, "iou"]].rename(columns={"iou": "point"})
    other = box[[*GROUP, "case_id", "iou"]].rename(columns={"iou": "box"})
    both = both.merge(other, on=[*GROUP, "case_id"])
    return both.assign(gap=both["box"] - both["point"])


def summarise_gaps(gaps: pd.DataFrame) -> pd.DataFrame:
    """Average what a box gains over a point, task by task.

    Parameters
    ----------
    gaps : pandas.DataFrame
        As ``prompt_gaps`` gives them.

    Returns
    -------
    pandas.DataFrame
        As ``task_means``, of ``point``, ``box`` and ``gap``.
    """
    return task_means(gaps, ["task", *GROUP[::-1]], ["point", "box", "gap"])


def factor_correlations(gaps: pd.DataFrame) -> pd.DataFrame:
    """Correlate size and number of parts with IoU, and with what a box gains.

    Parameters
    ----------
    gaps : pandas.DataFrame
        As ``prompt_gaps`` gives them.

    Returns
    -------
    pandas.DataFrame
        By profile, model, ``factor`` and ``of`` (mode1, mode5, box minus point):
        ``n`` objects, ``spearman`` over all of them (NaN if one of the two does not
        vary), ``spearman_within``, the mean of the same within each of the ``n_tasks``
        with six objects or more. Large objects of easy tasks alone raise the first.
    """
    import pandas as pd

    measures = {POINT: "point", BOX: "box", GAP: "gap"}
    records = []
    for key, mine in gaps.groupby(GROUP, sort=True):
        tasks = [
            members
            for members in mine.groupby("task").indices.values()
            if len(members) >= ENOUGH
        ]
        for factor, column in FACTORS.items():
            for name, measure in measures.items():
                values = mine[[column, measure]].to_numpy(float)
                each = [_spearman(values[members]) for members in tasks]
                within = [one for one in each if not np.isnan(one)]
                mean = float(np.mean(within)) if within else float("nan")
                pooled = _spearman(values)
                record = (*key, factor, name, len(mine), pooled, mean, len(within))
                records.append(record)
    columns = [*GROUP, "factor", "of", "n", "spearman", "spearman_within", "n_tasks"]
    return pd.DataFrame.from_records(records, columns=columns)


def modalities_of_tasks(
    tasks: Iterable[str], manifests: Iterable[Mapping[str, Any]]
) -> dict[str, str]:
    """Say which modality each task is of, as far as names tell.

    Parameters
    ----------
    tasks : iterable of str
        Their names.
    manifests : iterable of mapping
        Of the runs; a data set of the catalogue has a modality.

    Returns
    -------
    dict of str to str
        Without tasks of which nothing is known, or two modalities are named.

    Examples
    --------
    >>> found = modalities_of_tasks(["MRI-Heart", "demo: CT liver", "cells"], [])
    >>> sorted(found.items())
    [('MRI-Heart', 'MR'), ('demo: CT liver', 'CT')]
    """
    known: dict[str, str] = {}
    for manifest in manifests:
        known |= _catalogued(str(manifest.get("dataset", "")))
    found = {}
    for task in tasks:
        modality = known.get(task) or _named(task)
        if modality:
            found[task] = modality
    return found


def summarise_modalities(
    by_task: pd.DataFrame, modalities: Mapping[str, str], floors: Collection[str] = ()
) -> pd.DataFrame:
    """Average the tasks of each modality that all its models have.

    Parameters
    ----------
    by_task : pandas.DataFrame
        As ``summarise_gaps`` gives it.
    modalities : mapping of str to str
        As ``modalities_of_tasks`` gives it.
    floors : collection of str
        Models that do not decide which tasks are kept.

    Returns
    -------
    pandas.DataFrame
        By profile, model and modality: ``n_tasks``, ``tasks`` (whether these are all
        of the modality, those in common, or the model's own, as ``set_side_by_side``
        says of cases), and the means over them of ``point``, ``box`` and ``gap``.
        Empty if there are fewer than two modalities.
    """
    named = by_task[by_task["task"].ne(ALL_TASKS)]
    named = named.assign(modality=named["task"].astype(str).map(dict(modalities)))
    named = named.dropna(subset="modality").assign(case_id=named["task"])
    chosen = set_side_by_side(named, ["profile", "modality"], floors)
    groups = chosen.groupby([*GROUP, "modality"], sort=True)
    means = groups[["point", "box", "gap"]].mean()
    means.insert(0, "n_tasks", groups.size())
    means.insert(1, "tasks", groups["cases"].first())
    found = means.reset_index()
    return found if found["modality"].nunique() > 1 else found.iloc[:0]


def _spearman(values: npt.NDArray[np.float64]) -> float:
    """Correlate the two columns of (n, 2) values, without pairs that lack one."""
    known = values[~np.isnan(values).any(axis=1)]
    return rank_correlation(known[:, 0], known[:, 1])


def _catalogued(dataset: str) -> dict[str, str]:
    from napari_sam_med.bench.data.catalogue import catalogue

    entry = catalogue().get(dataset)
    if entry is None:
        return {}
    return dict.fromkeys(entry.tasks, _named(entry.modality))


def _named(text: str) -> str:
    """Read a modality; a name with two, such as PET/CT, does not say which it is."""
    found = [
        modality
        for modality, words in MODALITIES.items()
        if re.search(rf"(?<![A-Za-z])(?:{words})(?![A-Za-z])", text)
    ]
    return found[0] if len(found) == 1 else ""
