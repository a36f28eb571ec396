"""``gui``: the viewer, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from napari_sam_med.errors import FileReadError, SamMedError

BINDINGS = ("PyQt6", "PySide6", "PyQt5", "PySide2")


class NoQtError(SamMedError, RuntimeError):
    """The viewer was asked for where no Qt is installed."""


def gui(*files: Path) -> int:
    """Open napari with both docks.

    Parameters
    ----------
    files
        Images and label images to open.
    """
    missing = [str(file) for file in files if not file.exists()]
    if missing:
        msg = f"{', '.join(missing)} not found; give files or folders that exist"
        raise FileReadError(msg)
    if not any(find_spec(name) for name in BINDINGS):
        msg = (
            "no Qt is installed; install one with the viewer: "
            'pip install "napari-sam-med[qt]"'
        )
        raise NoQtError(msg)
    command = [sys.executable, "-m", "napari_sam_med.gui", *map(str, files)]
    return subprocess.run(command, check=False).returncode
