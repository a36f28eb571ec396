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


def whole_series(paths: Sequence[Path]) -> SeriesInfo | None:
    """Say which series several files are.

    Parameters
    ----------
    paths : sequence of Path
        Files or folders.

    Returns
    -------
    SeriesInfo or None
        As the folder of the files holds it; None if they are not DICOM files of one
        series in one folder.

    Raises
    ------
    FileReadError
        If files of the series are not among them, which would be a volume with gaps.
    """
    from napari_sam_med.errors import FileReadError
    from napari_sam_med.io.detect import is_dicom_file
    from napari_sam_med.io.volume_files import list_series

    files, folders = set(paths), {path.parent for path in paths}
    if len(files) < 2 or len(folders) > 1 or not all(map(is_dicom_file, files)):
        return None
    (folder,) = folders
    held = {info.uid: info for info in list_series(folder)}
    series = {info.uid for path in files for info in list_series(path)}
    if len(series) != 1 or series.isdisjoint(held):
        return None
    info = held[series.pop()]
    if info.n_files != len(files):
        msg = (
            f"{len(files)} of the {info.n_files} files of a DICOM series were given as "
            f"a stack; give all of them, or the folder {folder.name}"
        )
        raise FileReadError(msg)
    return info
