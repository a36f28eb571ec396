"""A model that is asked about an object in a whole volume."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.protocol.volume_rules.volume_settings import Direction
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.slice_view import EmbeddedSlice
from napari_sam_med.core.video_port import VideoSegmenter, track_views
from napari_sam_med.propagation import (
    PropagationSettings,
    gathered,
    iterate_propagation,
)
from napari_sam_med.propagation.video_tracking import video_model
from napari_sam_med.propagation.volume_propagation import VolumeViews

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from napari_sam_med.bench.data.labelled_volumes import LabelledVolume
    from napari_sam_med.core.ports import Segmenter
    from napari_sam_med.core.windows import MaximumScaling, Window
    from napari_sam_med.propagation.propagation_settings import SliceGiven

EMBEDDINGS_KEPT = 128
"""Of SAM they take 4 MiB each, 512 MiB in all (64 x 64 cells of 256 float32)."""


@dataclass(frozen=True, slots=True, eq=False)
class FollowedObject:
    """What a model found of an object.

    Parameters
    ----------
    mask : (Z, Y, X) bool
        In voxels of the volume.
    score : float
        Mean of the predicted IoU over the slices that were answered; NaN of none.
    seconds : float
        It took.
    """

    mask: npt.NDArray[np.bool_]
    score: float
    seconds: float


class VolumeModel:
    """A model and the volume it is asked about.

    Parameters
    ----------
    model : Segmenter
        A video model follows objects by itself; any other one is asked slice by slice.
    labelled : LabelledVolume
        The volume.
    axis : 0, 1 or 2
        The array axis that slices are taken across.
    """

    def __init__(self, model: Segmenter, labelled: LabelledVolume, axis: int) -> None:
        self.model, self._volume, self._axis = model, labelled.volume, axis
        self._settings = PropagationSettings(axis, window=labelled.window)
        self._views = VolumeViews.of(self._volume, self._settings)
        self._embedded = lru_cache(EMBEDDINGS_KEPT)(
            lambda index: EmbeddedSlice.of(model, self._views[index])
        )

    @property
    def goes_one_way(self) -> bool:
        """Whether it can go from the first slice to the last."""
        return self.model.info.follows

    @property
    def window(self) -> Window | MaximumScaling | None:
        """Through which it sees the volume."""
        return self._views.window

    def follow(
        self, given: Mapping[int, SliceGiven], direction: Direction = Direction.BOTH
    ) -> FollowedObject:
        """Find an object from what is known of it on some slices.

        Parameters
        ----------
        given : mapping of int to Prompts or (H, W) bool
            By slice.
        direction : Direction
            Of a video model: from the first slice of the volume to the last, or back
            from the first prompted slice, and then, forgetting what it saw, forward.

        Returns
        -------
        FollowedObject
        """
        start = time.perf_counter()
        if self.model.info.follows:
            mask, scores = self._tracked(video_model(self.model), given, direction)
        else:
            slices = iterate_propagation(
                self.model, self._volume, given, self._settings, self._embedded
            )
            found = gathered(slices, self._volume, self._axis)
            mask, scores = found.volume_mask(), list(found.scores.values())
        seconds = time.perf_counter() - start
        score = float(np.mean(scores)) if scores else float("nan")
        return FollowedObject(mask, score, seconds)

    def _tracked(
        self,
        model: VideoSegmenter,
        given: Mapping[int, SliceGiven],
        direction: Direction,
    ) -> tuple[npt.NDArray[np.bool_], list[float]]:
        count, first = len(self._views), min(given)
        orders = [range(count)]
        if direction is Direction.BOTH:
            orders = [range(first, -1, -1), range(first, count)]
        mask = np.zeros(self._volume.shape_zyx, dtype=bool)
        scores: dict[int, float] = {}
        for order in orders:
            for each in track_views(model, self._views, order, given):
                SlicePlane(self._axis, each.index).take(mask)[...] = each.mask
                if each.mask.any():
                    scores[each.index] = float(np.clip(each.score, 0, 1))
        return mask, list(scores.values())
