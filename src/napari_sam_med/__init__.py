"""Prompt Segment Anything models on medical images, and measure what works.

``load_model`` gives a stateless predictor; ``Prompts`` says what a person clicked;
``read_volume`` reads an image of any format with its place in the patient. The heavy
libraries (torch, napari, SimpleITK, Dask) are imported only when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam_med.core.prompts import Prompts

if TYPE_CHECKING:
    from napari_sam_med.io.volumes import read_volume
    from napari_sam_med.models import load_model

__version__ = "0.1.0"
__all__ = ["Prompts", "__version__", "load_model", "read_volume"]


def __getattr__(name: str) -> Any:
    """Import ``load_model``, and with it torch, or ``read_volume`` on first use."""
    if name == "load_model":
        from napari_sam_med.models import load_model

        return load_model
    if name == "read_volume":
        from napari_sam_med.io.volumes import read_volume

        return read_volume
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
