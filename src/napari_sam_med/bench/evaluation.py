"""All rows of one case: results, or what went wrong."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from napari_sam_med.bench.protocols import rules_of
from napari_sam_med.bench.runs import (
    ClickPlan,
    Scene,
    row_of_case,
    run_clicks,
    run_modes,
)
from napari_sam_med.bench.settings import SettingGroup
from napari_sam_med.bench.streams import run_name
from napari_sam_med.core.selection import Selection
from napari_sam_med.errors import SamMedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_sam_med.bench.cases import Case, CaseSlice
    from napari_sam_med.bench.rows import Row
    from napari_sam_med.bench.settings import RunSettings
    from napari_sam_med.bench.streams import Streams
    from napari_sam_med.core.ports import Segmenter

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no result, in one sentence."""

    reason: str


def see_slice(
    model: Segmenter, one_slice: CaseSlice, settings: RunSettings
) -> Scene | Failure:
    """Show a slice to a model.

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
    Scene or Failure
    """
    return _attempt(partial(_scene, model, one_slice, settings))


def rows_of_case(
    model: Segmenter,
    scene: Scene | Failure,
    case: Case,
    settings: RunSettings,
    streams: Streams,
) -> tuple[Row, ...]:
    """Compute all rows of one case.

    Parameters
    ----------
    model : Segmenter
        The model.
    scene : Scene or Failure
        The case's slice as the model sees it.
    case : Case
        The object.
    settings : RunSettings
        What to do.
    streams : Streams
        The random choices.

    Returns
    -------
    tuple of Row
        What fails is one row with its error: the embedding, the modes, the clicks.
    """
    base = row_of_case(case, model, settings)
    if isinstance(scene, Failure):
        return (replace(base, error=scene.reason),)
    base = replace(base, seconds_embed=scene.seconds_embed)
    rows: list[Row] = []
    for setting, selections in _runs_of(settings):
        joint = "" if len(selections) != 1 else str(selections[0])
        run = run_name(str(setting), joint)
        streams.take_log(run)
        action = _action(setting, selections, settings, streams)
        found = _attempt(partial(action, scene, case, base))
        if isinstance(found, Failure):
            tied = json.dumps(streams.take_log(run))
            failed = replace(base, setting=str(setting), selection=joint, tied=tied)
            rows.append(replace(failed, error=found.reason))
        else:
            rows += found
    return tuple(rows)


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
    return runs


def _action(
    setting: SettingGroup,
    selections: Sequence[Selection],
    settings: RunSettings,
    streams: Streams,
) -> Callable[[Scene, Case, Row], list[Row]]:
    rules = rules_of(settings.profile)
    plan = ClickPlan(rules, settings.clicks, settings.feed_back)

    def modes(scene: Scene, case: Case, base: Row) -> list[Row]:
        choose = streams.choice(case, run_name(setting), 1)
        return run_modes(scene, case, base, rules, choose)

    def clicks(scene: Scene, case: Case, base: Row) -> list[Row]:
        choices = [
            (one, partial(streams.choice, case, run_name(setting, one)))
            for one in selections
        ]
        return run_clicks(scene, case, base, plan, choices)

    return modes if setting is SettingGroup.MODES else clicks


def _scene(model: Segmenter, one_slice: CaseSlice, settings: RunSettings) -> Scene:
    start = time.perf_counter()
    embedding = model.embed(one_slice.image())
    return Scene(
        model=model,
        embedding=embedding,
        grid=one_slice.grid,
        one_by_one=rules_of(settings.profile).sequential,
        seconds_embed=time.perf_counter() - start,
    )


def _attempt(action: Callable[[], Result]) -> Result | Failure:
    """Turn whatever goes wrong in a case into a row's error."""
    try:
        return action()
    except SamMedError as error:
        return Failure(str(error))
    except Exception as error:  # noqa: BLE001
        return Failure(f"{type(error).__name__}: {error}")
