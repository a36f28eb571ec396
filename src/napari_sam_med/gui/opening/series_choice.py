"""Which of several DICOM series a person wants to see."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtWidgets import QApplication, QDialog

from napari_sam_med.core.volumes import SeriesInfo
from napari_sam_med.gui.opening.series_dialog import SeriesDialog


def chosen_series(path: Path) -> Sequence[SeriesInfo]:
    """Ask which series to open, if there are several.

    Parameters
    ----------
    path : Path
        A file or a folder.

    Returns
    -------
    sequence of SeriesInfo
        Empty for what is no DICOM. All of them where no window can ask.

    Raises
    ------
    FileReadError
        As ``io.volumes.list_series``, or if a person chose none.
    """
    from napari_sam_med.errors import FileReadError
    from napari_sam_med.io.volume_files import list_series

    series = list_series(path)
    if len(series) < 2 or QApplication.instance() is None:
        return series
    dialog = SeriesDialog(path.name, series)
    chosen = dialog.chosen() if dialog.exec() == QDialog.DialogCode.Accepted else []
    if not chosen:
        msg = f"no series of {path.name} was chosen; open it again and tick one"
        raise FileReadError(msg)
    return chosen
