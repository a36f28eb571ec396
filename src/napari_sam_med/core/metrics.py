"""Agreement of a mask with the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import ImageError

if TYPE_CHECKING:
    import numpy.typing as npt


def iou(mask: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> float:
    """Intersection over union of two masks.

    Parameters
    ----------
    mask : any shape, bool
        What a model gave.
    truth : same shape, bool
        What it should have given.

    Returns
    -------
    float
        0 to 1; 1 if both are empty.

    Raises
    ------
    ImageError
        If the shapes differ.

    Examples
    --------
    >>> iou(np.array([True, True, False]), np.array([True, False, False]))
    0.5
    """
    intersection, union = _overlap(mask, truth)
    return intersection / union if union else 1.0


def dice(mask: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> float:
    """Dice coefficient of two masks, twice the intersection over the sum of areas.

    Parameters
    ----------
    mask : any shape, bool
        What a model gave.
    truth : same shape, bool
        What it should have given.

    Returns
    -------
    float
        0 to 1; 1 if both are empty.

    Raises
    ------
    ImageError
        If the shapes differ.

    Examples
    --------
    >>> round(dice(np.array([True, True, False]), np.array([True, False, False])), 4)
    0.6667
    """
    intersection, union = _overlap(mask, truth)
    return 2 * intersection / (intersection + union) if union else 1.0


def _overlap(
    mask: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]
) -> tuple[int, int]:
    if mask.shape != truth.shape:
        msg = f"mask of shape {mask.shape} for a truth of shape {truth.shape}"
        raise ImageError(msg)
    mask, truth = mask.astype(bool, copy=False), truth.astype(bool, copy=False)
    intersection = int(np.count_nonzero(mask & truth))
    return intersection, int(np.count_nonzero(mask | truth))
