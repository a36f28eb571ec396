"""Prompts and corrections drawn on the device, without a look at a single value.

A captured graph can neither branch on what it computes nor change a shape: everything
is computed for all prompts, and the labels say which tokens count.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from napari_sam_med.models.sam.batched_decoder import (
    CORNER_HIGH,
    CORNER_LOW,
    NEGATIVE,
    PADDING,
    POSITIVE,
)
from napari_sam_med.training.batches import LOW_RES_SCALE
from napari_sam_med.training.training_prompts import SINGLE_WIDTH, depth_in

JOINT_WIDTH = 4
# A centre is sought on a grid this much coarser than the input: erosion costs as much
# as there are pixels, and a quarter of its rounds reaches as deep.
COARSER = 4
# Rounds of erosion: of coarse cells half of a 256-pixel input, of the low-resolution
# cells of a correction a fifth; deeper inside all places are as good.
DEEPEST, DEEPEST_ERROR = 32, 24
# As the prompts that a CPU draws, see `training_prompts`.
LONE_INSIDE = 0.18
UNSTEADY, LEAST_JITTER, MOST_JITTER = 0.4, 0.01, 0.08
ERRORS_TOGETHER = 0.3
# How far outside an object a click counts as near, in pixels.
NEAR = 8


def highest(score: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Give row and column (N,) of the highest of whole numbers, ties at random."""
    at = (score + 0.5 * torch.rand_like(score)).flatten(1).argmax(1)
    return at // score.shape[-1], at % score.shape[-1]


def inside(masks: torch.Tensor) -> torch.Tensor:
    """Give any pixel of each mask, (N, 2), x first."""
    row, col = highest(masks)
    return torch.stack([col, row], 1).float()


def centre(masks: torch.Tensor) -> torch.Tensor:
    """Give a pixel of each mask far from its border, (N, 2), x first."""
    covered = functional.avg_pool2d(masks[:, None], COARSER)[:, 0]
    split = (covered.shape[1], COARSER, covered.shape[2], COARSER)
    deep = depth_in((covered > 0.5).float(), DEEPEST)
    row, col = highest(2 * deep + (covered > 0).float())
    cells = masks.view(len(masks), *split)
    cell = cells[torch.arange(len(masks), device=masks.device), row, :, col]
    return inside(cell) + COARSER * torch.stack([col, row], 1)


def box_corners(masks: torch.Tensor) -> torch.Tensor:
    """Give tight boxes (N, 4), x0 y0 x1 y1, two of five with unsteady corners."""
    side = masks.shape[-1]
    lines = masks.amax(1), masks.amax(2)
    low = [each.argmax(1) for each in lines]
    high = [side - 1 - each.flip(1).argmax(1) for each in lines]
    box = torch.stack(low + high, 1).float()
    lengths = (box[:, 2:] - box[:, :2] + 1).repeat(1, 2)
    chance = torch.rand(len(box), 2, device=box.device)
    amount = LEAST_JITTER + (MOST_JITTER - LEAST_JITTER) * chance[:, :1]
    amount = amount * (chance[:, 1:] < UNSTEADY)
    return (box + torch.randn_like(box) * amount * lengths).clamp(0, side - 1)


def first_prompts(
    masks: torch.Tensor, boxed: torch.Tensor, width: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Ask for each mask with a point, a box, or a few of both.

    Parameters
    ----------
    masks : torch.Tensor
        float (P, S, S), 0 or 1.
    boxed : torch.Tensor
        bool (P,), whether a box is asked.
    width : int
        2 for one point or one box, 4 for more.

    Returns
    -------
    tuple of torch.Tensor
        float (P, width, 2) pixels, x first, and int (P, width) labels.
    """
    corners, lone = box_corners(masks), _lone(masks)
    box = boxed[:, None]
    tokens = [
        torch.where(box, corners[:, :2], lone),
        torch.where(box, corners[:, 2:], inside(masks)),
    ]
    labels = [
        torch.where(boxed, CORNER_LOW, POSITIVE),
        torch.where(boxed, CORNER_HIGH, PADDING if width == SINGLE_WIDTH else POSITIVE),
    ]
    if width > SINGLE_WIDTH:
        third, kind = _third(masks)
        tokens += [third, torch.zeros_like(third)]
        labels += [kind, torch.full_like(kind, PADDING)]
    kinds = torch.stack(labels, 1)
    return torch.stack(tokens, 1) * (kinds >= 0)[..., None], kinds


def _lone(masks: torch.Tensor) -> torch.Tensor:
    """Give mostly the centre of each mask, else any of its pixels."""
    anywhere = torch.rand(len(masks), 1, device=masks.device) < LONE_INSIDE
    return torch.where(anywhere, inside(masks), centre(masks))


def _third(masks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Give a further click inside, or outside but near, or none: xy and label."""
    reach = 2 * NEAR + 1
    grown = functional.max_pool2d(masks[:, None], reach, 1, NEAR)[:, 0]
    near = (grown - masks).clamp(min=0)
    chance = torch.rand(len(masks), 2, device=masks.device)
    outside = (chance[:, 0] < 0.5) & (near.amax((1, 2)) > 0)
    place = torch.where(outside[:, None], inside(near), inside(masks))
    kind = torch.where(outside, NEGATIVE, POSITIVE)
    return place, torch.where(chance[:, 1] < 0.6, kind, PADDING)


def corrections(
    truth: torch.Tensor, logits: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Click where each prediction errs most; see `training_prompts.correction`.

    Parameters
    ----------
    truth, logits : torch.Tensor
        float (P, h, w), the covered part of each low-resolution pixel, and the answer.

    Returns
    -------
    tuple of torch.Tensor
        float (P, 2) pixels of the input, x first, and int (P,) labels.
    """
    wanted, found = truth > 0.5, logits > 0
    missed, added = (wanted & ~found).float(), (found & ~wanted).float()
    apart = [depth_in(each, DEEPEST_ERROR) for each in (missed, added)]
    joint = depth_in(missed + added, DEEPEST_ERROR)
    together = torch.rand(len(truth), 1, 1, device=truth.device) < ERRORS_TOGETHER
    missed, added = (
        torch.where(together, joint * each, alone)
        for each, alone in zip((missed, added), apart, strict=True)
    )
    score = torch.cat([missed, added], 1)
    right = score.amax((1, 2), keepdim=True) == 0
    anywhere = torch.cat([wanted.float(), torch.zeros_like(added)], 1)
    row, col = highest(torch.where(right, anywhere, score))
    height = truth.shape[1]
    label = torch.where(row < height, POSITIVE, NEGATIVE)
    place = LOW_RES_SCALE * torch.stack([col, row % height], 1).float()
    return place + torch.randint_like(place, LOW_RES_SCALE), label
