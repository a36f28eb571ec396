"""Clicks as rows and as disks, small enough to check by hand."""

from __future__ import annotations

import torch

from napari_sam_med.models.click.click_maps import disk_maps, points_tensor
from napari_sam_med.models.click.click_values import ClickPoint

UP, DOWN = ClickPoint(3, 4, positive=True), ClickPoint(1, 2, positive=False)


def drawn(*clicks, radius=1.0, shape_hw=(4, 5)):
    return disk_maps(points_tensor(clicks), radius=radius, shape_hw=shape_hw)[0]


def test_rows_are_padded_to_the_larger_count_and_keep_the_click_index():
    rows = points_tensor([UP, DOWN, UP])

    assert rows.tolist() == [[[3, 4, 0], [3, 4, 2], [1, 2, 1], [-1, -1, -1]]]


def test_no_click_still_gives_one_unused_row_each():
    assert points_tensor([]).tolist() == [[[-1, -1, -1], [-1, -1, -1]]]


def test_a_disk_holds_the_pixels_at_exactly_its_radius():
    positive, negative = drawn(ClickPoint(1, 2, positive=True))

    assert positive.tolist() == [
        [0, 0, 1, 0, 0],
        [0, 1, 1, 1, 0],
        [0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0],
    ]
    assert negative.sum() == 0


def test_negative_clicks_have_their_own_map():
    positive, negative = drawn(DOWN)

    assert positive.sum() == 0
    assert negative.sum() == 5


def test_disks_of_two_clicks_do_not_add_up():
    positive, _ = drawn(
        ClickPoint(1, 1, positive=True), ClickPoint(1, 2, positive=True)
    )

    assert positive.max() == 1
    assert positive.sum() == 8


def test_a_click_beside_the_picture_reaches_into_it():
    positive, _ = drawn(ClickPoint(-1, 2, positive=True))

    assert positive.nonzero().tolist() == [[0, 2]]


def test_a_click_with_two_negative_coordinates_is_not_drawn():
    positive, _ = drawn(ClickPoint(-0.5, -0.5, positive=True), radius=3)

    assert positive.sum() == 0


def test_pictures_of_a_batch_have_their_own_clicks():
    points = torch.cat([points_tensor([UP]), points_tensor([DOWN])])

    maps = disk_maps(points, radius=0, shape_hw=(4, 5))

    assert maps.nonzero().tolist() == [[0, 0, 3, 4], [1, 1, 1, 2]]
