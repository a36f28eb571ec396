"""``sam2-medical``: a slice or three are prompted, the model finds the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam_med.bench.protocol.volume_rules.prompted_positions import (
    prompted_positions,
)
from napari_sam_med.bench.protocol.volume_rules.prompts_from_truth import (
    can_be_asked,
    slice_prompt,
    text_from_given,
)
from napari_sam_med.bench.protocol.volume_rules.volume_scores import scored_volume
from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
    Direction,
    PromptedSlices,
    SlicePromptKind,
)
from napari_sam_med.simulate.rng import seeded_draws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.bench.protocol.volume_rules.volume_cases import VolumeCase
    from napari_sam_med.bench.protocol.volume_rules.volume_floors import Floor
    from napari_sam_med.bench.protocol.volume_rules.volume_models import VolumeModel
    from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
        VolumeSettings,
    )
    from napari_sam_med.core.ports import Capabilities

    Attempt = Callable[[Row, Callable[[], list[Row]]], list[Row]]
    """Makes rows, or of what goes wrong a row with its error."""


def setting_name(
    kind: SlicePromptKind, choice: PromptedSlices, direction: Direction
) -> str:
    """Name a way of prompting, as it stands in result rows.

    Examples
    --------
    >>> setting_name(SlicePromptKind.BOX, PromptedSlices.MIDDLE, Direction.BOTH)
    'box_middle_both'
    """
    return f"{kind}_{choice}_{direction}"


def study_rows(
    asked: VolumeModel,
    case: VolumeCase,
    base: Row,
    settings: VolumeSettings,
    attempt: Attempt,
) -> list[Row]:
    """Ask a model about an object in all ways that it takes.

    Parameters
    ----------
    asked : VolumeModel
        The model and the volume.
    case : VolumeCase
        The object.
    base : Row
        What its rows share.
    settings : VolumeSettings
        The run's.
    attempt : callable
        Makes the rows of one way of prompting.

    Returns
    -------
    list of Row
        One for each choice of slices, kind of prompt and direction. A kind that the
        model does not take has none; models that are no video models go both ways.
    """
    rows: list[Row] = []
    for kind, choice, direction in _ways(asked, settings):
        places = prompted_positions(case.areas_px, choice)
        named = replace(base, setting=setting_name(kind, choice, direction), step=1)
        named = replace(named, slice=places[0], selection="best_score")

        def found(
            kind: SlicePromptKind = kind,
            places: tuple[int, ...] = places,
            direction: Direction = direction,
            named: Row = named,
        ) -> list[Row]:
            given = {
                index: slice_prompt(
                    case.slice_at(index),
                    kind,
                    seeded_draws(case.drawn_by, case.label, index + 1, settings.seed),
                )
                for index in places
            }
            followed = asked.follow(given, direction)
            answered = replace(
                named,
                prompts=text_from_given(given),
                score=followed.score,
                seconds_predict=followed.seconds,
            )
            return [scored_volume(answered, case, followed.mask, places, settings)]

        rows += attempt(named, found)
    return rows


def study_floor_rows(
    floor: Floor, case: VolumeCase, base: Row, settings: VolumeSettings
) -> list[Row]:
    """Score a floor for each choice of slices.

    Parameters
    ----------
    floor : callable
        One of ``FLOORS``.
    case, base, settings
        As ``study_rows`` takes them.

    Returns
    -------
    list of Row
    """
    rows = []
    for choice in settings.choices:
        places = prompted_positions(case.areas_px, choice)
        mask = floor(case, places)
        if mask is not None:
            setting = setting_name(SlicePromptKind.MASK, choice, Direction.BOTH)
            given = {index: case.slice_at(index) for index in places}
            named = replace(base, setting=setting, step=1, slice=places[0])
            named = replace(
                named, selection="best_score", prompts=text_from_given(given)
            )
            rows.append(scored_volume(named, case, mask, places, settings))
    return rows


def _ways(
    asked: VolumeModel, settings: VolumeSettings
) -> Iterator[tuple[SlicePromptKind, PromptedSlices, Direction]]:
    able: Capabilities = asked.model.capabilities
    for kind in settings.kinds:
        if not can_be_asked(kind, able):
            continue
        for choice in settings.choices:
            for direction in settings.directions:
                if direction is Direction.BOTH or asked.goes_one_way:
                    yield kind, choice, direction
