"""The published RITM models, by the names of their cards."""

from __future__ import annotations

from functools import partial

from napari_sam_med.models.click.click_network import without_weights
from napari_sam_med.models.click.click_predictor import ClickPredictor
from napari_sam_med.models.click.ritm.ritm_network import Ritm

# Width of HRNet's finest branch, key width of the object-contextual head.
VARIANTS = {"ritm_h18": (18, 64), "ritm_h32": (32, 128)}


def ritm_predictor(name: str) -> ClickPredictor:
    """Build a RITM model with the official evaluation settings.

    Parameters
    ----------
    name : str
        Key of ``VARIANTS``.

    Returns
    -------
    ClickPredictor
        Its network's weights are still to be loaded.

    Notes
    -----
    Zoom-in to 400 pixels from the second click of an answer that is fed back, mirror
    averaging; also what Mazurowski et al. (MedIA 2023) ran.
    """
    width, context_width = VARIANTS[name]
    return ClickPredictor(without_weights(partial(Ritm, width, context_width)))
