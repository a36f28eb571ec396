"""What the masks and the predicted IoU are trained with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch.nn import functional

from napari_sam_med.core.storage.documents import STRICT

EPSILON = 1.0
# Candidates whose IoU differs by less are nearly as good as each other; chosen without
# measurement.
RANK_SCALE = 0.05
# the shipped run used up to 10; single precision ends at 3e38
_Weight = Annotated[float, Field(ge=0, le=1e6)]


@dataclass(frozen=True, slots=True)
class LossWeights:
    """How much each term counts.

    Attributes
    ----------
    dice, balanced, plain : float
        Dice; cross-entropy with object and background weighing the same;
        cross-entropy over all pixels.
    score : float
        Squared error of the predicted IoU.
    rank : float
        Whether the best of the three candidates has the highest predicted IoU.
    edges : float
        Cross-entropy of the auxiliary edge map.
    """

    __pydantic_config__ = STRICT

    dice: _Weight = 1.0
    balanced: _Weight = 1.0
    plain: _Weight = 0.5
    score: _Weight = 1.0
    rank: _Weight = 0.0
    edges: _Weight = 0.3


def mask_losses(
    logits: torch.Tensor, truth: torch.Tensor, weights: LossWeights
) -> torch.Tensor:
    """Score every mask against its object.

    Parameters
    ----------
    logits : torch.Tensor
        float (P, M, h, w).
    truth : torch.Tensor
        float (P, h, w), the covered fraction of each low-resolution pixel.
    weights : LossWeights
        Weights of the terms.

    Returns
    -------
    torch.Tensor
        float (P, M).

    Notes
    -----
    SAM's 20 focal + 1 dice (Kirillov et al. 2023, section 3) collapses to empty
    masks when training from scratch on few steps; the class-balanced cross-entropy
    keeps small objects alive.
    """
    x = logits.flatten(2)
    y = truth.flatten(1)[:, None]
    entropy = functional.softplus(x) - x * y
    area = y.sum(-1)
    rest = y.shape[-1] - area
    on_object = (entropy * y).sum(-1)
    total = entropy.sum(-1)
    balanced = 0.5 * (
        on_object / (area + EPSILON) + (total - on_object) / (rest + EPSILON)
    )
    probability = x.sigmoid()
    overlap = (probability * y).sum(-1)
    dice = 1 - (2 * overlap + EPSILON) / (probability.sum(-1) + area + EPSILON)
    plain = total / y.shape[-1]
    return weights.dice * dice + weights.balanced * balanced + weights.plain * plain


def true_iou(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Measure the IoU of thresholded masks, (P, M), without gradient."""
    with torch.no_grad():
        predicted = (logits > 0).flatten(2)
        actual = (truth > 0.5).flatten(1)[:, None]
        overlap = (predicted & actual).sum(-1)
        union = (predicted | actual).sum(-1)
        return overlap / union.clamp(min=1)


def rank_loss(scores: torch.Tensor, actual: torch.Tensor) -> torch.Tensor:
    """Compare the choice among candidates with the best one.

    Parameters
    ----------
    scores, actual : torch.Tensor
        float (P, M), predicted and measured IoU; only `scores` get a gradient.

    Returns
    -------
    torch.Tensor
        float (), zero where all differences between candidates are predicted.

    Notes
    -----
    Divergence of two softmax distributions, as in ListNet (Cao et al., ICML 2007).
    """
    wanted = functional.softmax(actual / RANK_SCALE, -1)
    given = functional.log_softmax(scores / RANK_SCALE, -1)
    return functional.kl_div(given, wanted, reduction="batchmean")


def combined(
    losses: torch.Tensor, ambiguous: torch.Tensor, spread: float
) -> torch.Tensor:
    """Combine the losses of the four masks of each prompt.

    Parameters
    ----------
    losses : torch.Tensor
        float (P, 4), the single mask first.
    ambiguous : torch.Tensor
        bool (P,): a lone point, where only the best of the three candidates learns.
    spread : float
        Weight of the mean of the three for an ambiguous prompt, so that none dies.

    Returns
    -------
    torch.Tensor
        float (P,).
    """
    three = losses[:, 1:]
    lone = three.min(1).values + spread * three.mean(1) + 0.5 * losses[:, 0]
    clear = three.mean(1) + losses[:, 0]
    return torch.where(ambiguous, lone, clear)
