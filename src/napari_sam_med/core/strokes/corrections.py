"""A mask that clicks correct stays what it is elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    import numpy.typing as npt

REACH_PX = 2
"""A click beside a change means it too: a hand is not more exact, and edges of masks
are a pixel or two off."""


def corrected(
    masks: npt.NDArray[np.bool_],
    start: npt.NDArray[np.bool_],
    points_rc: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """Take over of new masks only the changes at the clicks.

    Parameters
    ----------
    masks : (K, H, W) bool
        What a model answers.
    start : (H, W) bool
        What was there.
    points_rc : (N, 2) float64
        The clicks.

    Returns
    -------
    (K, H, W) bool
        The start, changed where a connected difference lies under a click; a mask that
        changes nothing there is left as it is.

    Notes
    -----
    The "progressive merge" of FocalClick (Chen et al., CVPR 2022, section 3.3). With
    ``nano`` and masks with a piece cut off or added, the mean Dice after one click is
    .93 and .90 with it, .81 and .78 without, and .69 and .37 for the click alone
    (``benchmarks/prompt_kinds.py --every 5``).
    """
    found = np.array(masks, dtype=bool)
    for mask in found:
        parts, _ = ndimage.label(mask ^ start, structure=np.ones((3, 3)))
        named = {name for point in points_rc for name in _near(parts, point)} - {0}
        if named:
            mask[...] = np.where(np.isin(parts, list(named)), mask, start)
    return found


def _near(parts: npt.NDArray[np.int32], point_rc: npt.NDArray[np.float64]) -> set[int]:
    row, col = np.floor(point_rc + 0.5).astype(int)
    rows = slice(max(row - REACH_PX, 0), row + REACH_PX + 1)
    near = parts[rows, max(col - REACH_PX, 0) : col + REACH_PX + 1]
    return set(np.unique(near).tolist())
