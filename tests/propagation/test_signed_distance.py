"""Signed distances in millimetres, and masks between masks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_sam_med.propagation.signed_distance import (
    distance_between,
    level_of_area,
    mask_between,
    signed_distance,
)

MASKS = arrays(bool, (9, 11)).filter(lambda mask: mask.any())
SQUARE = (1.0, 1.0)


def disc(centre_rc, radius, shape=(40, 60), spacing_rc=SQUARE):
    rows, cols = np.indices(shape)
    return (
        np.hypot(
            (rows - centre_rc[0]) * spacing_rc[0], (cols - centre_rc[1]) * spacing_rc[1]
        )
        < radius
    )


def test_distances_are_in_millimetres_of_unequal_pixels():
    mask = np.zeros((5, 5), dtype=bool)
    mask[2, 2] = True
    distance = signed_distance(mask, (3.0, 1.0))
    assert distance[2, 4] == -2.0
    assert distance[0, 2] == -6.0


@settings(max_examples=50, deadline=None)
@given(MASKS)
def test_the_sign_of_the_distance_is_the_mask(mask):
    assert ((signed_distance(mask, (0.7, 2.0)) > 0) == mask).all()


@settings(max_examples=50, deadline=None)
@given(MASKS, st.integers(1, 60))
def test_a_level_for_more_pixels_never_lies_higher(mask, count):
    distance = signed_distance(mask, SQUARE)
    assert level_of_area(distance, count + 1) <= level_of_area(distance, count)


@settings(max_examples=50, deadline=None)
@given(MASKS)
def test_the_level_of_its_own_area_is_the_outline_itself(mask):
    distance = signed_distance(mask, SQUARE)
    assert ((distance - level_of_area(distance, mask.sum()) > 0) == mask).all()


def test_a_small_object_loses_nothing_where_a_hundredth_was_meant():
    small = disc((20, 30), 4.6)
    distance = signed_distance(small, SQUARE)
    left = distance - level_of_area(distance, 0.99 * small.sum()) > 0
    assert left.sum() == small.sum()


def test_the_middle_of_two_discs_is_the_disc_between():
    middle = mask_between(disc((20, 30), 6), disc((20, 30), 14), 0.5, SQUARE)
    assert abs(np.sqrt(middle.sum() / np.pi) - 10) < 0.5


@settings(max_examples=50, deadline=None)
@given(MASKS, st.floats(0, 1))
def test_between_equal_masks_lies_the_same_mask(mask, fraction):
    assert (mask_between(mask, mask, fraction, SQUARE) == mask).all()


@settings(max_examples=50, deadline=None)
@given(MASKS, MASKS)
def test_both_ends_are_the_masks_themselves_where_they_overlap(first, second):
    if not (first & second).any():
        return
    assert (mask_between(first, second, 0.0, SQUARE) == first).all()
    assert (mask_between(first, second, 1.0, SQUARE) == second).all()


@pytest.mark.parametrize("fraction", [0.25, 0.5, 0.75])
def test_discs_that_do_not_overlap_are_aligned_by_their_centres(fraction):
    first, second = disc((12, 10), 6), disc((28, 50), 6)
    between = mask_between(first, second, fraction, SQUARE)
    rows, cols = np.nonzero(between)
    expected = np.array([12, 10]) + fraction * np.array([16, 40])
    assert np.allclose([rows.mean(), cols.mean()], expected, atol=0.6)
    assert abs(between.sum() / first.sum() - 1) < 0.15


def test_a_nearer_slice_counts_more():
    small, large = disc((20, 30), 5), disc((20, 30), 15)
    near = distance_between(small, large, 0.1, SQUARE) > 0
    far = distance_between(small, large, 0.9, SQUARE) > 0
    assert small.sum() < near.sum() < far.sum() < large.sum()
