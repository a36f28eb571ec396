"""Where checkpoints lie, and what was measured on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path

FOLDER_VARIABLE = "NAPARI_SAM_MED_CACHE"


def cache_folder() -> Path:
    """Folder for everything that can be had again.

    Returns
    -------
    Path
        ``NAPARI_SAM_MED_CACHE`` if it is set, else the system's cache folder for this
        program; it need not exist.
    """
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    return user_cache_path("napari-sam-med", appauthor=False)
