"""Ask a model what a person asked about one object, click by click, and score it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam_med.bench.protocol.profiles import (
    DEFAULT,
    Profile,
    chain_rule,
    has_own_default_chain,
)
from napari_sam_med.bench.protocol.scoring import MaskMeasures, scored
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.selection import Picked, Selection, pick
from napari_sam_med.simulate.modes import Simulated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.bench.protocol.cases import Case
    from napari_sam_med.bench.protocol.prompted_slices import PromptedSlice
    from napari_sam_med.bench.protocol.result_rows import Row

RECORDED_BOX, RECORDED_CLICKS = "recorded_box", "recorded_clicks"


def run_recorded(
    prompted: PromptedSlice,
    case: Case,
    base: Row,
    asked: Sequence[Prompts],
    *,
    feed_back: bool,
) -> list[Row]:
    """Ask about an object what a person asked, one prompt more each time.

    Parameters
    ----------
    prompted : PromptedSlice
        Model and slice.
    case : Case
        The object.
    base : Row
        What its rows share.
    asked : sequence of Prompts
        For each part of the object the person's box and clicks, in their order; the
        box came first.
    feed_back : bool
        Whether the picked mask's logits go back with the next click, to models that
        take masks. Of several parts none does, as in the dock.

    Returns
    -------
    list of Row
        For each selection one of the boxes alone (``recorded_box``), and one after
        each click (``recorded_clicks``; with the boxes, where there are some). What a
        model does not take is left out: boxes or clicks. The masks of parts are joined.
    """
    able = prompted.model.capabilities
    taken = [
        Prompts(
            one.points_rc if able.points else (),
            one.labels if able.points else (),
            one.box_rc if able.boxes else None,
        )
        for one in asked
        if _is_taken(prompted, one)
    ]
    if not taken:
        return []
    chains = [str(selection) for selection in Selection]
    if has_own_default_chain(Profile(base.profile), able.n_candidates):
        chains.append(DEFAULT)
    known: dict[bytes, MaskMeasures] = {}
    rows: list[Row] = []
    for chain in chains:
        selection_at = chain_rule(chain, Profile(base.profile))
        found = answers_in_order(
            prompted, case.truth, taken, selection_at, feed_back=feed_back
        )
        for prompts, picked, seconds in found:
            clicks = sum(len(one.points_rc) for one in prompts)
            named = replace(
                base,
                setting=RECORDED_CLICKS if clicks else RECORDED_BOX,
                step=max(clicks, 1),
                selection=chain,
                seconds_predict=seconds,
            )
            made = Simulated(prompts)
            rows.append(scored(named, case, made, picked, prompted.tolerance_mm, known))
    return rows


def answers_in_order(
    prompted: PromptedSlice,
    truth: npt.NDArray[np.bool_],
    asked: Sequence[Prompts],
    selection_at: Callable[[int], Selection],
    *,
    feed_back: bool,
) -> Iterator[tuple[tuple[Prompts, ...], Picked, float]]:
    """Ask for the boxes alone, then with one click more each time.

    Parameters
    ----------
    prompted : PromptedSlice
        Model and slice.
    truth : (H, W) bool
        The object.
    asked : sequence of Prompts
        Box and clicks of each part of the object.
    selection_at : callable
        As ``chain_rule`` gives it.
    feed_back : bool
        As ``run_recorded`` takes it.

    Yields
    ------
    tuple of Prompts, Picked, float
        What was asked, the mask, and the seconds it took; nothing if the model offers
        no such selection.
    """
    feed_back = feed_back and prompted.model.capabilities.masks
    picked: Picked | None = None
    for now in _one_by_one(asked):
        is_one, prompts = len(now) == 1, now
        if is_one and picked and feed_back:
            prompts = (replace(now[0], mask_logits=picked.logits),)
        answers, seconds = prompted.answer(prompts)
        # the rule has its first only for the ambiguous single point
        step = 1 if is_one and prompts[0].is_single_point else 2
        picked = pick(answers, selection_at(step), truth)
        if picked is None:
            return
        yield prompts, picked, seconds


def _one_by_one(asked: Sequence[Prompts]) -> Iterator[tuple[Prompts, ...]]:
    """Give the boxes, then with the clicks of the first part, then of the next."""
    for clicks in range(sum(len(one.labels) for one in asked) + 1):
        left, now = clicks, []
        for one in asked:
            mine = min(left, len(one.labels))
            left -= mine
            if mine or one.box_rc is not None:
                points, labels = one.points_rc[:mine], one.labels[:mine]
                now.append(Prompts(points, labels, one.box_rc))
        if now:
            yield tuple(now)


def _is_taken(prompted: PromptedSlice, asked: Prompts) -> bool:
    able = prompted.model.capabilities
    has_points = able.points and len(asked.points_rc) > 0
    return has_points or (able.boxes and asked.box_rc is not None)
