"""The one folder that holds downloaded and imported weights."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

if TYPE_CHECKING:
    from napari_sam_med.models.registry import Card

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


@dataclass(frozen=True, slots=True)
class CheckpointStore:
    """Weights by model, in one folder.

    Parameters
    ----------
    folder : Path
        Where the files lie; it is made when the first file comes.
    """

    folder: Path = field(default_factory=lambda: cache_folder() / "checkpoints")

    def find(self, card: Card) -> Path | None:
        """File of a model, if it was downloaded or imported.

        Parameters
        ----------
        card : Card
            The model's.
        """
        for suffix in (".pth", ".safetensors"):
            path = self.folder / f"{card.name}{suffix}"
            if path.is_file():
                return path
        return None
