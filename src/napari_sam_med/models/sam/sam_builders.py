"""From a card of SAM's family to a model with its weights."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari_sam_med.models.sam.relatives.hq_sam import HqSamVariant, build_hq_sam
from napari_sam_med.models.sam.relatives.med_sam import MedSamVariant
from napari_sam_med.models.sam.relatives.sam_med2d import (
    SamMed2dVariant,
    build_sam_med2d,
)
from napari_sam_med.models.sam.relatives.tiny_vit import build_mobile_sam
from napari_sam_med.models.sam.sam_architecture import VIT_SIZES, build_sam, filled
from napari_sam_med.models.sam.sam_segmenter import SamSegmenter
from napari_sam_med.models.sam.sam_variants import SamVariant
from napari_sam_med.models.state_dict import read_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from segment_anything.modeling import Sam

    from napari_sam_med.models.load_options import LoadOptions
    from napari_sam_med.models.registry import Card

SAM_VARIANTS: dict[str, type[SamVariant]] = {
    "sam": SamVariant,
    "medsam": MedSamVariant,
    "mobile_sam": SamVariant,
    "sam_med2d": SamMed2dVariant,
    "hq_sam": HqSamVariant,
}


def builder_of(card: Card) -> Callable[[], Sam]:
    """Choose what builds a card's network, with fresh weights.

    Parameters
    ----------
    card : Card
        Of a family in ``SAM_VARIANTS``; the size of a ViT stands in its name.
    """
    size = next((size for size in VIT_SIZES if card.name.endswith(size)), "vit_b")
    builders: dict[str, Callable[[], Sam]] = {
        "sam": partial(build_sam, size),
        "medsam": partial(build_sam, size),
        "mobile_sam": build_mobile_sam,
        "sam_med2d": build_sam_med2d,
        "hq_sam": partial(build_hq_sam, size),
    }
    return builders[card.family]


def load_relative(card: Card, path: Path, options: LoadOptions) -> SamSegmenter:
    """Load a model of SAM's family.

    Parameters
    ----------
    card : Card
        Of one of the families in ``SAM_VARIANTS``.
    path : Path
        Its weights.
    options : LoadOptions
        How it is to run.

    Raises
    ------
    CheckpointError
        If the file is damaged or another model's.
    ModelError
        If the device is not there.
    """
    return SamSegmenter(
        filled(builder_of(card), read_state(path), name=card.name),
        name=card.name,
        variant=SAM_VARIANTS[card.family](),
        weights=path,
        device=options.device,
        precision=options.precision,
    )
