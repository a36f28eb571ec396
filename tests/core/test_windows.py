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
