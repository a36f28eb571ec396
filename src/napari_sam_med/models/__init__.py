"""Models behind one port, and where their weights come from.

Importing this module loads no torch; ``load_model`` does.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from napari_sam_med.core.prompts import is_other
from napari_sam_med.errors import CheckpointError, ModelError
from napari_sam_med.models.load_options import (
    LoadOptions,
    Precision,
    Zoom,
    check_device_name,
)
from napari_sam_med.models.loading import bundled_weights, load_family
from napari_sam_med.models.readiness import ListedModel, list_models, listed_model
from napari_sam_med.models.registry import Card, ModelPlugin, card_of
from napari_sam_med.models.weights.checkpoints import CheckpointStore

if TYPE_CHECKING:
    import torch

    from napari_sam_med.core.ports import Segmenter

__all__ = [
    "Card",
    "ListedModel",
    "LoadOptions",
    "ModelPlugin",
    "list_models",
    "listed_model",
    "load_model",
]

BASELINE = "baseline"
"""The family of models without weights."""


def load_model(
    name: str,
    checkpoint: str | Path | None = None,
    *,
    device: str | torch.device | None = "auto",
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
    device : str or torch.device
        ``auto``, ``cpu``, ``cuda`` or ``mps``; ``auto``, as None, takes the fastest.
    zoom : {"default", "off", "on", "auto"}
        Whether a second look at a crop round the first answer refines it; ``default``
        is what the model's card says. For FocalClick that is its refiner: ``off`` is
        its coarse network alone, which is what Mazurowski et al. (MedIA 2023) ran.
    precision : {"fp32", "bf16", "auto"}
        Of image encoders and click networks.

    Returns
    -------
    Segmenter
        Its ``sam`` is the genuine network of a SAM model.

    Raises
    ------
    ModelError
        If there is no such model, device, zoom or precision, or the model needs a
        package that is not installed.
    CheckpointError
        If the weights are absent, damaged or another model's.

    Examples
    --------
    >>> load_model("ellipse").name
    'ellipse'
    """
    if is_other(name, str):
        msg = f"a {type(name).__name__} is no name of a model; give a text such as nano"
        raise ModelError(msg)
    card = card_of(name)
    for what, value, known in (
        ("zoom", zoom, get_args(Zoom)),
        ("precision", precision, get_args(Precision)),
    ):
        if value not in known:
            msg = f"{what} '{value}'; give one of {', '.join(known)}"
            raise ModelError(msg)
    if checkpoint is not None and card.family == BASELINE:
        msg = f"{name} has no weights; leave the checkpoint out"
        raise CheckpointError(msg)
    if checkpoint is not None and is_other(checkpoint, str, os.PathLike):
        kind = type(checkpoint).__name__
        msg = f"the checkpoint is a {kind}; give the path of a file, or none"
        raise CheckpointError(msg)
    if checkpoint == "":
        msg = "the checkpoint is an empty text; give a file, or none"
        raise CheckpointError(msg)
    path = _weights(card) if checkpoint is None else Path(checkpoint)
    asked = "auto" if device is None else str(device)
    check_device_name(asked)
    return load_family(card, path, LoadOptions(asked, precision, zoom))


def _weights(card: Card) -> Path | None:
    if card.needs_file:
        return CheckpointStore().checked(card)
    return bundled_weights(card.name)
