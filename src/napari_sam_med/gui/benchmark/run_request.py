"""From what a person set to a run that can start, or the reason why it cannot."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from napari.layers import Image, Labels

from napari_sam_med.bench.data.placed_pairs import PlacedPair
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.run_settings import RunSettings, SettingGroup
from napari_sam_med.errors import DatasetError, RunError
from napari_sam_med.gui.benchmark.layer_pairs import pair_from_layers
from napari_sam_med.gui.benchmark.model_offers import Offer
from napari_sam_med.gui.benchmark.run_messages import RunPlan
from napari_sam_med.gui.benchmark.views.benchmark_values import (
    BenchmarkForm,
    PairValue,
    ShiftUnit,
)

TEMPORARY_PREFIX = "napari-sam-med-run-"


def layer_pairs(
    chosen: Sequence[PairValue], images: Sequence[Image], labels: Sequence[Labels]
) -> tuple[PlacedPair, ...]:
    """Look up the layers of the ticked pairs and check that they fit.

    Parameters
    ----------
    chosen : sequence of PairValue
        The rows of the table.
    images, labels : sequence of layers
        What is open in the viewer.

    Returns
    -------
    tuple of PlacedPair
        Each with a name of its own: the image's, or both where an image occurs twice.

    Raises
    ------
    DatasetError
        If there is no image, no labels layer, no ticked or an incomplete pair, the same
        pair twice, or labels do not lie on their image.
    ImageError
        If a layer has more than three dimensions.
    GeometryError
        If a layer is sheared.
    """
    _check_choice(chosen, images, labels)
    ticked = [pair for pair in chosen if pair.checked]
    names = [pair.image for pair in ticked]
    by_name: dict[str, Image | Labels] = {layer.name: layer for layer in images}
    truth_by_name = {layer.name: layer for layer in labels}
    return tuple(
        pair_from_layers(
            by_name[pair.image],
            truth_by_name[pair.labels],
            pair.image
            if names.count(pair.image) == 1
            else f"{pair.image} + {pair.labels}",
        )
        for pair in ticked
    )


def run_plan(
    form: BenchmarkForm, pairs: tuple[PlacedPair, ...], offers: Sequence[Offer]
) -> RunPlan:
    """Put a run together.

    Parameters
    ----------
    form : BenchmarkForm
        The settings.
    pairs : tuple of PlacedPair
        As ``layer_pairs`` gives them.
    offers : sequence of Offer
        All models that could be asked for.

    Returns
    -------
    RunPlan
        In a new temporary folder if the form names none.

    Raises
    ------
    RunError
        If no model or no setting is ticked, or a number is out of range.
    DatasetError
        If flat images are to be cut across another axis than the first.
    """
    profile = Profile(form.profile)
    chosen = tuple(o.under(profile) for o in offers if o.name in form.models)
    if not chosen:
        msg = "no model is ticked; tick at least one in the list of models"
        raise RunError(msg)
    flat = [p.image_name for p in pairs if p.labels.ndim == 2 or len(p.labels) == 1]
    if form.axis != 0 and flat:
        msg = (
            f"{', '.join(flat)} is one slice and cannot be cut across axis {form.axis};"
            " choose axis 0 or leave it out"
        )
        raise DatasetError(msg)
    return RunPlan(pairs, chosen, run_settings(form), _folder(form.folder))


def run_settings(form: BenchmarkForm) -> RunSettings:
    """Read what is to be simulated.

    Parameters
    ----------
    form : BenchmarkForm
        The settings.

    Raises
    ------
    RunError
        If no setting is ticked, or a number is out of range.
    """
    asked = {
        SettingGroup.MODES: form.modes,
        SettingGroup.CLICKS: form.with_clicks,
        SettingGroup.EVERYTHING: form.with_everything,
        SettingGroup.PERTURBATION: form.with_perturbation,
        SettingGroup.CLICKING_GROUPS: form.with_clicks and form.with_clicking_groups,
    }
    groups = tuple(group for group, is_on in asked.items() if is_on)
    if not groups:
        msg = "no setting is ticked; tick the five modes, the clicks or another one"
        raise RunError(msg)
    in_pixels = form.shift_unit is ShiftUnit.PIXELS
    return RunSettings(
        Profile(form.profile),
        groups,
        clicks=form.clicks,
        axis=form.axis,
        feed_back=form.feed_back,
        grids=(form.grid,),
        draws=form.draws,
        jitter=form.shift if in_pixels else form.shift / 100,
        jitter_unit="px" if in_pixels else "fraction",
        tolerance_mm=form.tolerance_mm if form.with_outlines else None,
    )


def _folder(chosen: Path | None) -> Path:
    if chosen is not None:
        try:
            return chosen.expanduser()
        except RuntimeError as error:
            msg = (
                f"{chosen} is in no home folder of this machine; give a folder's full "
                "path, or leave the field empty"
            )
            raise RunError(msg) from error
    return Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX))


def _check_choice(
    chosen: Sequence[PairValue], images: Sequence[Image], labels: Sequence[Labels]
) -> None:
    ticked = [pair for pair in chosen if pair.checked]
    if not images:
        msg = "there is no image layer; open an image and the labels drawn on it"
    elif not labels:
        msg = "there is no labels layer; open or draw the truth as a Labels layer"
    elif not ticked:
        msg = "no pair is ticked; tick a pair of an image and its labels"
    elif any(not pair.image or not pair.labels for pair in ticked):
        msg = "a ticked pair lacks its image or its labels; choose both or remove it"
    elif len({(pair.image, pair.labels) for pair in ticked}) < len(ticked):
        msg = "a pair is ticked twice; remove one of the two rows"
    else:
        return
    raise DatasetError(msg)
