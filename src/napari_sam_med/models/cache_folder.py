"""Where checkpoints lie, and what was measured on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path

from napari_sam_med.core.storage.plain_text import shown
from napari_sam_med.errors import CheckpointError

FOLDER_VARIABLE = "NAPARI_SAM_MED_CACHE"


def cache_folder() -> Path:
    """Folder for everything that can be had again.

    Returns
    -------
    Path
        ``NAPARI_SAM_MED_CACHE`` if it is set, else the system's cache folder for this
        program; it need not exist.

    Raises
    ------
    CheckpointError
        If it begins with ``~`` and names the home of nobody here.
    """
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        try:
            return Path(chosen).expanduser()
        except RuntimeError as error:
            msg = (
                f"{FOLDER_VARIABLE} is {shown(chosen)}, which is in no home folder of "
                "this machine; set it to a folder's full path"
            )
            raise CheckpointError(msg) from error
    return user_cache_path("napari-sam-med", appauthor=False)
