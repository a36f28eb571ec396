"""What napari's 2-D view shows of a layer, and the way from its canvas to voxels.

napari cuts a layer along one of the layer's own axes. The index of the cut comes from
the inverse transform restricted to the axes that are not shown; the cut is drawn with
the transform restricted to those that are (napari/layers/utils/_slice_input.py and
napari/_vispy/layers/base.py of 0.9). A layer that is turned or sheared out of the plane
is drawn without that part, and so the same rules are followed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.components import Dims, ViewerModel
from napari.layers import Layer

from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.errors import ImageError
from napari_sam_med.gui.napari_io import shape_of, world_matrix

VOXEL_DIGITS = 4
"""A click is not more exact, and 14.000000000000002 reads badly in a file."""
FLATTEST = 1e-3
"""Area in which a square voxel would be drawn, as a part of its own; below it a layer
is seen from the edge, and a click on it would mean nothing."""


@dataclass(frozen=True, slots=True)
class ShownSlice:
    """Which slice of a layer is shown.

    Parameters
    ----------
    axis, index : int
        Of the layer's (Z, Y, X); 0 and 0 for a 2-D layer.
    time : int or None
        Time point of a (T, Z, Y, X) layer.
    """

    axis: int
    index: int
    time: int | None = None


def to_world_units(dims: Dims, layer: Layer) -> npt.NDArray[np.float64]:
    """Factors from a layer's units to those of the viewer; 1 where they do not fit."""
    if dims.units is None or len(dims.units) < layer.ndim:
        return np.ones(layer.ndim)
    pairs = zip(layer.units, dims.units[-layer.ndim :], strict=True)
    return np.array([float((1.0 * own).to(its).magnitude) for own, its in pairs])


def matrix_in_viewer(dims: Dims, layer: Layer) -> npt.NDArray[np.float64]:
    """(n + 1, n + 1) from a layer's indices to the viewer's world, in its units."""
    matrix = world_matrix(layer)
    matrix[:-1] *= to_world_units(dims, layer)[:, None]
    return matrix


def shown_slice(dims: Dims, layer: Layer) -> ShownSlice:
    """Find which slice of a layer the viewer shows.

    Parameters
    ----------
    dims : Dims
        The viewer's.
    layer : Layer
        2-D, 3-D, or 4-D with time first.

    Returns
    -------
    ShownSlice

    Raises
    ------
    ImageError
        If the viewer shows 3-D, another plane, several slices at once, the layer from
        its edge, or a place outside the layer.
    """
    across = _across(dims, layer)
    matrix = matrix_in_viewer(dims, layer)
    displayed = [axis for axis in range(layer.ndim) if axis not in across]
    _check_flat(matrix, displayed, layer)
    if not across:
        return ShownSlice(0, 0)
    _check_thin(dims, layer, across)
    exact = _cut(matrix, across) @ np.append(_own(dims.point, layer)[across], 1.0)
    index = [int(np.round(at)) for at in exact]  # halves to even, as napari does
    shape = shape_of(layer)
    if any(not 0 <= k < shape[axis] for k, axis in zip(index, across, strict=True)):
        msg = f"the viewer shows no slice of {layer.name}; move the slider to it"
        raise ImageError(msg)
    extra = layer.ndim - 3
    return ShownSlice(across[-1] - extra, index[-1], index[0] if extra else None)


def voxel_from_world(
    dims: Dims, layer: Layer, position: Sequence[float], plane: SlicePlane
) -> tuple[float, float, float] | None:
    """Turn a place under the mouse into a voxel of the slice that is shown.

    Parameters
    ----------
    dims : Dims
        The viewer's.
    layer : Layer
        2-D, 3-D, or 4-D with time first.
    position : sequence of float
        World coordinates in the viewer's dimensions and units.
    plane : SlicePlane
        The slice that is shown.

    Returns
    -------
    (z, y, x) or None
        Exactly on the slice; None outside the layer.

    Raises
    ------
    ImageError
        If the viewer shows 3-D, another plane, or the layer from its edge.
    """
    voxel = voxel_under(dims, layer, position, plane)
    shape = np.array(((1,) * 3 + shape_of(layer))[-3:])
    if not ((voxel >= -0.5) & (voxel < shape - 0.5)).all():
        return None
    z, y, x = (round(float(v), VOXEL_DIGITS) for v in voxel)
    return (z, y, x)


def voxel_under(
    dims: Dims, layer: Layer, position: Sequence[float], plane: SlicePlane
) -> npt.NDArray[np.float64]:
    """Turn a place under the mouse into (z, y, x), inside the layer or not.

    Parameters
    ----------
    dims, layer, position, plane
        As ``voxel_from_world``.

    Raises
    ------
    ImageError
        If the viewer shows 3-D, another plane, or the layer from its edge.
    """
    across = _across(dims, layer)
    displayed = [axis for axis in range(layer.ndim) if axis not in across]
    matrix = matrix_in_viewer(dims, layer)
    _check_flat(matrix, displayed, layer)
    drawn = matrix[np.ix_(displayed, displayed)]
    at = _own(position, layer)[displayed] - matrix[displayed, -1]
    voxel = np.zeros(max(layer.ndim, 3))
    voxel[np.asarray(displayed) + len(voxel) - layer.ndim] = np.linalg.solve(drawn, at)
    voxel = voxel[-3:]
    voxel[plane.axis] = plane.index
    return voxel


def drawn_at(
    dims: Dims, layer: Layer, voxels_zyx: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Say where voxels are drawn; the reverse of ``voxel_under``.

    Parameters
    ----------
    dims : Dims
        The viewer's.
    layer : Layer
        2-D, 3-D, or 4-D with time first.
    voxels_zyx : (N, 3) float64
        Their slice is not looked at.

    Returns
    -------
    (N, 2) float64
        World coordinates along the two axes that are displayed, in the viewer's units.

    Raises
    ------
    ImageError
        If the viewer shows 3-D, or another plane.
    """
    across = _across(dims, layer)
    displayed = [axis for axis in range(layer.ndim) if axis not in across]
    matrix = matrix_in_viewer(dims, layer)
    inside = voxels_zyx[:, np.asarray(displayed) + 3 - layer.ndim]
    placed = inside @ matrix[np.ix_(displayed, displayed)].T + matrix[displayed, -1]
    order = np.argsort(np.argsort(_displayed_of(dims, layer)))
    return np.asarray(placed[:, order])


def go_to_slice(dims: Dims, layer: Layer, shown: ShownSlice) -> None:
    """Make the viewer show a slice of a layer.

    Parameters
    ----------
    dims : Dims
        The viewer's; changed.
    layer : Layer
        2-D, 3-D, or 4-D with time first.
    shown : ShownSlice
        What is to be shown; nothing is done for a 2-D layer.
    """
    if layer.ndim == 2:
        return
    dims.ndisplay = 2
    extra, first = layer.ndim - 3, dims.ndim - layer.ndim
    across = [*range(extra), shown.axis + extra]
    others = [axis for axis in range(layer.ndim) if axis not in across]
    order = (*range(first), *(first + axis for axis in (*across, *others)))
    if tuple(dims.order) != order:
        dims.order = order
    wanted = [] if shown.time is None else [shown.time]
    cut = _cut(matrix_in_viewer(dims, layer), across)
    point = np.linalg.solve(cut[:, :-1], np.array([*wanted, shown.index]) - cut[:, -1])
    dims.set_point([first + axis for axis in across], [float(at) for at in point])


def points_of_slices(dims: Dims, layer: Layer) -> npt.NDArray[np.float64]:
    """Slider positions at which the first and last slices of a layer are shown.

    Parameters
    ----------
    dims : Dims
        The viewer's.
    layer : Layer
        3-D, or 4-D with time first.

    Returns
    -------
    (2, n) float64
        For each of the layer's axes, as if it were the one that is not shown.

    Raises
    ------
    ImageError
        If the layer's transform cannot be turned round.
    """
    matrix = matrix_in_viewer(dims, layer)
    ends = np.zeros((2, layer.ndim))
    for axis, count in enumerate(shape_of(layer)):
        slope, offset = _cut(matrix, [axis])[0]
        if abs(slope) > 0:
            ends[:, axis] = (np.array([0, count - 1]) - offset) / slope
    return ends


def cut_anew(viewer: ViewerModel, layer: Layer) -> None:
    """Let napari cut a layer at the viewer's present place, in its present units.

    Notes
    -----
    When another layer brings a smaller unit, napari 0.9 counts its sliders in that and
    leaves the layers cut where they were.
    """
    viewer.dims.events.point(value=viewer.dims.point)
    layer.refresh(extent=False)


def placement_over(
    dims: Dims, layer: Layer, shown: ShownSlice | None = None
) -> dict[str, Any]:
    """Give the arguments that make napari draw a new layer exactly over another one.

    Parameters
    ----------
    dims : Dims
        The viewer's.
    layer : Layer
        What is drawn over.
    shown : ShownSlice, optional
        The one slice that the new layer holds; by default it holds all of them.

    Returns
    -------
    dict
        ``affine`` and ``units``; the units are the viewer's, in which napari's own
        tools reckon under the mouse.
    """
    matrix = matrix_in_viewer(dims, layer)
    if shown is not None and layer.ndim > 2:
        extra = layer.ndim - 3
        across = [*range(extra), shown.axis + extra]
        first = [*([] if shown.time is None else [shown.time]), shown.index]
        matrix[across, -1] += np.linalg.solve(_cut(matrix, across)[:, :-1], first)
    has_units = dims.units is not None and len(dims.units) >= layer.ndim
    units = dims.units[-layer.ndim :] if has_units else layer.units
    return {"affine": matrix, "units": units}


def _across(dims: Dims, layer: Layer) -> list[int]:
    """Axes of the layer that the view is a cut across, in the layer's order."""
    if dims.ndisplay != 2:
        msg = "the viewer shows a 3-D view; switch to 2-D to prompt on slices"
        raise ImageError(msg)
    extra = dims.ndim - layer.ndim
    shown = {axis - extra for axis in dims.displayed}
    across = [axis for axis in range(layer.ndim) if axis not in shown]
    is_time_shown = layer.ndim == 4 and 0 in shown
    if min(shown) < 0 or len(across) != layer.ndim - 2 or is_time_shown:
        msg = f"the viewer shows no plane of {layer.name}; roll its axes back"
        raise ImageError(msg)
    return across


def _displayed_of(dims: Dims, layer: Layer) -> list[int]:
    """The layer's axes that are displayed, down and then across the canvas."""
    return [axis - (dims.ndim - layer.ndim) for axis in dims.displayed]


def _cut(matrix: npt.NDArray[np.float64], across: list[int]) -> npt.NDArray[np.float64]:
    """(k, k + 1) from the world along k axes to the layer's indices along them."""
    if not np.isfinite(matrix).all() or not abs(np.linalg.det(matrix)) > 0:
        msg = "the layer's transform cannot be turned round; set its scale anew"
        raise ImageError(msg)
    inverse = np.linalg.inv(matrix)
    return np.asarray(inverse)[np.ix_(across, [*across, len(matrix) - 1])]


def _own(position: Sequence[float], layer: Layer) -> npt.NDArray[np.float64]:
    return np.asarray(position, dtype=float)[-layer.ndim :]


def _check_flat(
    matrix: npt.NDArray[np.float64], displayed: list[int], layer: Layer
) -> None:
    """Refuse a layer that the view shows from its edge."""
    drawn = matrix[np.ix_(displayed, displayed)]
    sides = np.linalg.norm(matrix[:-1, displayed], axis=0)
    if not abs(np.linalg.det(drawn)) > FLATTEST * float(np.prod(sides)):
        msg = (
            f"{layer.name} is turned so far that this view shows it from its edge; "
            "roll the axes or reset its transform"
        )
        raise ImageError(msg)


def _check_thin(dims: Dims, layer: Layer, across: list[int]) -> None:
    """Refuse a view that lays several slices over each other."""
    extra = dims.ndim - layer.ndim
    thick = any(
        dims.margin_left[axis + extra] or dims.margin_right[axis + extra]
        for axis in across
    )
    if thick and str(layer.projection_mode) != "none":
        msg = (
            f"the viewer shows several slices of {layer.name} at once; set its "
            "projection mode to none, or the thickness to 0"
        )
        raise ImageError(msg)
