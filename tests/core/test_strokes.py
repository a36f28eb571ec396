"""Lines drawn by hand, as points, masks and logits."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.draw import polygon2mask

from napari_sam_med.core.strokes.lassos import deepest_point, enclosed
from napari_sam_med.core.strokes.mask_logits import MaskGrid
from napari_sam_med.core.strokes.scribbles import MOST_POINTS, points_along
from napari_sam_med.errors import PromptError

SQUARE, SHAPE_HW = (1.0, 1.0), (64, 64)


def test_points_lie_in_the_middle_of_equal_parts_of_a_bent_line():
    points = points_along([(0, 0), (0, 4), (4, 4)], SQUARE, SHAPE_HW)
    assert points.tolist() == [[0, 1], [0, 3], [1, 4], [3, 4]]


def test_lengths_are_measured_in_millimetres():
    points = points_along([(0, 0), (0, 6), (1, 6)], (6.0, 1.0), SHAPE_HW, most=2)
    np.testing.assert_allclose(points, [[0, 3], [0.5, 6]])


def test_points_are_no_nearer_than_a_sixty_fourth_of_the_longer_side():
    assert len(points_along([(0, 0), (0, 2.9)], SQUARE, (10, 64))) == 3
    assert len(points_along([(0, 0), (0, 2.9)], SQUARE, (10, 128))) == 2


def test_no_line_gives_more_points_than_are_bounded():
    assert len(points_along([(0, 0), (63, 63)], SQUARE, SHAPE_HW)) == MOST_POINTS


@pytest.mark.parametrize("path", [[(3, 5)], [(3, 5), (3, 5)]])
def test_a_line_without_length_is_one_point(path):
    assert points_along(path, SQUARE, SHAPE_HW).tolist() == [[3, 5]]


@pytest.mark.parametrize("path", [[], [1, 2], [(1, 2, 3)], [(np.nan, 1)]])
def test_what_is_no_line_is_refused(path):
    with pytest.raises(PromptError, match="line"):
        points_along(path, SQUARE, SHAPE_HW)


def test_a_closed_line_holds_the_pixels_whose_centres_it_encloses():
    mask = enclosed([(0.5, 0.5), (0.5, 2.5), (2.5, 2.5), (2.5, 0.5)], (4, 4))
    assert np.argwhere(mask).tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]


def test_a_line_beyond_the_border_holds_what_lies_inside_the_slice():
    assert enclosed([(-9, -9), (-9, 9), (1, 9), (1, -9)], (4, 4)).sum() == 8


def test_the_deepest_point_counts_the_border_as_outside_and_long_pixels_as_long():
    mask = np.ones((3, 9), dtype=bool)
    assert deepest_point(mask, (1.0, 1.0)) == (1, 1)
    assert deepest_point(mask, (10.0, 1.0)) == (0, 4)


@pytest.mark.parametrize("seed", range(40))
def test_a_lasso_holds_the_pixels_and_the_point_that_slower_means_find(seed):
    random = np.random.default_rng(seed)
    path = random.uniform(-5, 45, (1 + seed, 2))
    shape = tuple(random.integers(1, 40, 2).tolist())
    mask = enclosed(path, shape)
    np.testing.assert_array_equal(mask, polygon2mask(shape, path))
    for spacing in ((1.0, 1.0), (2.0, 0.7)) if mask.any() else ():
        depth = ndimage.distance_transform_edt(np.pad(mask, 1), sampling=spacing)
        depth = depth[1:-1, 1:-1]
        deepest = np.unravel_index(depth.argmax(), depth.shape)
        assert deepest_point(mask, spacing) == deepest


@pytest.mark.parametrize(
    ("path", "on_it"),
    [
        ([(0, 0), (0, 4)], [(0, k) for k in range(5)]),
        ([(0, 3), (4, 3)], [(k, 3) for k in range(5)]),
        ([(16, 36), (10, 10)], [(10, 10), (13, 23), (16, 36)]),
        ([(5, 7)], [(5, 7)]),
        ([(5.5, 7)], []),
    ],
)
def test_pixels_on_the_line_of_a_lasso_belong_to_it(path, on_it):
    assert list(map(tuple, np.argwhere(enclosed(path, (40, 40))))) == on_it


def test_a_lasso_on_a_large_slice_has_its_deepest_point_in_its_middle():
    angle = np.linspace(0, 2 * np.pi, 300)
    path = 3000 + 300 * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    mask = enclosed(path, (6000, 6000))
    assert deepest_point(mask, (0.5, 0.5)) == (3000, 3000)
    assert deepest_point(mask, (0.5, 1.0))[0] == 3000


def test_logits_over_the_padded_square_are_positive_inside_alone():
    mask = np.zeros((32, 64), dtype=bool)
    mask[8:24, 8:40] = True
    logits = MaskGrid((16, 16)).logits_from(mask)
    assert logits.dtype == np.float32
    expected = np.zeros((16, 16), dtype=bool)
    expected[2:6, 2:10] = True
    np.testing.assert_array_equal(logits > 0, expected)


def test_logits_over_just_the_image_are_squeezed_with_it():
    mask = np.zeros((32, 64), dtype=bool)
    mask[8:24, 8:40] = True
    logits = MaskGrid((16, 16), is_padded=False).logits_from(mask)
    expected = np.zeros((16, 16), dtype=bool)
    expected[4:12, 2:10] = True
    np.testing.assert_array_equal(logits > 0, expected)


def test_logits_of_the_images_own_pixels_are_its_mask():
    mask = np.random.default_rng(0).random((9, 13)) > 0.5
    logits = MaskGrid((9, 13), is_padded=False).logits_from(mask)
    np.testing.assert_array_equal(logits > 0, mask)


@pytest.mark.parametrize("spacing", [(2.5, 0.7), (0.3, 1.0), (1.0, 1.0)])
def test_the_depths_of_a_large_lasso_are_not_searched_pixel_by_pixel(
    monkeypatch, spacing
):
    shape, angle = (2048, 2048), np.linspace(0, 2 * np.pi, 5000)
    far = 900 + 60 * np.sin(40 * angle)
    path = 1024 + far[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    mask, searched, exact = enclosed(path, shape), [], ndimage.distance_transform_edt

    def search(array, **settings):
        searched.append(array.size)
        return exact(array, **settings)

    with monkeypatch.context() as patched:
        patched.setattr(ndimage, "distance_transform_edt", search)
        row, col = deepest_point(mask, spacing)
    assert max(searched, default=0) < 1_000_000  # of 4 million it takes 0.4 s
    depth = exact(np.pad(mask, 1), sampling=spacing)
    assert depth[int(row) + 1, int(col) + 1] > 0.99 * depth.max()


def test_a_thin_lasso_on_a_large_slice_has_its_deepest_point_inside():
    path = [(10, 10), (2000, 2000), (2000, 2001), (10, 11)]
    mask = enclosed(path, (2048, 2048))
    row, col = deepest_point(mask, (2.5, 0.7))
    assert mask[int(row), int(col)]
