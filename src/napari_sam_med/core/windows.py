"""From intensities to the 8-bit grey that models were trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.measures.order_statistics import percentiles_above_minimum
from napari_sam_med.errors import ImageError

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Window:
    """The intensities shown as black and as white.

    Parameters
    ----------
    low, high : float
        In the image's own unit (Hounsfield units for CT).

    Raises
    ------
    ImageError
        If ``high`` is not above ``low`` or one of them is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> soft_tissue = Window.from_level_width(40, 400)
    >>> soft_tissue.apply(np.array([[-200.0, 40.0, 1000.0]])).tolist()
    [[0, 128, 255]]
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.low) and np.isfinite(self.high)):
            msg = f"window {self.low} to {self.high}; give two finite numbers"
            raise ImageError(msg)
        if self.high <= self.low:
            msg = f"window {self.low} to {self.high}; the second must be larger"
            raise ImageError(msg)

    @classmethod
    def from_level_width(cls, level: float, width: float) -> Window:
        """Build a window from its centre and its full width, as radiology states it."""
        return cls(level - width / 2, level + width / 2)

    def apply(self, array: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
        """Map ``low`` to 0 and ``high`` to 255, clip, and round.

        Parameters
        ----------
        array : any shape, number
            Intensities in the image's own unit.

        Returns
        -------
        same shape, uint8
        """
        kind: type[np.floating] = np.float32
        if _too_fine(self.low, self.high):
            kind = np.float64
        with np.errstate(over="ignore"):  # what becomes infinite is white or black
            values: npt.NDArray[np.floating] = array.astype(kind)
        scaled = np.clip((values - self.low) / (self.high - self.low), 0.0, 1.0)
        grey: npt.NDArray[np.uint8] = np.rint(scaled * 255).astype(np.uint8)
        return grey


@dataclass(frozen=True, slots=True)
class MaximumScaling:
    """The published code's way to 8 bit: divide by the slice's maximum, truncate."""

    def apply(self, array: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
        """Convert one slice; see `released_uint8`."""
        return released_uint8(array)


LARGEST = 1e38
"""Beyond it differences overflow in single precision, in which windows compute."""

NARROWEST = 2.0**-12
"""Width of a window as a share of its ends, below which it computes in double
precision: single precision has 24 bits, of which 8 greys and their rounding take 12."""

FINEST = 2.0**-22
"""Of a number: steps that single precision still tells apart."""

CT_SOFT_TISSUE = Window.from_level_width(40, 400)
"""Hounsfield units; the level and width of MedSAM's published preparation of CT."""

PERCENTILES = (0.5, 99.5)
"""Of the voxels above the minimum, where neither modality nor type tells a window;
those of MedSAM's published preparation."""

WINDOW_RULE = (
    f"the window that was chosen, else {CT_SOFT_TISSUE.low:g} to "
    f"{CT_SOFT_TISSUE.high:g} HU of CT, 0 to 255 of 8-bit images and of others the "
    f"{PERCENTILES[0]:g}th to the {PERCENTILES[1]:g}th percentile of the intensities "
    "above the image's minimum"
)
"""What a run notes of `default_window`, in words."""
MAXIMUM_RULE = "each slice divided by its maximum"
"""The same of `MaximumScaling`."""


def default_window(array: npt.NDArray[np.generic], modality: str = "") -> Window:
    """Choose a window where nobody chose one.

    Parameters
    ----------
    array : any shape, number
        The whole volume, so that all of its slices look alike.
    modality : str
        DICOM modality; ``CT`` gives the soft-tissue window.

    Returns
    -------
    Window
        For 8-bit arrays 0 to 255; for others from the 0.5th to the 99.5th percentile
        of the voxels above the minimum (the background of MR and ultrasound). Where
        those are alike, as in an image of two values, from the lowest to the highest.

    Raises
    ------
    ImageError
        If that would reach beyond `LARGEST`, or voxels are NaN.

    Notes
    -----
    Level 40 and width 400 HU, and the percentiles, are those of MedSAM's published
    preparation (bowang-lab/MedSAM). Nothing of the array's size is made on the way.
    """
    if modality == "CT":
        return CT_SOFT_TISSUE
    if array.dtype == np.uint8:
        return Window(0, 255)
    with np.errstate(over="ignore", invalid="ignore"):  # looked at below
        ends = percentiles_above_minimum(array, PERCENTILES)
    low, high = ends or [float(array.flat[0])] * 2
    if _too_fine(low, high) and array.dtype.itemsize > 2:
        centre = low
        ends = percentiles_above_minimum(array, PERCENTILES, centre=centre)
        low, high = (centre + end for end in ends or (0.0, 0.0))
    if not high > low:
        low, high = float(array.min()), float(array.max())
    if not (abs(low) <= LARGEST and abs(high) <= LARGEST):
        msg = (
            f"the image has values from {low:g} to {high:g}; give finite ones, up to "
            f"{LARGEST:g}, or choose a window"
        )
        raise ImageError(msg)
    if ends:
        return Window(low, high)
    half = max(0.5, abs(low) * FINEST)
    return Window(low - half, low + half)


def _too_fine(low: float, high: float) -> bool:
    """Whether single precision has too few steps between two numbers."""
    return high - low < NARROWEST * max(abs(low), abs(high))


def released_uint8(image: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """Convert as the study's published code does: divide by the maximum, truncate.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) number
        One slice, in its own unit.

    Returns
    -------
    same shape, uint8
        ``uint8(image / image.max() * 255)``; nothing is subtracted. An image without a
        positive value becomes black, negative values become 0.

    Notes
    -----
    mazurowski-lab/segment-anything-medical-evaluation, both prompt scripts. The
    published code divides by zero on a black image and wraps negative values round.

    Examples
    --------
    >>> import numpy as np
    >>> released_uint8(np.array([[0, 1, 2]])).tolist()
    [[0, 127, 255]]
    """
    peak = float(image.max())
    if not peak > 0:
        return np.zeros(image.shape, dtype=np.uint8)
    values: npt.NDArray[np.float64] = np.divide(image, image.max()) * 255
    return np.clip(values, 0, 255).astype(np.uint8)
