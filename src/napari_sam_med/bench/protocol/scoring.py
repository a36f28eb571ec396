"""From a picked mask to the numbers of its row."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam_med.core.measures.surfaces import surface_agreement
from napari_sam_med.core.metrics import dice, iou
from napari_sam_med.core.selection import Picked, Selection, pick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam_med.bench.protocol.cases import Case
    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.simulate.modes import Simulated

SCORE_DECIMALS = 4
"""Of a stored predicted IoU. A network's sums differ in their last bits with the number
of threads and the processor's instructions: masks seldom change by it, scores always.
So rounded they are the same but for one in about a thousand, which differs by 0.0001
(noise of 1e-7 at steps of 1e-4)."""


def scored_selections(
    base: Row,
    case: Case,
    simulated: Simulated,
    answers: Sequence[Candidates],
    tolerance_mm: float | None,
) -> list[Row]:
    """Score the mask of every selection that the model offers.

    Parameters
    ----------
    base : Row
        With the setting and the step.
    case : Case
        The object.
    simulated : Simulated
        The prompts that were answered.
    answers : sequence of Candidates
        One for each prompt.
    tolerance_mm : float or None
        Of the normalised surface Dice; None leaves outlines unmeasured.

    Returns
    -------
    list of Row
        One for each selection.
    """
    rows = []
    known: dict[bytes, Row] = {}  # selections often pick the same mask
    for selection in Selection:
        picked = pick(answers, selection, case.truth)
        if picked is None:
            continue
        pixels = picked.mask.tobytes()
        if pixels not in known:
            known[pixels] = scored(base, case, simulated, picked, tolerance_mm)
        score = round(picked.score, SCORE_DECIMALS)
        rows.append(replace(known[pixels], selection=str(selection), score=score))
    return rows


def scored(
    base: Row,
    case: Case,
    simulated: Simulated,
    picked: Picked,
    tolerance_mm: float | None,
) -> Row:
    """Score one mask.

    Parameters
    ----------
    base : Row
        With setting, step and selection.
    case : Case
        The object.
    simulated : Simulated
        The prompts that were answered.
    picked : Picked
        The mask.
    tolerance_mm : float or None
        Of the normalised surface Dice; None leaves outlines unmeasured.

    Returns
    -------
    Row
    """
    truth = case.truth
    row = replace(
        base,
        iou=iou(picked.mask, truth),
        dice=dice(picked.mask, truth),
        score=round(picked.score, SCORE_DECIMALS),
        prompts=json.dumps([each.to_json() for each in simulated.prompts]),
        tied=json.dumps(simulated.tied),
    )
    if tolerance_mm is None:
        return row
    outlines = surface_agreement(
        picked.mask,
        truth,
        spacing_rc=case.plane.spacing_rc,
        tolerance_mm=tolerance_mm,
    )
    return replace(row, nsd=outlines.nsd, hd95_mm=outlines.hd95_mm)
