"""Where a click corrects an answer, and how a closer look there comes into it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from napari_sam_med.core.prompts import POSITIVE
from napari_sam_med.models.sam.crops import (
    FINER,
    MOST_CELLS,
    Crop,
    crop_round,
    grid_from_grid,
    pixels_from_grid,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.prompts import Prompts

# What the next three are worth: ``python benchmarks/refinement_constants.py``. On 100
# objects the look raises the IoU after five clicks by 0.008, after nine by 0.008.
# Side of the crop in multiples of what the click changed; 2 and 3 differ by less than
# 0.002.
MARGIN = 2.5
# Of the side of the closest look before: what a crop half as wide shows, it shows twice
# as large. A quarter and 0.35 give 0.001 to 0.004 less, and take fewer looks.
CLOSER = 0.5
# Of the logits there; the rest is the look before, which knows more of the object. 1
# gives 0.005 less after five clicks, 0.7 as much.
WEIGHT = 0.5
# A click beside the change counts too: people click on the border of what is wrong.
REACH_PX = 1


def correction_crop(
    prompts: Prompts, answer: Candidates, closest: Crop, whole: Crop
) -> Crop | None:
    """Choose the crop for a closer look at what the last click corrects.

    Parameters
    ----------
    prompts : Prompts
        With the logits of an earlier answer over the square of `whole`.
    answer : Candidates
        To them.
    closest : Crop
        The closest look that the answer comes from.
    whole : Crop
        The image.

    Returns
    -------
    Crop or None
        None if there is no earlier answer, or if it obeyed the last point already, or
        if the change is so large that a crop round it would show little more than
        `closest`.
    """
    if prompts.mask_logits is None or not len(prompts.points_rc):
        return None
    most = CLOSER * closest.side
    row, col = np.round(prompts.points_rc[-1]).astype(int)
    row, col = min(max(row, 0), whole.height - 1), min(max(col, 0), whole.width - 1)
    reach = max(int(most), 1)
    row0, col0 = max(row - reach, 0), max(col - reach, 0)
    ends = min(row + reach + 1, whole.height), min(col + reach + 1, whole.width)
    near = Crop(row0, col0, ends[0] - row0, ends[1] - col0)
    before = pixels_from_grid(prompts.mask_logits[None], whole, near)[0] > 0
    here = (row - row0, col - col0)
    if before[here] == (prompts.labels[-1] == POSITIVE):
        return None
    after = (answer.single or answer).masks[0][near.slices]
    changed = changed_at(after ^ before, here)
    rows, cols = np.nonzero(changed)
    rows, cols = np.append(rows, here[0]) + row0, np.append(cols, here[1]) + col0
    box = np.array([rows.min(), cols.min(), rows.max(), cols.max()], dtype=np.float64)
    crop = crop_round(box, (whole.height, whole.width), MARGIN)
    return crop if crop.side <= most else None


def with_look(
    answer: Candidates, look: Candidates, crop: Crop, whole: Crop
) -> Candidates:
    """Take the mean of an answer and of a closer look, where that looked.

    Parameters
    ----------
    answer : Candidates
        On `whole`.
    look : Candidates
        To the same prompts on `crop`.
    crop, whole : Crop
        Of one image.

    Returns
    -------
    Candidates
        As many as `answer`, with its scores; logits as fine as the pixels of `whole`,
        up to 512 cells a side.
    """
    single = answer.single
    if single is not None:
        single = with_look(single, look.single or look, crop, whole)
    cells = look.logits.shape[-1] * FINER
    seen = grid_from_grid(look.logits, crop, crop, cells)
    mean = grid_from_grid(answer.logits, whole, crop, cells)
    mean = (1 - WEIGHT) * mean + WEIGHT * seen
    masks = answer.masks.copy()
    masks[(slice(None), *crop.slices)] = pixels_from_grid(mean, crop, crop) > 0
    n_cells = min(whole.side, MOST_CELLS)
    centres = (np.arange(n_cells) + 0.5) * whole.side / n_cells - 0.5
    inside = _between(centres, crop.row0, crop.height)[:, None] & _between(
        centres, crop.col0, crop.width
    )
    logits = np.where(
        inside,
        grid_from_grid(mean, crop, whole, n_cells),
        grid_from_grid(answer.logits, whole, whole, n_cells),
    ).astype(np.float32)
    return replace(answer, masks=masks, logits=logits, single=single)


def changed_at(
    change: npt.NDArray[np.bool_], click_rc: npt.ArrayLike
) -> npt.NDArray[np.bool_]:
    """Keep the connected changes (H, W) that a click, or a pixel beside it, lies in."""
    _, parts = cv2.connectedComponents(change.astype(np.uint8), connectivity=8)
    row, col = np.round(np.asarray(click_rc)).astype(int)
    rows = slice(max(row - REACH_PX, 0), row + REACH_PX + 1)
    near = parts[rows, max(col - REACH_PX, 0) : col + REACH_PX + 1]
    return np.asarray(np.isin(parts, near[near > 0]))


def _between(
    places: npt.NDArray[np.float64], first: int, count: int
) -> npt.NDArray[np.bool_]:
    return (places >= first - 0.5) & (places <= first + count - 0.5)
