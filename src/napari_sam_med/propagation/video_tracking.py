"""Following an object with a model that was made for it, in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from napari_sam_med.errors import ModelError
from napari_sam_med.propagation.propagated_masks import Origin, SliceMask

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from napari_sam_med.core.ports import Segmenter
    from napari_sam_med.core.video_port import TrackedMask, VideoSegmenter
    from napari_sam_med.propagation.propagation_settings import SliceGiven

    Track = Callable[[range, Mapping[int, SliceGiven]], Iterator[TrackedMask]]

EMPTY_SLICES = 2
"""Slices without the object after which it is taken to have ended: one may be noise."""


def video_model(model: Segmenter) -> VideoSegmenter:
    """Take a model that follows objects.

    Raises
    ------
    ModelError
        If it does not.
    """
    if model.info.follows:
        return cast("VideoSegmenter", model)
    msg = (
        f"{model.name} does not follow objects through slices; choose a video model "
        "such as sam2.1_hiera_tiny, or the method projection"
    )
    raise ModelError(msg)


def tracked_masks(
    track: Track,
    given: Mapping[int, SliceGiven],
    reach: tuple[int, int],
    *,
    fill: bool,
) -> Generator[SliceMask, None, None]:
    """Follow an object from its first prompted slice up, then down.

    Parameters
    ----------
    track : callable
        Follows it in one direction: ``core.video_port.track_views`` with model and
        slices.
    given : mapping of int to Prompts or (H, W) bool
        What is known of the object, by slice.
    reach : (first, last)
        Slices that may get a mask.
    fill : bool
        Go on to the ends of ``reach`` where the model says that the object is gone.

    Yields
    ------
    SliceMask
        One for each slice with the object, as soon as it is there.
    """
    first, last = min(given), max(given)
    up = track(range(first, reach[1] + 1), given)
    yield from _until_gone(up, lambda index: not fill and index > last)
    if first > reach[0]:
        down = track(range(first - 1, reach[0] - 1, -1), given)
        yield from _until_gone(down, lambda _index: not fill)


def _until_gone(
    tracked: Iterator[TrackedMask], may_end: Callable[[int], bool]
) -> Generator[SliceMask, None, None]:
    gone = 0
    for each in tracked:
        seen = each.present and bool(each.mask.any())
        gone = 0 if seen else gone + 1
        if seen or each.prompted:
            origin = Origin.PROMPTED if each.prompted else Origin.VIDEO
            score = float(min(max(each.score, 0.0), 1.0))
            yield SliceMask.of(each.index, each.mask, score, origin)
        elif gone >= EMPTY_SLICES and may_end(each.index):
            return
