"""The folder in which a person left a dialog for files, to begin there next time."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget

from napari_sam_med.core.storage.atomic_files import check_free
from napari_sam_med.gui.shared.widgets.forms import user_settings

KEY = "folders"
"""Group of entries in the settings file of the docks, one for each kind of file."""


def begin_in(kind: str, name: str = "") -> str:
    """Give the path at which a dialog begins.

    Parameters
    ----------
    kind : str
        What is opened or saved, such as ``labels``.
    name : str
        The suggested name of the file; empty for none.

    Returns
    -------
    str
        The name alone if no folder was kept, or it is gone.
    """
    kept = str(user_settings().value(f"{KEY}/{kind}", ""))
    if not kept or not Path(kept).is_dir():
        return name
    return str(Path(kept) / name) if name else kept


def keep_folder(kind: str, chosen: str) -> None:
    """Keep the folder of what was chosen; nothing if the dialog was left.

    Parameters
    ----------
    kind : str
        As ``begin_in``.
    chosen : str
        A file, or a folder; empty if there is none.
    """
    if chosen:
        path = Path(chosen)
        folder = path if path.is_dir() else path.parent
        user_settings().setValue(f"{KEY}/{kind}", str(folder))


def ask_where_to_save(
    parent: QWidget, title: str, kind: str, suggested: str, files: tuple[str, str]
) -> Path | None:
    """Let a person say where a file goes that can have one suffix only.

    Parameters
    ----------
    parent : QWidget
        Whose window the dialog belongs to.
    title : str
        Of the dialog.
    kind : str
        As ``begin_in``.
    suggested : str
        The name of the file.
    files : (str, str)
        What such files are called, and their suffix.

    Returns
    -------
    Path or None
        With the suffix, typed or not, so that it is no image; None if the dialog was
        left.

    Raises
    ------
    FileWriteError
        If the suffix was not typed and the file exists with it: the dialog has not
        asked whether that may be replaced.
    """
    called, suffix = files
    name, _ = QFileDialog.getSaveFileName(
        parent, title, begin_in(kind, suggested), f"{called} (*{suffix})"
    )
    keep_folder(kind, name)
    if not name:
        return None
    path = Path(name)
    if path.suffix.lower() != suffix:
        path = Path(f"{name}{suffix}")
        check_free(path, overwrite=False)
    return path
