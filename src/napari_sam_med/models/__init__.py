"""Models behind one port, and where their weights come from.

Importing this module loads no torch; ``load_model`` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from napari_sam_med.errors import ModelError
from napari_sam_med.models.checkpoints import CheckpointStore
from napari_sam_med.models.load_options import LoadOptions, Precision, Zoom
from napari_sam_med.models.loading import bundled_weights, load_family
from napari_sam_med.models.registry import Card, card_of, cards

if TYPE_CHECKING:
    from napari_sam_med.core.ports import Segmenter

__all__ = ["ListedModel", "list_models", "load_model"]

State = Literal["bundled", "available", "missing"]


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A card and whether its weights are here.

    Parameters
    ----------
    card : Card
        What is known of the model.
    state : {"bundled", "available", "missing"}
        In the package (or without weights), in the cache folder, or neither.
    path : Path or None
        The weights' file, if there is one.
    """

    card: Card
    state: State
    path: Path | None


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
    store = store or CheckpointStore()
    return [_listed(card, store) for card in cards().values()]


def load_model(
    name: str,
    checkpoint: str | Path | None = None,
    *,
    device: str = "auto",
    zoom: Zoom = "default",
    precision: Precision = "fp32",
) -> Segmenter:
    """Load a model, ready to embed and predict.

    Parameters
    ----------
    name : str
        One of ``list_models``, such as ``nano``, ``ellipse`` or ``sam_vit_b``.
    checkpoint : path, optional
        Its weights; by default the bundled, downloaded or imported file.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``mps``; ``auto`` takes the fastest there is.
    zoom : {"default", "off", "on", "auto"}
        Whether a second look at a crop round the first answer refines it; ``default``
        is what the model's card says. For FocalClick that is its refiner: ``off`` is
        its coarse network alone, which is what Mazurowski et al. (MedIA 2023) ran.
    precision : {"fp32", "bf16", "auto"}
        Of image encoders and click networks.

    Returns
    -------
    Segmenter

    Raises
    ------
    ModelError
        If there is no such model, device, zoom or precision.
    CheckpointError
        If the weights are absent, damaged or another model's.

    Examples
    --------
    >>> load_model("ellipse").name
    'ellipse'
    """
    card = card_of(name)
    if zoom not in get_args(Zoom):
        msg = f"zoom '{zoom}'; give one of {', '.join(get_args(Zoom))}"
        raise ModelError(msg)
    path = Path(checkpoint) if checkpoint else _weights(card)
    return load_family(card, path, LoadOptions(device, precision, zoom))


def _weights(card: Card) -> Path | None:
    if card.needs_file:
        return CheckpointStore().checked(card)
    return bundled_weights(card.name)


def _listed(card: Card, store: CheckpointStore) -> ListedModel:
    if card.needs_file:
        path = store.find(card)
        return ListedModel(card, "available" if path else "missing", path)
    path = bundled_weights(card.name)
    here = path or card.family == "baseline"
    return ListedModel(card, "bundled" if here else "missing", path)
