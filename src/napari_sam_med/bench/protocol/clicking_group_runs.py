"""Clicks of ten groups, from near the border of the error to its centre."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from napari_sam_med.bench.protocol.click_runs import (
    ClickPlan,
    click_chain,
    drive,
    simulated_clicker,
)
from napari_sam_med.bench.protocol.profile_rules import rules_of
from napari_sam_med.bench.protocol.profiles import default_chain
from napari_sam_med.simulate.clicking_groups import GROUPS, click_of_group
from napari_sam_med.simulate.rng import seeded_draws

if TYPE_CHECKING:
    from napari_sam_med.bench.protocol.cases import Case
    from napari_sam_med.bench.protocol.click_runs import Chain
    from napari_sam_med.bench.protocol.prompted_slices import PromptedSlice
    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.bench.protocol.run_settings import RunSettings

GROUP_SETTINGS = tuple(f"clicking_group_{group:02}" for group in range(1, GROUPS + 1))
"""The settings in rows, the group nearest to the border first."""
CLICK_CHAINS = ("clicks", *GROUP_SETTINGS)
"""Settings whose rows are the clicks of a chain, one for each step."""


def run_clicking_groups(
    prompted: PromptedSlice, case: Case, base: Row, settings: RunSettings
) -> list[Row]:
    """Click on an object as each clicking group does.

    Parameters
    ----------
    prompted : PromptedSlice
        Model and slice.
    case : Case
        The object.
    base : Row
        What its rows share.
    settings : RunSettings
        The run's: the profile's rules, how many clicks.

    Returns
    -------
    list of Row
        For each group the profile's default chain of clicks; none if the model takes no
        points. The profile says which region is clicked into, the group where in it.
        Draws depend on the case, the group and the step alone, whatever the profile.
    """
    able = prompted.model.capabilities
    if not able.points:
        return []
    takes = rules_of(settings.profile).takes_feedback and able.masks
    plan = ClickPlan(
        settings.clicks, settings.feed_back and takes, settings.tolerance_mm
    )
    chain = default_chain(settings.profile, able.n_candidates)
    return drive(
        prompted,
        [
            _chain_of(case, replace(base, setting=setting), chain, settings, plan)
            for setting in GROUP_SETTINGS
        ],
    )


def _chain_of(
    case: Case, base: Row, chain: str, settings: RunSettings, plan: ClickPlan
) -> Chain:
    group = GROUP_SETTINGS.index(base.setting) + 1
    rules = rules_of(settings.profile, partial(click_of_group, group=group))
    clicker = simulated_clicker(
        case,
        rules,
        lambda step: seeded_draws(
            f"{case.drawn_by}/{base.setting}", case.label, step, settings.seed
        ),
    )
    return click_chain(case, base, chain, clicker, plan)
