"""The models that the dock offers, and how each is had and loaded."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from napari_sam_med.errors import CheckpointError
from napari_sam_med.gui.shared.widgets.options import Option
from napari_sam_med.gui.shared.widgets.weights_panel import MissingWeights
from napari_sam_med.gui.torch_beside_gl import load_beside_gl
from napari_sam_med.models import ListedModel, list_models, listed_model, load_model
from napari_sam_med.models.load_options import Zoom
from napari_sam_med.models.loading import bundled_weights as bundled
from napari_sam_med.models.registry import Card, card_of
from napari_sam_med.models.weight_files import is_stand_in
from napari_sam_med.models.weights.admission import address_of
from napari_sam_med.models.weights.checkpoints import CheckpointStore
from napari_sam_med.models.weights.network import Network
from napari_sam_med.session.background.model_service import ModelSource

DEFAULT_MODEL = "nano"
STAND_IN = "untrained placeholder weights"
STAND_IN_NOTE = "Its answers mean nothing: these weights only show that it runs"
READY = "ready"


class ModelShelf(Protocol):
    """What can be chosen, under the names that the lists show."""

    @property
    def default(self) -> str:
        """Name of the model that is loaded at first."""

    def options(
        self, chosen: str = "", weights: Path | None = None
    ) -> tuple[Option, ...]:
        """List the models as they stand now; the key is the name.

        Parameters
        ----------
        chosen : str
            Name of the model that is in use.
        weights : Path, optional
            A file of one's own that it was loaded from.
        """

    def missing(self, name: str) -> MissingWeights | None:
        """Say what a model lacks; None if it can be loaded."""

    def source(self, name: str, weights: Path | None) -> ModelSource:
        """Say where a model comes from: a file of one's own if one is given."""

    def download(
        self,
        name: str,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
    ) -> None:
        """Fetch a model's weights and check them; may take very long.

        Parameters
        ----------
        name : str
            The model's.
        progress : callable
            Called with the bytes that are here and in all.
        cancelled : callable
            Asked after each piece.

        Raises
        ------
        CheckpointError
            If they cannot be had, or are not what is published.
        DownloadCancelledError
            If ``cancelled`` said so.
        """

    def import_file(self, name: str, file: Path) -> None:
        """Copy a model's weights from a file that was got by hand; may take long.

        Raises
        ------
        CheckpointError
            If it is no weights file, or not this model's.
        """


class PackageShelf:
    """The models of this package, with their weights in the store of checkpoints.

    Parameters
    ----------
    default : str
        Which one is loaded first; a name that is none stands for the bundled one.
    """

    def __init__(self, default: str = "") -> None:
        known = any(each.card.name == default for each in list_models())
        self.default = default if known else DEFAULT_MODEL

    def options(
        self, chosen: str = "", weights: Path | None = None
    ) -> tuple[Option, ...]:
        """List the models as they stand now; no more than heads of files are read."""
        return tuple(
            _option(each, weights if each.card.name == chosen else None)
            for each in list_models()
        )

    def missing(self, name: str) -> MissingWeights | None:
        """Say what a model lacks; None if it can be loaded."""
        listed = listed_model(name)
        if listed.ready:
            return None
        card = listed.card
        network = Network.from_environment()
        can_be_fetched = listed.state == "needs file" and (card.url or network.mirror)
        return MissingWeights(
            name=card.name,
            title=card.title,
            size=card.size_in_words,
            licence=card.licence,
            prompts=", ".join(card.prompts),
            window=card.window,
            note=card.note,
            page=card.page,
            address=address_of(card, network) if can_be_fetched else "",
            manual=card.manual if listed.state == "needs file" else listed.remedy,
        )

    def source(self, name: str, weights: Path | None) -> ModelSource:
        """Say where a model comes from: a file of one's own if one is given."""
        return source_of(card_of(name), weights)

    def download(
        self,
        name: str,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
    ) -> None:
        """Fetch a model's weights into the store, as the command line does."""
        _store().download(card_of(name), progress=progress, cancelled=cancelled)

    def import_file(self, name: str, file: Path) -> None:
        """Copy a file into the store, as the command line does."""
        _store().import_file(file, name)


def source_of(
    card: Card, weights: Path | None = None, zoom: Zoom = "default"
) -> ModelSource:
    """Say where a model comes from, so that all docks can share what is loaded.

    Parameters
    ----------
    card : Card
        The model's.
    weights : Path, optional
        A file of one's own; by default the bundled one or that of the store.
    zoom : {"default", "off", "on", "auto"}
        As ``load_model`` takes it.
    """
    file = weights
    if file is None:
        file = CheckpointStore().find(card) if card.needs_file else bundled(card.name)
    load = partial(load_beside_gl, load_model, card.name, weights, zoom=zoom)
    chosen = card.zoom if zoom == "default" else zoom
    return ModelSource(card.name, load, file, f"zoom {chosen}")


def _store() -> CheckpointStore:
    """The store, which may try whether weights load, beside an open window."""

    def loads(card: Card, path: Path) -> None:
        load_beside_gl(load_model, card.name, path, device="cpu", zoom="off")

    return CheckpointStore(loads=loads)


def _option(listed: ListedModel, own: Path | None) -> Option:
    card = listed.card
    state = READY if listed.ready else listed.state
    state = state if own is None else _state_of(own)
    lines = [card.title, f"Prompts: {', '.join(card.prompts)}"]
    lines += [f"Licence: {card.licence}"] if card.licence else []
    lines += [card.note] if card.note else []
    if own is not None:
        lines += [f"Weights: {own}"]
        lines += [STAND_IN_NOTE] if state == STAND_IN else []
    elif listed.state == "needs file":
        lines += ["Choose it to get its weights"]
    elif not listed.ready:
        lines += [f"To use it, {listed.remedy}"]
    return Option(card.name, f"{card.name}   ({state})", "\n".join(lines))


def _state_of(own: Path) -> str:
    """Tell stand-ins from weights; a damaged file is told of by whoever loads it."""
    try:
        return STAND_IN if is_stand_in(own) else "own file"
    except CheckpointError:
        return "own file"
