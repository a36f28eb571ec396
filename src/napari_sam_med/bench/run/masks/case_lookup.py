"""One case of a stored run: its row, and the volume it was cut from."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from napari_sam_med.bench.data.subsets import load_named
from napari_sam_med.bench.run.masks.chosen_rows import RowChoice, chosen_rows
from napari_sam_med.errors import DatasetError, RunError

if TYPE_CHECKING:
    from napari_sam_med.bench.data.labelled_volumes import LabelledVolume, VolumeSource
    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.bench.run.store.run_store import RunStore

LIKELIEST = 3


@dataclass(frozen=True, slots=True)
class CaseChoice:
    """One answer of a run.

    Parameters
    ----------
    case_id : str
        As rows and the report name it.
    rows : RowChoice
        Which of the case's answers.
    """

    case_id: str
    rows: RowChoice = field(default_factory=RowChoice)


def row_of_case(store: RunStore, choice: CaseChoice) -> Row:
    """Find the row of a case.

    Parameters
    ----------
    store : RunStore
        The run.
    choice : CaseChoice
        Which row.

    Returns
    -------
    Row
        The first model's where none is named.

    Raises
    ------
    RunError
        If the run has no such case, or it has no such answer.
    FileReadError
        If the run cannot be read.
    """
    store.manifest()  # a folder without a run has no rows either
    names = sorted(set(store.rows(["case_id"])["case_id"]))
    if choice.case_id not in names:
        likely = get_close_matches(choice.case_id, names, LIKELIEST, cutoff=0.0)
        msg = (
            f"{store.folder} has no case {choice.case_id!r}; it has "
            f"{', '.join(likely) or 'none'} and others"
        )
        raise RunError(msg)
    rows = chosen_rows(store, choice.rows)
    mine = [row for row in rows if row.case_id == choice.case_id]
    if not mine:
        msg = (
            f"{choice.case_id} has no such answer in {store.folder}; leave out the "
            "model or the setting"
        )
        raise RunError(msg)
    return mine[0]


def volume_of_row(row: Row, source: VolumeSource) -> LabelledVolume:
    """Load the volume that a row was computed on.

    Parameters
    ----------
    row : Row
        A result.
    source : VolumeSource
        The data of the run.

    Raises
    ------
    DatasetError
        If it is not there, or cannot be read.
    """
    for found in load_named(source, {row.image}):
        return found
    msg = (
        f"the image of {row.case_id} is not where it lay, or cannot be read; give the "
        "images and labels of the run"
    )
    raise DatasetError(msg)
