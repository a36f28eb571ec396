"""Low-resolution logits brought to an image's size by two matrix products.

``Sam.postprocess_masks`` interpolates twice, with the padded input between. Both steps
are linear and act on rows and columns apart: together they are one matrix for the rows
and one for the columns, which is what masks are multiplied by here. Where no logit
reaches the threshold there is nothing to multiply.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch.nn import functional

# In units of the last place of what a pixel is summed from. Between the two ways of
# computing 3.4 were measured, on logits of 64 x 64 and 256 x 256, smooth and noisy, at
# nine image sizes, with 1, 3 and 4 channels and 1 and 2 threads
# (tests/models/sam/test_mask_sizes.py).
ROUNDINGS = 8
MOST_DOUBTFUL = 1000
"""So many pixels near the threshold are no outline, and looked at one by one take
longer than two interpolations."""

SMALL_PX = 500 * 500
"""Below it, looking for the part that a mask can reach takes as long as it saves: a
millisecond for three masks, on one core."""


def resized_logits(
    logits: torch.Tensor,
    input_px: int,
    input_hw: tuple[int, int],
    shape_hw: tuple[int, int],
) -> torch.Tensor:
    """Give what ``Sam.postprocess_masks`` gives, but for rounding.

    Parameters
    ----------
    logits : (..., K, g, g) float32
        Over the padded square input.
    input_px : int
        Side of that input.
    input_hw : (height, width)
        Size of the image inside it.
    shape_hw : (height, width)
        Of the image.

    Returns
    -------
    (..., K, H, W) float32 tensor
    """
    rows, cols = _matrices(logits, input_px, input_hw, shape_hw)
    return rows @ (logits @ cols.transpose(0, 1))


def resized_masks(
    logits: torch.Tensor,
    threshold: float,
    input_px: int,
    input_hw: tuple[int, int],
    shape_hw: tuple[int, int],
) -> torch.Tensor:
    """Give the masks of ``Sam.postprocess_masks``, but for rounding at the threshold.

    Parameters
    ----------
    logits : (..., K, g, g) float32
        Over the padded square input.
    threshold : float
        A pixel above it belongs to the mask.
    input_px : int
        Side of that input.
    input_hw : (height, width)
        Size of the image inside it.
    shape_hw : (height, width)
        Of the image.

    Returns
    -------
    (..., K, H, W) bool tensor
    """
    matrices = _matrices(logits, input_px, input_hw, shape_hw)
    full, part = _part_above(logits, threshold, *matrices)
    return _placed(full > threshold, part, shape_hw)


def masks_beyond_rounding(
    logits: torch.Tensor,
    threshold: float,
    input_px: int,
    input_hw: tuple[int, int],
    shape_hw: tuple[int, int],
) -> torch.Tensor | None:
    """Give the masks of ``Sam.postprocess_masks``, unless rounding may change a pixel.

    Parameters
    ----------
    logits : (..., K, g, g) float32
        Over the padded square input.
    threshold : float
        A pixel above it belongs to the mask.
    input_px : int
        Side of that input.
    input_hw : (height, width)
        Size of the image inside it.
    shape_hw : (height, width)
        Of the image.

    Returns
    -------
    (..., K, H, W) bool tensor or None
        None if a pixel lies so near the threshold that the order of sums decides.
    """
    magnitudes = logits.abs().flatten(end_dim=-3)
    largest = float(magnitudes.max()) + abs(threshold)
    if not math.isfinite(largest):
        return None
    rounding = ROUNDINGS * torch.finfo(logits.dtype).eps
    allowed = rounding * largest
    rows, cols = _matrices(logits, input_px, input_hw, shape_hw)
    full, part = _part_above(logits, threshold - allowed, rows, cols)
    distance = (full - threshold).abs_().flatten(end_dim=-3)
    if not distance.numel() or float(distance.amin()) > allowed:
        return _placed(full > threshold, part, shape_hw)
    doubtful = torch.nonzero(distance <= allowed)
    if len(doubtful) > MOST_DOUBTFUL:
        return None
    for slot, row, col in doubtful.tolist():
        summed = rows[part[0]][row] @ magnitudes[slot] @ cols[part[1]][col]
        if distance[slot, row, col] <= rounding * (summed + abs(threshold)):
            return None
    return _placed(full > threshold, part, shape_hw)


Part = tuple[slice, slice]
"""Rows and columns of an image."""


def _part_above(
    logits: torch.Tensor, lowest: float, rows: torch.Tensor, cols: torch.Tensor
) -> tuple[torch.Tensor, Part]:
    """Resize logits where a pixel can lie above ``lowest``; says where that is."""
    if len(rows) * len(cols) < SMALL_PX:
        part = slice(0, len(rows)), slice(0, len(cols))
        return rows @ (logits @ cols.transpose(0, 1)), part
    cells = (logits > lowest).flatten(end_dim=-3).any(dim=0)
    part = _reached(rows, cells.any(dim=1)), _reached(cols, cells.any(dim=0))
    return rows[part[0]] @ (logits @ cols[part[1]].transpose(0, 1)), part


def _reached(weights: torch.Tensor, cells: torch.Tensor) -> slice:
    """Pixels, from the first to the last, that a cell has a share in."""
    places = torch.nonzero(weights[:, cells].any(dim=1))
    return slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0, 0)


def _placed(masks: torch.Tensor, part: Part, shape_hw: tuple[int, int]) -> torch.Tensor:
    """Put masks of a part on an empty image."""
    if masks.shape[-2:] == shape_hw:
        return masks
    whole = masks.new_zeros(*masks.shape[:-2], *shape_hw)
    whole[..., part[0], part[1]] = masks
    return whole


def _matrices(
    logits: torch.Tensor,
    input_px: int,
    input_hw: tuple[int, int],
    shape_hw: tuple[int, int],
) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights of cells in the rows (H, g) and in the columns (W, g) of the image."""
    how = _How(
        logits.shape[-1], input_px, logits.shape[-3], torch.get_num_threads(),
        logits.device,
    )  # fmt: skip
    along = zip((0, 1), input_hw, shape_hw, strict=True)
    rows, cols = (_interpolation(how, *each) for each in along)
    return rows, cols


@dataclass(frozen=True, slots=True)
class _How:
    """What decides how torch interpolates, and so the last bits of its weights."""

    cells: int
    input_px: int
    channels: int
    threads: int
    device: torch.device


@lru_cache(maxsize=64)
def _interpolation(how: _How, axis: int, inside: int, wanted: int) -> torch.Tensor:
    """Weights (wanted, g) of cells in pixels: enlarge, cut the padding off, resize.

    They are read off the interpolation itself, along one axis: for three channels torch
    rounds them otherwise than for four or one, by much more than ``ROUNDINGS``.
    """
    unit = torch.eye(how.cells, device=how.device).repeat(1, how.channels, 1, 1)
    sizes = [[how.cells, how.cells], [how.cells, how.cells]]
    sizes[0][axis], sizes[1][axis] = how.input_px, wanted
    enlarged = functional.interpolate(unit, sizes[0], mode="bilinear")
    cut = enlarged.narrow(2 + axis, 0, inside)
    resized = functional.interpolate(cut, sizes[1], mode="bilinear")[0, 0]
    return resized if axis == 0 else resized.transpose(0, 1).contiguous()
