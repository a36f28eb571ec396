"""Answers go out as logits and come back as they were."""

from __future__ import annotations

import numpy as np
import torch

from napari_sam_med.models.click.click_feedback import (
    OUTSIDE_LOGIT,
    answer_from_logits,
    logits_from_answer,
)
from napari_sam_med.models.click.click_predictor import ClickAnswer
from napari_sam_med.models.click.click_values import ClickCrop, ZoomIn

CROP = ClickCrop(1, 4, 2, 6)
ALWAYS = ZoomIn(skip_clicks=-1)


def cropped():
    probability = torch.zeros(1, 1, 8, 9)
    inside = torch.linspace(1e-6, 1, 20).reshape(4, 5)
    probability[(..., *CROP.slices)] = inside
    return ClickAnswer(probability, CROP)


def test_probability_and_crop_come_back():
    answer = cropped()

    again = answer_from_logits(logits_from_answer(answer), ZoomIn())

    torch.testing.assert_close(again.probability, answer.probability)
    assert again.crop == CROP
    assert (again.probability == 0).sum() == (answer.probability == 0).sum()


def test_logits_are_finite_where_the_probability_is_0_or_1():
    logits = logits_from_answer(cropped())

    assert np.isfinite(logits).all()
    assert logits.min() == OUTSIDE_LOGIT
    assert logits[4, 6] == 40


def test_a_whole_picture_is_a_crop_only_where_the_first_one_is_resized():
    logits = np.zeros((8, 9), dtype=np.float32)

    assert answer_from_logits(logits, ZoomIn()).crop is None
    assert answer_from_logits(logits, None).crop is None
    assert answer_from_logits(logits, ALWAYS).crop == ClickCrop.whole((8, 9))


def test_logits_without_any_object_have_no_crop():
    nothing = np.full((8, 9), OUTSIDE_LOGIT, dtype=np.float32)

    answer = answer_from_logits(nothing, ALWAYS)

    assert answer.crop is None
    assert answer.probability.sum() == 0
