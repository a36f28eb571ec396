"""Prompts of a run that its models do not accept."""

from __future__ import annotations

from collections.abc import Sequence

from napari_sam_med.bench.protocol.result_rows import COLUMNS
from napari_sam_med.bench.protocol.run_settings import RunSettings, SettingGroup
from napari_sam_med.gui.benchmark.model_offers import Offer
from napari_sam_med.gui.benchmark.views.benchmark_values import ResultRow
from napari_sam_med.simulate.modes import Mode
from napari_sam_med.simulate.perturbation import BoxPerturbation

POINTS, BOXES = "points", "boxes"
PROMPTS = {POINTS: "point", BOXES: "box"}


def gaps_of(offers: Sequence[Offer], settings: RunSettings) -> tuple[ResultRow, ...]:
    """Make a row for each setting that a model has no results in, with the reason.

    Parameters
    ----------
    offers : sequence of Offer
        The models of the run; one whose card names no prompts takes all.
    settings : RunSettings
        What is simulated.

    Returns
    -------
    tuple of mapping
        Rows of the results table with an ``error``; numbers are None.
    """
    blank: ResultRow = dict.fromkeys(COLUMNS)
    return tuple(
        {
            **blank,
            "case_id": f"every case/{setting}",
            "label_name": f"no {PROMPTS[kind]} prompts",
            "image": "all",
            "model": offer.name,
            "profile": str(settings.profile),
            "setting": setting,
            "error": f"{offer.name} does not accept {PROMPTS[kind]} prompts",
        }
        for offer in offers
        for kind in lacking(offer)
        for setting in settings_with(kind, settings)
    )


def lacking(offer: Offer) -> tuple[str, ...]:
    """List which of points and boxes a model does not accept."""
    known = offer.card.get("prompts")
    return tuple(kind for kind in (POINTS, BOXES) if known and kind not in known)


def settings_with(kind: str, settings: RunSettings) -> tuple[str, ...]:
    """List the settings of a run that need points, or boxes.

    Examples
    --------
    >>> settings_with("boxes", RunSettings())
    ('mode3', 'mode4', 'mode5')
    """
    boxes = kind == BOXES
    found: list[str] = []
    if SettingGroup.MODES in settings.groups:
        found += [str(mode) for mode in Mode if mode.uses_box == boxes]
    pointed = (
        SettingGroup.CLICKS, SettingGroup.EVERYTHING, SettingGroup.CLICKING_GROUPS
    )  # fmt: skip
    for group in pointed:
        if group in settings.groups and not boxes:
            found.append(str(group))
    if SettingGroup.PERTURBATION in settings.groups:
        found += (
            [f"box_{each}" for each in BoxPerturbation] if boxes else ["point_shift"]
        )
    return tuple(found)
