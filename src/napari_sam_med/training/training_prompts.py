"""The prompts a model is trained with: first ones drawn, later ones at its errors.

Masks are handed in too, as a person does, for a click to mend. Without them a network
learns that a mask beside a lone click is its own first guess, and answers the click
alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch.nn import functional

from napari_sam_med.core.strokes.mask_logits import LOGIT_PER_CELL, MOST_LOGIT
from napari_sam_med.models.sam.batched_decoder import (
    CORNER_HIGH,
    CORNER_LOW,
    NEGATIVE,
    PADDING,
    POSITIVE,
)
from napari_sam_med.training.painting.random_shapes import depth

SINGLE_WIDTH = 2
JOINT_KINDS = ("centre", "inside", "box", "parts", "clicks", "box_and_click")
JOINT_SHARES = (0.08, 0.06, 0.3, 0.18, 0.2, 0.18)
SINGLE_KINDS = ("centre", "inside", "box")
SINGLE_SHARES = (0.45, 0.1, 0.45)
# Independent dents along a side of the grid, as a hurried hand leaves them.
DENTS = 10
# Of the object's depth, how far the strongest dents reach. Squared draws keep most
# masks near the truth; both were chosen without measurement.
DEEPEST_DENT = 0.6
# Cells that depths are told apart; logits are clipped before.
DEEPEST = int(MOST_LOGIT / LOGIT_PER_CELL) + 2


@dataclass(frozen=True, slots=True)
class PromptTokens:
    """Prompts of one kind of length, ready for the prompt encoder.

    Attributes
    ----------
    coords_xy : numpy.ndarray
        float32 (P, T, 2), pixels of the input, x first.
    labels : numpy.ndarray
        int64 (P, T): -1 padding, 0 negative, 1 positive, 2 and 3 box corners.
    """

    coords_xy: np.ndarray
    labels: np.ndarray


def centre_rc(rng: np.random.Generator, region: np.ndarray) -> tuple[int, int]:
    """Find the pixel farthest from the border of a region, ties at random.

    Parameters
    ----------
    rng : numpy.random.Generator
        Breaks ties.
    region : numpy.ndarray
        bool (H, W), not empty.

    Returns
    -------
    tuple of int
        Row and column.
    """
    distance = depth(region)
    best = np.flatnonzero(distance == distance.max())
    row, col = np.unravel_index(int(rng.choice(best)), region.shape)
    return int(row), int(col)


def first_prompt(
    rng: np.random.Generator, mask: np.ndarray, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the first prompt for an object.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    mask : numpy.ndarray
        bool (S, S), not empty.
    width : int
        Tokens to fill; 2 asks for one point or one box.

    Returns
    -------
    tuple of numpy.ndarray
        float32 (width, 2) coordinates, x first, and int64 (width,) labels.
    """
    single = width == SINGLE_WIDTH
    kinds, shares = (
        (SINGLE_KINDS, SINGLE_SHARES) if single else (JOINT_KINDS, JOINT_SHARES)
    )
    kind = str(rng.choice(kinds, p=shares))
    tokens: list[tuple[float, float, int]] = []
    if kind in {"box", "box_and_click"}:
        tokens += _box(rng, mask)
    if kind == "centre":
        tokens += _parts(rng, mask, 1)
    elif kind == "parts":
        tokens += _parts(rng, mask, 3)
    elif kind == "inside":
        tokens.append(_inside(rng, mask))
    elif kind != "box":
        tokens += _clicks(rng, mask, width - len(tokens) - 1)
    coords = np.zeros((width, 2), np.float32)
    labels = np.full(width, PADDING, np.int64)
    for index, (x, y, label) in enumerate(tokens[:width]):
        coords[index], labels[index] = (x, y), label
    return coords, labels


def _box(rng: np.random.Generator, mask: np.ndarray) -> list[tuple[float, float, int]]:
    """Give the tight box, or in two of five cases one with unsteady corners."""
    rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    corners = np.array([cols[0], rows[0], cols[-1], rows[-1]], np.float64)
    if rng.random() < 0.4:
        side = np.array([np.ptp(cols) + 1, np.ptp(rows) + 1] * 2)
        corners += rng.normal(0, rng.uniform(0.01, 0.08), 4) * side
        corners = np.clip(corners, 0, mask.shape[0] - 1)
    x0, y0, x1, y1 = (float(value) for value in corners)
    return [(x0, y0, CORNER_LOW), (x1, y1, CORNER_HIGH)]


def _inside(rng: np.random.Generator, mask: np.ndarray) -> tuple[float, float, int]:
    """Give any pixel of the object as a positive point."""
    row, col = divmod(int(rng.choice(np.flatnonzero(mask))), mask.shape[1])
    return float(col), float(row), POSITIVE


def _parts(
    rng: np.random.Generator, mask: np.ndarray, limit: int
) -> list[tuple[float, float, int]]:
    """Give a positive point at the centre of each of the largest parts."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    order = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA])
    tokens = []
    for part in order[:limit]:
        row, col = centre_rc(rng, labels == part)
        tokens.append((float(col), float(row), POSITIVE))
    return tokens


def _clicks(
    rng: np.random.Generator, mask: np.ndarray, room: int
) -> list[tuple[float, float, int]]:
    """Give some points inside and some outside but near the object."""
    count = int(rng.integers(1, max(room, 1) + 1))
    reach = max(3, round(0.15 * float(np.sqrt(mask.sum())))) * 2 + 1
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((reach, reach), np.uint8))
    near = np.flatnonzero((grown > 0) & ~mask)
    tokens = [_inside(rng, mask)]
    for _ in range(count - 1):
        if rng.random() < 0.5 or not near.size:
            tokens.append(_inside(rng, mask))
        else:
            row, col = divmod(int(rng.choice(near)), mask.shape[1])
            tokens.append((float(col), float(row), NEGATIVE))
    return tokens


def correction(
    rng: np.random.Generator,
    truth: np.ndarray,
    predicted: np.ndarray,
    scale: int,
) -> tuple[float, float, int]:
    """Click where a prediction errs most.

    Parameters
    ----------
    rng : numpy.random.Generator
        Breaks ties and picks the rule: missed and wrongly added regions apart, the
        deeper one wins (in 7 of 10), or the deepest of all errors together.
    truth, predicted : numpy.ndarray
        bool (h, w) low-resolution masks.
    scale : int
        Input pixels per low-resolution pixel.

    Returns
    -------
    tuple
        x and y in input pixels, label 1 or 0. Without any error, a positive point
        inside the object.
    """
    errors = [truth & ~predicted, predicted & ~truth]
    if rng.random() < 0.3:
        errors = [truth ^ predicted]
    if not any(error.any() for error in errors):
        errors = [truth]
    depths = [depth(error) for error in errors]
    deepest = max(depths, key=lambda each: float(each.max()))
    best = np.flatnonzero(deepest == deepest.max())
    row, col = divmod(int(rng.choice(best)), truth.shape[1])
    label = POSITIVE if truth[row, col] else NEGATIVE
    offset = rng.integers(0, scale, 2)
    return float(col * scale + offset[0]), float(row * scale + offset[1]), label


def depth_in(masks: torch.Tensor, most: int) -> torch.Tensor:
    """Give the chessboard distance to the outside, (N, h, w), up to `most`.

    Parameters
    ----------
    masks : torch.Tensor
        float (N, h, w), 0 or 1; beyond the border is outside.
    most : int
        Rounds of erosion.
    """
    found, left = torch.zeros_like(masks), masks
    for _ in range(most):
        found = found + left
        walled = functional.pad(1 - left[:, None], (1, 1, 1, 1), value=1.0)
        left = 1 - functional.max_pool2d(walled, 3, 1)[:, 0]
    return found


@torch.no_grad()
def given_logits(
    truth: torch.Tensor, generator: torch.Generator | None = None
) -> torch.Tensor:
    """Give a worn mask of each object as the logits that are made of a person's mask.

    Parameters
    ----------
    truth : torch.Tensor
        float (P, h, w), the covered part of each low-resolution pixel.
    generator : torch.Generator, optional
        Source of randomness on the CPU; by default that of the device.

    Returns
    -------
    torch.Tensor
        float (P, h, w), see `core.strokes.mask_logits`.
    """
    whole = (truth > 0.5).float()
    inner, outer = depth_in(whole, DEEPEST), depth_in(1 - whole, DEEPEST)
    count, device = len(truth), truth.device
    coarse = torch.randn(count, 1, DENTS, DENTS, device=device, generator=generator)
    dents = functional.interpolate(coarse, truth.shape[1:], mode="bicubic")[:, 0]
    wear = torch.rand(count, 1, 1, device=device, generator=generator).square()
    reach = DEEPEST_DENT * wear * inner.amax((1, 2), keepdim=True)
    logits = LOGIT_PER_CELL * (inner - outer + reach * dents)
    return logits.clamp(-MOST_LOGIT, MOST_LOGIT)
