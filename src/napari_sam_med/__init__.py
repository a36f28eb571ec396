"""Prompt Segment Anything models on medical images, and measure what works.

``load_model`` gives a stateless predictor; ``Prompts`` says what a person clicked;
``propagate`` follows an object from a few slices through a volume; ``read_volume``
reads an image of any format with its place in the patient. The heavy
libraries (torch, napari, SimpleITK, Dask) are imported only when they are used.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # importing typing takes most of the time that this module takes
if TYPE_CHECKING:
    from typing import Any

    from napari_sam_med.core.prompts import Prompts
    from napari_sam_med.io.volume_files import read_volume
    from napari_sam_med.models import load_model
    from napari_sam_med.propagation import propagate

__version__ = "0.1.0"
__all__ = ["Prompts", "__version__", "load_model", "propagate", "read_volume"]
ORIGINS = {
    "Prompts": "napari_sam_med.core.prompts",
    "load_model": "napari_sam_med.models",
    "propagate": "napari_sam_med.propagation",
    "read_volume": "napari_sam_med.io.volume_files",
}
"""Where the public names come from."""


def __getattr__(name: str) -> Any:
    """Import a public name on first use: numpy, torch and readers take a while."""
    if name in ORIGINS:
        return getattr(import_module(ORIGINS[name]), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
