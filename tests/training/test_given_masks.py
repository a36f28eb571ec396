"""Masks as a person hands them in, and the click that mends them."""

import numpy as np
import torch

from napari_sam_med.models.sam.batched_decoder import POSITIVE
from napari_sam_med.training.steps import Round, handed_in, next_round
from napari_sam_med.training.training_prompts import given_logits

SIZE = 64


def truths(count):
    """Discs of several sizes and places."""
    rng = np.random.default_rng(4)
    axis = np.arange(SIZE)
    found = np.zeros((count, SIZE, SIZE), np.float32)
    for mask in found:
        row, col, radius = *rng.uniform(24, 40, 2), rng.uniform(6, 18)
        mask[:] = np.hypot(axis[:, None] - row, axis - col) < radius
    return torch.from_numpy(found)


def overlaps(logits, truth):
    found, wanted = logits > 0, truth > 0.5
    return (found & wanted).sum((1, 2)) / (found | wanted).sum((1, 2))


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def test_given_masks_are_the_object_somewhat_worn():
    truth = truths(60)
    found = overlaps(given_logits(truth, seeded(1)), truth)
    assert found.min() > 0.2
    assert 0.7 < found.mean() < 0.97
    assert (found < 0.9).float().mean() > 0.1


def test_given_masks_follow_from_their_seed():
    truth = truths(3)
    assert torch.equal(given_logits(truth, seeded(2)), given_logits(truth, seeded(2)))
    assert not torch.equal(
        given_logits(truth, seeded(2)), given_logits(truth, seeded(3))
    )


def test_a_mask_handed_in_is_fed_with_one_click_at_what_is_wrong():
    truth = truths(20)
    nothing = torch.empty(0)
    places = torch.zeros(20, 2, 2)
    asked = Round(
        torch.arange(20), truth, places, torch.ones(20, 2).long(), nothing, nothing
    )
    handed = handed_in(asked, seeded(5))
    after = next_round(np.random.default_rng(0), handed, 1.0)
    assert torch.equal(after.feedback[:, 0], handed.logits[:, 0])
    assert ((after.labels >= 0).sum(1) == 1).all()
    cols, rows = (after.coords_xy[:, -1] // 2).long().clamp(max=SIZE - 1).unbind(1)
    wanted = truth[torch.arange(20), rows, cols] > 0.5
    assert torch.equal(after.labels[:, -1] == POSITIVE, wanted)
    given = handed.logits[torch.arange(20), 0, rows, cols] > 0
    wrong = overlaps(handed.logits[:, 0], truth) < 1
    assert (given != wanted)[wrong].all()
