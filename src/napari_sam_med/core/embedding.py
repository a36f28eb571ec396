"""The slow half of a prediction, kept as a value that can be cached and shipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import ImageError

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """What a model computed once for an image, and the image itself.

    Parameters
    ----------
    model : str
        Name of the model that made it; others refuse it.
    image : (H, W) or (H, W, 3) uint8
        The image as it was given, so that a crop of it can be embedded later.
    features : tuple of arrays
        The model's own arrays, float32 (SAM: one array (C, h, w)); may be empty.
    input_hw : (height, width)
        Size of the image inside the model's input, before padding.
    """

    model: str
    image: npt.NDArray[np.uint8]
    features: tuple[npt.NDArray[np.float32], ...]
    input_hw: tuple[int, int]

    @property
    def shape_hw(self) -> tuple[int, int]:
        """Height and width of the image that was embedded, in pixels."""
        return (self.image.shape[0], self.image.shape[1])


def check_image(image: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """Accept an image as ``embed`` wants it, or say what is wrong.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8
        Grey or RGB, 0 to 255.

    Returns
    -------
    (H, W) or (H, W, 3) uint8
        The same array, contiguous.

    Raises
    ------
    ImageError
        If the type is not uint8, the shape is another, or a side is zero.
    """
    grey = image.ndim == 2
    colour = image.ndim == 3 and image.shape[-1] == 3
    if image.dtype != np.uint8 or not (grey or colour) or image.size == 0:
        msg = (
            f"image of shape {image.shape} and type {image.dtype}; give (H, W) or "
            "(H, W, 3) uint8, for instance through a window"
        )
        raise ImageError(msg)
    return np.ascontiguousarray(image, dtype=np.uint8)


def rgb_from_image(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Repeat a grey image three times; leave a colour image as it is.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8
        Grey or RGB.

    Returns
    -------
    (H, W, 3) uint8
    """
    return np.repeat(image[:, :, None], 3, axis=2) if image.ndim == 2 else image
