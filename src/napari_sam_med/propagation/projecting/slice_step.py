"""One slice of a projection: from where the object is expected to where it is.

Each part of the expected outline is first moved to where the looks support it. The
model is asked with the outline moved in and out by fractions of the slice thickness. Of
its answers the one counts that it predicts best, that looks like the object and that
lies where the object is expected. The kept outline is the mean of that
answer and the expected outline as signed distances, shifted by the looks of each pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam_med.core.metrics import dice
from napari_sam_med.propagation.projecting.neighbour_prompts import (
    prompts_from_distance,
)
from napari_sam_med.propagation.projecting.outline_shift import shifted_to_evidence
from napari_sam_med.propagation.propagation_settings import PromptedBy
from napari_sam_med.propagation.signed_distance import signed_distance

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from napari_sam_med.propagation.projecting.frame_answers import Answer, FrameAnswers
    from napari_sam_med.propagation.projecting.slice_frames import Frame

OFFSETS = (-1.0, -0.5, 0.0, 0.5)
"""In slice thicknesses, positive outwards: a surface at 45 degrees moves by one from
slice to slice. Towards its ends an object shrinks faster than it grew."""
MOST_OF_RADIUS = 0.35
"""No offset is larger than this part of the object's radius, so that thick slices leave
something of a small object."""
LOOKS_WEIGHT, PLACE_WEIGHT = 0.25, 0.6
"""What the looks (-1 to 1) and the Dice with the expected mask count beside a predicted
IoU: place as much as half of what a model may say, looks less. Set once, not varied."""
EXPECTED_WEIGHT = 0.3
"""Of the expected outline in the mean; the answer has the rest. More keeps tubes and
lets organs slip: with earlier weights of nano 0.4 instead of 0.3 gave a mean Dice of
0.747 instead of 0.755 on four tumours from one box (``benchmarks/propagation.py --set
slice_step.EXPECTED_WEIGHT=0.4 --methods "projection, box" --real FOLDER``)."""
SLICES_PER_EVIDENCE = 0.3
"""How far one unit of evidence (a likelihood ratio of 2.7) moves the outline, in slice
thicknesses. In a first trial 0, 0.3 and 0.6 gave 0.87, 0.92 and 0.86 on the sample CT
and 0.65, 0.67 and 0.56 on tumours, from one box."""
REACH = 3.0
"""Distances count up to so many slice thicknesses: what lies deeper is as certain."""
RING_MM = 6.0
"""Width of the surroundings that an answer's looks are compared with."""
SMALLEST_PART = 0.02
"""Of the largest part's area; smaller parts are specks without a prompt."""
MOST_PARTS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The object on a frame.

    Parameters
    ----------
    mask : (h, w) bool
        Kept mask; may be empty.
    score : float
        Predicted IoU of the chosen answers, times their Dice with the kept mask.
    predicted : float
        Predicted IoU alone.
    evidence : float
        Mean of the evidence inside the mask, -3 to 3.
    contrast : float
        That mean, less the mean of the evidence round the mask.
    """

    mask: npt.NDArray[np.bool_]
    score: float
    predicted: float
    evidence: float
    contrast: float


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A connected part of the expected object, and what the model said of it."""

    distance: npt.NDArray[np.float32]
    asked: list[npt.NDArray[np.float32]]


class SliceStep:
    """Finds the object on one slice after the other.

    Parameters
    ----------
    answers : FrameAnswers
        Asks the model.
    prompted_by : PromptedBy
        What of the expected outline becomes a prompt.
    spacing_zrc : (3,) float
        Millimetres between slices, rows and columns.
    """

    def __init__(
        self,
        answers: FrameAnswers,
        prompted_by: PromptedBy,
        spacing_zrc: tuple[float, float, float],
    ) -> None:
        self._answers, self._by = answers, prompted_by
        self._thickness, self._spacing = spacing_zrc[0], spacing_zrc[1:]

    def find(
        self,
        index: int,
        frame: Frame,
        expected: npt.NDArray[np.float32],
        evidence: npt.NDArray[np.float32],
    ) -> Found | None:
        """Find the object on a slice.

        Parameters
        ----------
        index : int
            The slice.
        frame : Frame
            The part of it that is looked at.
        expected : (h, w) float32
            Signed distance of the expected outline on the frame.
        evidence : (h, w) float32
            As ``Appearance.evidence`` gives it.

        Returns
        -------
        Found or None
            None if the model could not be asked, or nothing that it said lies near.
        """
        expected, parts = self._moved_parts(expected, evidence)
        chosen = [
            best
            for part, answers in zip(parts, self._ask(index, frame, parts), strict=True)
            if (best := self._best(part, answers, evidence)) is not None
        ]
        if not chosen:
            return None
        answered = np.logical_or.reduce([each.mask for each in chosen])
        kept = self._kept(answered, expected, evidence)
        areas = [int(each.mask.sum()) for each in chosen]
        predicted = float(np.average([each.score for each in chosen], weights=areas))
        score = predicted * dice(answered, kept)
        if not kept.any():
            return Found(kept, score, predicted, 0.0, 0.0)
        ring = (signed_distance(kept, self._spacing) > -RING_MM) & ~kept
        inside = float(evidence[kept].mean())
        contrast = contrast_of(evidence, kept, ring)
        return Found(kept, score, predicted, inside, contrast)

    def _moved_parts(
        self, expected: npt.NDArray[np.float32], evidence: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.float32], list[_Part]]:
        """Move each part by itself; also gives the outline of all parts together."""
        parts = self._parts(expected)
        moved = [
            shifted_to_evidence(each, evidence, self._spacing, self._thickness)
            for each in parts
        ]
        if any(now is not part for now, part in zip(moved, parts, strict=True)):
            expected = np.maximum.reduce(moved)
        return expected, [self._part(each) for each in moved]

    def _parts(
        self, expected: npt.NDArray[np.float32]
    ) -> list[npt.NDArray[np.float32]]:
        inside = expected > 0
        if not inside.any():  # expected to have ended; what is left of it is asked for
            return [expected]
        regions, count = ndimage.label(inside, structure=np.ones((3, 3)))
        if count == 1:
            return [expected]
        areas = np.bincount(regions.ravel())[1:]
        order = np.argsort(-areas, kind="stable")[:MOST_PARTS]
        large = [i + 1 for i in order if areas[i] >= SMALLEST_PART * areas.max()]
        return [signed_distance(regions == region, self._spacing) for region in large]

    def _part(self, distance: npt.NDArray[np.float32]) -> _Part:
        radius = max(float(distance.max()), min(self._spacing) / 2)
        step = min(self._thickness, MOST_OF_RADIUS * radius)
        moved: list[npt.NDArray[np.float32]] = []
        for offset in OFFSETS:
            outline = distance + np.float32(offset * step)
            if offset > 0:  # by a pixel at least, however thin the slices are
                outline = np.maximum(outline, _widened(distance > 0) - np.float32(0.5))
            inside = outline > 0
            if inside.any() and not any(_same_box(inside, each > 0) for each in moved):
                moved.append(outline)
        return _Part(distance, moved)

    def _ask(
        self, index: int, frame: Frame, parts: Sequence[_Part]
    ) -> list[list[Answer]]:
        able = self._answers.info.capabilities
        asked = [outline for part in parts for outline in part.asked]
        prompts = [prompts_from_distance(each, able, self._by) for each in asked]
        known = [each for each in prompts if each is not None]
        if not known:
            return [[] for _ in parts]
        fed = [] if self._by is PromptedBy.BOX else [each > 0 for each in asked]
        found = iter(self._answers.of_frame(index, frame, known, fed))
        return [[a for _ in part.asked for a in next(found)] for part in parts]

    def _best(
        self,
        part: _Part,
        answers: Sequence[Answer],
        evidence: npt.NDArray[np.float32],
    ) -> Answer | None:
        expected = part.distance > 0
        near = (part.distance > -2 * self._thickness) | _widened(expected)
        around = part.distance > -RING_MM
        best: tuple[float, Answer] | None = None
        for answer in answers:
            mask = touching(answer.mask & near, expected)
            if not mask.any():
                continue
            looks = np.tanh(contrast_of(evidence, mask, around & ~mask) / 3)
            value = answer.score + LOOKS_WEIGHT * looks
            value += PLACE_WEIGHT * dice(mask, expected)
            if best is None or value > best[0]:
                best = (float(value), type(answer)(mask, answer.score))
        return None if best is None else best[1]

    def _kept(
        self,
        answered: npt.NDArray[np.bool_],
        expected: npt.NDArray[np.float32],
        evidence: npt.NDArray[np.float32],
    ) -> npt.NDArray[np.bool_]:
        most = REACH * self._thickness
        answer = np.clip(signed_distance(answered, self._spacing), -most, most)
        prior = np.clip(expected, -most, most)
        outline = (1 - EXPECTED_WEIGHT) * answer + EXPECTED_WEIGHT * prior
        outline += SLICES_PER_EVIDENCE * self._thickness * evidence
        return touching(outline > 0, answered)


def touching(
    mask: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Keep the parts of a mask that share a pixel with another mask.

    Parameters
    ----------
    mask, other : (h, w) bool
        If ``other`` is empty, all of ``mask`` is kept.

    Returns
    -------
    (h, w) bool
    """
    if not other.any():
        return mask
    regions, count = ndimage.label(mask)
    if count == 0:
        return mask
    shared = np.zeros(count + 1, dtype=bool)
    shared[regions[mask & other]] = True
    shared[0] = False
    return np.asarray(shared[regions])


def contrast_of(
    evidence: npt.NDArray[np.float32],
    inside: npt.NDArray[np.bool_],
    outside: npt.NDArray[np.bool_],
) -> float:
    """Mean evidence of a mask (h, w), not empty, less that of its surroundings."""
    beyond = float(evidence[outside].mean()) if outside.any() else 0.0
    return float(evidence[inside].mean()) - beyond


def _widened(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Add the pixels above, below, left and right of a mask (h, w)."""
    return np.asarray(ndimage.binary_dilation(mask))


def _same_box(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> bool:
    return all(
        np.array_equal(one.any(axis=axis), other.any(axis=axis)) for axis in (0, 1)
    )
