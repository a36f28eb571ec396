"""All rows of the cases on a slice: results, or what went wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from napari_sam_med.bench.protocol.click_runs import (
    ClickPlan,
    run_clicks,
    simulated_clicker,
)
from napari_sam_med.bench.protocol.clicking_group_runs import run_clicking_groups
from napari_sam_med.bench.protocol.grid_runs import run_everything
from napari_sam_med.bench.protocol.mode_runs import run_modes
from napari_sam_med.bench.protocol.people.recorded_runs import run_recorded
from napari_sam_med.bench.protocol.perturbation_runs import run_perturbation
from napari_sam_med.bench.protocol.profile_rules import rules_of
from napari_sam_med.bench.protocol.profiles import DEFAULT, has_own_default_chain
from napari_sam_med.bench.protocol.prompted_slices import PromptedSlice, row_of_case
from napari_sam_med.bench.protocol.random_streams import run_name
from napari_sam_med.bench.protocol.result_rows import with_window
from napari_sam_med.bench.protocol.run_settings import SettingGroup
from napari_sam_med.core.selection import Selection
from napari_sam_med.core.slice_view import EmbeddedSlice
from napari_sam_med.errors import RunError, SamMedError
from napari_sam_med.simulate.modes import simulate_modes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from napari_sam_med.bench.protocol.cases import Case, CaseSlice
    from napari_sam_med.bench.protocol.click_runs import Clicker
    from napari_sam_med.bench.protocol.random_streams import RandomStreams
    from napari_sam_med.bench.protocol.result_rows import Drawn, Row
    from napari_sam_med.bench.protocol.run_settings import RunSettings
    from napari_sam_med.bench.run.stored_prompts import StoredPrompts
    from napari_sam_med.core.ports import Segmenter

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no result, in one sentence."""

    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class SeenSlice:
    """A model, and what it saw of a slice.

    Parameters
    ----------
    model : Segmenter
        The model.
    seen : PromptedSlice or Failure
        The slice, embedded, or why it could not be.
    """

    model: Segmenter
    seen: PromptedSlice | Failure


ShowSlice = Callable[["CaseSlice"], SeenSlice]
"""Shows a slice to a model, or gives what was seen ahead."""


def embed_slice(
    model: Segmenter, one_slice: CaseSlice, settings: RunSettings
) -> PromptedSlice | Failure:
    """Embed a slice by a model.

    Parameters
    ----------
    model : Segmenter
        The model.
    one_slice : CaseSlice
        The slice.
    settings : RunSettings
        The run's.

    Returns
    -------
    PromptedSlice or Failure
    """
    found = attempt(lambda: EmbeddedSlice.of(model, one_slice.view))
    return found if isinstance(found, Failure) else _prompted(found, settings)


def embed_slices(
    model: Segmenter, slices: Sequence[CaseSlice], settings: RunSettings
) -> list[PromptedSlice | Failure]:
    """Embed slices together, or one by one where the profile asks for bits.

    Parameters
    ----------
    model : Segmenter
        The model.
    slices : sequence of CaseSlice
        The slices.
    settings : RunSettings
        The run's.

    Returns
    -------
    list of PromptedSlice or Failure
        In the order of ``slices``; a slice that cannot be embedded leaves the others
        as they are.
    """
    if not rules_of(settings.profile).sequential:
        views = [each.view for each in slices]
        found = attempt(lambda: EmbeddedSlice.of_many(model, views))
        if not isinstance(found, Failure):
            return [_prompted(each, settings) for each in found]
    return [embed_slice(model, each, settings) for each in slices]


def rows_of_slice(
    show: ShowSlice,
    one_slice: CaseSlice,
    settings: RunSettings,
    streams: RandomStreams,
    stored: Mapping[str, Sequence[Drawn]],
    prompts_from: StoredPrompts | None = None,
) -> Iterator[tuple[Case, tuple[Row, ...]]]:
    """Compute the cases of one slice that are not stored yet.

    Parameters
    ----------
    show : callable
        Shows the slice to the model; called once, and only if there is something to
        compute.
    one_slice : CaseSlice
        The slice.
    settings : RunSettings
        What to do.
    streams : RandomStreams
        The random streams; draws of stored cases are made once more.
    stored : mapping of str to sequence of Drawn
        Case by case what the store holds.
    prompts_from : StoredPrompts or None
        Prompts of another run for modes and clicks; None simulates them.

    Yields
    ------
    Case, tuple of Row
        In order of label; no row for a stored case. What fails is one row with its
        error: the embedding, the modes, the clicks, the grid, the perturbation,
        the clicking groups.
    """
    found: SeenSlice | None = None
    by_grid: dict[str, list[Row]] = {}
    fresh = [case for case in one_slice.cases if case.case_id not in stored]
    for case in one_slice.cases:
        if case.case_id in stored:
            streams.skip(stored[case.case_id])
            yield case, ()
            continue
        if found is None:
            found = show(one_slice)
            if isinstance(found.seen, PromptedSlice):
                by_grid = _rows_by_grid(found.seen, fresh, settings)
        base, prompted = row_of_case(case, found.model, settings), found.seen
        if isinstance(prompted, Failure):
            yield case, (replace(base, error=prompted.reason),)
            continue
        base = replace(base, seconds_embed=prompted.embedded.seconds)
        plan = _Plan(settings, streams, prompts_from)
        rows = _rows_of_case(prompted, case, base, plan)
        rows += by_grid.get(case.case_id, ())
        window = one_slice.view.window
        yield case, tuple(with_window(row, window) for row in rows)


@dataclass(frozen=True, slots=True)
class _Plan:
    settings: RunSettings
    streams: RandomStreams
    prompts_from: StoredPrompts | None


def _rows_of_case(
    prompted: PromptedSlice, case: Case, base: Row, plan: _Plan
) -> list[Row]:
    rows: list[Row] = []
    for setting, selections in _runs_of(plan.settings):
        joint = str(selections[0]) if len(selections) == 1 else ""
        run = run_name(str(setting), joint)
        plan.streams.take_log(run)
        found = attempt(
            partial(ACTIONS[setting], prompted, case, base, plan, selections)
        )
        if isinstance(found, Failure):
            tied = json.dumps(plan.streams.take_log(run))
            failed = replace(base, setting=str(setting), selection=joint, tied=tied)
            rows.append(replace(failed, error=found.reason))
        else:
            rows += found
    return rows


def _rows_by_grid(
    prompted: PromptedSlice, cases: Sequence[Case], settings: RunSettings
) -> dict[str, list[Row]]:
    """Run the grids once for all objects of the slice."""
    if SettingGroup.EVERYTHING not in settings.groups:
        return {}
    bases = [
        replace(
            row_of_case(case, prompted.model, settings),
            seconds_embed=prompted.embedded.seconds,
        )
        for case in cases
    ]
    rows: dict[str, list[Row]] = {case.case_id: [] for case in cases}
    for side in settings.grids:
        found = attempt(partial(run_everything, prompted, cases, bases, side))
        for case, base in zip(cases, bases, strict=True):
            if isinstance(found, Failure):
                failed = replace(base, setting=str(SettingGroup.EVERYTHING), step=side)
                rows[case.case_id].append(replace(failed, error=found.reason))
            else:
                rows[case.case_id] += found[case.case_id]
    return rows


def _runs_of(
    settings: RunSettings,
) -> list[tuple[SettingGroup, tuple[Selection, ...]]]:
    """List what can fail by itself: with one stream for all, each chain of clicks."""
    runs: list[tuple[SettingGroup, tuple[Selection, ...]]] = []
    if SettingGroup.MODES in settings.groups:
        runs.append((SettingGroup.MODES, ()))
    if SettingGroup.CLICKS in settings.groups:
        together = [tuple(Selection)]
        apart = [(selection,) for selection in Selection]
        sequential = rules_of(settings.profile).sequential
        chains = apart if sequential else together
        runs += [(SettingGroup.CLICKS, selections) for selections in chains]
    if SettingGroup.PERTURBATION in settings.groups:
        runs.append((SettingGroup.PERTURBATION, ()))
    if SettingGroup.CLICKING_GROUPS in settings.groups:
        runs.append((SettingGroup.CLICKING_GROUPS, ()))
    if SettingGroup.RECORDED in settings.groups:
        runs.append((SettingGroup.RECORDED, ()))
    return runs


def _modes(
    prompted: PromptedSlice, case: Case, base: Row, plan: _Plan, _: Sequence[Selection]
) -> list[Row]:
    if plan.prompts_from is not None:
        return run_modes(prompted, case, base, plan.prompts_from.modes_of(case.case_id))
    rules = rules_of(plan.settings.profile)
    draw = plan.streams.draws(case, run_name(SettingGroup.MODES), 1)
    made = simulate_modes(case.truth, rules.distance(case), draw)
    return run_modes(prompted, case, base, made)


def _clicks(
    prompted: PromptedSlice,
    case: Case,
    base: Row,
    plan: _Plan,
    selections: Sequence[Selection],
) -> list[Row]:
    settings, rules = plan.settings, rules_of(plan.settings.profile)
    feed_back = settings.feed_back and rules.takes_feedback
    chains = [str(selection) for selection in selections]
    count = prompted.model.capabilities.n_candidates
    if has_own_default_chain(settings.profile, count):
        chains.append(DEFAULT)
    clickers: dict[str, Clicker] = {}
    for one in chains:
        run = run_name(SettingGroup.CLICKS, one)
        draw_at = partial(plan.streams.draws, case, run)
        clickers[one] = (
            simulated_clicker(case, rules, draw_at)
            if plan.prompts_from is None
            else plan.prompts_from.clicker(case.case_id, one)
        )
    given = plan.prompts_from is not None
    clicks = ClickPlan(settings.clicks, feed_back, settings.tolerance_mm, given)
    return run_clicks(prompted, case, base, clicks, clickers)


def _perturbation(
    prompted: PromptedSlice, case: Case, base: Row, plan: _Plan, _: Sequence[Selection]
) -> list[Row]:
    rules = rules_of(plan.settings.profile)
    return run_perturbation(prompted, case, base, rules, plan.settings)


def _clicking_groups(
    prompted: PromptedSlice, case: Case, base: Row, plan: _Plan, _: Sequence[Selection]
) -> list[Row]:
    return run_clicking_groups(prompted, case, base, plan.settings)


def _recorded(
    prompted: PromptedSlice, case: Case, base: Row, plan: _Plan, _: Sequence[Selection]
) -> list[Row]:
    if plan.prompts_from is None or case.drawn_by not in plan.prompts_from.recorded:
        msg = f"nobody prompted {case.case_id} in the session; give its prompts"
        raise RunError(msg)
    asked = plan.prompts_from.recorded[case.drawn_by]
    rules = rules_of(plan.settings.profile)
    feed_back = plan.settings.feed_back and rules.takes_feedback
    return run_recorded(prompted, case, base, asked, feed_back=feed_back)


ACTIONS = {
    SettingGroup.MODES: _modes,
    SettingGroup.CLICKS: _clicks,
    SettingGroup.PERTURBATION: _perturbation,
    SettingGroup.CLICKING_GROUPS: _clicking_groups,
    SettingGroup.RECORDED: _recorded,
}


def _prompted(embedded: EmbeddedSlice, settings: RunSettings) -> PromptedSlice:
    return PromptedSlice(
        embedded,
        one_by_one=rules_of(settings.profile).sequential,
        tolerance_mm=settings.tolerance_mm,
    )


def attempt(action: Callable[[], Result]) -> Result | Failure:
    """Turn whatever goes wrong in a case into a row's error.

    Parameters
    ----------
    action : callable
        Computes something of a case.

    Returns
    -------
    What ``action`` returns, or Failure
    """
    try:
        return action()
    except SamMedError as error:
        return Failure(str(error))
    except Exception as error:  # noqa: BLE001
        return Failure(f"{type(error).__name__}: {error}")
