import numpy as np
import pytest

from napari_sam_med.gui.prompting.display.thumbnail import (
    View,
    picture_of,
    thumbnail,
    view_of,
)

TINT = (255, 0, 0)
EMPTY = np.zeros((20, 40), dtype=bool)


def drawn(image, mask, view):
    return thumbnail(picture_of(image, view), mask, view, TINT)


def mask_of(row0, col0, row1, col1, shape=(20, 40)):
    mask = np.zeros(shape, dtype=bool)
    mask[row0 : row1 + 1, col0 : col1 + 1] = True
    return mask


def test_the_view_is_centred_on_all_masks_together():
    masks = np.stack([mask_of(2, 10, 4, 12), mask_of(6, 10, 8, 30)])
    view = view_of(masks, (1.0, 1.0), 40)
    assert (view.row, view.column) == (5.0, 20.0)


def test_the_view_is_wide_enough_for_the_longer_side_in_millimetres():
    view = view_of(mask_of(2, 10, 12, 14)[None], (5.0, 1.0), 40)
    assert view.side >= 50


def test_the_whole_slice_is_seen_if_nothing_is_masked():
    view = view_of(np.zeros((3, 20, 40), dtype=bool), (1.0, 1.0), 40)
    assert (view.row, view.column) == (9.5, 19.5)
    assert view.side >= 39


def test_only_the_mask_is_tinted():
    image = np.full((20, 40), 100, dtype=np.uint8)
    picture = drawn(image, mask_of(5, 15, 14, 24), View(9.5, 19.5, 20.0, (1, 1), 40))
    assert picture.shape == (40, 40, 3)
    assert picture[20, 20].tolist() == [178, 50, 50]
    assert picture[3, 3].tolist() == [100, 100, 100]


def test_stretched_pixels_are_drawn_in_proportion():
    mask = mask_of(8, 15, 11, 34)  # 4 rows of 5 mm, 20 columns of 1 mm
    image = np.full((20, 40), 100, dtype=np.uint8)
    picture = drawn(image, mask, View(9.5, 24.5, 40.0, (5.0, 1.0), 80))
    rows, cols = np.nonzero(picture[..., 0] != picture[..., 1])
    assert abs(np.ptp(rows) - np.ptp(cols)) <= 4


def test_colour_slices_keep_their_colour():
    image = np.zeros((20, 40, 3), dtype=np.uint8)
    image[..., 2] = 200
    picture = drawn(image, EMPTY, View(9.5, 19.5, 10.0, (1, 1), 20))
    assert picture[10, 10].tolist() == [0, 0, 200]


def test_outside_the_slice_is_black():
    image = np.full((20, 40), 100, dtype=np.uint8)
    picture = drawn(image, EMPTY, View(0.0, 0.0, 20.0, (1, 1), 20))
    assert picture[2, 2].tolist() == [0, 0, 0]


def test_fine_stripes_are_even_grey_in_a_small_picture():
    image = np.zeros((400, 400), dtype=np.uint8)
    image[:, ::2] = 200
    picture = picture_of(image, View(199.5, 199.5, 378.0, (1, 1), 40))
    inside = picture[2:-2, 2:-2]
    assert np.ptp(inside) < 30
    assert abs(inside.mean() - 100) < 10


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize(
    ("row", "column", "side"), [(20, 30, 12), (3, 90, 40), (60, 50, 300), (-40, 5, 10)]
)
def test_a_picture_needs_no_more_than_its_part_of_the_slice(row, column, side, smooth):
    plane = np.random.default_rng(0).random((80, 100))
    view = View(row, column, side, (1.0, 0.5), 16)
    part = view.part_of(plane.shape)
    blank = np.full_like(plane, 7.0)
    blank[part] = plane[part]
    expected = view.sample(plane, smooth=smooth)
    np.testing.assert_array_equal(view.sample(blank, smooth=smooth), expected)
    if (row, column, side) == (20, 30, 12):
        assert plane[part].size < plane.size / 4
        assert expected.any()
