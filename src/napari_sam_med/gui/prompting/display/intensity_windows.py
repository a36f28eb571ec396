"""Windows that a person may choose for an image, and how a layer takes one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from napari.layers import Image

from napari_sam_med.core.windows import Window
from napari_sam_med.gui.napari_io import voxels_of
from napari_sam_med.gui.shared.widgets.options import Option

CT_WINDOWS = {
    "abdomen": Window.from_level_width(40, 400),
    "liver": Window.from_level_width(30, 150),
    "mediastinum": Window.from_level_width(50, 350),
    "lung": Window.from_level_width(-600, 1500),
    "bone": Window.from_level_width(400, 1800),
    "brain": Window.from_level_width(40, 80),
}
"""Hounsfield units, level and width. Abdomen as in MedSAM's published preparation, the
others as in "Windowing (CT)", Radiopaedia, rID 52108."""
PERCENTILES = {"narrow": (2.0, 98.0), "wide": (0.5, 99.5)}
FULL = "full"
AIR_HU = -500.0
"""An image of unknown kind that has values below is offered the windows of CT: other
images have no negative values of that size."""
MOST_LOOKED_AT = 2**22
"""Voxels that percentiles are taken of, evenly spread: 4 million take about 60 ms."""


def window_options(layer: Image) -> list[Option]:
    """List the windows that make sense for an image; none for colours.

    Parameters
    ----------
    layer : Image
        Its metadata may say the modality.

    Returns
    -------
    list of Option
    """
    if layer.rgb:
        return []
    options = [
        Option(
            f"{low:g}-{high:g}", f"{low:g} to {high:g} %", "Percentiles of the image"
        )
        for low, high in PERCENTILES.values()
    ]
    options.append(Option(FULL, "full range", "From the lowest value to the highest"))
    if not _may_be_ct(layer):
        return options
    ct = [
        Option(name, f"CT {name}", f"{_shown(window)} HU")
        for name, window in CT_WINDOWS.items()
    ]
    return ct + options


def window_of(layer: Image, key: str) -> Window:
    """Give the window of one of the options, for this image.

    Raises
    ------
    ImageError
        If the image has no finite values.
    """
    if key in CT_WINDOWS:
        return CT_WINDOWS[key]
    if key == FULL:
        low, high = value_range(layer)
        return Window(low, high)
    ends = tuple(float(part) for part in key.split("-"))
    values = _spread(voxels_of(layer))
    above = values[values > values.min(initial=0)]
    low, high = np.percentile(above if above.size else values, ends)
    return Window(float(low), float(high) if high > low else float(low) + 1.0)


def key_of(layer: Image) -> str:
    """Name the window that an image is shown through; empty if a person made it."""
    limits = tuple(float(each) for each in layer.contrast_limits)
    for name, window in CT_WINDOWS.items():
        if _may_be_ct(layer) and np.allclose(limits, (window.low, window.high)):
            return name
    return FULL if np.allclose(limits, layer.contrast_limits_range) else ""


def show_through(layer: Image, window: Window) -> None:
    """Let an image be seen through a window, with all its values in the slider's reach.

    Parameters
    ----------
    layer : Image
        Changed.
    window : Window
        In the image's own unit.
    """
    widen_range(layer, window)
    layer.contrast_limits = (window.low, window.high)


def widen_range(layer: Image, window: Window | None = None) -> None:
    """Give the slider the range of the image's own values; what is shown stays."""
    if layer.rgb or not isinstance(voxels_of(layer), np.ndarray):
        return
    low, high = value_range(layer)
    ends = [low, high, *map(float, layer.contrast_limits)]
    if window is not None:
        ends += [window.low, window.high]
    layer.contrast_limits_range = (min(ends), max(ends))


def value_range(layer: Image) -> tuple[float, float]:
    """Find the lowest and the highest finite value; 1 apart if they are the same."""
    values = voxels_of(layer)
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        finite = values[np.isfinite(values)]
        low, high = float(finite.min(initial=0)), float(finite.max(initial=0))
    return low, high if high > low else low + 1.0


def _may_be_ct(layer: Image) -> bool:
    modality = str(layer.metadata.get("modality", ""))
    if modality:
        return modality == "CT"
    values = voxels_of(layer)
    if values.dtype.kind not in "if" or not isinstance(values, np.ndarray):
        return False
    return bool(_spread(values).min(initial=0) <= AIR_HU)


def _spread(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Take some of the voxels of an array, evenly."""
    flat = values.reshape(-1)
    some = flat[:: max(1, flat.size // MOST_LOOKED_AT)]
    finite: npt.NDArray[np.generic] = some[np.isfinite(some)]
    return finite


def _shown(window: Window) -> str:
    return f"{window.low:g} to {window.high:g}"
