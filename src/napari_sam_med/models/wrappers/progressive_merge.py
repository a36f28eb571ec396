"""Progressive merge: late clicks that change only what they point at.

`ProgressiveMerge` is a segmenter round another one, most often round crop refinement.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.models.sam.crops import Crop, grid_from_grid, pixels_from_grid
from napari_sam_med.models.wrappers.correction_crops import changed_at
from napari_sam_med.models.wrappers.wrapper import SegmenterWrapper

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from napari_sam_med.core.embedding import Embedding
    from napari_sam_med.core.ports import ModelInfo
    from napari_sam_med.core.prompts import Prompts

# After three clicks the answer is mostly right, and a fourth is meant for a detail. On
# synthetic scenes the mean IoU then falls with no further click; the figures were not
# kept.
FIRST_MERGED = 4


class ProgressiveMerge(SegmenterWrapper):
    """A segmenter whose late clicks keep what they do not point at.

    Parameters
    ----------
    inner : Segmenter
        Answers. Its logits are a square grid over the square that the image is padded
        to.
    """

    @cached_property
    def info(self) -> ModelInfo:
        """As the wrapped model's, but that answers are refined."""
        return replace(self._inner.info, refines=True, follows=False)

    def predict(self, embedding: Embedding, prompts: Prompts) -> Candidates:
        """Answer one prompt; see ``merged`` for what a late click does.

        Raises
        ------
        PromptError, ModelError
            As the wrapped model.
        """
        return _merged_if_late(self._inner.predict(embedding, prompts), prompts)

    def predict_many(
        self, embedding: Embedding, prompts: Sequence[Prompts]
    ) -> list[Candidates]:
        """Answer several prompts as the wrapped model does, each then merged."""
        answers = self._inner.predict_many(embedding, prompts)
        return [_merged_if_late(*each) for each in zip(answers, prompts, strict=True)]


def _merged_if_late(answer: Candidates, prompts: Prompts) -> Candidates:
    return merged(answer, prompts) if is_late(prompts) else answer


def is_late(prompts: Prompts) -> bool:
    """Say whether prompts correct an answer that several clicks have shaped.

    Parameters
    ----------
    prompts : Prompts
        What is asked.

    Returns
    -------
    bool
        From the fourth point on, if the earlier answer is fed back.
    """
    return prompts.mask_logits is not None and len(prompts.points_rc) >= FIRST_MERGED


def merged(answer: Candidates, prompts: Prompts) -> Candidates:
    """Take over of each new mask only the changes at the newest click.

    Parameters
    ----------
    answer : Candidates
        To `prompts`.
    prompts : Prompts
        Points in the order they were made, and the logits of the earlier answer over
        the square that the image is padded to.

    Returns
    -------
    Candidates
        Elsewhere they are the earlier answer. A candidate that changes nothing at the
        click is left as it is.

    Notes
    -----
    The "progressive merge" of FocalClick (Chen et al., CVPR 2022, section 3.3), there
    for masks that are edited. On synthetic scenes the mean IoU then falls with no
    further click, which it does now and then without.
    """
    if prompts.mask_logits is None:
        return answer
    whole = Crop.whole((answer.masks.shape[1], answer.masks.shape[2]))
    earlier = prompts.mask_logits[None]
    before = pixels_from_grid(earlier, whole, whole)[0] > 0
    cells = answer.logits.shape[-1]
    before_logits = grid_from_grid(earlier, whole, whole, cells)[0]
    masks, logits = answer.masks.copy(), answer.logits.copy()
    for slot, mask in enumerate(answer.masks):
        changed = changed_at(mask ^ before, prompts.points_rc[-1])
        if changed.any():
            masks[slot] = np.where(changed, mask, before)
            there = _cells_of(changed, cells)
            logits[slot] = np.where(there, answer.logits[slot], before_logits)
    single = answer.single and merged(answer.single, prompts)
    return Candidates(masks, answer.scores, logits, single)


def _cells_of(pixels: npt.NDArray[np.bool_], cells: int) -> npt.NDArray[np.bool_]:
    """Mark the cells of the square's grid that hold marked pixels, and their rims."""
    height, width = pixels.shape
    square = np.zeros((max(pixels.shape),) * 2, dtype=np.float32)
    square[:height, :width] = pixels
    covered = cv2.resize(square, (cells, cells), interpolation=cv2.INTER_AREA) > 0
    return np.asarray(
        cv2.dilate(covered.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    )
