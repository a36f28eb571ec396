"""What a closed line encloses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from skimage.draw import polygon2mask

from napari_sam_med.core.strokes.scribbles import as_path

if TYPE_CHECKING:
    import numpy.typing as npt


def enclosed(
    path_rc: npt.ArrayLike, shape_hw: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    """Fill a closed line.

    Parameters
    ----------
    path_rc : (N, 2) float
        Row and column of its vertices, in pixels of the slice; the last is joined to
        the first.
    shape_hw : (height, width)
        Of the slice, in pixels.

    Returns
    -------
    (H, W) bool
        Pixels whose centres lie inside or on the line. Where a line crosses itself,
        what it goes round twice is outside.

    Raises
    ------
    PromptError
        If it has no vertex, or is of another shape.

    Examples
    --------
    >>> enclosed([(0, 0), (0, 2), (2, 2)], (3, 4)).astype(int).tolist()
    [[1, 1, 1, 0], [0, 1, 1, 0], [0, 0, 1, 0]]
    """
    path = as_path(path_rc)
    filled = polygon2mask(shape_hw, path)  # type: ignore[no-untyped-call]
    return np.asarray(filled, dtype=np.bool_)


def deepest_point(
    mask: npt.NDArray[np.bool_], spacing_rc: tuple[float, float]
) -> tuple[float, float]:
    """Find the pixel of a mask that is farthest from all outside it.

    Parameters
    ----------
    mask : (H, W) bool
        Not empty; beyond the slice's border is outside.
    spacing_rc : (row, column)
        Millimetres between the slice's pixels.

    Returns
    -------
    (row, column)
        Of several the first, row by row.

    Examples
    --------
    >>> mask = np.ones((3, 5), dtype=bool)
    >>> deepest_point(mask, (1.0, 1.0))
    (1.0, 1.0)
    """
    padded = np.pad(mask, 1)
    depth = ndimage.distance_transform_edt(padded, sampling=spacing_rc)[1:-1, 1:-1]
    row, col = np.unravel_index(int(depth.argmax()), depth.shape)
    return float(row), float(col)
