"""What a closed line encloses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy import ndimage

from napari_sam_med.core.strokes.scribbles import as_path

if TYPE_CHECKING:
    import numpy.typing as npt

ON_LINE_PX = 1e-9
"""A pixel's centre that is so near to a line lies on it."""
MOST_EXACT = 2**19
"""Pixels that are not square, of which SciPy finds the depths in 20 ms; of a slice of
2048 x 2048 it takes 0.2 to 0.4 s, which stops the window."""
CELLS = 2**20
"""Of the grid of square cells that stands for more of them."""
SURE_PX = 0.01
"""OpenCV's distances are exact to less than a thousandth."""


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
    mask = np.zeros(shape_hw, dtype=np.bool_)
    for row, left, right in _runs(path, shape_hw[0]).tolist():
        mask[row, max(left, 0) : max(right + 1, 0)] = True
    return mask


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
        Of several the first, row by row. Of more than half a million pixels that are
        not square it is one whose depth is the largest to about a cell of a grid of a
        million.

    Examples
    --------
    >>> mask = np.ones((3, 5), dtype=bool)
    >>> deepest_point(mask, (1.0, 1.0))
    (1.0, 1.0)
    """
    rows, cols = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    top, left = int(rows[0]), int(cols[0])
    padded = np.pad(mask[top : rows[-1] + 1, left : cols[-1] + 1], 1)
    if spacing_rc[0] == spacing_rc[1]:
        row, col = _deepest_pixel(padded)
    elif padded.size > MOST_EXACT:
        row, col = _deep_pixel(padded, spacing_rc)
    else:
        depth = ndimage.distance_transform_edt(padded, sampling=spacing_rc)
        row, col = divmod(int(depth.argmax()), depth.shape[1])
    return float(top + row - 1), float(left + col - 1)


def _deepest_pixel(mask: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """As ``deepest_point``, of square pixels; ten times as fast as SciPy."""
    depth = np.asarray(
        cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    )
    deep = np.argwhere(depth >= depth.max() - SURE_PX)
    # squares are whole numbers, by which equal ones are known
    squares = np.rint(depth[tuple(deep.T)].astype(np.float64) ** 2)
    row, col = deep[int(squares.argmax())].tolist()
    return row, col


def _deep_pixel(
    mask: npt.NDArray[np.bool_], spacing_rc: tuple[float, float]
) -> tuple[int, int]:
    """As ``deepest_point``, over square cells that lie in the mask as a whole."""
    size_mm = np.multiply(mask.shape, spacing_rc)
    cell_mm = max(float(np.sqrt(size_mm.prod() / CELLS)), min(spacing_rc))
    height, width = np.ceil(size_mm / cell_mm).astype(int).tolist()
    size = (width, height)
    share = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    whole = np.asarray(share) > 1 - ON_LINE_PX
    if whole.any():
        at = np.add(_deepest_pixel(np.pad(whole, 1)), -0.5)  # a centre, without the pad
        row, col = (at * mask.shape / (height, width)).astype(int).tolist()
        if mask[row, col]:
            return row, col
    return _deepest_pixel(mask)  # it is thinner than a cell


def _runs(path: npt.NDArray[np.float64], height: int) -> npt.NDArray[np.int64]:
    """List runs of pixels inside or on a closed line: row, first and last column.

    From the first to the second place where a row crosses the line it is inside, from
    the third to the fourth again, and so on.
    """
    after = np.roll(path, -1, axis=0)
    row, col = _crossings(path, after, height)
    order = np.lexsort((col, row))
    row, col = row[order].reshape(-1, 2)[:, 0], col[order].reshape(-1, 2)
    runs = np.stack([row, *col.T], axis=1)
    # no row crosses a side that lies in it, nor counts both sides that meet in it
    flat = path[:, 0] == after[:, 0]
    ends = np.where(flat, after[:, 1], path[:, 1])
    low, high = np.minimum(path[:, 1], ends), np.maximum(path[:, 1], ends)
    inside = (path[:, 0] % 1 == 0) & (path[:, 0] >= 0) & (path[:, 0] < height)
    runs = np.concatenate([runs, np.stack([path[:, 0], low, high], axis=1)[inside]])
    runs[:, 1] = np.ceil(runs[:, 1] - ON_LINE_PX)
    runs[:, 2] = np.floor(runs[:, 2] + ON_LINE_PX)
    return runs.astype(np.int64)


def _crossings(
    start: npt.NDArray[np.float64], end: npt.NDArray[np.float64], height: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """List where rows cross sides, row and column; a lower end belongs to the next."""
    swapped = (start[:, 0] > end[:, 0]) | (
        (start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1])
    )
    top, left = np.where(swapped[:, None], end, start).T
    bottom, right = np.where(swapped[:, None], start, end).T
    first = np.maximum(np.ceil(top), 0).astype(np.int64)
    last = np.minimum(np.ceil(bottom), height).astype(np.int64)
    count = np.maximum(last - first, 0)
    side = np.repeat(np.arange(len(count)), count)
    before = np.repeat(np.cumsum(count) - count, count)
    row = (first[side] + np.arange(len(side)) - before).astype(np.float64)
    share = (row - top[side]) / (bottom - top)[side]
    return row, left[side] + share * (right - left)[side]
