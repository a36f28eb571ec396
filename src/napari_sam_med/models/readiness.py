"""Whether a model can be used on this machine, and what to do if it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from napari_sam_med.errors import CheckpointError
from napari_sam_med.models.loading import bundled_weights
from napari_sam_med.models.registry import Card, card_of, cards, plugins
from napari_sam_med.models.weights.checkpoints import CheckpointStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

State = Literal["bundled", "available", "needs file", "needs package"]
BROKEN = "this installation lacks a file; install the package again"


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A card, whether the model can be used, and what to do if it cannot.

    Parameters
    ----------
    card : Card
        What is known of the model.
    state : {"bundled", "available", "needs file", "needs package"}
        Ready with what a package brings (or without weights), ready with a file of the
        store, without its file, or without a package that it imports.
    path : Path or None
        The weights' file, if there is one.
    remedy : str
        What a user has to do, as a clause without full stop; empty if the model is
        ready.
    """

    card: Card
    state: State
    path: Path | None = None
    remedy: str = ""

    @property
    def ready(self) -> bool:
        """Whether the model can be loaded."""
        return not self.remedy


def list_models(store: CheckpointStore | None = None) -> list[ListedModel]:
    """List every known model, those in the box first.

    Parameters
    ----------
    store : CheckpointStore, optional
        Where downloaded files lie; by default the user's cache folder.

    Returns
    -------
    list of ListedModel
    """
    return [_listed(card, store or CheckpointStore()) for card in cards().values()]


def listed_model(name: str, store: CheckpointStore | None = None) -> ListedModel:
    """Say of one model whether it can be used, and what to do if it cannot.

    Parameters
    ----------
    name : str
        Such as ``nano`` or ``sam_vit_b``.
    store : CheckpointStore, optional
        Where downloaded files lie; by default the user's cache folder.

    Raises
    ------
    ModelError
        If there is no such model.
    """
    return _listed(card_of(name), store or CheckpointStore())


def _listed(card: Card, store: CheckpointStore) -> ListedModel:
    try:
        path = store.find(card) if card.needs_file else bundled_weights(card.name)
    except CheckpointError as error:  # the other models are here all the same
        return ListedModel(card, "needs file", None, str(error))
    if card.missing_packages:
        return ListedModel(card, "needs package", path, card.how_to_install)
    if card.needs_file and path is None:
        return ListedModel(card, "needs file", None, card.how_to_get())
    if card.family == "nano" and path is None and card.name not in plugins():
        return ListedModel(card, "needs file", None, BROKEN)
    return ListedModel(card, "available" if card.needs_file else "bundled", path)


def device_used(entry: Mapping[str, object], name: str = "auto") -> str:
    """Say where a model would run on this machine.

    Parameters
    ----------
    entry : mapping
        What a run's manifest keeps about the model: ``parameters``, 0 for what has no
        network, and ``family``.
    name : str
        As ``LoadOptions`` takes it.

    Returns
    -------
    str
        Such as ``cpu`` or ``cuda``.

    Raises
    ------
    ModelError
        If this machine has no such device.
    """
    if not entry.get("parameters"):
        return "cpu" if entry.get("family") == "baseline" else name
    from napari_sam_med.models.devices import device_from_name

    return str(device_from_name(name))
