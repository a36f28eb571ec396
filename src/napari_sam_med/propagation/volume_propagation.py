"""From prompts on a few slices to an object in a volume: the door of this room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, overload

import numpy as np

from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.ports import Segmenter
from napari_sam_med.core.prompts import Prompts, is_other
from napari_sam_med.core.slice_view import EmbeddedSlice, SliceView
from napari_sam_med.core.video_port import go_on, track_views
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import default_window
from napari_sam_med.errors import ImageError, ModelError, PromptError
from napari_sam_med.propagation.projecting.frame_answers import FrameAnswers
from napari_sam_med.propagation.projecting.slice_projection import SliceProjection
from napari_sam_med.propagation.propagated_masks import (
    Origin,
    Propagation,
    SliceMask,
)
from napari_sam_med.propagation.propagation_settings import (
    PropagationSettings,
    check_given,
)
from napari_sam_med.propagation.slice_interpolation import interpolated_masks
from napari_sam_med.propagation.video_tracking import tracked_masks, video_model

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from napari_sam_med.core.windows import MaximumScaling, Window
    from napari_sam_med.propagation.propagation_settings import Method, SliceGiven

EmbeddedAt = Callable[[int], EmbeddedSlice]
"""Gives a slice, by its number, that the model has seen."""


@dataclass(frozen=True, slots=True, eq=False)
class VolumeViews(Sequence[SliceView]):
    """The slices of a volume along an axis through one window, made when asked for."""

    volume: Volume
    axis: int
    window: Window | MaximumScaling | None

    @classmethod
    def of(cls, volume: Volume, settings: PropagationSettings) -> VolumeViews:
        """Look at a volume as the settings say."""
        window = settings.window
        if window is None and volume.array.ndim == 3:
            window = default_window(volume.array, volume.modality)
        return cls(volume, settings.axis, window)

    def __len__(self) -> int:
        return self.volume.shape_zyx[self.axis]

    @overload
    def __getitem__(self, index: int) -> SliceView: ...

    @overload
    def __getitem__(self, index: slice) -> list[SliceView]: ...

    def __getitem__(self, index: int | slice) -> SliceView | list[SliceView]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        plane = SlicePlane.of(self.volume.geometry, self.axis, index % len(self))
        return SliceView.of(self.volume, plane, self.window)

    @property
    def spacing_zrc(self) -> tuple[float, float, float]:
        """Millimetres between slices, rows and columns."""
        row, col = self[0].plane.spacing_rc
        return self.volume.geometry.spacing_zyx[self.axis], row, col


def propagate(
    model: Segmenter,
    volume: Volume,
    given: Mapping[int, SliceGiven],
    axis: int = 0,
    method: Method = "projection",
    index_range: tuple[int, int] | None = None,
) -> Propagation:
    """Follow one object through a volume.

    Parameters
    ----------
    model : Segmenter
        Answers prompts; interpolation asks it only about slices that have prompts.
    volume : Volume
        The image.
    given : mapping of int to Prompts or (H, W) bool
        What is known of the object on one slice or several: prompts, or the mask
        itself, in pixels of the slice.
    axis : 0, 1 or 2
        The array axis that slices are taken across.
    method : {"projection", "video", "interpolation"}
        With any model, each slice prompted from its neighbour; with a model that
        follows objects; between the given slices without a model.
    index_range : (first, last), optional
        The first and the last slice of the object. By default the ends are found.

    Returns
    -------
    Propagation
        Masks, scores and origins by slice.

    Raises
    ------
    PromptError
        If nothing is given, or what is given does not fit its slice or the range.
    ImageError
        If there is no such axis or range, or the volume is none.
    ModelError
        If there is no such method, or the model cannot do it or is none.

    Examples
    --------
    >>> from napari_sam_med import Prompts, load_model
    >>> from napari_sam_med.core.volumes import Volume
    >>> array = np.zeros((5, 40, 40), dtype=np.uint8)
    >>> array[:, 10:30, 10:30] = 200
    >>> box = Prompts(box_rc=(10, 10, 29, 29))
    >>> found = propagate(load_model("ellipse"), Volume(array), {2: box})
    >>> found.origins[2].value, found.origins[3].value
    ('prompted', 'projected')
    """
    if is_other(model, Segmenter):
        what = type(model).__name__
        msg = f"a {what} where a model is asked for; give what load_model returns"
        raise ModelError(msg)
    if is_other(volume, Volume):
        msg = (
            f"a {type(volume).__name__} where a volume is asked for; give what "
            "read_volume returns, or napari_sam_med.core.volumes.Volume(array)"
        )
        raise ImageError(msg)
    settings = PropagationSettings(axis, method, index_range)
    slices = iterate_propagation(model, volume, given, settings)
    return gathered(slices, volume, axis)


def iterate_propagation(
    model: Segmenter,
    volume: Volume,
    given: Mapping[int, SliceGiven],
    settings: PropagationSettings,
    embedded: EmbeddedAt | None = None,
    stop: Callable[[], bool] = go_on,
) -> Generator[SliceMask, None, None]:
    """Follow one object slice by slice, so that a caller can show it and stop.

    Parameters
    ----------
    model, volume, given
        As `propagate` takes them.
    settings : PropagationSettings
        Axis, method, range, limits, window, stop rule.
    embedded : callable, optional
        Gives a slice that ``model`` has seen through the same window, from the
        caller's cache; by default slices are embedded as they are needed.
    stop : callable
        Asked before a video model looks at a slice, of which it may need several for
        its first answer; the propagation ends without a word when it says True.

    Returns
    -------
    generator of SliceMask
        Each slice once, as soon as it is there; the given ones first. Closing it ends
        the propagation after the slice in work.

    Raises
    ------
    PromptError, ImageError, ModelError
        At once, as `propagate`.
    """
    views = VolumeViews.of(volume, settings)
    reach = settings.reach(len(views))
    check_given(given, views[0].shape_hw, reach)
    if settings.method == "video":
        fill = settings.index_range is not None
        track = partial(track_views, video_model(model), views, stop=stop)
        return tracked_masks(track, given, reach, fill=fill)
    answers = FrameAnswers(model, views, embedded)
    if settings.method == "interpolation":
        if len(given) < 2:
            msg = "interpolation lies between slices; give prompts or masks on two"
            raise PromptError(msg)
        _check_between(given, settings)
        return _interpolated(answers, views, given)
    return SliceProjection(answers, views, views.spacing_zrc, settings).run(given)


def gathered(
    slices: Iterator[SliceMask] | Sequence[SliceMask], volume: Volume, axis: int
) -> Propagation:
    """Put slices in order; a propagation that was stopped early is one too.

    Parameters
    ----------
    slices : iterable of SliceMask
        As `iterate_propagation` gives them.
    volume : Volume
        The image that they belong to.
    axis : 0, 1 or 2
        The array axis that they are taken across.
    """
    ordered = tuple(sorted(slices, key=lambda each: each.index))
    return Propagation(axis, volume.shape_zyx, ordered)


def _check_between(
    given: Mapping[int, SliceGiven], settings: PropagationSettings
) -> None:
    """Refuse a range that interpolation between the given slices cannot fill."""
    low, high = min(given), max(given)
    first, last = settings.index_range or (low, high)
    if first < low or last > high:
        msg = (
            f"range {first} to {last}, but interpolation lies between the given slices "
            f"{low} and {high}; give prompts or masks on slices {first} and {last}"
        )
        raise PromptError(msg)


def _interpolated(
    answers: FrameAnswers, views: VolumeViews, given: Mapping[int, SliceGiven]
) -> Generator[SliceMask, None, None]:
    known = {}
    for index in sorted(given):
        one = given[index]
        mask, score = np.asarray(one), 1.0
        if isinstance(one, Prompts):
            answer = answers.of_person(index, one)
            mask, score = answer.mask, answer.score
        yield SliceMask.of(index, mask, score, Origin.PROMPTED)
        if mask.any():
            known[index] = mask
    yield from interpolated_masks(known, views.spacing_zrc[1:])
