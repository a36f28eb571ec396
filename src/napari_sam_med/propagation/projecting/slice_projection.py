"""Projection: from prompted slices outward, each slice prompted from its neighbour."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.metrics import dice
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.propagation.projecting.appearance import (
    Appearance,
    grey_of,
    ring_mm,
)
from napari_sam_med.propagation.projecting.area_profile import AreaProfile
from napari_sam_med.propagation.projecting.expected_outline import (
    OutlineBetween,
    TaperingOutline,
)
from napari_sam_med.propagation.projecting.neighbour_prompts import check_prompted_by
from napari_sam_med.propagation.projecting.slice_frames import Frame
from napari_sam_med.propagation.projecting.slice_step import (
    RING_MM,
    Found,
    SliceStep,
    contrast_of,
)
from napari_sam_med.propagation.propagated_masks import Origin, SliceMask
from napari_sam_med.propagation.signed_distance import signed_distance

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    import numpy.typing as npt

    from napari_sam_med.core.slice_view import SliceView
    from napari_sam_med.propagation.projecting.expected_outline import ExpectedOutline
    from napari_sam_med.propagation.projecting.frame_answers import FrameAnswers
    from napari_sam_med.propagation.propagation_settings import (
        PropagationSettings,
        SliceGiven,
        StopRule,
    )

    Mask = npt.NDArray[np.bool_]

BEYOND_END = 0.7
"""Slices beyond the last one of a range at which nothing is left of the object: its
last slice holds something, the next one nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class _Reached:
    """The object on a slice (H, W), and how well it fits."""

    mask: npt.NDArray[np.bool_]
    found: Found


class SliceProjection:
    """Follows one object through slices by asking a model about each.

    Parameters
    ----------
    answers : FrameAnswers
        Asks the model.
    views : sequence of SliceView
        The slices of the volume along the axis, made when asked for.
    spacing_zrc : (3,) float
        Millimetres between slices, rows and columns.
    settings : PropagationSettings
        Range, stop rule and kind of prompt.

    Raises
    ------
    ModelError
        If the model does not take prompts of that kind.
    """

    def __init__(
        self,
        answers: FrameAnswers,
        views: Sequence[SliceView],
        spacing_zrc: tuple[float, float, float],
        settings: PropagationSettings,
    ) -> None:
        check_prompted_by(answers.info, settings.prompted_by)
        self._answers, self._views, self._settings = answers, views, settings
        self._spacing = spacing_zrc
        self._step = SliceStep(answers, settings.prompted_by, spacing_zrc)
        self._appearance = Appearance(spacing_zrc[1:])

    def run(self, given: Mapping[int, SliceGiven]) -> Generator[SliceMask, None, None]:
        """Yield the prompted slices, those between them, those below, those above.

        Parameters
        ----------
        given : mapping of int to Prompts or (H, W) bool
            What is known of the object, by slice.

        Yields
        ------
        SliceMask
            One for each slice, as soon as it is there.
        """
        known: dict[int, Mask] = {}
        for index in sorted(given):
            mask, score = self._prompted(index, given[index])
            yield SliceMask.of(index, mask, score, Origin.PROMPTED)
            if mask.any():
                known[index] = mask
                self._learn(index, mask)
        if not known:
            return
        indices = sorted(known)
        for start, stop in pairwise(indices):
            yield from self._between(start, stop, known)
        low, high = self._settings.reach(len(self._views))
        yield from self._outward(known, indices[0], low)
        yield from self._outward(known, indices[-1], high)

    def _prompted(self, index: int, given: SliceGiven) -> tuple[Mask, float]:
        if not isinstance(given, Prompts):
            return np.asarray(given), 1.0
        answer = self._answers.of_person(index, given)
        return answer.mask, answer.score

    def _learn(self, index: int, mask: Mask) -> None:
        frame = self._frame(mask)
        distance = signed_distance(mask[frame.slices], self._spacing[1:])
        self._appearance.learn(grey_of(frame.view(self._views[index])), distance)

    def _frame(self, mask: Mask) -> Frame:
        spacing = self._spacing[1:]
        close = Frame.round_mask(mask, spacing, 0.0)
        reach = ring_mm(signed_distance(mask[close.slices], spacing))
        return Frame.round_mask(mask, spacing, max(reach, self._spacing[0]))

    def _between(
        self, start: int, stop: int, known: Mapping[int, Mask]
    ) -> Generator[SliceMask, None, None]:
        """Fill the slices between two prompted ones; they all hold the object."""
        outline = OutlineBetween(
            (start, known[start]), (stop, known[stop]), self._spacing[1:]
        )
        for index in range(start + 1, stop):
            reached = self._look(index, outline, fill=True)
            yield _slice_mask(index, reached)

    def _outward(
        self, known: Mapping[int, Mask], start: int, end: int
    ) -> Generator[SliceMask, None, None]:
        """Go from the outermost prompted slice to the end, or until the object ends."""
        direction = 1 if end > start else -1
        fill = self._settings.index_range is not None
        profile = self._profile(known, start, end)
        outline = TaperingOutline(start, known[start], profile, self._spacing)
        before, usual = known[start], self._contrast(start, known[start])
        for index in range(start + direction, end + direction, direction):
            reached = self._look(index, outline, fill=fill)
            ended = not reached.mask.any()
            if ended or (
                not fill and _stops(self._settings.stop, reached, before, usual)
            ):
                return
            yield _slice_mask(index, reached)
            outline.found(index, reached.mask)
            before = reached.mask

    def _contrast(self, index: int, mask: Mask) -> float:
        """Contrast of the evidence on a prompted slice."""
        frame = self._frame(mask)
        part = mask[frame.slices]
        grey = grey_of(frame.view(self._views[index]))
        ring = (signed_distance(part, self._spacing[1:]) > -RING_MM) & ~part
        return contrast_of(self._appearance.evidence(grey), part, ring)

    def _profile(self, known: Mapping[int, Mask], start: int, end: int) -> AreaProfile:
        thickness, row, col = self._spacing
        areas = {
            index * thickness: float(mask.sum()) * row * col
            for index, mask in known.items()
        }
        place = start * thickness
        if self._settings.index_range is None:
            direction = 1 if end > start else -1
            fitted = AreaProfile.through(areas, place, direction)
            return fitted or AreaProfile(areas[place])
        if end in (0, len(self._views) - 1):  # it may well go on outside the volume
            return AreaProfile(areas[place])
        distance = (abs(end - start) + BEYOND_END) * thickness
        return AreaProfile.ending_at(distance, areas[place])

    def _look(self, index: int, outline: ExpectedOutline, *, fill: bool) -> _Reached:
        """Find the object on a slice; if it must be filled, else what is expected."""
        around = outline.frame_mask(index)
        frame = self._frame(around)
        view = self._views[index]
        expected = outline.distance(index, frame)
        evidence = self._appearance.evidence(grey_of(frame.view(view)))
        found = self._step.find(index, frame, expected, evidence)
        if found is None or not found.mask.any():
            found = _unseen(expected, fill=fill)
        return _Reached(frame.full(found.mask, view.shape_hw), found)


def _unseen(expected: npt.NDArray[np.float32], *, fill: bool) -> Found:
    """What is expected where the model saw nothing, its core at least; or nothing."""
    mask = np.zeros(expected.shape, dtype=bool)
    if fill:
        mask = (expected > 0) | (expected == expected.max())
    return Found(mask, 0.0, 0.0, 0.0, 0.0)


def _stops(rule: StopRule, reached: _Reached, before: Mask, usual: float) -> bool:
    found = reached.found
    grown = reached.mask.sum() > rule.most_growth * before.sum()
    return bool(
        grown
        or found.predicted < rule.least_score
        or found.evidence < rule.least_evidence
        or found.contrast < rule.least_contrast * usual
        or dice(reached.mask, before) < rule.least_overlap
    )


def _slice_mask(index: int, reached: _Reached) -> SliceMask:
    return SliceMask.of(index, reached.mask, reached.found.score, Origin.PROJECTED)
