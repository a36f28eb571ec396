"""The published SimpleClick models and CFR-ICL, by the names of their cards."""

from __future__ import annotations

from functools import partial

from napari_sam_med.models.click.click_network import without_weights
from napari_sam_med.models.click.click_predictor import ClickPredictor
from napari_sam_med.models.click.click_values import ZoomIn
from napari_sam_med.models.click.simpleclick.cascade import CascadePredictor
from napari_sam_med.models.click.simpleclick.plain_vit import PlainVitSizes
from napari_sam_med.models.click.simpleclick.simpleclick_network import (
    SimpleClick,
    SimpleClickVariant,
)

INPUT_SIZE = 448
"""Height and width of the network's input, in pixels."""

OFFICIAL_ZOOM = ZoomIn(target=(INPUT_SIZE, INPUT_SIZE), skip_clicks=-1)
"""From the first click the picture, then a crop of it, is squeezed to 448 x 448."""

_VIT_B = SimpleClickVariant(
    PlainVitSizes(patch=16, width=768, depth=12, heads=12, group=6, grid=28),
    pyramid=(128, 256, 512, 1024),
)
_VIT_L = SimpleClickVariant(
    PlainVitSizes(patch=16, width=1024, depth=24, heads=16, group=6, grid=28),
    pyramid=(192, 384, 768, 1536),
)
_VIT_H = SimpleClickVariant(
    PlainVitSizes(patch=14, width=1280, depth=32, heads=16, group=8, grid=32),
    pyramid=(240, 480, 960, 1920),
)
_CASCADED = "cfr_icl_vit_h"

VARIANTS = {
    "simpleclick_vit_b": _VIT_B,
    "simpleclick_vit_l": _VIT_L,
    "simpleclick_vit_h": _VIT_H,
    _CASCADED: _VIT_H,
}


def simpleclick_predictor(name: str) -> ClickPredictor | CascadePredictor:
    """Build a SimpleClick model with the official evaluation settings.

    Parameters
    ----------
    name : str
        Key of ``VARIANTS``; CFR-ICL comes with its cascade.

    Returns
    -------
    ClickPredictor or CascadePredictor
        Its network's weights are still to be loaded.

    Notes
    -----
    CFR-ICL with these settings is what Mazurowski et al. (MedIA 2023) ran and called
    SimpleClick.
    """
    network = without_weights(partial(SimpleClick, VARIANTS[name]))
    once = ClickPredictor(network, OFFICIAL_ZOOM)
    return CascadePredictor(once) if name == _CASCADED else once
