"""Crops, and logits moved between them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam_med.models.sam.crops import (
    OUTSIDE_LOGIT,
    Crop,
    crop_round,
    grid_from_grid,
    pixels_from_grid,
)


def test_a_crop_is_twice_the_box_and_centred_on_it():
    crop = crop_round(np.array([40.0, 90, 79, 129]), (200, 300), 2.0)
    assert crop.height == crop.width
    assert 1.7 * 40 <= crop.height <= 2.4 * 40
    assert abs(crop.row0 + crop.height / 2 - 60) <= 0.06 * crop.height
    assert abs(crop.col0 + crop.width / 2 - 110) <= 0.06 * crop.width


def test_a_crop_stays_inside_the_image_and_holds_the_box():
    for box in ([0, 0, 9, 9], [100, 180, 119, 199], [0, 0, 119, 199]):
        crop = crop_round(np.array(box, dtype=float), (120, 200), 2.0)
        corners = np.array(box, dtype=float).reshape(2, 2)
        assert crop.row0 >= 0
        assert crop.row0 + crop.height <= 120
        assert crop.col0 + crop.width <= 200
        assert crop.contains(corners).all()


def test_a_box_that_moves_by_a_pixel_keeps_its_crop():
    boxes = [[40.0 + d, 90, 79 + d, 129] for d in (0.0, 0.4, 0.8)]
    assert len({crop_round(np.array(box), (200, 300), 2.0) for box in boxes}) == 1


def test_logits_keep_their_place_between_crops():
    whole, crop = Crop(0, 0, 128, 128), Crop(32, 64, 32, 32)
    logits = np.full((1, 16, 16), OUTSIDE_LOGIT, np.float32)
    logits[0, 8:12, 4:8] = 10.0
    pasted = grid_from_grid(logits, crop, whole, 16)
    assert np.unravel_index(pasted[0].argmax(), (16, 16)) == (6, 9)
    back = grid_from_grid(pasted, whole, crop, 16)
    row, col = np.argwhere(back[0] > 0).mean(0)
    assert (row, col) == pytest.approx((9.5, 5.5), abs=0.5)


def test_a_grid_moved_to_its_own_crop_is_unchanged():
    logits = np.random.default_rng(1).normal(size=(2, 16, 16)).astype(np.float32)
    crop = Crop(5, 9, 48, 64)
    assert np.array_equal(grid_from_grid(logits, crop, crop, 16), logits)


def test_each_pixel_gets_the_logit_of_the_cell_that_it_is_in_the_middle_of():
    logits = np.arange(9, dtype=np.float32).reshape(1, 3, 3)
    source, target = Crop(0, 0, 9, 9), Crop(3, 0, 3, 9)
    found = pixels_from_grid(logits, source, target)
    assert found.shape == (1, 3, 9)
    assert found[0, 1, [1, 4, 7]] == pytest.approx([3, 4, 5], abs=0.1)


def test_the_longer_side_of_a_crop_that_is_not_square_sets_the_cells():
    logits = np.full((1, 8, 8), OUTSIDE_LOGIT, np.float32)
    logits[0, 2, 6] = 9.0
    found = pixels_from_grid(logits, Crop(0, 0, 40, 80), Crop(0, 0, 40, 80))
    row, col = np.unravel_index(found[0].argmax(), (40, 80))
    assert (row // 10, col // 10) == (2, 6)
