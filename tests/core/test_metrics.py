"""Overlap and outlines on arrays small enough to check by hand."""

import numpy as np
import pytest

from napari_sam_med.core.measures.surfaces import surface_agreement
from napari_sam_med.core.measures.volume_surfaces import volume_surface_agreement
from napari_sam_med.core.metrics import dice, iou
from napari_sam_med.errors import ImageError

EMPTY = np.zeros((6, 8), dtype=bool)


def block(row0, col0, row1, col1, shape=(6, 8)):
    mask = np.zeros(shape, dtype=bool)
    mask[row0:row1, col0:col1] = True
    return mask


def outlines(mask, truth, spacing_rc=(1.0, 1.0), tolerance_mm=1.0):
    return surface_agreement(
        mask, truth, spacing_rc=spacing_rc, tolerance_mm=tolerance_mm
    )


@pytest.mark.parametrize("metric", [iou, dice])
def test_equal_masks_agree_fully_and_apart_ones_not_at_all(metric):
    assert metric(block(0, 0, 2, 2), block(0, 0, 2, 2)) == 1.0
    assert metric(block(0, 0, 2, 2), block(3, 3, 5, 5)) == 0.0


def test_overlap_is_counted_in_pixels():
    assert iou(block(0, 0, 2, 4), block(0, 2, 2, 6)) == 4 / 12
    assert dice(block(0, 0, 2, 4), block(0, 2, 2, 6)) == 8 / 16


@pytest.mark.parametrize("metric", [iou, dice])
def test_two_empty_masks_agree(metric):
    assert metric(EMPTY, EMPTY) == 1.0


@pytest.mark.parametrize("metric", [iou, dice, outlines])
def test_masks_of_other_shapes_are_refused(metric):
    with pytest.raises(ImageError, match="shape"):
        metric(EMPTY, EMPTY.T)


def test_equal_outlines_are_no_distance_apart():
    found = outlines(block(1, 1, 4, 5), block(1, 1, 4, 5), tolerance_mm=0.0)
    assert (found.nsd, found.hd95_mm) == (1.0, 0.0)


def test_distances_are_in_millimetres_of_each_axis():
    one, other = block(2, 2, 3, 3), block(2, 4, 3, 5)
    assert outlines(one, other, spacing_rc=(5.0, 0.5)).hd95_mm == 1.0
    one, other = block(1, 2, 2, 3), block(3, 2, 4, 3)
    assert outlines(one, other, spacing_rc=(5.0, 0.5)).hd95_mm == 10.0


def test_the_tolerance_itself_still_counts_as_agreement():
    one, other = block(2, 2, 3, 3), block(2, 4, 3, 5)
    assert outlines(one, other, tolerance_mm=2.0).nsd == 1.0
    assert outlines(one, other, tolerance_mm=1.99).nsd == 0.0


@pytest.mark.parametrize("spacing", [1.1, 1.7, 2.3])
def test_a_tolerance_is_a_number_of_pixels_whose_size_a_file_rounded(spacing):
    """NIfTI stores 1.1 as 1.10000002."""
    stored = float(np.float32(spacing))
    truth, moved = block(0, 0, 4, 2), block(0, 3, 4, 5)
    found = outlines(moved, truth, (0.5, stored), tolerance_mm=3 * spacing)
    assert found.nsd == 1.0
    found = volume_surface_agreement(
        moved[None],
        truth[None],
        spacing_zyx=(3.0, 0.5, stored),
        tolerance_mm=3 * spacing,
    )
    assert found.nsd == 1.0


def test_surfaces_of_volumes_agree_with_distances_of_all_voxel_pairs():
    rng = np.random.default_rng(7)
    spacing, shape = np.array([3.3, 1.7, 0.8]), (6, 9, 10)
    for _ in range(5):
        masks = [rng.random(shape) < 0.9 for _ in range(2)]
        for mask in masks:
            low = rng.integers(1, 4, 3)
            for axis, start in enumerate(low):
                np.moveaxis(mask, axis, 0)[:start] = False
        places = [_surface_of(mask) * spacing for mask in masks]
        apart = np.linalg.norm(places[0][:, None] - places[1][None], axis=2)
        nearest = [apart.min(axis=1), apart.min(axis=0)]
        within = sum(np.count_nonzero(one <= 2.0) for one in nearest)
        found = volume_surface_agreement(
            *masks, spacing_zyx=tuple(spacing), tolerance_mm=2.0
        )
        assert found.nsd == pytest.approx(within / sum(map(len, nearest)))
        assert found.hd95_mm == pytest.approx(
            max(np.percentile(one, 95) for one in nearest)
        )


def _surface_of(mask):
    """Voxels of which one of six neighbours is none, or lies beyond the volume."""
    found = []
    for voxel in np.argwhere(mask):
        sides = [
            voxel + step * axis for axis in np.eye(3, dtype=int) for step in (-1, 1)
        ]
        inside = [np.all(s >= 0) and np.all(s < mask.shape) for s in sides]
        if not all(ok and mask[tuple(s)] for ok, s in zip(inside, sides, strict=True)):
            found.append(voxel)
    return np.array(found)


def test_a_hole_has_an_outline_too():
    ring = block(0, 0, 5, 5)
    ring[2, 2] = False
    found = outlines(ring, block(0, 0, 5, 5), tolerance_mm=0.5)
    assert found.nsd == (16 + 16) / (16 + 4 + 16)


def test_an_empty_mask_is_as_far_away_as_the_slice_is_wide():
    found = outlines(EMPTY, block(0, 0, 2, 2), spacing_rc=(2.0, 2.0))
    assert (found.nsd, found.hd95_mm) == (0.0, 20.0)
    assert outlines(EMPTY, EMPTY).nsd == 1.0


def test_outlines_agree_with_distances_of_all_pixel_pairs():
    rng = np.random.default_rng(4)
    one, other = rng.random((2, 9, 11)) > 0.6
    spacing = (1.5, 0.7)

    def edge(mask):
        inside = np.pad(mask, 1)
        four = (
            inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
        )
        return np.argwhere(mask & ~four) * spacing

    pairs = np.linalg.norm(edge(one)[:, None] - edge(other)[None], axis=2)
    there, back = pairs.min(axis=1), pairs.min(axis=0)
    found = outlines(one, other, spacing_rc=spacing, tolerance_mm=0.8)
    within = (there <= 0.8).sum() + (back <= 0.8).sum()
    assert found.nsd == pytest.approx(within / (len(there) + len(back)))
    expected = max(np.percentile(there, 95), np.percentile(back, 95))
    assert found.hd95_mm == pytest.approx(expected)
