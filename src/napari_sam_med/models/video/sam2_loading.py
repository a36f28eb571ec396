"""From a card of a video model to a model with its weights."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari_sam_med.models.state_dict import load_strictly, read_state
from napari_sam_med.models.video.sam2_architecture import HIERA_SIZES, build_sam2
from napari_sam_med.models.video.sam2_segmenter import Sam2Segmenter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import nn

    from napari_sam_med.models.load_options import LoadOptions
    from napari_sam_med.models.registry import Card

SAM2_INPUT_PX = 1024
# bowang-lab/MedSAM2 (commit 332f30d), sam2/configs/sam2.1_hiera_t512.yaml; also the
# smaller side that a card's name may end with.
SMALL_INPUT_PX = 512


def network_builder(card: Card) -> Callable[[], nn.Module]:
    """Choose what builds a card's network, with fresh weights.

    Parameters
    ----------
    card : Card
        Of family ``sam2``, with the size of the encoder in its name, or ``medsam2``,
        which is always ``tiny``.
    """
    size = next((size for size in HIERA_SIZES if size in card.name), "tiny")
    small = card.family == "medsam2" or card.name.endswith(f"_{SMALL_INPUT_PX}")
    side = SMALL_INPUT_PX if small else SAM2_INPUT_PX
    return partial(build_sam2, HIERA_SIZES[size], side)


def load_sam2(card: Card, path: Path, options: LoadOptions) -> Sam2Segmenter:
    """Load SAM 2.1 or MedSAM2.

    Parameters
    ----------
    card : Card
        As ``network_builder`` takes it.
    path : Path
        Its weights, laid out as the authors publish them.
    options : LoadOptions
        How it is to run.

    Raises
    ------
    CheckpointError
        If the file is damaged or another model's.
    ModelError
        If the device is not there, or transformers is not or too old.
    """
    network = network_builder(card)()
    load_strictly(network, read_state(path), name=card.name)
    return Sam2Segmenter(
        network,
        name=card.name,
        resampling="bicubic" if card.family == "medsam2" else "bilinear",
        weights=path,
        device=options.device,
        precision=options.precision,
    )
