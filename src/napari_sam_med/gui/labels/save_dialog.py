"""Saving a Labels layer from napari's command palette, which gives no path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import napari
from napari.layers import Labels
from napari.viewer import Viewer
from qtpy.QtWidgets import QFileDialog

from napari_sam_med.errors import ImageError, SamMedError
from napari_sam_med.gui.labels.label_export import (
    LabelsToWrite,
    write_label_files,
    write_labels_layer,
)
from napari_sam_med.gui.napari_io import is_ours
from napari_sam_med.gui.shared.last_folder import begin_in, keep_folder
from napari_sam_med.gui.shared.notes import tell_in_viewer
from napari_sam_med.session.status import Phase, Status

FILTERS = "NIfTI (*.nii.gz *.nii);;NRRD (*.nrrd);;MetaImage (*.mha)"
EXPORT = "export"
"""The kind of file whose folder is kept, as that of the dock's own export."""


def write_or_dialog(
    path: str | None = None, data: Any = None, meta: Mapping[str, Any] | None = None
) -> list[str]:
    """Save labels with their geometry: napari's writer command, and its palette's.

    Parameters
    ----------
    path, data, meta
        As ``write_labels_layer``. The palette gives none: then a person is asked where
        to, and the selected Labels layer is written, or the only one.

    Returns
    -------
    list of str
        The paths that were written.

    Raises
    ------
    SamMedError
        As ``write_labels_layer``, if a path is given; the palette's errors are told as
        notifications.
    """
    if path is not None:
        return write_labels_layer(path, data, meta or {})
    viewer = napari.current_viewer()
    try:
        return [] if viewer is None else _ask_and_write(viewer)
    except SamMedError as error:
        tell_in_viewer(Status(Phase.ERROR, str(error)))
        return []


def _ask_and_write(viewer: Viewer) -> list[str]:
    from napari_sam_med.io.writing.export import with_suffix_of_filter

    labels = _chosen(viewer)
    suggested = begin_in(EXPORT, f"{Path(labels.name).name}.nii.gz")
    name, chosen = QFileDialog.getSaveFileName(
        None, f"Save {labels.name}", suggested, FILTERS
    )
    keep_folder(EXPORT, name)
    if not name:
        return []
    path = with_suffix_of_filter(Path(name), chosen)
    # the dialog has asked about the name that was typed, and about no other
    taken = LabelsToWrite.of(labels)
    written = write_label_files(path, taken, overwrite=path == Path(name)).paths
    told = ", ".join(str(each) for each in written)
    tell_in_viewer(Status(Phase.READY, f"Saved {told}"))
    return [str(each) for each in written]


def _chosen(viewer: Viewer) -> Labels:
    layers = viewer.layers
    held = [each for each in layers if isinstance(each, Labels) and not is_ours(each)]
    active = layers.selection.active
    if active in held:
        return active
    if len(held) != 1:
        have = "no Labels layer" if not held else f"{len(held)} Labels layers"
        msg = f"there are {have}; select the one that is to be saved"
        raise ImageError(msg)
    return held[0]
