"""The models that the dock offers, and how each is loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.gui.benchmark.views.benchmark_values import ModelValue
from napari_sam_med.gui.shared.model_shelf import source_of
from napari_sam_med.gui.torch_beside_gl import import_triton_apart
from napari_sam_med.models import ListedModel, list_models
from napari_sam_med.models.load_options import LoadOptions
from napari_sam_med.models.readiness import device_used
from napari_sam_med.session.background.model_service import ModelSource


@dataclass(frozen=True, slots=True)
class Offer:
    """One model.

    Parameters
    ----------
    shown : ModelValue
        Its name, whether it can be loaded, and a sentence on it.
    source : ModelSource
        Where it comes from; what a dock has loaded from there is not loaded again.
    card : mapping
        What the run's manifest keeps about it.
    plain_source : ModelSource or None
        The model without a second look at small objects; None if it never takes one.
    """

    shown: ModelValue
    source: ModelSource
    card: Mapping[str, Any] = field(default_factory=dict)
    plain_source: ModelSource | None = None

    @property
    def name(self) -> str:
        """Name in the results."""
        return self.shown.name

    def under(self, profile: Profile) -> Offer:
        """Offer the model as a profile has it: the study's take no second look."""
        if profile is Profile.STRICT or self.plain_source is None:
            return self
        card = {**self.card, "zoom": "off"}
        return replace(self, source=self.plain_source, card=card)


def computed_here(card: Mapping[str, Any]) -> dict[str, str]:
    """Say how the docks compute a model, as the command line does of its own runs.

    Parameters
    ----------
    card : mapping
        As ``Offer`` keeps it.
    """
    has_network = bool(card.get("parameters"))
    if has_network:
        import_triton_apart()  # torch is asked
    return {
        "device": device_used(card),
        "precision": LoadOptions().precision,
        "threads": (os.environ.get("OMP_NUM_THREADS") or "all") if has_network else "1",
    }


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
    # the store, whose files are offered, takes no stand-ins: no file is looked into
    sources = [source_of(card), source_of(card, zoom="off")]
    return Offer(value, sources[0], card.manifest_entry(), sources[1])
