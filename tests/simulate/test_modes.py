"""Modes and parts on arrays small enough to check by hand."""

import tracemalloc

import numpy as np
import pytest

from napari_sam_med.errors import ImageError
from napari_sam_med.simulate.components import components_of, tight_box
from napari_sam_med.simulate.distance_maps import released_distance
from napari_sam_med.simulate.modes import Mode, simulate_modes


def _mask(*corners, shape=(20, 20)):
    mask = np.zeros(shape, dtype=bool)
    for row0, col0, row1, col1 in corners:
        mask[row0 : row1 + 1, col0 : col1 + 1] = True
    return mask


def test_diagonal_neighbours_are_one_part():
    assert len(components_of(np.eye(4, dtype=bool))) == 1


def test_of_equal_parts_the_later_in_scan_order_comes_first():
    parts = components_of(_mask((1, 1, 2, 2), (10, 10, 11, 11)))
    assert [np.argwhere(part)[0].tolist() for part in parts] == [[10, 10], [1, 1]]


def test_single_pixels_are_parts():
    assert len(components_of(_mask((0, 0, 0, 0), (5, 5, 5, 5), (9, 9, 9, 9)))) == 3


def test_thousands_of_components_take_no_more_memory_than_their_numbers():
    dots = np.zeros((512, 512), dtype=bool)
    dots[::8, ::8] = True
    components_of(dots)  # what the first call loads stays out of the measure
    tracemalloc.start()
    components = components_of(dots)
    largest = components[:3]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(components), len(largest)) == (4096, 3)
    assert np.argwhere(largest[1]).tolist() == [[504, 496]]
    assert most < 40 * dots.nbytes


def test_an_empty_mask_has_no_parts_and_no_box():
    empty = np.zeros((4, 4), dtype=bool)
    assert len(components_of(empty)) == 0
    with pytest.raises(ImageError, match="empty"):
        tight_box(empty)


def test_at_most_three_parts_are_prompted_and_the_whole_box_holds_all():
    mask = _mask((0, 0, 4, 4), (0, 10, 3, 13), (10, 0, 12, 2), (19, 19, 19, 19))
    made = simulate_modes(mask, released_distance, lambda n: 0)
    assert len(made[Mode.POINTS].prompts[0].points_rc) == 3
    assert len(made[Mode.BOXES].prompts) == 3
    assert made[Mode.WHOLE_BOX].prompts[0].box_rc.tolist() == [0, 0, 19, 19]


def test_boxes_are_inclusive_pixels_of_the_largest_part():
    mask = _mask((2, 3, 6, 8), (15, 15, 16, 16))
    (prompts,) = simulate_modes(mask, released_distance, lambda n: 0)[
        Mode.ONE_BOX
    ].prompts
    assert prompts.box_rc.tolist() == [2, 3, 6, 8]


def test_points_of_several_parts_are_one_joint_prompt_drawn_anew():
    draws = []

    def last(n):
        draws.append(n)
        return n - 1

    made = simulate_modes(_mask((0, 0, 4, 9), (10, 0, 12, 2)), released_distance, last)
    assert len(draws) == 3
    assert draws[0] == draws[1] == made[Mode.ONE_POINT].tied[0]
    assert len(made[Mode.POINTS].prompts) == 1
