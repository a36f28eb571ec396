"""Low-resolution logits of many prompts brought to an image's size at once.

``Sam.postprocess_masks`` interpolates twice, with the padded input between. Both steps
are linear and act on rows and columns apart: together they are one matrix for the rows
and one for the columns, which is what many masks are multiplied by here.
"""

from __future__ import annotations

import torch
from torch.nn import functional


def resized_logits(
    logits: torch.Tensor,
    input_px: int,
    input_hw: tuple[int, int],
    shape_hw: tuple[int, int],
) -> torch.Tensor:
    """Give what ``Sam.postprocess_masks`` gives, but for rounding.

    Parameters
    ----------
    logits : (..., g, g) float32
        Over the padded square input.
    input_px : int
        Side of that input.
    input_hw : (height, width)
        Size of the image inside it.
    shape_hw : (height, width)
        Of the image.

    Returns
    -------
    (..., H, W) float32 tensor
    """
    rows, cols = (
        _interpolation(logits, input_px, inside, wanted)
        for inside, wanted in zip(input_hw, shape_hw, strict=True)
    )
    return rows @ (logits @ cols.transpose(0, 1))


def _interpolation(
    like: torch.Tensor, input_px: int, inside: int, wanted: int
) -> torch.Tensor:
    """Weights (wanted, g) of cells in pixels: enlarge, cut the padding off, resize."""
    cells = torch.eye(like.shape[-1], dtype=like.dtype, device=like.device)[None]
    enlarged = functional.interpolate(cells, input_px, mode="linear")[..., :inside]
    resized = functional.interpolate(enlarged, wanted, mode="linear")
    return torch.as_tensor(resized[0].transpose(0, 1))
