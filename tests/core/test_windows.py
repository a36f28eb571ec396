import numpy as np
import pytest

from napari_sam_med.core.windows import (
    CT_SOFT_TISSUE,
    Window,
    default_window,
    released_uint8,
)
from napari_sam_med.errors import ImageError


def test_a_ct_is_shown_in_the_soft_tissue_window() -> None:
    assert default_window(np.zeros((1, 2, 2), np.int16), "CT") == CT_SOFT_TISSUE
    assert Window(-160, 240) == CT_SOFT_TISSUE


def test_8_bit_images_keep_their_values() -> None:
    image = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    assert (default_window(image).apply(image) == image).all()


def test_outliers_and_background_do_not_set_an_mr_window() -> None:
    array = np.zeros((1, 100, 100), np.float32)
    array[0, :50] = np.linspace(100, 200, 5000).reshape(50, 100)
    array[0, 0, 0] = 1e6
    window = default_window(array, "MR")
    assert 100 <= window.low < 102
    assert 198 < window.high < 202


def test_a_constant_image_gets_a_window_that_can_be_applied() -> None:
    array = np.full((1, 3, 3), 7.0)
    assert default_window(array).apply(array).tolist() == [[[128] * 3] * 3]


@pytest.mark.parametrize("value", [-1e17, 9e18, 1e37])
def test_so_does_one_of_a_number_too_large_to_have_halves(value: float) -> None:
    array = np.full((1, 3, 3), value)
    assert default_window(array).apply(array).std() == 0


@pytest.mark.parametrize("kind", ["bool", "i2", "u2", "f2", "f4", ">f8", "i8"])
def test_an_image_of_two_values_is_black_and_white(kind: str) -> None:
    array = np.array([[[0, 0, 1, 1]]], dtype=kind)
    array = array * np.asarray(100, kind)
    assert default_window(array).apply(array).tolist() == [[[0, 0, 255, 255]]]


@pytest.mark.parametrize("kind", ["i4", "i8", "f8", ">f8", "u8"])
@pytest.mark.parametrize("offset", [1e9, 2**30 + 7, 10**6])
def test_contrast_on_a_large_offset_is_seen(kind: str, offset: float) -> None:
    steps = np.arange(256).reshape(1, 16, 16)
    image = steps.astype(kind) + np.asarray(offset, kind)
    shown = default_window(image).apply(image).astype(int)
    assert np.abs(shown - steps).max() <= 3


def test_contrast_of_one_on_ten_thousand_millions_is_seen() -> None:
    image = 1e10 + np.linspace(0, 1, 256).reshape(1, 16, 16)
    shown = default_window(image).apply(image).astype(int)
    assert np.abs(shown.ravel() - np.arange(256)).max() <= 3
    padded = np.concatenate([np.zeros_like(image), image])
    shown = default_window(padded).apply(padded).astype(int)
    assert np.abs(shown.ravel()[256:] - np.arange(256)).max() <= 3


def test_a_rare_object_beside_one_grey_and_padding_is_seen() -> None:
    array = np.zeros((1, 100, 100), np.int16)
    array[0, 0, 0], array[0, 5, 5:8] = -1, 100
    shown = default_window(array).apply(array)
    assert shown[0, 5, 5] == 255
    assert shown[0, 9, 9] < 10


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [1e300, -1e300, 3e38, np.nan, np.inf])
def test_values_that_no_window_can_hold_are_told(value: float) -> None:
    array = np.zeros((1, 4, 4))
    array[0, :2] = value
    with pytest.raises(ImageError, match=r"the image has values from .* to "):
        default_window(array)
    Window(0, 1).apply(array[np.isfinite(array)])


@pytest.mark.parametrize("bad", [(1, 1), (2, 1), (0, np.inf), (np.nan, 1)])
def test_an_empty_or_endless_window_is_refused(bad: tuple) -> None:
    with pytest.raises(ImageError, match="window"):
        Window(*bad)


def test_released_intensities_truncate_and_subtract_nothing() -> None:
    image = np.array([[50, 100, 199, 200]], np.int16)
    assert released_uint8(image).tolist() == [[63, 127, 253, 255]]


@pytest.mark.parametrize("value", [0, -3])
def test_released_intensities_without_a_positive_value_are_black(value: int) -> None:
    assert not released_uint8(np.full((2, 2), value)).any()
