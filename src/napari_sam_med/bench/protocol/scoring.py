"""From a picked mask to the numbers of its row."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from napari_sam_med.bench.protocol.result_rows import NAN
from napari_sam_med.core.measures.surfaces import surface_agreement
from napari_sam_med.core.metrics import dice, iou
from napari_sam_med.core.selection import Picked, Selection, pick

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.bench.protocol.cases import Case
    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.simulate.modes import Simulated

SCORE_DECIMALS = 4
"""Of a stored predicted IoU. A network's sums differ in their last bits with the number
of threads and the processor's instructions: masks seldom change by it, scores always.
So rounded they are the same but for one in about a thousand, which differs by 0.0001
(noise of 1e-7 at steps of 1e-4)."""


class MaskMeasures(NamedTuple):
    """Agreement of one mask with the truth, named as in ``Row``."""

    iou: float
    dice: float
    nsd: float = NAN
    hd95_mm: float = NAN


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
    known: dict[bytes, MaskMeasures] = {}  # selections often pick the same mask
    for selection in Selection:
        picked = pick(answers, selection, case.truth)
        if picked is None:
            continue
        named = replace(base, selection=str(selection))
        rows.append(scored(named, case, simulated, picked, tolerance_mm, known))
    return rows


def scored(
    base: Row,
    case: Case,
    simulated: Simulated,
    picked: Picked,
    tolerance_mm: float | None,
    known: dict[bytes, MaskMeasures] | None = None,
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
    known : dict of bytes to MaskMeasures, optional
        By the pixels of the object's masks that were measured before; what is measured
        here is added.

    Returns
    -------
    Row
    """
    known = {} if known is None else known
    pixels = picked.mask.tobytes()
    if pixels not in known:
        known[pixels] = _measured(picked.mask, case, tolerance_mm)
    return replace(
        base,
        **known[pixels]._asdict(),
        score=round(picked.score, SCORE_DECIMALS),
        prompts=json.dumps([each.to_json() for each in simulated.prompts]),
        tied=json.dumps(simulated.tied),
    )


def _measured(
    mask: npt.NDArray[np.bool_], case: Case, tolerance_mm: float | None
) -> MaskMeasures:
    found = MaskMeasures(iou(mask, case.truth), dice(mask, case.truth))
    if tolerance_mm is None:
        return found
    outlines = surface_agreement(
        mask, case.truth, spacing_rc=case.plane.spacing_rc, tolerance_mm=tolerance_mm
    )
    return found._replace(nsd=outlines.nsd, hd95_mm=outlines.hd95_mm)
