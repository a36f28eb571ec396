"""Low-resolution logits brought to an image's size by two matrix products.

``Sam.postprocess_masks`` interpolates twice, with the padded input between. Both steps
are linear and act on rows and columns apart: together they are one matrix for the rows
and one for the columns, which is what masks are multiplied by here.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch.nn import functional

# In units of the largest logit's last place. Between the two ways of computing 2.0 were
# measured, on smooth random logits of 64 x 64 and 256 x 256 at nine image sizes.
ROUNDINGS = 8


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
        _interpolation(logits.shape[-1], input_px, inside, wanted).to(logits.device)
        for inside, wanted in zip(input_hw, shape_hw, strict=True)
    )
    return rows @ (logits @ cols.transpose(0, 1))


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
    logits : (..., g, g) float32
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
    (..., H, W) bool tensor or None
        None if a pixel lies so near the threshold that the order of sums decides.
    """
    full = resized_logits(logits, input_px, input_hw, shape_hw)
    rounding = ROUNDINGS * torch.finfo(full.dtype).eps * logits.abs().max()
    sure = (full - threshold).abs_() > rounding
    return full > threshold if bool(sure.all()) else None


@lru_cache(maxsize=32)
def _interpolation(
    cell_count: int, input_px: int, inside: int, wanted: int
) -> torch.Tensor:
    """Weights (wanted, g) of cells in pixels: enlarge, cut the padding off, resize."""
    cells = torch.eye(cell_count)[None]
    enlarged = functional.interpolate(cells, input_px, mode="linear")[..., :inside]
    resized = functional.interpolate(enlarged, wanted, mode="linear")
    return torch.as_tensor(resized[0].transpose(0, 1))
