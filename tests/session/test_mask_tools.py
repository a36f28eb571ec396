import numpy as np
import pytest

from napari_sam_med.errors import PromptError
from napari_sam_med.session.labelling.mask_tools import (
    filled,
    kept_part,
    smoothed,
    without_specks,
)


def test_only_the_part_that_was_clicked_stays_and_corners_connect():
    mask = np.zeros((5, 6), dtype=bool)
    mask[0, 0] = mask[1, 1] = mask[4, 5] = True
    assert np.argwhere(kept_part(mask, (1, 1))).tolist() == [[0, 0], [1, 1]]


def test_a_click_beside_the_object_says_so():
    with pytest.raises(PromptError, match="click on the part of it"):
        kept_part(np.zeros((3, 3), dtype=bool), (1, 1))


def test_a_hole_is_filled_in_the_volume_only_if_it_is_closed_there():
    shell = np.ones((3, 3, 3), dtype=bool)
    shell[1, 1, 1] = False
    assert filled(shell).all()
    shell[0, 1, 1] = False
    assert not filled(shell)[1, 1, 1]


def test_specks_are_measured_in_millimetres():
    mask = np.zeros((4, 9), dtype=bool)
    mask[0, 0] = True
    mask[2:4, 5:8] = True
    assert without_specks(mask, (2.0, 3.0), 6.1).sum() == 6
    assert without_specks(mask, (2.0, 3.0), 6.0).sum() == 7


def test_smoothing_removes_a_spike_and_keeps_a_disc():
    rows, cols = np.indices((41, 41))
    disc = np.hypot(rows - 20, cols - 20) < 12
    spiked = disc.copy()
    spiked[20, 32:40] = True
    round_again = smoothed(spiked, (1.0, 1.0), 1.5)
    assert not round_again[20, 35:].any()
    assert (round_again ^ disc).sum() < 0.05 * disc.sum()
