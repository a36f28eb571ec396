"""Voxels of one grid on another: the same voxels in other order, or the nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam_med.core.geometry import corners_zyx
from napari_sam_med.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from napari_sam_med.core.geometry import Geometry

CLOSEST = 0.1
"""Voxels; nearer than that at every corner, voxels of two grids are the same. About
what rounding of a header's spacing to three decimals does to an image of 200 columns;
a larger shift is another place, where labels would be moved without a word."""


def same_grid(
    first: Geometry,
    shape_first: Sequence[int],
    second: Geometry,
    shape_second: Sequence[int],
) -> bool:
    """Whether two arrays have the same voxels in the same order.

    Parameters
    ----------
    first, second : Geometry
        Where the two lie.
    shape_first, shape_second : (Z, Y, X)
        Numbers of voxels.

    Returns
    -------
    bool
        True if the shapes are equal and voxels of equal index are less than `CLOSEST`
        voxels apart, at every corner.
    """
    if tuple(shape_first) != tuple(shape_second):
        return False
    corners = corners_zyx(shape_first)
    moved = second.zyx_from_world_xyz(first.world_xyz_from_zyx(corners))
    return bool(np.abs(moved - corners).max() < CLOSEST)


def on_grid(
    labels: npt.NDArray[np.generic],
    geometry: Geometry,
    onto: Geometry,
    shape_zyx: Sequence[int],
) -> npt.NDArray[np.generic]:
    """Bring labels onto another grid without changing one voxel.

    Parameters
    ----------
    labels : (Z, Y, X) number
        0 is background.
    geometry : Geometry
        Where ``labels`` lies.
    onto : Geometry
        Where the result lies: the same voxels, with axes in another order or
        direction, cropped or extended.
    shape_zyx : (Z, Y, X)
        Of the result.

    Returns
    -------
    (Z, Y, X) same type
        ``labels`` itself where both grids are the same.

    Raises
    ------
    GeometryError
        If the voxels of the two grids are `CLOSEST` voxels apart or more, labelled
        voxels lie outside the new grid, or both are of one shape and one is shifted: an
        origin that was lost is likelier than a part of the image as large as the whole.
    """
    if same_grid(geometry, labels.shape, onto, shape_zyx):
        return labels
    axes, signs, offset = _signed_axes(geometry, labels.shape, onto)
    turned = np.transpose(labels, axes)
    turned = turned[tuple(slice(None, None, sign) for sign in signs)]
    if turned.shape == tuple(shape_zyx) and any(offset):
        shift = _shown(
            [n * mm for n, mm in zip(offset[::-1], onto.spacing_xyz, strict=True)]
        )
        msg = (
            f"the origin is {shift} mm off along the image's axes, though the shape is "
            "the same; give labels with the image's origin"
        )
        raise GeometryError(msg)
    result = np.zeros(tuple(shape_zyx), labels.dtype)
    inside, taken = [], []
    for start, length, size in zip(offset, turned.shape, result.shape, strict=True):
        low, high = max(0, start), min(size, start + length)
        inside.append(slice(low, max(low, high)))
        taken.append(slice(low - start, max(low, high) - start))
    result[tuple(inside)] = turned[tuple(taken)]
    lost = np.count_nonzero(labels) - np.count_nonzero(result)
    if lost:
        msg = (
            f"{lost} labelled voxels lie outside the image; give labels drawn on this "
            "image"
        )
        raise GeometryError(msg)
    return result


def check_covers(
    geometry: Geometry,
    shape_zyx: Sequence[int],
    onto: Geometry,
    shape_onto: Sequence[int],
) -> None:
    """Refuse labels that say nothing about a part of an image.

    Parameters
    ----------
    geometry : Geometry
        Where the labels lie.
    shape_zyx : (Z, Y, X)
        Their number of voxels.
    onto : Geometry
        Where the image lies.
    shape_onto : (Z, Y, X)
        Its number of voxels.

    Raises
    ------
    GeometryError
        If the labels have other voxels than the image, or lack some of them.
    """
    axes, _, offset = _signed_axes(geometry, shape_zyx, onto)
    lengths = [shape_zyx[axis] for axis in axes]
    ends = [start + length for start, length in zip(offset, lengths, strict=True)]
    if min(np.negative(offset)) < 0 or min(np.subtract(ends, shape_onto)) < 0:
        from_, to = (
            _shown(np.clip(each, 0, shape_onto).tolist()) for each in (offset, ends)
        )
        msg = (
            f"they cover voxels {from_} to {to} (z, y, x) of an image of "
            f"{_shown(shape_onto)}, and what lies outside is not known; give labels of "
            "the whole image, or crop the image alike"
        )
        raise GeometryError(msg)


def resample_nearest(
    labels: npt.NDArray[np.generic],
    geometry: Geometry,
    onto: Geometry,
    shape_zyx: Sequence[int],
) -> npt.NDArray[np.generic]:
    """Give each voxel of another grid the label of the nearest voxel.

    Parameters
    ----------
    labels : (Z, Y, X) number
        0 is background, also outside.
    geometry : Geometry
        Where ``labels`` lies.
    onto : Geometry
        Where the result lies.
    shape_zyx : (Z, Y, X)
        Of the result.

    Returns
    -------
    (Z, Y, X) same type
    """
    matrix, offset = _index_map(onto, geometry)
    resampled: npt.NDArray[np.generic] = ndimage.affine_transform(
        labels, matrix, offset, tuple(shape_zyx), order=0, mode="grid-constant"
    )
    return resampled


def _index_map(
    source: Geometry, target: Geometry
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(3, 3) matrix and (3,) offset from indices (z, y, x) of source to target."""
    offset = target.zyx_from_world_xyz(source.world_xyz_from_zyx(np.zeros(3)))
    ends = target.zyx_from_world_xyz(source.world_xyz_from_zyx(np.eye(3)))
    return (ends - offset).T, offset


def _signed_axes(
    geometry: Geometry, shape_zyx: Sequence[int], onto: Geometry
) -> tuple[tuple[int, ...], list[int], list[int]]:
    """Order of axes, direction of each, and index of the first voxel on the new grid.

    Raises
    ------
    GeometryError
        If no such order brings each corner to less than `CLOSEST` from its partner.
    """
    matrix, offset = _index_map(geometry, onto)
    axes = np.abs(matrix).argmax(axis=1)
    signs = [1 if matrix[i, axis] > 0 else -1 for i, axis in enumerate(axes)]
    exact = np.zeros((3, 3))
    exact[np.arange(3), axes] = signs
    first = np.rint(offset)
    corners = corners_zyx(shape_zyx)
    moved = corners @ matrix.T + offset
    off = np.abs(moved - (corners @ exact.T + first))
    if len(set(axes.tolist())) == 3 and off.max() < CLOSEST:
        return _whole_axes(axes, signs, first, shape_zyx)
    drift = np.abs(corners @ (matrix - exact).T)
    if len(set(axes.tolist())) == 3 and drift.max() < CLOSEST:
        ends = np.asarray(shape_zyx)[axes] - 1
        begins = offset - np.where(np.asarray(signs) < 0, ends, 0)
        msg = (
            f"the origin is {_shown((begins * onto.spacing_zyx)[::-1].tolist())} mm "
            "off along the image's axes, which is no whole number of voxels; give "
            "labels with the image's origin, or resample them onto the image"
        )
        raise GeometryError(msg)
    msg = (
        f"spacing {_shown(geometry.spacing_xyz)} mm from "
        f"{_shown(geometry.origin_xyz)}, the image has "
        f"{_shown(onto.spacing_xyz)} mm from {_shown(onto.origin_xyz)}: the voxels "
        "are not the same (up to "
        f"{float((off * onto.spacing_zyx).max()):.3g} mm apart), so resample the "
        "labels onto the image"
    )
    raise GeometryError(msg)


def _whole_axes(
    axes: npt.NDArray[np.intp],
    signs: list[int],
    first: npt.NDArray[np.float64],
    shape_zyx: Sequence[int],
) -> tuple[tuple[int, ...], list[int], list[int]]:
    lengths = np.asarray(shape_zyx)[axes]
    start = [
        int(at if sign > 0 else at - length + 1)
        for at, sign, length in zip(first, signs, lengths, strict=True)
    ]
    return tuple(int(axis) for axis in axes), signs, start


def _shown(values: Sequence[float]) -> str:
    return " x ".join(f"{value:.4g}" for value in values)
