"""Tools on the mask of one object, of a slice or of a volume."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam_med.errors import PromptError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt


class MaskTool(StrEnum):
    """What can be done with a mask."""

    KEEP = "keep"
    FILL = "fill"
    SPECKS = "specks"
    SMOOTH = "smooth"


def kept_part(mask: npt.NDArray[np.bool_], at: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Keep the part of a mask that holds a place; corners connect.

    Parameters
    ----------
    mask : bool
        (H, W) or (Z, Y, X).
    at : sequence of int
        A pixel or voxel.

    Raises
    ------
    PromptError
        If the place is not in the mask.

    Examples
    --------
    >>> import numpy as np
    >>> kept_part(np.array([[True, False, True]]), (0, 2)).tolist()
    [[False, False, True]]
    """
    if not mask[tuple(at)]:
        msg = "the object is not there; click on the part of it that is to stay"
        raise PromptError(msg)
    parts, _ = ndimage.label(mask, np.ones((3,) * mask.ndim))
    kept: npt.NDArray[np.bool_] = parts == parts[tuple(at)]
    return kept


def filled(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Fill what a mask encloses on all sides.

    Examples
    --------
    >>> import numpy as np
    >>> ring = np.ones((3, 3), dtype=bool)
    >>> ring[1, 1] = False
    >>> bool(filled(ring).all())
    True
    """
    full: npt.NDArray[np.bool_] = ndimage.binary_fill_holes(mask)
    return full


def without_specks(
    mask: npt.NDArray[np.bool_], spacing: Sequence[float], least: float
) -> npt.NDArray[np.bool_]:
    """Remove parts smaller than a size; corners connect.

    Parameters
    ----------
    mask : bool
        (H, W) or (Z, Y, X).
    spacing : sequence of float
        Millimetres between the pixels, along the same axes.
    least : float
        Square or cubic millimetres of the smallest part that stays.

    Examples
    --------
    >>> import numpy as np
    >>> mask = np.array([[True, False, True, True]])
    >>> without_specks(mask, (1.0, 2.0), 3.0).tolist()
    [[False, False, True, True]]
    """
    parts, count = ndimage.label(mask, np.ones((3,) * mask.ndim))
    sizes = np.bincount(parts.ravel(), minlength=count + 1) * float(np.prod(spacing))
    stays = sizes >= least
    stays[0] = False
    kept: npt.NDArray[np.bool_] = stays[parts]
    return kept


def smoothed(
    mask: npt.NDArray[np.bool_], spacing: Sequence[float], sigma_mm: float
) -> npt.NDArray[np.bool_]:
    """Round the outline of a mask off; a Gaussian of the mask, cut at one half.

    Parameters
    ----------
    mask : bool
        (H, W) or (Z, Y, X).
    spacing : sequence of float
        Millimetres between the pixels, along the same axes.
    sigma_mm : float
        Details smaller than this go.
    """
    sigma = [sigma_mm / step for step in spacing]
    soft = ndimage.gaussian_filter(mask.astype(np.float32), sigma, mode="constant")
    rounded: npt.NDArray[np.bool_] = soft > 0.5
    return rounded
