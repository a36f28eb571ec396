"""A case of a stored run, brought back into the viewer with its image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari.components import ViewerModel
from napari.layers import Image

from napari_sam_med.bench.data.given_data import GivenData
from napari_sam_med.bench.data.labelled_volumes import LabelledVolume
from napari_sam_med.bench.protocol.run_settings import RunSettings
from napari_sam_med.bench.protocol.volume_rules.volume_settings import VolumeSettings
from napari_sam_med.bench.run.masks.case_lookup import (
    CaseChoice,
    row_of_case,
    volume_of_row,
)
from napari_sam_med.bench.run.masks.chosen_rows import settings_of
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.core.windows import default_window
from napari_sam_med.gui.benchmark.run_messages import OpenedRun
from napari_sam_med.gui.benchmark.stored.stored_rows import opened_run
from napari_sam_med.gui.benchmark.views.benchmark_values import ResultRow


@dataclass(frozen=True, slots=True, eq=False)
class StoredCase:
    """What is shown of a stored run.

    Parameters
    ----------
    run : OpenedRun
        All of its rows.
    row : mapping
        The one that is shown.
    labelled : LabelledVolume
        Its image and truth.
    settings : RunSettings or VolumeSettings
        Of the run.
    """

    run: OpenedRun
    row: ResultRow
    labelled: LabelledVolume
    settings: RunSettings | VolumeSettings


def stored_case(folder: Path, choice: CaseChoice, given: GivenData) -> StoredCase:
    """Read a case of a stored run, and its image.

    Parameters
    ----------
    folder : Path
        Of the run.
    choice : CaseChoice
        Which case.
    given : GivenData
        Where the data lie.

    Raises
    ------
    RunError
        If the run has no such case or answer.
    DatasetError
        If the data are not there.
    FileReadError
        If something cannot be read.
    """
    store = RunStore(folder)
    row = row_of_case(store, choice)
    labelled = volume_of_row(row, given.open())
    return StoredCase(
        opened_run(folder), row.to_dict(), labelled, settings_of(store.manifest())
    )


def add_image(viewer: ViewerModel, labelled: LabelledVolume) -> Image:
    """Add the image of a case, in the order of its array and with its spacing.

    Parameters
    ----------
    viewer : ViewerModel
        Where to.
    labelled : LabelledVolume
        Image and truth.

    Returns
    -------
    Image
        One slice is a 2-D layer.
    """
    volume = labelled.volume
    flat = volume.shape_zyx[0] == 1
    array = volume.array[0] if flat else volume.array
    shown: dict[str, object] = {"rgb": True}
    if volume.array.ndim == 3:
        window = labelled.window or default_window(volume.array, volume.modality)
        shown = {"contrast_limits": (window.low, window.high)}
    spacing = volume.geometry.spacing_zyx[1 if flat else 0 :]
    return viewer.add_image(array, name=labelled.name, scale=spacing, **shown)
