"""The folder in which a person left a dialog for files, to begin there next time."""

from __future__ import annotations

from pathlib import Path

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
