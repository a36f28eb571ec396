"""Segment everything on a slice, and give each object its best-matching mask."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.protocol.scoring import scored
from napari_sam_med.core.prompts import POSITIVE, Prompts
from napari_sam_med.core.selection import Picked, Selection
from napari_sam_med.simulate.modes import Simulated
from napari_sam_med.simulate.point_grids import point_grid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from napari_sam_med.bench.protocol.cases import Case
    from napari_sam_med.bench.protocol.prompted_slices import PromptedSlice
    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.core.candidates import Candidates

POINTS_PER_BATCH = 64
DUPLICATE_IOU = 0.7
"""Both as the defaults of SAM's own ``SamAutomaticMaskGenerator``."""


@dataclass(slots=True)
class _Boxes:
    """Boxes and scores of all masks of a selection, to count different ones."""

    boxes: list[npt.NDArray[np.float64]] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)


@dataclass(slots=True)
class _Matches:
    """What a selection's masks gave so far: all of them, the best for each object."""

    ious: npt.NDArray[np.float64]
    best: dict[int, tuple[Prompts, Picked]] = field(default_factory=dict)
    seen: _Boxes = field(default_factory=_Boxes)


@dataclass(frozen=True, slots=True, eq=False)
class _Objects:
    """Objects that do not overlap: the k-th has the number k, (H * W,), 0 is none."""

    numbers: npt.NDArray[np.intp]
    areas: npt.NDArray[np.intp]

    @classmethod
    def of(cls, cases: Sequence[Case]) -> _Objects:
        numbers = np.zeros(cases[0].labels.size, dtype=np.intp)
        for number, case in enumerate(cases, start=1):
            numbers[case.truth.ravel()] = number
        return cls(numbers, np.bincount(numbers, minlength=len(cases) + 1))

    def ious(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Return (n_objects,) of IoU with a mask."""
        shared = np.bincount(self.numbers[mask.ravel()], minlength=len(self.areas))
        ious: npt.NDArray[np.float64] = shared / (shared.sum() + self.areas - shared)
        return ious[1:]


def run_everything(
    prompted: PromptedSlice, cases: Sequence[Case], bases: Sequence[Row], side: int
) -> dict[str, list[Row]]:
    """Prompt a slice with a grid of points and match the masks to its objects.

    Parameters
    ----------
    prompted : PromptedSlice
        Model and slice.
    cases : sequence of Case
        All objects of the slice.
    bases : sequence of Row
        What each object's rows share.
    side : int
        Points along each side.

    Returns
    -------
    dict of str to list of Row
        For each case one row for each selection: the mask, of all that the grid gave,
        that matches the object best, an upper bound that needs the truth. ``first``,
        ``best_score`` and ``single`` choose among one mask for each point, ``oracle``
        among all candidates. ``prompts`` is the point behind the mask and ``n_masks``
        the number of masks left after duplicates were removed.

    Notes
    -----
    Answers are not refined: a second look at each point would cost an embedding each.
    Duplicates are masks whose boxes overlap by more than 0.7, as in
    segment_anything's ``SamAutomaticMaskGenerator``; its thresholds on predicted IoU
    and stability are not applied.
    """
    if not prompted.model.capabilities.points:
        return {case.case_id: [] for case in cases}
    prompted = without_refinement(prompted)
    objects = _Objects.of(cases)
    matches = {each: _Matches(np.full(len(cases), -1.0)) for each in Selection}
    seconds = 0.0
    for prompts in _batches(cases[0].truth.shape, side):
        answers, each = prompted.answer(prompts)
        seconds += each * len(prompts)
        for prompt, answer in zip(prompts, answers, strict=True):
            _match(matches, prompt, answer, objects)
    rows: dict[str, list[Row]] = {case.case_id: [] for case in cases}
    for selection, matched in matches.items():
        count = _count_different(matched.seen)
        for number, (prompt, picked) in sorted(matched.best.items()):
            row = replace(
                bases[number],
                setting="everything",
                step=side,
                seconds_predict=seconds,
                selection=str(selection),
                n_masks=count,
                zoom=prompted.model.info.crop_refinement,
            )
            case, simulated = cases[number], Simulated((prompt,))
            rows[case.case_id].append(
                scored(row, case, simulated, picked, prompted.tolerance_mm)
            )
    return rows


def without_refinement(prompted: PromptedSlice) -> PromptedSlice:
    """Ask the model without its refinement on crops.

    Parameters
    ----------
    prompted : PromptedSlice
        Any model and slice.

    Returns
    -------
    PromptedSlice
        Of the same embedding. A grid asks for everything on the image, and a second
        look at each of its points would cost an embedding each.
    """
    plain = prompted.model.without_refinement()
    return replace(prompted, embedded=replace(prompted.embedded, model=plain))


def _batches(shape_hw: tuple[int, ...], side: int) -> Iterator[list[Prompts]]:
    points = point_grid((shape_hw[0], shape_hw[1]), side)
    polarity = np.array([POSITIVE])
    for start in range(0, len(points), POINTS_PER_BATCH):
        batch = points[start : start + POINTS_PER_BATCH]
        yield [Prompts(point[None], polarity) for point in batch]


def _match(
    matches: dict[Selection, _Matches],
    prompt: Prompts,
    answer: Candidates,
    objects: _Objects,
) -> None:
    """Note the masks of one point under each selection that may choose them."""
    masks, scores, slots = _offered(answer)
    ious = np.stack([objects.ious(mask) for mask in masks])
    boxes = [_box_of(mask) for mask in masks]
    for selection, mine in slots.items():
        matched = matches[selection]
        for slot in mine:
            if (box := boxes[slot]) is not None:
                matched.seen.boxes.append(box)
                matched.seen.scores.append(float(scores[slot]))
        best, values = ious[mine].argmax(axis=0), ious[mine].max(axis=0)
        for number in np.flatnonzero(values > matched.ious):
            slot = mine[best[number]]
            picked = Picked(masks[slot].copy(), float(scores[slot]))
            matched.best[int(number)] = (prompt, picked)
        matched.ious = np.maximum(matched.ious, values)


def _offered(
    answer: Candidates,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32], dict[Selection, list[int]]]:
    """Say which of a point's masks and scores each selection may choose from."""
    slots = {
        Selection.FIRST: [0],
        Selection.BEST_SCORE: [answer.best_index],
        Selection.ORACLE: list(range(len(answer))),
    }
    if answer.single is None:
        alone = {Selection.SINGLE: [0]} if len(answer) == 1 else {}
        return answer.masks, answer.scores, slots | alone
    masks = np.concatenate([answer.masks, answer.single.masks])
    scores = np.concatenate([answer.scores, answer.single.scores])
    return masks, scores, slots | {Selection.SINGLE: [len(answer)]}


def _box_of(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64] | None:
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return np.array((rows[0], cols[0], rows[-1] + 1, cols[-1] + 1), dtype=np.float64)


def _count_different(seen: _Boxes) -> int:
    """Count boxes after greedy removal of duplicates, best score first."""
    if not seen.boxes:
        return 0
    boxes = np.stack(seen.boxes)[np.argsort(seen.scores, kind="stable")[::-1]]
    count = 0
    while len(boxes):
        count += 1
        low = np.maximum(boxes[0, :2], boxes[:, :2])
        high = np.minimum(boxes[0, 2:], boxes[:, 2:])
        shared = np.prod(np.clip(high - low, 0, None), axis=1)
        areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        boxes = boxes[shared / (areas[0] + areas - shared) <= DUPLICATE_IOU]
    return count
