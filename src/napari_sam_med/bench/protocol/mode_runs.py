"""Prompt one object once in each mode, and score the answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam_med.bench.protocol.scoring import scored_selections

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam_med.bench.protocol.cases import Case
    from napari_sam_med.bench.protocol.prompted_slices import PromptedSlice
    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.simulate.modes import Mode, Simulated


def run_modes(
    prompted: PromptedSlice, case: Case, base: Row, made: Mapping[Mode, Simulated]
) -> list[Row]:
    """Prompt an object in the modes that the model can be asked, and score.

    Parameters
    ----------
    prompted : PromptedSlice
        Model and slice.
    case : Case
        The object.
    base : Row
        What its rows share.
    made : mapping of Mode to Simulated
        The prompts.

    Returns
    -------
    list of Row
        One for each mode and selection. A mode that needs a kind of prompt which the
        model does not take has none.
    """
    able = prompted.model.capabilities
    asked = {
        mode: simulated
        for mode, simulated in made.items()
        if (able.boxes if mode.uses_box else able.points)
    }
    prompts = [one for simulated in asked.values() for one in simulated.prompts]
    if not prompts:
        return []
    answers, seconds = prompted.answer(prompts)
    rows = []
    for mode, simulated in asked.items():
        mine = answers[: len(simulated.prompts)]
        answers = answers[len(simulated.prompts) :]
        named = replace(base, setting=str(mode), step=1)
        named = replace(named, seconds_predict=seconds * len(mine))
        rows += scored_selections(named, case, simulated, mine, prompted.tolerance_mm)
    return rows
