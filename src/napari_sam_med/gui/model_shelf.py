"""The models that the dock offers, and how each is loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from napari_sam_med.core.ports import Segmenter
from napari_sam_med.gui.torch_beside_gl import load_beside_gl
from napari_sam_med.gui.views.options import Option
from napari_sam_med.models import ListedModel, list_models, load_model

DEFAULT_MODEL = "nano"
STATES = {"bundled": "ready", "available": "ready", "missing": "weights not here"}


@dataclass(frozen=True, slots=True)
class ModelShelf:
    """What can be chosen.

    Parameters
    ----------
    options : tuple of Option
        In the order in which they are offered; the key is the model's name.
    default : str
        Name of the one that is loaded at first.
    load : callable
        Takes a name and the path of a weights file or None; may take long, and is
        called on the model thread.
    """

    options: tuple[Option, ...]
    default: str
    load: Callable[[str, Path | None], Segmenter]


def shelf_of_package() -> ModelShelf:
    """List the models of this package; no weights are read."""
    options = tuple(_option(each) for each in list_models())
    return ModelShelf(options, DEFAULT_MODEL, partial(load_beside_gl, load_model))


def _option(listed: ListedModel) -> Option:
    card = listed.card
    lines = [card.title, f"Prompts: {', '.join(card.prompts)}"]
    lines += [f"Licence: {card.licence}"] if card.licence else []
    lines += [card.note] if card.note else []
    lines += [card.how_to_get()] if listed.state == "missing" else []
    text = f"{card.name}   ({STATES[listed.state]})"
    return Option(card.name, text, "\n".join(lines))
