"""The models that the dock offers, and how each is had and loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from napari_sam_med.core.ports import Segmenter
from napari_sam_med.gui.torch_beside_gl import load_beside_gl
from napari_sam_med.gui.views.options import Option
from napari_sam_med.gui.views.weights_panel import MissingWeights
from napari_sam_med.models import ListedModel, list_models, load_model
from napari_sam_med.models.checkpoints import CheckpointStore, address_of
from napari_sam_med.models.downloads import Network
from napari_sam_med.models.registry import card_of

DEFAULT_MODEL = "nano"
STATES = {"bundled": "ready", "available": "ready", "missing": "not here"}


class ModelShelf(Protocol):
    """What can be chosen, under the names that the lists show."""

    @property
    def default(self) -> str:
        """Name of the model that is loaded at first."""

    def options(self) -> tuple[Option, ...]:
        """List the models as they stand now; the key is the name."""

    def missing(self, name: str) -> MissingWeights | None:
        """Say what a model lacks; None if it can be loaded."""

    def load(self, name: str, weights: Path | None) -> Segmenter:
        """Load a model, from a file of one's own if one is given.

        May take long; it is called on the model thread.
        """

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
    """The models of this package, with their weights in the store of checkpoints."""

    default = DEFAULT_MODEL

    def options(self) -> tuple[Option, ...]:
        """List the models as they stand now; no weights are read."""
        return tuple(_option(each) for each in list_models())

    def missing(self, name: str) -> MissingWeights | None:
        """Say what a model lacks; None if it can be loaded."""
        card = card_of(name)
        if not card.needs_file or CheckpointStore().find(card) is not None:
            return None
        network = Network.from_environment()
        can_be_fetched = card.url or network.mirror
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
            manual=card.manual,
        )

    def load(self, name: str, weights: Path | None) -> Segmenter:
        """Load a model, from a file of one's own if one is given."""
        return load_beside_gl(load_model, name, weights)

    def download(
        self,
        name: str,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
    ) -> None:
        """Fetch a model's weights into the store, as the command line does."""
        CheckpointStore().download(
            card_of(name), progress=progress, cancelled=cancelled
        )

    def import_file(self, name: str, file: Path) -> None:
        """Copy a file into the store, as the command line does."""
        CheckpointStore().import_file(file, name)


def _option(listed: ListedModel) -> Option:
    card = listed.card
    lines = [card.title, f"Prompts: {', '.join(card.prompts)}"]
    lines += [f"Licence: {card.licence}"] if card.licence else []
    lines += [card.note] if card.note else []
    lines += ["Choose it to get its weights"] if listed.state == "missing" else []
    text = f"{card.name}   ({STATES[listed.state]})"
    return Option(card.name, text, "\n".join(lines))
