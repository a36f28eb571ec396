"""A click that corrects a detail is looked at more closely."""

import cv2
import numpy as np
import pytest

from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.models.sam.crops import Crop, pixels_from_grid
from napari_sam_med.models.wrappers.crop_refinement import CropRefinement

SIDE, CELLS = 192, 16
BLOCK = np.s_[48:144, :90]


class Coarse(FakeSegmenter):
    """Answers with what is bright, in 16 cells a side: too few for a dot."""

    def __init__(self):
        super().__init__(logit_cells=CELLS)

    def predict(self, embedding, prompts):
        self.seen_prompts.append(prompts)
        whole = Crop.whole(embedding.shape_hw)
        square = np.zeros((whole.side,) * 2, np.float32)
        square[: whole.height, : whole.width] = embedding.image
        seen = cv2.resize(square, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
        logits = (seen[None] - 127) / 16
        masks = pixels_from_grid(logits, whole, whole) > 0
        return Candidates(masks, np.ones(1, np.float32), logits)


def scene(*dots):
    """A bright block at the left; each dot is as bright outside, as dark inside it."""
    image = np.zeros((SIDE, SIDE), np.uint8)
    image[BLOCK] = 255
    for row, col in dots:
        part = image[max(row - 2, 0) : row + 3, max(col - 2, 0) : col + 3]
        part[...] = 255 - part
    return image


def corrected(image, click, label, fed=None):
    """Click the block, then click again; the first answer, the second and the model."""
    inner = Coarse()
    zoom = CropRefinement(inner)
    embedding = zoom.embed(image)
    first = zoom.predict(embedding, Prompts([(96, 40)], [1]))
    fed = first.logits[0] if fed is None else fed
    prompts = Prompts([(96, 40), click], [1, label], mask_logits=fed)
    return first, zoom.predict(embedding, prompts), inner


@pytest.mark.parametrize(
    ("dot", "label"), [((90, 150), 1), ((0, 191), 1), ((102, 66), 0), ((54, 2), 0)]
)
def test_a_dot_is_found_by_a_click_that_the_model_alone_is_blind_to(dot, label):
    image = scene(dot)
    first, second, _ = corrected(image, dot, label)
    distance = np.hypot(*(np.indices((SIDE, SIDE)) - np.reshape(dot, (2, 1, 1))))
    spot = distance <= 1
    assert (first.masks[0][spot] != label).all()
    assert (second.masks[0][spot] == label).all()
    truth, wrong = image > 0, [each.masks[0] ^ (image > 0) for each in (first, second)]
    assert wrong[1].sum() < wrong[0].sum() < truth.sum()


def test_the_logits_that_are_fed_back_hold_the_dot_too():
    dot = (90, 150)
    _, second, _ = corrected(scene(dot), dot, 1)
    n_cells = second.logits.shape[-1]
    row, col = ((at + 0.5) * n_cells / SIDE for at in dot)
    assert second.logits[0, int(row), int(col)] > -1
    _, third, _ = corrected(scene(dot), (96, 40), 1, fed=second.logits[0])
    assert third.masks.shape == second.masks.shape


def test_what_is_far_from_the_click_stays_as_the_wider_looks_have_it():
    (_, second, _), (_, nothing_there, _) = (
        corrected(each, (90, 150), 1) for each in (scene((90, 150)), scene())
    )
    far = np.hypot(*(np.indices((SIDE, SIDE)) - np.reshape((90, 150), (2, 1, 1)))) > 30
    np.testing.assert_array_equal(second.masks[0][far], nothing_there.masks[0][far])


def test_an_answer_may_grow_out_of_the_closest_look():
    fed = np.full((SIDE, SIDE), -8, np.float32)
    fed[60:130, 10:70] = 8
    _, second, _ = corrected(scene(), (90, 40), 1, fed=fed)
    assert second.masks[0][BLOCK][:, :80].all()


@pytest.mark.parametrize(("click", "label"), [((96, 30), 1), ((20, 150), 0)])
def test_a_click_that_the_earlier_answer_obeys_costs_no_look_of_its_own(click, label):
    _, _, inner = corrected(scene(), click, label)
    assert inner.n_embed == 2  # the image, and the object


def test_a_change_as_large_as_the_look_before_is_not_looked_at_again():
    half = np.full((SIDE, SIDE), -8, np.float32)
    half[48:144, :50] = 8
    _, second, inner = corrected(scene(), (96, 80), 1, fed=half)
    assert second.masks[0][BLOCK].mean() > 0.9
    assert inner.n_embed == 2  # the image, and the object


def test_a_first_click_is_no_correction():
    inner = Coarse()
    zoom = CropRefinement(inner)
    image = scene((90, 150))
    zoom.predict(zoom.embed(image), Prompts([(90, 150)], [1]))
    assert [len(each.points_rc) for each in inner.seen_prompts] == [1] * len(
        inner.seen_prompts
    )
