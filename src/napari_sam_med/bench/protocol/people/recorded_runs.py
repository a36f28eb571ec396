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
    from collections.abc import Callable, Iterator

    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.bench.protocol.cases import Case
    from napari_sam_med.bench.protocol.prompted_slices import PromptedSlice
    from napari_sam_med.bench.protocol.result_rows import Row

RECORDED_BOX, RECORDED_CLICKS = "recorded_box", "recorded_clicks"


def run_recorded(
    prompted: PromptedSlice, case: Case, base: Row, asked: Prompts, *, feed_back: bool
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
    asked : Prompts
        The person's box and clicks, in their order; the box came first.
    feed_back : bool
        Whether the picked mask's logits go back with the next click, to models that
        take masks.

    Returns
    -------
    list of Row
        For each selection one of the box alone (``recorded_box``), and one after each
        click (``recorded_clicks``; with the box, where there is one). What a model does
        not take is left out: box or clicks.
    """
    if not _is_taken(prompted, asked):
        return []
    able = prompted.model.capabilities
    taken = Prompts(
        asked.points_rc if able.points else (),
        asked.labels if able.points else (),
        asked.box_rc if able.boxes else None,
    )
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
            clicks = len(prompts.points_rc)
            named = replace(
                base,
                setting=RECORDED_CLICKS if clicks else RECORDED_BOX,
                step=max(clicks, 1),
                selection=chain,
                seconds_predict=seconds,
            )
            made = Simulated((prompts,))
            rows.append(scored(named, case, made, picked, prompted.tolerance_mm, known))
    return rows


def answers_in_order(
    prompted: PromptedSlice,
    truth: npt.NDArray[np.bool_],
    asked: Prompts,
    selection_at: Callable[[int], Selection],
    *,
    feed_back: bool,
) -> Iterator[tuple[Prompts, Picked, float]]:
    """Ask for the box alone, then with one click more each time.

    Parameters
    ----------
    prompted : PromptedSlice
        Model and slice.
    truth : (H, W) bool
        The object.
    asked : Prompts
        Box and clicks.
    selection_at : callable
        As ``chain_rule`` gives it.
    feed_back : bool
        As ``run_recorded`` takes it.

    Yields
    ------
    Prompts, Picked, float
        What was asked, the mask, and the seconds it took; nothing if the model offers
        no such selection.
    """
    feed_back = feed_back and prompted.model.capabilities.masks
    picked: Picked | None = None
    boxed = asked.box_rc is not None
    for clicks in range(0 if boxed else 1, len(asked.points_rc) + 1):
        logits = picked.logits if picked and feed_back else None
        prompts = Prompts(
            asked.points_rc[:clicks], asked.labels[:clicks], asked.box_rc, logits
        )
        answers, seconds = prompted.answer([prompts])
        # a box is never the ambiguous single point, of which the rule has its first
        picked = pick(answers, selection_at(clicks + 2 if boxed else clicks), truth)
        if picked is None:
            return
        yield prompts, picked, seconds


def _is_taken(prompted: PromptedSlice, asked: Prompts) -> bool:
    able = prompted.model.capabilities
    has_points = able.points and len(asked.points_rc) > 0
    return has_points or (able.boxes and asked.box_rc is not None)
