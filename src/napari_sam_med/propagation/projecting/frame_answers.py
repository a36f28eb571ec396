"""A model's answers on the frame round an object.

A model that refines small objects on crops by itself would embed another crop for each
prompt. Here the frame is that crop: its network looks at it once, and answers all
prompts of the slice. Other models look at the whole slice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.slice_view import EmbeddedSlice
from napari_sam_med.core.strokes.mask_logits import logits_from_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from napari_sam_med.core.ports import ModelInfo, Segmenter
    from napari_sam_med.core.slice_view import SliceView
    from napari_sam_med.propagation.projecting.slice_frames import Frame


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One mask that a model offers.

    Parameters
    ----------
    mask : (h, w) bool
        In the frame.
    score : float
        Predicted IoU, 0 to 1.
    """

    mask: npt.NDArray[np.bool_]
    score: float


class FrameAnswers:
    """Asks a model about frames of slices.

    Parameters
    ----------
    model : Segmenter
        Answers.
    views : sequence of SliceView
        The slices, made when asked for.
    embedded : callable or None
        Gives a slice that ``model`` has seen, from a cache of the caller; by default
        the slice is shown to the model each time.
    """

    def __init__(
        self,
        model: Segmenter,
        views: Sequence[SliceView],
        embedded: Callable[[int], EmbeddedSlice] | None = None,
    ) -> None:
        self._crops = model.info.crop_refinement != "off"
        self._model = model
        self._close = model.without_refinement() if self._crops else model
        self._views = views
        self._embedded = embedded or self._embed

    @property
    def info(self) -> ModelInfo:
        """Of the network that is asked on frames."""
        return self._close.info

    def of_person(self, index: int, prompts: Prompts) -> Answer:
        """Answer what a person prompted on a whole slice, by the best candidate."""
        found = self._embedded(index).predict(prompts)
        best = found.best_index
        return Answer(found.masks[best], _unit(found.scores[best]))

    def of_frame(
        self,
        index: int,
        frame: Frame,
        prompts: Sequence[Prompts],
        fed: Sequence[npt.NDArray[np.bool_]] = (),
    ) -> list[list[Answer]]:
        """Answer prompts on a frame of a slice.

        Parameters
        ----------
        index : int
            The slice.
        frame : Frame
            The part of it.
        prompts : sequence of Prompts
            In pixels of the frame.
        fed : sequence of (h, w) bool
            A mask for each of the prompts, to be fed as logits; none if empty.

        Returns
        -------
        list of list of Answer
            The candidates for each prompt.
        """
        view = self._views[index]
        if self._crops:
            seen = EmbeddedSlice.of(self._close, frame.view(view))
            masks_fed, part = list(fed), np.s_[:, :]
        else:
            seen = self._embedded(index)
            masks_fed = [frame.full(each, view.shape_hw) for each in fed]
            prompts, part = [_moved(each, frame) for each in prompts], frame.slices
        if masks_fed:
            cells = self.info.logits_side or 0
            prompts = [
                replace(
                    each, mask_logits=logits_from_mask(mask, seen.grid.square_hw, cells)
                )
                for each, mask in zip(prompts, masks_fed, strict=True)
            ]
        found = seen.predict_many(prompts)
        return [
            [
                Answer(mask[part], _unit(score))
                for mask, score in zip(each.masks, each.scores, strict=True)
            ]
            for each in found
        ]

    def _embed(self, index: int) -> EmbeddedSlice:
        return EmbeddedSlice.of(self._model, self._views[index])


def _moved(prompts: Prompts, frame: Frame) -> Prompts:
    """Say the same in pixels of the whole slice."""
    origin = np.array(frame.origin_rc, dtype=float)
    box = None if prompts.box_rc is None else prompts.box_rc + np.tile(origin, 2)
    return Prompts(prompts.points_rc + origin, prompts.labels, box, prompts.mask_logits)


def _unit(score: float) -> float:
    return float(np.clip(score, 0, 1))
