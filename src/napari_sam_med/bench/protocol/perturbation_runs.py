"""Perturbed prompts of one object: how much an answer depends on the exact ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.protocol.scoring import scored_selections
from napari_sam_med.core.prompts import POSITIVE, Prompts
from napari_sam_med.simulate.components import components_of, tight_box
from napari_sam_med.simulate.distance_maps import centre_of
from napari_sam_med.simulate.modes import Simulated
from napari_sam_med.simulate.perturbation import (
    BoxPerturbation,
    perturbed_box,
    perturbed_point,
)
from napari_sam_med.simulate.rng import seeded_rng

if TYPE_CHECKING:
    from napari_sam_med.bench.protocol.cases import Case
    from napari_sam_med.bench.protocol.profile_rules import ProfileRules
    from napari_sam_med.bench.protocol.prompted_slices import PromptedSlice
    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.bench.protocol.run_settings import RunSettings


def run_perturbation(
    prompted: PromptedSlice,
    case: Case,
    base: Row,
    rules: ProfileRules,
    settings: RunSettings,
) -> list[Row]:
    """Prompt an object with boxes and points drawn near the exact ones.

    Parameters
    ----------
    prompted : PromptedSlice
        Model and slice.
    case : Case
        The object.
    base : Row
        What its rows share.
    rules : ProfileRules
        The profile's.
    settings : RunSettings
        How many draws, and how far they are moved.

    Returns
    -------
    list of Row
        One for each kind, draw (``step``) and selection. Boxes vary the one round the
        whole object, points the centre of its largest component. The draws depend on
        the case alone, so that all models get the same.
    """
    able = prompted.model.capabilities
    made: list[tuple[str, int, Prompts]] = []
    for step in range(1, settings.draws + 1):
        rng = seeded_rng(case.drawn_by, case.label, step, settings.seed)
        boxes = {
            f"box_{kind}": _box(case, kind, settings, rng) for kind in BoxPerturbation
        }
        point = {"point_shift": _point(case, rules, settings, rng)}
        asked = (boxes if able.boxes else {}) | (point if able.points else {})
        made += [(name, step, prompts) for name, prompts in asked.items()]
    if not made:
        return []
    answers, seconds = prompted.answer([prompts for _, _, prompts in made])
    base = replace(base, seconds_predict=seconds)
    rows = []
    for (name, step, prompts), answer in zip(made, answers, strict=True):
        named = replace(base, setting=name, step=step)
        simulated = Simulated((prompts,))
        rows += scored_selections(
            named, case, simulated, [answer], prompted.tolerance_mm
        )
    return rows


def _box(
    case: Case, kind: BoxPerturbation, settings: RunSettings, rng: np.random.Generator
) -> Prompts:
    box = tight_box(case.truth)
    height, width = box[2:] - box[:2] + 1
    fraction = settings.jitter_unit == "fraction"
    sides = (height, width) if fraction else (1.0, 1.0)
    amount_rc = (settings.jitter * sides[0], settings.jitter * sides[1])
    shape_hw = (case.labels.shape[0], case.labels.shape[1])
    return Prompts(box_rc=perturbed_box(box, kind, amount_rc, shape_hw, rng))


def _point(
    case: Case, rules: ProfileRules, settings: RunSettings, rng: np.random.Generator
) -> Prompts:
    component = components_of(case.truth)[0]
    centre = centre_of(rules.distance(case)(component), lambda _: 0)
    box = tight_box(component)
    side = float(np.mean(box[2:] - box[:2] + 1))
    fraction = settings.jitter_unit == "fraction"
    radius = settings.jitter * (side if fraction else 1.0)
    point = perturbed_point(component, centre.point_rc, radius, rng)
    return Prompts(point[None], np.array([POSITIVE]))
