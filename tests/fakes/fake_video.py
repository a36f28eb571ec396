"""A small real VideoSegmenter: follows bright pixels that touch what was there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.core.embedding import Embedding, rgb_from_image
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.video_port import (
    ModelSlices,
    SlicePrompt,
    TrackedMask,
    VideoSegmenter,
    check_mask_shape,
    check_track,
    go_on,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy.typing as npt

    from napari_sam_med.core.ports import ModelInfo

BRIGHT = 128


class FakeVideoSegmenter(FakeSegmenter, VideoSegmenter):
    """On a prompted slice the mask, or the bright pixels that the first of the model's
    candidates holds; on the others the bright parts that overlap the mask before.

    ``asked`` lists the slices in the order in which they were taken.
    """

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.asked: list[int] = []

    @property
    def info(self) -> ModelInfo:
        return replace(super().info, follows=True)

    def track(
        self,
        slices: ModelSlices,
        order: range,
        prompted: Mapping[int, SlicePrompt],
        *,
        stop: Callable[[], bool] = go_on,
    ) -> Iterator[TrackedMask]:
        check_track(len(slices), order, prompted)
        return self._tracked(slices, order, prompted, stop)

    def _tracked(
        self,
        slices: ModelSlices,
        order: range,
        prompted: Mapping[int, SlicePrompt],
        stop: Callable[[], bool],
    ) -> Iterator[TrackedMask]:
        nearest = min(prompted, key=lambda index: abs(index - order[0]))
        before = self._prompted(slices, nearest, prompted[nearest])
        for index in order:
            if stop():
                return
            if index in prompted:
                before = self._prompted(slices, index, prompted[index])
                yield TrackedMask(index, before, 1.0, 1.0, prompted=True)
                continue
            parts, _ = ndimage.label(self._bright(slices, index))
            touched = np.unique(parts[before & (parts > 0)])
            mask = np.isin(parts, touched) & (parts > 0)
            there = bool(mask.any())
            before = mask if there else before
            yield TrackedMask(index, mask, 0.9 if there else 0.1, float(there))

    def _prompted(
        self, slices: ModelSlices, index: int, prompt: SlicePrompt
    ) -> npt.NDArray[np.bool_]:
        bright = self._bright(slices, index)
        if not isinstance(prompt, Prompts):
            check_mask_shape(index, prompt, bright.shape)
            return prompt
        image = np.where(bright, 255, 0).astype(np.uint8)
        return bright & self.predict(self.embed(image), prompt).masks[0]

    def _bright(self, slices: ModelSlices, index: int) -> npt.NDArray[np.bool_]:
        self.asked.append(index)
        taken = slices[index]
        image = taken.image if isinstance(taken, Embedding) else taken
        return rgb_from_image(image).mean(axis=2) >= BRIGHT
