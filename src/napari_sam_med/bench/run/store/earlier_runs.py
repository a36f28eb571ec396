"""Rows of earlier releases, brought to what today's hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.data.catalogue import catalogue
from napari_sam_med.bench.data.dataset_identity import (
    case_within,
    dataset_id,
    task_within,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

NAMED = ("case_id", "patient", "task")
"""Columns that name the data set."""


def names_data(manifest: Mapping[str, Any]) -> bool:
    """Whether the rows of a run say which data their cases are of.

    Parameters
    ----------
    manifest : mapping
        Of the run.
    """
    return "dataset_id" in manifest


def with_data_named(rows: pd.DataFrame, manifest: Mapping[str, Any]) -> pd.DataFrame:
    """Put the data set before cases, patients and tasks of an earlier release's rows.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``.
    manifest : mapping
        Of the run; it has hashes of all files, from which unnamed data get a name.

    Returns
    -------
    pandas.DataFrame
        The rows as they are if they say it already.
    """
    if names_data(manifest):
        return rows
    name = manifest.get("dataset", "")
    entry = None if name else _entry_with(set(rows["task"]) - {""})
    files = [file for file in manifest["files"] if file["sha256"]]
    found = entry or dataset_id(name, files)
    named = rows.assign(
        case_id=[case_within(found, case) for case in rows["case_id"]],
        patient=[case_within(found, one) if one else "" for one in rows["patient"]],
    )
    if name or entry:  # the tasks name it already
        return named
    tasks = [task_within(found, task) if task else "" for task in rows["task"]]
    return named.assign(task=tasks)


def _entry_with(tasks: set[str]) -> str | None:
    """Name the data set of the study that all tasks are of."""
    entries = catalogue().values() if tasks else ()
    return next((one.name for one in entries if tasks <= set(one.tasks)), None)
