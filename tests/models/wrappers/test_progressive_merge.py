"""Late clicks change only what they point at."""

from __future__ import annotations

import numpy as np
import pytest

from fakes.fake_segmenter import FakeSegmenter, logits_of
from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.models.wrappers.progressive_merge import (
    ProgressiveMerge,
    is_late,
    merged,
)

CELLS = 40


def square(*corners, shape_hw=(40, 40)):
    mask = np.zeros(shape_hw, dtype=bool)
    for row0, col0, row1, col1 in corners:
        mask[row0:row1, col0:col1] = True
    return mask


BEFORE = square((5, 5, 20, 20))
# grown to the right at one place, and a new part far away
AFTER = square((5, 5, 20, 20), (8, 20, 14, 28), (30, 30, 36, 36))


def answer(*masks, single=None):
    logits = np.stack([logits_of(mask, CELLS) for mask in masks])
    scores = np.full(len(masks), 0.5, np.float32)
    return Candidates(np.stack(masks), scores, logits, single)


def asked(*points, before=BEFORE):
    return Prompts(points, [1] * len(points), mask_logits=logits_of(before, CELLS))


FOUR = ((10, 10), (12, 12), (14, 14), (10, 24))


def test_only_the_change_at_the_newest_click_is_taken_over():
    (mask,) = merged(answer(AFTER), asked(*FOUR)).masks
    assert np.array_equal(mask, square((5, 5, 20, 20), (8, 20, 14, 28)))


def test_a_click_on_the_other_change_takes_that_one_over():
    (mask,) = merged(answer(AFTER), asked(*FOUR[:3], (33, 33))).masks
    assert np.array_equal(mask, square((5, 5, 20, 20), (30, 30, 36, 36)))


def test_what_is_taken_away_at_the_click_is_taken_away():
    after = square((5, 5, 20, 14))
    (mask,) = merged(answer(after), asked(*FOUR[:3], (10, 17))).masks
    assert np.array_equal(mask, after)


def test_the_logits_agree_with_the_masks():
    found = merged(answer(AFTER), asked(*FOUR))
    assert np.array_equal(found.logits[0] > 0, found.masks[0])


def test_a_candidate_without_change_at_the_click_is_left_as_it_is():
    far = square((5, 5, 20, 20), (30, 30, 36, 36))
    (mask,) = merged(answer(far), asked(*FOUR)).masks
    assert np.array_equal(mask, far)


def test_each_candidate_and_the_single_answer_are_merged_by_themselves():
    grown = square((5, 5, 20, 20), (8, 20, 14, 28))
    found = merged(answer(AFTER, BEFORE, single=answer(AFTER)), asked(*FOUR))
    assert np.array_equal(found.masks[0], grown)
    assert np.array_equal(found.masks[1], BEFORE)
    assert np.array_equal(found.single.masks[0], grown)


def test_an_image_that_is_not_square_is_merged_in_its_own_frame():
    shape = (20, 40)
    before = square((5, 5, 15, 15), shape_hw=shape)
    after = square((5, 5, 15, 15), (8, 15, 12, 22), (2, 34, 6, 38), shape_hw=shape)
    prompts = asked(*FOUR[:3], (10, 18), before=before)
    (mask,) = merged(answer(after), prompts).masks
    assert np.array_equal(mask, square((5, 5, 15, 15), (8, 15, 12, 22), shape_hw=shape))


def test_a_click_at_the_border_is_no_trouble():
    after = square((5, 5, 20, 20), (0, 0, 3, 3))
    (mask,) = merged(answer(after), asked(*FOUR[:3], (0, 0))).masks
    assert np.array_equal(mask, after)


@pytest.mark.parametrize("count", [1, 3, 4, 6])
def test_clicks_are_late_from_the_fourth_on_if_an_answer_is_fed_back(count):
    points = [(10, 10)] * count
    assert is_late(asked(*points)) == (count >= 4)
    assert not is_late(Prompts(points, [1] * count))


def test_a_batch_is_merged_as_single_calls_are():
    inner = FakeSegmenter(logit_cells=CELLS)
    model = ProgressiveMerge(inner)
    embedding = model.embed(np.zeros((40, 40), np.uint8))
    many = [asked(*FOUR), asked(*FOUR[:3]), Prompts([FOUR[0]], [1])]
    found = model.predict_many(embedding, many)
    for answer, prompts in zip(found, many, strict=True):
        alone = model.predict(embedding, prompts)
        assert np.array_equal(answer.masks, alone.masks)
    assert not np.array_equal(found[0].masks, inner.predict(embedding, many[0]).masks)
