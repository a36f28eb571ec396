"""A mask as the logits that a model would have given for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    import numpy.typing as npt

LOGIT_PER_CELL = 1.0
"""Slope of the logits made from distances; answers of SAM networks rise by about one
for each cell across the outline."""
MOST_LOGIT = 8.0
"""A probability of 0.9997: answers of SAM networks hardly go beyond."""


@dataclass(frozen=True, slots=True)
class MaskGrid:
    """What a model takes as the logits of an earlier answer to an image.

    Parameters
    ----------
    cells_hw : (height, width)
        Of the logits.
    is_padded : bool
        Whether they cover the square that the image is padded to at its bottom or
        right, and not just the image.
    """

    cells_hw: tuple[int, int]
    is_padded: bool = True

    def logits_from(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """Turn a mask into logits that can be fed back.

        Parameters
        ----------
        mask : (H, W) bool
            On the image in square pixels, as the model sees it.

        Returns
        -------
        (h, w) float32
            Positive inside.

        Examples
        --------
        >>> MaskGrid((1, 3), is_padded=False).logits_from(
        ...     np.array([[False, True, True]])
        ... ).tolist()
        [[-1.0, 1.0, 2.0]]
        """
        shape_hw = (mask.shape[0], mask.shape[1])
        if self.is_padded:
            return logits_from_mask(mask, shape_hw, self.cells_hw[0])
        height, width = self.cells_hw
        method = cv2.INTER_AREA if height < shape_hw[0] else cv2.INTER_LINEAR
        grid = cv2.resize(_depth(mask), (width, height), interpolation=method)
        return _clipped(grid * (LOGIT_PER_CELL * height / shape_hw[0]))


def logits_from_mask(
    mask: npt.NDArray[np.bool_], square_hw: tuple[int, int], cells: int
) -> npt.NDArray[np.float32]:
    """Make the logits that a network would have given for a mask.

    Parameters
    ----------
    mask : (H, W) bool
        On the image's pixels.
    square_hw : (height, width)
        Of the image in square pixels, as the model sees it; it is padded to a square
        at the bottom and the right.
    cells : int
        Along each side of the grid over that square.

    Returns
    -------
    (cells, cells) float32
    """
    height, width = square_hw
    stretched = cv2.resize(_depth(mask), (width, height))
    side = max(square_hw)
    padded = np.full((side, side), -float(side), dtype=np.float32)
    padded[:height, :width] = stretched
    grid = cv2.resize(padded, (cells, cells), interpolation=cv2.INTER_AREA)
    return _clipped(grid * (LOGIT_PER_CELL * cells / side))


def _depth(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Pixels to the outline, positive inside."""
    inner = ndimage.distance_transform_edt(mask)
    outer = ndimage.distance_transform_edt(~mask)
    return np.asarray(inner - outer, dtype=np.float32)


def _clipped(grid: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    logits = np.clip(grid, -MOST_LOGIT, MOST_LOGIT)
    return np.asarray(logits, dtype=np.float32)
