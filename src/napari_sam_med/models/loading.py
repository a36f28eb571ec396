"""From a card and a file to a model; a family's code is imported when it is asked."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from napari_sam_med.errors import CheckpointError, ModelError
from napari_sam_med.models.load_options import LoadOptions
from napari_sam_med.models.registry import plugins
from napari_sam_med.models.torchvision_import import import_torchvision

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from napari_sam_med.core.ports import Segmenter
    from napari_sam_med.models.click.click_segmenter import Predictor
    from napari_sam_med.models.load_options import Zoom
    from napari_sam_med.models.registry import Card

# Whose logits lie in the square that an image is padded to with its aspect kept.
ZOOMING_FAMILIES = frozenset({"nano", "sam", "mobile_sam", "hq_sam"})
# Whose masks end at the box and whose scores are calibrated; no other was measured.
MEASURED_FAMILIES = frozenset({"nano"})
CLICK_FAMILIES = frozenset({"ritm", "simpleclick", "focalclick"})
VIDEO_FAMILIES = frozenset({"sam2", "medsam2"})
# Whose own second network looks at a crop round the last click.
REFINING_FAMILIES = frozenset({"focalclick"})


def bundled_weights(name: str) -> Path | None:
    """File of a model that comes with the package, if it is there."""
    file = resources.files("napari_sam_med") / "weights" / f"{name}.safetensors"
    path = Path(str(file))
    return path if path.is_file() else None


def load_family(card: Card, path: Path | None, options: LoadOptions) -> Segmenter:
    """Build the model of a card, with the code of the package that it comes from.

    Parameters
    ----------
    card : Card
        What to build.
    path : Path or None
        Its weights; None for models that need none.
    options : LoadOptions
        How it is to run.

    Raises
    ------
    CheckpointError
        If the file is absent, damaged or another model's.
    ModelError
        If the device is not there, the model takes no such zoom, no code for the
        family is there, or another package's model cannot be loaded.
    """
    _check_packages(card)
    if card.name in plugins():
        if options.zoom not in ("default", "off"):
            msg = f"{card.name} takes no zoom; give 'off'"
            raise ModelError(msg)
        return _load_foreign(card, path, replace(options, zoom="off"))
    try:
        load = LOADERS[card.family]
    except KeyError:
        msg = f"{card.name} is of family '{card.family}', which has no code here"
        raise ModelError(msg) from None
    zoom = chosen_zoom(card, options.zoom)
    chosen = replace(options, zoom=zoom)
    if load is _load_baseline:
        return load(card, path, chosen)
    import_torchvision()
    from napari_sam_med.models.torch_defaults import as_torch_begins

    with as_torch_begins():
        return with_zoom(load(card, path, chosen), card, zoom)


def _load_foreign(card: Card, path: Path | None, options: LoadOptions) -> Segmenter:
    from napari_sam_med.models.wrappers.foreign_model import ForeignModel, told

    with told(card.name, "load"):
        model = plugins()[card.name].load(card, path, options)
    return ForeignModel(model, card.name)


def _check_packages(card: Card) -> None:
    if card.missing_packages:
        lacking = " and ".join(card.missing_packages)
        msg = f"{card.name} needs {lacking}; {card.how_to_install}"
        raise ModelError(msg)


def check_loads(card: Card, path: Path) -> None:
    """Refuse a file that does not load as a card's model.

    Parameters
    ----------
    card : Card
        The model's.
    path : Path
        Its weights.

    Raises
    ------
    CheckpointError
        If the file is damaged or another model's.
    ModelError
        If no code for the family is there.
    """
    load_family(card, path, LoadOptions(device="cpu", zoom="off"))


def network_of(card: Card) -> nn.Module:
    """Build the network of a model whose weights are a file, without its weights.

    Parameters
    ----------
    card : Card
        The model's.

    Returns
    -------
    torch.nn.Module
        The names and shapes of its ``state_dict`` are those of the published file; its
        numbers are arbitrary or absent.

    Raises
    ------
    ModelError
        If the model is another package's, or needs a package that is not installed.
    """
    if card.name in plugins():
        msg = f"{card.name} is another package's; name a model of this one"
        raise ModelError(msg)
    _check_packages(card)
    import torch

    import_torchvision()
    from napari_sam_med.models.torch_defaults import as_torch_begins

    with as_torch_begins():
        if card.family in CLICK_FAMILIES:
            return _click_predictor(card, refine=True).network
        with torch.device("meta"):
            network: nn.Module = _meta_builder(card)()
    return network


def _meta_builder(card: Card) -> Callable[[], nn.Module]:
    if card.family in VIDEO_FAMILIES:
        from napari_sam_med.models.video.sam2_loading import network_builder

        return network_builder(card)
    from napari_sam_med.models.sam.sam_builders import builder_of

    return builder_of(card)


def chosen_zoom(card: Card, zoom: Zoom) -> Zoom:
    """Say whether a model looks twice, and refuse what it cannot do.

    Parameters
    ----------
    card : Card
        The model's.
    zoom : {"default", "off", "on", "auto"}
        What was asked; ``default`` is what the card says.

    Returns
    -------
    {"off", "on", "auto"}

    Raises
    ------
    ModelError
        If the model does not keep the image's aspect, or zooms by rules of its own.
    """
    chosen: Zoom = card.zoom if zoom == "default" else zoom
    refines = card.family in REFINING_FAMILIES
    if chosen == "off" or card.family in ZOOMING_FAMILIES:
        return chosen
    if not refines:
        msg = f"{card.name} takes no zoom; give 'off', or a model that SAM's frame fits"
        raise ModelError(msg)
    if chosen == "auto":
        msg = f"{card.name} refines each answer or none; give zoom 'on' or 'off'"
        raise ModelError(msg)
    return chosen


def with_zoom(model: Segmenter, card: Card, zoom: Zoom) -> Segmenter:
    """Let a model look twice at small objects, where that is asked for.

    Parameters
    ----------
    model : Segmenter
        What answers.
    card : Card
        Its card.
    zoom : {"off", "on", "auto"}
        ``off`` gives the model back as it is. One that refines by itself comes as it
        was loaded.

    Raises
    ------
    ModelError
        As ``chosen_zoom``.
    """
    if chosen_zoom(card, zoom) == "off" or card.family in REFINING_FAMILIES:
        return model
    from napari_sam_med.models.wrappers.box_limits import BoxLimits
    from napari_sam_med.models.wrappers.crop_refinement import CropRefinement
    from napari_sam_med.models.wrappers.progressive_merge import ProgressiveMerge
    from napari_sam_med.models.wrappers.score_calibration import ScoreCalibration

    mode: Literal["on", "auto"] = "on" if zoom == "on" else "auto"
    joined = ProgressiveMerge(CropRefinement(model, mode))
    if card.family in MEASURED_FAMILIES:
        return ScoreCalibration(BoxLimits(joined))
    return joined


def _load_baseline(card: Card, path: Path | None, options: LoadOptions) -> Segmenter:
    from napari_sam_med.models.baselines import Ellipse, RandomWalker

    del path, options
    kinds: dict[str, Callable[[], Segmenter]] = {
        "ellipse": Ellipse,
        "random_walker": RandomWalker,
    }
    return kinds[card.name]()


def _load_sam(card: Card, path: Path | None, options: LoadOptions) -> Segmenter:
    from napari_sam_med.models.sam.sam_builders import load_relative

    return load_relative(card, _present(card, path), options)


def _load_nano(card: Card, path: Path | None, options: LoadOptions) -> Segmenter:
    path = _present(card, path)
    from napari_sam_med.models.nano.nano_network import (
        NanoVariant,
        build_nano,
        load_nano_state,
    )
    from napari_sam_med.models.sam.sam_segmenter import SamSegmenter
    from napari_sam_med.models.sam.sam_variants import SamVariant
    from napari_sam_med.models.wrappers.test_time_augmentation import FlipAugmentation

    sam = build_nano()
    load_nano_state(sam, path)
    # Without zoom, SamPredictor's own answers; else accuracy counts more than speed.
    plain = options.zoom == "off"
    model = SamSegmenter(
        sam,
        name=card.name,
        variant=SamVariant() if plain else NanoVariant(),
        weights=path,
        device=options.device,
        precision=options.precision,
    )
    return model if plain else FlipAugmentation(model)


def _present(card: Card, path: Path | None) -> Path:
    if path is None:
        what = card.how_to_get() if card.needs_file else "install the package again"
        msg = f"{card.name} has no weights on this machine; {what}"
        raise CheckpointError(msg)
    return path


def _load_clicks(card: Card, path: Path | None, options: LoadOptions) -> Segmenter:
    path = _present(card, path)
    from napari_sam_med.models.click.click_segmenter import ClickSegmenter
    from napari_sam_med.models.state_dict import load_strictly, read_state

    state = read_state(path)
    predictor = _click_predictor(card, refine=options.zoom == "on")
    load_strictly(predictor.network, state, name=card.name)
    return ClickSegmenter(
        predictor,
        name=card.name,
        weights=path,
        device=options.device,
        precision=options.precision,
    )


def _click_predictor(card: Card, *, refine: bool) -> Predictor:
    from napari_sam_med.models.click.focalclick.focalclick_variants import (
        focalclick_predictor,
    )
    from napari_sam_med.models.click.ritm.ritm_variants import ritm_predictor
    from napari_sam_med.models.click.simpleclick.simpleclick_variants import (
        simpleclick_predictor,
    )

    builders: dict[str, Callable[[str], Predictor]] = {
        "ritm": ritm_predictor,
        "simpleclick": simpleclick_predictor,
        "focalclick": partial(focalclick_predictor, refine=refine),
    }
    return builders[card.family](card.name)


def _load_video(card: Card, path: Path | None, options: LoadOptions) -> Segmenter:
    from napari_sam_med.models.video.sam2_loading import load_sam2

    return load_sam2(card, _present(card, path), options)


LOADERS: dict[str, Callable[[Card, Path | None, LoadOptions], Segmenter]] = {
    "baseline": _load_baseline,
    "nano": _load_nano,
    "sam": _load_sam,
    "medsam": _load_sam,
    "mobile_sam": _load_sam,
    "sam_med2d": _load_sam,
    "hq_sam": _load_sam,
    **dict.fromkeys(CLICK_FAMILIES, _load_clicks),
    **dict.fromkeys(VIDEO_FAMILIES, _load_video),
}
