"""A box as a limit: what lies outside it is not the object.

On 56 synthetic objects cutting at the box raised the mean IoU of one box by 0.004 to
0.009, with one, two or four mirror images; a tight box it cannot harm.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.prompts import POSITIVE
from napari_sam_med.models.wrappers.wrapper import AnswerWrapper

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.prompts import Prompts


class BoxLimits(AnswerWrapper):
    """A segmenter whose masks end at the box.

    Parameters
    ----------
    inner : Segmenter
        Answers. Its logits are a square grid over the square that the image is padded
        to.
    """

    @staticmethod
    def changed(answer: Candidates, prompts: Prompts) -> Candidates:
        """Change an answer; see ``limited``."""
        return limited(answer, prompts)


def limited(answer: Candidates, prompts: Prompts) -> Candidates:
    """Take what lies outside the box out of an answer.

    Parameters
    ----------
    answer : Candidates
        To `prompts`, with logits over the square that the image is padded to.
    prompts : Prompts
        Without a box, or with a positive point outside it, which says that the box is
        too small, the answer stays as it is.

    Returns
    -------
    Candidates
        Masks are false, logits at most 0, where the centre of a pixel or of a cell is
        not in the box.
    """
    box = prompts.box_rc
    if box is None or _outside(prompts.points_rc[prompts.labels == POSITIVE], box):
        return answer
    height, width = answer.masks.shape[-2:]
    cells, px = answer.logits.shape[-1], max(height, width) / answer.logits.shape[-1]
    centres = (np.arange(cells) + 0.5) * px - 0.5
    logits = np.where(
        _within(box, centres, centres), answer.logits, np.minimum(answer.logits, 0)
    )
    single = None if answer.single is None else limited(answer.single, prompts)
    inside = _within(box, np.arange(height), np.arange(width))
    return replace(answer, masks=answer.masks & inside, logits=logits, single=single)


def _outside(points_rc: npt.NDArray[np.float64], box: npt.NDArray[np.float64]) -> bool:
    return bool(((points_rc < box[:2]) | (points_rc > box[2:])).any())


def _within(
    box: npt.NDArray[np.float64],
    rows: npt.NDArray[np.generic],
    cols: npt.NDArray[np.generic],
) -> npt.NDArray[np.bool_]:
    """Say which places of a grid belong to the pixels of a box."""
    row0, col0, row1, col1 = box + np.array([-0.5, -0.5, 0.5, 0.5])
    inside = (
        ((rows >= row0) & (rows <= row1))[:, None] & (cols >= col0) & (cols <= col1)
    )
    return np.asarray(inside)
