"""The same voxels in another order, and the nearest ones on another grid."""

from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.grids import on_grid, resample_nearest, same_grid
from napari_sam_med.errors import GeometryError

PLACE = Geometry(
    (0.5, 1.0, 2.0), (7.0, -3.0, 40.0), ((0.8, 0.6, 0.0), (-0.6, 0.8, 0.0), (0, 0, 1))
)
SHAPE = (3, 4, 5)
LABELS = np.arange(1, 61, dtype=np.uint16).reshape(SHAPE)


def reordered(axes, signs):
    """The same voxels with axes in another order and direction, and where they lie."""
    labels = np.transpose(LABELS, axes)[tuple(slice(None, None, s) for s in signs)]
    first = np.zeros(3)
    for axis, sign in zip(axes, signs, strict=True):
        first[axis] = 0 if sign > 0 else SHAPE[axis] - 1
    columns = np.asarray(PLACE.direction).T[::-1]  # by z, y, x
    turned = np.stack([columns[a] * s for a, s in zip(axes, signs, strict=True)])
    spacing = [PLACE.spacing_zyx[axis] for axis in axes]
    place = Geometry(
        tuple(spacing[::-1]),
        tuple(PLACE.world_xyz_from_zyx(first)),
        tuple(map(tuple, turned[::-1].T)),
    )
    return labels, place


@pytest.mark.parametrize("axes", list(permutations(range(3))))
@pytest.mark.parametrize("signs", list(product((1, -1), repeat=3)))
def test_every_order_and_direction_of_axes_comes_back(axes, signs):
    labels, place = reordered(axes, signs)
    assert np.array_equal(on_grid(labels, place, PLACE, SHAPE), LABELS)


def test_the_same_grid_costs_no_copy():
    assert on_grid(LABELS, PLACE, PLACE, SHAPE) is LABELS


def test_a_part_is_put_where_it_was_cut_out():
    part = LABELS[1:3, 2:4, 0:3]
    origin = tuple(PLACE.world_xyz_from_zyx(np.array([1.0, 2.0, 0.0])))
    whole = on_grid(part, replace(PLACE, origin_xyz=origin), PLACE, SHAPE)
    assert np.array_equal(whole[1:3, 2:4, 0:3], part)
    assert np.count_nonzero(whole) == part.size


def test_a_margin_of_background_is_cut_off():
    wide = np.pad(LABELS, 2)
    origin = tuple(PLACE.world_xyz_from_zyx(np.full(3, -2.0)))
    assert np.array_equal(
        on_grid(wide, replace(PLACE, origin_xyz=origin), PLACE, SHAPE), LABELS
    )


def test_labelled_voxels_outside_are_not_lost_without_a_word():
    with pytest.raises(GeometryError, match="20 labelled voxels lie outside"):
        on_grid(LABELS, PLACE, PLACE, (2, 4, 5))


def test_a_shifted_origin_of_an_equal_shape_is_refused():
    origin = tuple(PLACE.world_xyz_from_zyx(np.array([1.0, 0.0, 0.0])))
    empty = np.zeros_like(LABELS)
    with pytest.raises(GeometryError, match="origin is 0 x 0 x 2 mm off"):
        on_grid(empty, replace(PLACE, origin_xyz=origin), PLACE, SHAPE)


@pytest.mark.parametrize("far", [0.09, 0.11])
def test_voxels_a_tenth_of_a_voxel_off_are_others(far):
    origin = tuple(PLACE.world_xyz_from_zyx(np.array([far, 0.0, 0.0])))
    near = same_grid(replace(PLACE, origin_xyz=origin), SHAPE, PLACE, SHAPE)
    assert near == (far < 0.1)


@pytest.mark.parametrize("far", [0.12, 0.48])
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, 1)], ids=["same", "turned"])
def test_a_shift_by_a_part_of_a_voxel_is_refused_in_mm(far, signs):
    labels, place = reordered((0, 1, 2), signs)
    step = np.asarray(PLACE.direction)[:, 2] * PLACE.spacing_xyz[2] * far
    moved = replace(place, origin_xyz=tuple(np.asarray(place.origin_xyz) + step))
    with pytest.raises(GeometryError, match=f"origin is 0 x 0 x {2 * far:.2g} mm off"):
        on_grid(labels, moved, PLACE, SHAPE)


def test_a_shifted_part_of_the_image_is_refused():
    origin = tuple(PLACE.world_xyz_from_zyx(np.array([1.3, 0.0, 0.0])))
    with pytest.raises(GeometryError, match=r"0 x 0 x 2\.6 mm off.* no whole number"):
        on_grid(LABELS[1:2], replace(PLACE, origin_xyz=origin), PLACE, SHAPE)


def test_a_difference_in_spacing_counts_where_it_ends():
    wide = (1, 1, 1000)
    fine = Geometry((0.977, 1.0, 1.0))
    assert same_grid(fine, wide, Geometry((0.97709, 1.0, 1.0)), wide)
    assert not same_grid(fine, wide, Geometry((0.9772, 1.0, 1.0)), wide)


@pytest.mark.parametrize(
    "other",
    [
        replace(PLACE, spacing_xyz=(1.0, 2.0, 2.0)),
        replace(PLACE, direction=((1, 0, 0), (0, 1, 0), (0, 0, 1))),
    ],
    ids=["other spacing", "other direction"],
)
def test_other_voxels_are_refused(other):
    with pytest.raises(GeometryError, match="resample"):
        on_grid(LABELS, other, PLACE, SHAPE)


def test_half_resolution_gives_each_voxel_its_nearest_label():
    coarse = np.array([[[1, 2], [3, 0]]], np.uint8)
    place = Geometry((2.0, 2.0, 1.0), (0.5, 0.5, 0.0))
    fine = resample_nearest(coarse, place, Geometry(), (1, 4, 4))
    assert fine[0].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 0, 0], [3, 3, 0, 0]]


def test_outside_is_background():
    ones = np.ones((1, 2, 2), np.uint8)
    fine = resample_nearest(
        ones, Geometry(), Geometry((1, 1, 1), (-1, 0, 0)), (1, 2, 4)
    )
    assert fine[0].tolist() == [[0, 1, 1, 0], [0, 1, 1, 0]]
