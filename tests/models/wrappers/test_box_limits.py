"""Masks that end at the box."""

import numpy as np
import pytest

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.models import load_model
from napari_sam_med.models.wrappers.box_limits import limited

BOX = (2, 3, 5, 9)
INSIDE = np.zeros((8, 16), bool)
INSIDE[2:6, 3:10] = True


def full():
    """Everything is the object: three masks of 8 x 16 pixels, logits of 16 x 16."""
    single = Candidates(
        np.ones((1, 8, 16), bool),
        np.ones(1, np.float32),
        np.full((1, 16, 16), 4.0, np.float32),
    )
    return Candidates(
        np.ones((3, 8, 16), bool),
        np.ones(3, np.float32),
        np.full((3, 16, 16), 4.0, np.float32),
        single,
    )


def test_masks_and_logits_end_with_the_last_pixels_of_the_box():
    found = limited(full(), Prompts(box_rc=BOX))
    for answer in (found, found.single):
        assert (answer.masks == INSIDE).all()
        assert ((answer.logits > 0)[:, :8] == INSIDE).all()
        assert not (answer.logits > 0)[:, 8:].any()


def test_a_click_beyond_the_box_says_that_it_is_too_small():
    clicked = Prompts([(4, 12)], [1], BOX)
    assert limited(full(), clicked).masks.all()
    assert not limited(full(), Prompts([(4, 12)], [0], BOX)).masks.all()


def test_without_a_box_an_answer_stays_as_it_is():
    assert limited(full(), Prompts([(4, 12)], [1])).masks.all()


@pytest.mark.parametrize("many", [False, True])
def test_no_mask_of_nano_leaves_its_box(many):
    image = np.full((48, 40), 40, np.uint8)
    image[10:40, 8:36] = 200
    model = load_model("nano", device="cpu")
    embedding, asked = model.embed(image), Prompts(box_rc=(14, 12, 30, 24))
    (found,) = (
        model.predict_many(embedding, [asked])
        if many
        else [model.predict(embedding, asked)]
    )
    rows, cols = np.nonzero(found.masks.any(0))
    assert (rows.min(), cols.min()) >= (14, 12)
    assert (rows.max() <= 30) & (cols.max() <= 24)
