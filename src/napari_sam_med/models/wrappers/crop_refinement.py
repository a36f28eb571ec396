"""Crop refinement: embed crops round the prompts, join the answers, paste them back.

A network that sees every image at one size loses small objects. `CropRefinement` is a
segmenter round another one. It asks the same question on a wide and on a close crop
round a box or an earlier answer; without either on the whole image and on a crop round
the first answer there. It takes the mean of the logits: the closer look knows details,
the wider one what is round the object. What a click corrects is looked at in a crop of
its own, which may hold a part of the object.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.prompts import POSITIVE, Prompts
from napari_sam_med.core.strokes.mask_logits import MaskGrid
from napari_sam_med.models.base import check_logits, check_own
from napari_sam_med.models.sam.crops import (
    FINER,
    MOST_CELLS,
    Crop,
    crop_round,
    grid_from_grid,
    pixels_from_grid,
)
from napari_sam_med.models.wrappers.correction_crops import correction_crop, with_look
from napari_sam_med.models.wrappers.wrapper import SegmenterWrapper

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.core.embedding import Embedding
    from napari_sam_med.core.ports import ModelInfo, Segmenter

RefinementMode = Literal["on", "auto"]
# What each of the next is worth: ``python benchmarks/refinement_constants.py``.
# Side of the crop in multiples of the object's longer side: room for what is round it,
# and for a first answer that is too small.
MARGIN = 2.5
# The same of a second, closer crop, which says where the object ends. Round a box 1.6
# gives 0.005 less IoU on 150 objects, 2.0 0.010 less; 1.15 is within the error.
CLOSE_MARGIN = 1.3
# As MARGIN, of a crop before the other one for tiny objects that only clicks tell.
WIDE_MARGIN = 5.0
# Mode "auto" takes a crop round a first answer only where its longer side is below this
# part of the image's shorter side; of larger ones it would show hardly less.
SMALL_FRACTION = 0.5
# Of the side of a look: of 256 pixels 32, or 8 of nano's cells. Below, an answer is too
# coarse to centre a close crop on.
TINY_FRACTION = 1 / 8
# Part of the area of the look before; a larger crop shows less than 1.3 times the
# detail.
MOST_OF_A_LOOK = 0.6
# Looks after the one on the whole image.
LEVELS = 2
# Of SAM's decoder, for models whose `ModelInfo` says no size.
CELLS = 256


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What the wrapped model answered to a crop, in the crop's own frame."""

    crop: Crop
    answer: Candidates


class CropRefinement(SegmenterWrapper):
    """A segmenter that looks more than once at small objects.

    The embeddings of crops are kept in the embedding of the whole image, and with it in
    whatever cache the caller has.

    Parameters
    ----------
    inner : Segmenter
        The model that answers on the whole image and on crops. Its logits are a square
        grid over the square that the image is padded to.
    mode : {"on", "auto"}
        Round a first answer, ``on`` always looks at a crop too, ``auto`` only if its
        longer side is below half of the image's shorter side. A box, and an answer
        that is fed back, have crops in both.
    """

    def __init__(self, inner: Segmenter, mode: RefinementMode = "auto") -> None:
        super().__init__(inner)
        self._mode = mode

    @cached_property
    def info(self) -> ModelInfo:
        """As the wrapped model's, but for crops, and logits of a size that varies."""
        return replace(
            self._inner.info, crop_refinement=self._mode, refines=True, logits_side=None
        )

    def mask_grid(self, shape_hw: tuple[int, int]) -> MaskGrid | None:
        """Say as what logits a mask is taken: as fine as the image, up to 512 cells."""
        if self._inner.mask_grid(shape_hw) is None:
            return None
        return MaskGrid((min(max(shape_hw), MOST_CELLS),) * 2)

    def predict(self, embedding: Embedding, prompts: Prompts) -> Candidates:
        """Answer one prompt, with the help of crops where that is worth it.

        Parameters
        ----------
        embedding : Embedding
            Of the whole image.
        prompts : Prompts
            In its pixels; ``mask_logits`` are those of an earlier answer.

        Returns
        -------
        Candidates
            Masks in the frame of the whole image. Logits are a square grid over it; if
            crops were looked at, as fine as its pixels, up to 512 cells a side.

        Raises
        ------
        PromptError
            If prompts lie outside the image, or logits are no answer's.
        ModelError
            As the wrapped model.
        """
        check_own(self.name, embedding, [prompts])
        prompts.check_inside(embedding.shape_hw)  # a crop would leave them out
        whole = Crop.whole(embedding.shape_hw)
        self._check_logits(prompts, whole)
        box_rc = _known_extent(prompts, whole)
        if box_rc is not None:
            crops = self._told_crops(box_rc, prompts, whole)
            looks = [self._look(embedding, prompts, crop) for crop in crops]
            joined = _joined_told(looks, prompts, whole)
            at = correction_crop(prompts, joined, looks[-1].crop, whole)
            if at is None:
                return joined
            at_error = self._look(embedding, prompts, at)
            return with_look(joined, at_error.answer, at, whole)
        looks = [self._look(embedding, prompts, whole)]
        for _ in range(LEVELS):
            box_rc = _found_extent(prompts, looks[-1])
            crops = self._crops(box_rc, prompts, looks[-1].crop, whole)
            if not crops:
                break
            closer = [self._look(embedding, prompts, crop) for crop in crops]
            looks = [*looks, *closer][-2:]
        return _joined(looks, whole)

    @property
    def _cells(self) -> int:
        """Along each side of the wrapped model's logits."""
        return self._inner.info.logits_side or CELLS

    def _check_logits(self, prompts: Prompts, whole: Crop) -> None:
        """Take the logits of an answer from afar, of one with crops, or of a mask."""
        if self.capabilities.masks:
            wanted = self._cells, min(whole.side, MOST_CELLS)
            check_logits(self.name, prompts, *((side, side) for side in wanted))

    def _told_crops(
        self, box_rc: npt.NDArray[np.float64], prompts: Prompts, whole: Crop
    ) -> list[Crop]:
        """Plan the looks at an object whose extent is told, the closest last.

        The closest may leave points of an earlier answer out, but not all.
        """
        shape_hw, margins = (whole.height, whole.width), (MARGIN, CLOSE_MARGIN)
        crops = [crop_round(box_rc, shape_hw, each) for each in margins]
        if prompts.box_rc is None:
            crops = [each for each in crops if each.contains(prompts.points_rc).any()]
        return list(dict.fromkeys(crops)) or [whole]

    def _crops(
        self,
        box_rc: npt.NDArray[np.float64],
        prompts: Prompts,
        previous: Crop,
        whole: Crop,
    ) -> list[Crop]:
        """Plan the looks that follow one at `previous`, the closest last.

        There is none if the object is large, or if the crop would show little less than
        the look before, or no prompt; a wide one first if the object is tiny in the
        look before.
        """
        shape_hw = whole.height, whole.width
        longer = float((box_rc[2:] - box_rc[:2] + 1).max())
        if self._mode == "auto" and longer >= SMALL_FRACTION * min(shape_hw):
            return []
        crop = crop_round(box_rc, shape_hw, MARGIN)
        prompted = crop.contains(prompts.points_rc).any()
        if not prompted or crop.area > MOST_OF_A_LOOK * previous.area:
            return []
        if longer >= TINY_FRACTION * previous.side:
            return [crop]
        return [crop_round(box_rc, shape_hw, WIDE_MARGIN), crop]

    def _look(self, embedding: Embedding, prompts: Prompts, crop: Crop) -> _Look:
        """Ask the wrapped model on a crop."""
        whole = Crop.whole(embedding.shape_hw)
        inside = _prompts_in(prompts, crop, whole)
        if prompts.mask_logits is not None:
            fed = grid_from_grid(prompts.mask_logits[None], whole, crop, self._cells)
            inside = replace(inside, mask_logits=fed[0])
        shown = embedding
        if crop != whole:
            shown = embedding.crops.get(crop, lambda: self._embed(embedding, crop))
        return _Look(crop, self._inner.predict(shown, inside))

    def _embed(self, embedding: Embedding, crop: Crop) -> Embedding:
        return self._inner.embed(np.ascontiguousarray(embedding.image[crop.slices]))


def _known_extent(prompts: Prompts, whole: Crop) -> npt.NDArray[np.float64] | None:
    """Box of an object that the prompts tell: their box, or an earlier answer's."""
    if prompts.box_rc is not None:
        low, high = prompts.box_rc.reshape(2, 2)
        return _box_of([low[None], high[None]], prompts)
    if prompts.mask_logits is None:
        return None
    logits = prompts.mask_logits[None]
    px = whole.side / logits.shape[-1]
    corners = _corners(logits[0] > 0)
    return _box_of([(each + 0.5) * px - 0.5 for each in corners], prompts)


def _found_extent(prompts: Prompts, look: _Look) -> npt.NDArray[np.float64]:
    """Box of the mask that a look found, and of the positive points."""
    origin = np.array([look.crop.row0, look.crop.col0])
    corners = _corners(_preferred(look.answer, prompts))
    return _box_of([each + origin for each in corners], prompts)


def _box_of(
    corners: list[npt.NDArray[np.float64]], prompts: Prompts
) -> npt.NDArray[np.float64]:
    points = np.concatenate([*corners, prompts.points_rc[prompts.labels == POSITIVE]])
    if not len(points):
        points = prompts.points_rc
    return np.concatenate([points.min(0), points.max(0)])


def _preferred(found: Candidates, prompts: Prompts) -> npt.NDArray[np.bool_]:
    """The answer to trust: the best of three for a lone point, else the single one."""
    if prompts.is_single_point or found.single is None:
        return np.asarray(found.masks[found.best_index])
    return np.asarray(found.single.masks[0])


def _corners(mask: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.float64]]:
    """First and last row and column of a mask, each (1, 2); none of an empty one."""
    rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return []
    ends = [[rows[0], cols[0]], [rows[-1], cols[-1]]]
    return [np.array([end], dtype=np.float64) for end in ends]


def _prompts_in(prompts: Prompts, crop: Crop, whole: Crop) -> Prompts:
    """Say the same in the crop's pixels; points outside it are left out."""
    origin = np.array([crop.row0, crop.col0], dtype=np.float64)
    kept = crop.contains(prompts.points_rc)
    box = prompts.box_rc
    if box is not None and crop != whole:
        high = np.array([crop.height, crop.width] * 2) - 1
        box = np.clip(box - np.tile(origin, 2), 0, high)
    return replace(
        prompts,
        points_rc=prompts.points_rc[kept] - origin,
        labels=prompts.labels[kept],
        box_rc=box,
    )


def _joined_told(looks: list[_Look], prompts: Prompts, whole: Crop) -> Candidates:
    """Take the mean; what is fed back may grow out of the closest look."""
    if prompts.mask_logits is None:
        return _joined(looks, whole)
    joined = _joined(looks[:1], whole)
    for look in looks[1:]:
        joined = with_look(joined, look.answer, look.crop, whole)
    return joined


def _joined(looks: list[_Look], whole: Crop) -> Candidates:
    """Take the mean of looks, at the closest one, into the frame of the whole image."""
    if looks[-1].crop == whole:
        return looks[-1].answer
    singles = [
        _Look(look.crop, look.answer.single) for look in looks if look.answer.single
    ]
    single = _joined(singles, whole) if singles else None
    closest = looks[-1].crop
    cells = max(look.answer.logits.shape[-1] for look in looks) * FINER
    mean = np.mean(
        [
            grid_from_grid(look.answer.logits, look.crop, closest, cells)
            for look in looks
        ],
        axis=0,
    )
    masks = np.zeros((len(mean), whole.height, whole.width), dtype=bool)
    masks[(slice(None), *closest.slices)] = pixels_from_grid(mean, closest, closest) > 0
    logits = grid_from_grid(mean, closest, whole, min(whole.side, MOST_CELLS))
    scores = np.mean([look.answer.scores for look in looks], axis=0)
    return Candidates(masks, scores.astype(np.float32), logits, single)
