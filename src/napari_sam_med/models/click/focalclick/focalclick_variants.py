"""The published FocalClick models with SegFormer, by the names of their cards."""

from __future__ import annotations

from functools import partial

from napari_sam_med.models.click.click_network import without_weights
from napari_sam_med.models.click.focalclick.focalclick_network import (
    FocalClick,
    FocalClickVariant,
)
from napari_sam_med.models.click.focalclick.focalclick_predictor import (
    FocalClickPredictor,
)
from napari_sam_med.models.click.focalclick.mix_transformer import MixWidths

VARIANTS = {
    "focalclick_b0_s1": FocalClickVariant(
        MixWidths((32, 64, 160, 256), (2, 2, 2, 2)), decoder_width=256, halved=True
    ),
    "focalclick_b3_s2": FocalClickVariant(
        MixWidths((64, 128, 320, 512), (3, 4, 18, 3)), decoder_width=512, halved=False
    ),
}


def focalclick_predictor(name: str, *, refine: bool) -> FocalClickPredictor:
    """Build a FocalClick model with the official evaluation settings.

    Parameters
    ----------
    name : str
        Key of ``VARIANTS``.
    refine : bool
        True: with refiner and focus crop, as its authors evaluate it. False: the coarse
        network alone, which is what Mazurowski et al. (MedIA 2023) ran.

    Returns
    -------
    FocalClickPredictor
        Its network's weights are still to be loaded.
    """
    network = without_weights(partial(FocalClick, VARIANTS[name]))
    return FocalClickPredictor(network, refine=refine)
