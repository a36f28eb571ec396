"""Files into a viewer, given or asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import napari
from napari.utils.notifications import show_error
from napari.viewer import Viewer
from qtpy.QtWidgets import QFileDialog

from napari_sam_med.errors import SamMedError
from napari_sam_med.gui.opening.readers import Reader, get_reader, read_layers
from napari_sam_med.gui.shared.last_folder import begin_in, keep_folder
from napari_sam_med.gui.shared.widgets.plain_labels import plain_tip

PLUGIN = "napari-sam-med"
IMAGES = "images"
"""The kind of file whose folder is kept."""


def open_files(viewer: Viewer, files: Sequence[str]) -> None:
    """Open files through napari's readers; one that cannot be read is told."""
    for file in files:
        plugin = None if _reader_of(file) is None else PLUGIN
        try:
            viewer.open(file, plugin=plugin)
        except (SamMedError, ValueError, OSError) as error:
            show_error(plain_tip(f"{file}: {error}"))


def reader_or_dialog(path: str | Sequence[str] | None = None) -> Reader | None:
    """Say who reads a path: napari's reader command, which its palette offers too.

    Parameters
    ----------
    path : str or sequence of str, optional
        As ``get_reader``. The palette gives none: then a person is asked for files.

    Returns
    -------
    callable or None
        As ``get_reader``, and for a folder without DICOM, which then says so.
    """
    if path is None:
        open_chosen_files()
        return None
    return _reader_of(path)


def open_chosen_files() -> None:
    """Let a person choose files, and open them in napari's current viewer."""
    viewer = napari.current_viewer()
    if viewer is None:
        return
    files, _ = QFileDialog.getOpenFileNames(
        None, "Open medical images", begin_in(IMAGES), "All files (*)"
    )
    if files:
        keep_folder(IMAGES, files[0])
        open_files(viewer, files)


def _reader_of(path: str | Sequence[str]) -> Reader | None:
    """Take plain folders too: napari does not say why nobody reads one.

    A folder with a suffix is a file of another kind, such as OME-Zarr.
    """
    is_plain = isinstance(path, str) and not Path(path).suffix and Path(path).is_dir()
    return get_reader(path) or (read_layers if is_plain else None)
