"""Prompts as the vertices that layers hold of them, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from napari_sam_med.session.kinds.placed_strokes import PlacedStroke
from napari_sam_med.session.volume_prompts import PlacedBox

SMALLEST_BOX_PX = 1.0


def points_from_data(data: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Turn (N, 2) to (N, 4) layer points into (N, 3) voxels (z, y, x)."""
    missing = np.zeros((len(data), max(0, 3 - data.shape[1])))
    return np.concatenate([missing, data], axis=1)[:, -3:]


def data_from_points(
    points_zyx: npt.NDArray[np.float64], ndim: int, time: int | None = None
) -> npt.NDArray[np.float64]:
    """Turn (N, 3) voxels into (N, ndim) points of a layer, at a time point if 4-D."""
    times = np.full((len(points_zyx), 1), 0 if time is None else time)
    return np.concatenate([times, points_zyx], axis=1)[:, 4 - ndim :]


def rectangle_from_box(
    box: PlacedBox, ndim: int, time: int | None = None
) -> npt.NDArray[np.float64]:
    """Draw a box round its pixels.

    Parameters
    ----------
    box : PlacedBox
        Inclusive pixels.
    ndim : 2, 3 or 4
        Dimensions of the layer.
    time : int, optional
        Time point, of a layer that has several.

    Returns
    -------
    (4, ndim) float64
        Corners half a pixel outside the box's pixel centres.
    """
    row0, col0, row1, col1 = box.box_rc
    top, left, bottom, right = row0 - 0.5, col0 - 0.5, row1 + 0.5, col1 + 0.5
    corners = np.array([(top, left), (top, right), (bottom, right), (bottom, left)])
    placed: npt.NDArray[np.float64] = np.insert(corners, box.axis, box.index, axis=1)
    return data_from_points(placed, ndim, time)


def box_from_corners(corners: npt.ArrayLike) -> PlacedBox | None:
    """Read a drawn shape as the box of the pixels inside it.

    Parameters
    ----------
    corners : (N, 2) to (N, 4) float
        Vertices of a shape that lies in one slice.

    Returns
    -------
    PlacedBox or None
        None if the shape is smaller than a pixel or lies in no slice.
    """
    vertices = points_from_data(np.asarray(corners, dtype=np.float64))
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    flat = np.flatnonzero(high - low < SMALLEST_BOX_PX)
    if len(flat) != 1:
        return None
    axis = int(flat[0])
    index = int(np.floor(low[axis] + 0.5))
    (row0, col0), (row1, col1) = (np.delete(v, axis) for v in (low + 0.5, high - 0.5))
    return PlacedBox(axis, index, (float(row0), float(col0), float(row1), float(col1)))


def clipped(box: PlacedBox, shape_zyx: Sequence[int]) -> PlacedBox | None:
    """Leave of a box what lies inside an image.

    Parameters
    ----------
    box : PlacedBox
        Inclusive pixels.
    shape_zyx : (Z, Y, X)
        Of the image.

    Returns
    -------
    PlacedBox or None
        The very box if it lies inside; None if it lies wholly outside.

    Examples
    --------
    >>> clipped(PlacedBox(0, 1, (-5.0, 2.0, 3.0, 99.0)), (4, 10, 20)).box_rc
    (0.0, 2.0, 3.0, 19.0)
    >>> clipped(PlacedBox(0, 1, (-5.0, 2.0, -1.0, 9.0)), (4, 10, 20)) is None
    True
    """
    last = np.delete(np.asarray(shape_zyx, dtype=float), box.axis) - 1
    low, high = np.array(box.box_rc[:2]), np.array(box.box_rc[2:])
    index_fits = 0 <= box.index < shape_zyx[box.axis]
    if not index_fits or (high < 0).any() or (low > last).any():
        return None
    inside = np.concatenate([np.maximum(low, 0), np.minimum(high, last)])
    if np.array_equal(inside, box.box_rc):
        return box
    row0, col0, row1, col1 = (float(each) for each in inside)
    return replace(box, box_rc=(row0, col0, row1, col1))


def line_from_stroke(stroke: PlacedStroke) -> npt.NDArray[np.float64]:
    """Give the vertices of a line as voxels (N, 3); a lasso ends where it began."""
    path = np.array(stroke.path_rc, dtype=np.float64)
    if stroke.is_closed:
        path = np.concatenate([path, path[:1]])
    return np.asarray(np.insert(path, stroke.axis, stroke.index, axis=1))


def pieces_of(stroke: PlacedStroke) -> npt.NDArray[np.float64]:
    """Give start and end of a line's straight pieces, (N, 2, 2), as (row, column)."""
    path = np.delete(line_from_stroke(stroke), stroke.axis, axis=1)
    if len(path) == 1:  # a dot, which is drawn as wide as high
        path = np.concatenate([path, np.add(path, (0.0, 0.5))])
    return np.stack([path[:-1], path[1:]], axis=1)


def distance_to(
    vertices: npt.NDArray[np.float64], point: npt.NDArray[np.float64]
) -> float:
    """Measure how far a point is from a line of straight pieces.

    Parameters
    ----------
    vertices : (N, 2) float64
        Of the line; at least one.
    point : (2,) float64
        Of the same plane.

    Examples
    --------
    >>> distance_to(np.array([[0.0, 0.0], [0.0, 4.0]]), np.array([3.0, 2.0]))
    3.0
    """
    starts = vertices[:-1] if len(vertices) > 1 else vertices
    pieces = vertices[1:] - starts if len(vertices) > 1 else np.zeros_like(vertices)
    lengths = np.maximum((pieces**2).sum(axis=1), np.finfo(float).tiny)
    along = np.clip(((point - starts) * pieces).sum(axis=1) / lengths, 0, 1)
    nearest = starts + along[:, None] * pieces
    return float(np.linalg.norm(nearest - point, axis=1).min())
