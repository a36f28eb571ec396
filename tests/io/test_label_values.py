"""Which values are labels."""

from pathlib import Path

import numpy as np
import pytest

from napari_sam_med.errors import ImageError
from napari_sam_med.io.label_values import labels_from_values

NAME = Path("labels.nii")


def labels(*values, step=0.0):
    array = np.array(values, np.float32).reshape(1, 1, -1)
    return labels_from_values(array, NAME, step=step).ravel().tolist()


def test_values_within_half_a_step_are_the_whole_number():
    step = 4 / 255  # of labels 0 to 4 in one byte: 2 lies between two of its values
    assert labels(0, 127 * step, 4, step=step) == [0, 2, 4]


def test_values_beyond_half_a_step_are_none():
    with pytest.raises(ImageError, match="not whole numbers"):
        labels(0, 1.99, step=0.0118)


def test_without_a_step_nothing_is_rounded():
    with pytest.raises(ImageError, match="not whole numbers"):
        labels(0, 1.9999)


def test_a_step_that_could_mistake_one_label_for_the_next_is_not_used():
    with pytest.raises(ImageError, match="not whole numbers"):
        labels(0, 1.3, step=1.0)


def test_a_negative_value_within_the_step_is_background():
    assert labels(-0.004, 1, step=0.0118) == [0, 1]


def test_integers_keep_their_type():
    array = np.array([[[0, 7]]], np.uint16)
    assert labels_from_values(array, NAME) is array
