"""Where nano sees the prompts on an enlarged image."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam_med.core.prompts import Prompts
from napari_sam_med.models import load_model
from napari_sam_med.models.nano.nano_network import NanoVariant
from napari_sam_med.models.sam.sam_variants import SamVariant
from napari_sam_med.models.wrappers.test_time_augmentation import flipped

SHAPE_HW, INPUT_PX = (20, 40), 256
SCALE = np.array([6.4, 6.4])
ASKED = Prompts([(3, 7), (0, 0)], [1, 1], box_rc=(2, 5, 9, 30))


def test_a_box_covers_all_of_its_enlarged_pixels():
    assert NanoVariant().place_box(np.array([2.0, 5, 9, 30]), SCALE) == pytest.approx(
        [12.8, 32, 63, 197.4]
    )


def test_a_box_on_a_shrunken_image_never_ends_before_it_starts():
    placed = NanoVariant().place_box(np.array([10.0, 10, 10, 10]), np.array([0.25] * 2))
    assert (placed[2:] >= placed[:2]).all()


def test_on_an_image_of_the_input_size_both_variants_agree():
    one, box = np.ones(2), ASKED.box_rc
    assert np.array_equal(
        NanoVariant().place_box(box, one), SamVariant().place_box(box, one)
    )
    assert np.array_equal(
        NanoVariant().place_points(ASKED.points_rc, one),
        SamVariant().place_points(ASKED.points_rc, one),
    )


def test_prompts_on_the_mirror_image_are_placed_in_the_mirror_image_of_the_input():
    variant, turned = NanoVariant(), flipped(ASKED, (1,), SHAPE_HW)
    points = variant.place_points(ASKED.points_rc, SCALE)
    points[:, 1] = INPUT_PX - 1 - points[:, 1]
    assert variant.place_points(turned.points_rc, SCALE) == pytest.approx(points)
    row0, col0, row1, col1 = variant.place_box(ASKED.box_rc, SCALE)
    assert variant.place_box(turned.box_rc, SCALE) == pytest.approx(
        [row0, INPUT_PX - 1 - col1, row1, INPUT_PX - 1 - col0]
    )


def test_a_small_bright_square_is_found_whole_and_in_its_place():
    image = np.full((48, 48), 40, np.uint8)
    image[16:32, 12:30] = 200
    model = load_model("nano", device="cpu", zoom="on")
    found = model.predict(model.embed(image), Prompts(box_rc=(16, 12, 31, 29)))
    rows, cols = np.nonzero(found.masks[found.best_index])
    assert (rows.mean(), cols.mean()) == pytest.approx((23.5, 20.5), abs=0.25)
    assert len(rows) == pytest.approx(16 * 18, rel=0.12)
