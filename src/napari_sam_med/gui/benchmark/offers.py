"""The models that the dock offers, and how each is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.core.ports import Segmenter
from napari_sam_med.gui.torch_beside_gl import load_beside_gl
from napari_sam_med.gui.views.benchmark_values import ModelValue
from napari_sam_med.models import ListedModel, list_models, load_model


@dataclass(frozen=True, slots=True)
class Offer:
    """One model.

    Parameters
    ----------
    shown : ModelValue
        Its name, whether it can be loaded, and a sentence on it.
    load : callable
        Returns the model; slow, never called on the GUI thread.
    card : mapping
        What the run's manifest keeps about it.
    load_plain : callable or None
        Returns the model without a second look at small objects; None if it never
        takes one.
    """

    shown: ModelValue
    load: Callable[[], Segmenter]
    card: Mapping[str, Any] = field(default_factory=dict)
    load_plain: Callable[[], Segmenter] | None = None

    @property
    def name(self) -> str:
        """Name in the results."""
        return self.shown.name

    def under(self, profile: Profile) -> Offer:
        """Offer the model as a profile has it: the study's take no second look."""
        if profile is Profile.STRICT or self.load_plain is None:
            return self
        card = {**self.card, "zoom": "off"}
        return replace(self, load=self.load_plain, card=card)


def known_offers() -> list[Offer]:
    """Offer every model that has a card; those without weights are not loadable."""
    return [_offer(listed) for listed in list_models()]


def _offer(listed: ListedModel) -> Offer:
    card = listed.card
    here = listed.ready
    parts = [f"{card.title}.", card.note, f"Licence: {card.licence}."]
    if not here:
        parts = [f"{card.title} is not on this machine:", f"{listed.remedy}."]
    note = " ".join(part for part in parts if part)
    kinds = [kind for kind in ("points", "boxes") if kind in card.prompts]
    only = kinds[0] if len(kinds) == 1 else ""
    if only:
        note += f" It accepts {only} only: settings that need others are left out."
    value = ModelValue(card.name, available=here, note=note, only=only)
    load = partial(load_beside_gl, load_model, card.name)
    # the store, whose files are offered, takes no stand-ins: no file is looked into
    return Offer(value, load, card.manifest_entry(), partial(load, zoom="off"))
