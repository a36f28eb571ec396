"""Segment everything on a slice, and give each object its best-matching mask."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.scoring import scored
from napari_sam_med.core.prompts import POSITIVE, Prompts
from napari_sam_med.core.selection import Picked, Selection
from napari_sam_med.simulate.grids import point_grid
from napari_sam_med.simulate.modes import Simulated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from napari_sam_med.bench.cases import Case
    from napari_sam_med.bench.rows import Row
    from napari_sam_med.bench.runs import Scene
    from napari_sam_med.core.candidates import Candidates

POINTS_PER_BATCH = 64
DUPLICATE_IOU = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class _Match:
    """The best mask so far for one object."""

    iou: float
    prompts: Prompts
    picked: Picked


@dataclass(slots=True)
class _Boxes:
    """Boxes and scores of all masks of a selection, to count different ones."""

    boxes: list[npt.NDArray[np.float64]] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)


def run_everything(
    scene: Scene, cases: Sequence[Case], bases: Sequence[Row], side: int
) -> dict[str, list[Row]]:
    """Prompt a slice with a grid of points and match the masks to its objects.

    Parameters
    ----------
    scene : Scene
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
    Duplicates are masks whose boxes overlap by more than 0.7, as in
    segment_anything's ``SamAutomaticMaskGenerator``; its thresholds on predicted IoU
    and stability are not applied.
    """
    if not scene.model.capabilities.points:
        return {case.case_id: [] for case in cases}
    best: dict[tuple[str, Selection], _Match] = {}
    seen = {selection: _Boxes() for selection in Selection}
    seconds = 0.0
    truths = np.stack([case.truth.ravel() for case in cases]).astype(np.float32)
    for prompts in _batches(cases[0].truth.shape, side):
        answers, each = scene.answer(prompts)
        seconds += each * len(prompts)
        for prompt, answer in zip(prompts, answers, strict=True):
            for selection, masks in _offered(answer).items():
                _note_boxes(seen[selection], masks)
                ious = _ious(masks.masks, truths)
                _keep_best(best, selection, prompt, masks, (ious, cases))
    rows: dict[str, list[Row]] = {case.case_id: [] for case in cases}
    counts = {selection: _count_different(boxes) for selection, boxes in seen.items()}
    for case, base in zip(cases, bases, strict=True):
        named = replace(base, setting="everything", step=side, seconds_predict=seconds)
        for selection in Selection:
            match = best.get((case.case_id, selection))
            if match is not None:
                row = replace(
                    named, selection=str(selection), n_masks=counts[selection]
                )
                simulated = Simulated((match.prompts,))
                rows[case.case_id].append(
                    scored(row, case, simulated, match.picked, scene.tolerance_mm)
                )
    return rows


def _batches(shape_hw: tuple[int, ...], side: int) -> Iterator[list[Prompts]]:
    points = point_grid((shape_hw[0], shape_hw[1]), side)
    labels = np.array([POSITIVE])
    for start in range(0, len(points), POINTS_PER_BATCH):
        batch = points[start : start + POINTS_PER_BATCH]
        yield [Prompts(point[None], labels) for point in batch]


def _offered(answer: Candidates) -> dict[Selection, Candidates]:
    """Say which masks of one point each selection may choose from."""
    alone = len(answer) == 1
    single = answer if alone and answer.single is None else answer.single
    offered = {
        Selection.FIRST: _slot(answer, 0),
        Selection.BEST_SCORE: _slot(answer, answer.best_index),
        Selection.ORACLE: answer,
    }
    return offered if single is None else {**offered, Selection.SINGLE: single}


def _slot(answer: Candidates, slot: int) -> Candidates:
    one = slice(slot, slot + 1)
    return replace(
        answer,
        masks=answer.masks[one],
        scores=answer.scores[one],
        logits=answer.logits[one],
        single=None,
    )


def _ious(
    masks: npt.NDArray[np.bool_], truths: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """Return (n_masks, n_truths) of IoU; counts stay exact in float32 up to 2**24."""
    flat = masks.reshape(len(masks), -1).astype(np.float32)
    shared = (flat @ truths.T).astype(np.float64)
    areas = flat.sum(axis=1, keepdims=True) + truths.sum(axis=1)[None]
    ious: npt.NDArray[np.float64] = np.divide(shared, areas - shared)
    return ious


def _keep_best(
    best: dict[tuple[str, Selection], _Match],
    selection: Selection,
    prompts: Prompts,
    masks: Candidates,
    matched: tuple[npt.NDArray[np.float64], Sequence[Case]],
) -> None:
    ious, cases = matched
    for column, case in enumerate(cases):
        slot = int(ious[:, column].argmax())
        value = float(ious[slot, column])
        before = best.get((case.case_id, selection))
        if before is None or value > before.iou:
            score = float(masks.scores[slot])
            picked = Picked(masks.masks[slot].copy(), score)
            best[case.case_id, selection] = _Match(value, prompts, picked)


def _note_boxes(seen: _Boxes, masks: Candidates) -> None:
    for mask, score in zip(masks.masks, masks.scores, strict=True):
        rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if rows.size:
            corners = (rows[0], cols[0], rows[-1] + 1, cols[-1] + 1)
            seen.boxes.append(np.array(corners, dtype=np.float64))
            seen.scores.append(float(score))


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
