"""Untrained placeholder weights, to try a model without its published file.

Every number follows from the name and the shape of its tensor, so any machine makes
the same file, and two networks with the same names hold the same weights. The file
says of itself that it is a stand-in.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from napari_sam_med.core.storage.atomic_files import replacing
from napari_sam_med.errors import FileWriteError, ModelError
from napari_sam_med.models.loading import network_of
from napari_sam_med.models.torch_defaults import as_torch_begins
from napari_sam_med.models.weight_files import STAND_IN_NOTE, make_room

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_sam_med.models.registry import Card


def stand_in_tensor(key: str, shape: tuple[int, ...], dtype: str) -> torch.Tensor:
    """Draw one tensor of a state dict.

    Parameters
    ----------
    key : str
        Its name.
    shape : tuple of int
        Its shape.
    dtype : str
        Such as ``float32``; what is no floating-point number becomes zeros.

    Returns
    -------
    tensor of ``shape``, float32 or int64
        Means and spreads are such that signals neither die nor explode on their way.

    Notes
    -----
    PyTorch does not promise the same random numbers in each of its releases.
    """
    if key.endswith("num_batches_tracked") or not dtype.startswith("float"):
        return torch.zeros(shape, dtype=torch.int64)
    generator = torch.Generator(device="cpu").manual_seed(_seed(key))
    if key.endswith("running_var"):
        return 1 + 0.1 * torch.rand(shape, generator=generator)
    normal = torch.randn(shape, generator=generator)
    if key.endswith(("running_mean", "bias")):
        return 0.05 * normal
    return 1 + 0.1 * normal if len(shape) <= 1 else _spread(shape) * normal


def _seed(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "little")


def _spread(shape: tuple[int, ...]) -> float:
    """Standard deviation; three axes are a token or a position embedding."""
    return 0.2 if len(shape) == 3 else 1 / math.sqrt(math.prod(shape[1:]))


def stand_in_state(card: Card) -> dict[str, torch.Tensor]:
    """Draw all tensors of a model.

    Parameters
    ----------
    card : Card
        Of a model whose weights are a file.

    Returns
    -------
    dict of str to tensor
        What the model's published file holds, with other numbers.

    Raises
    ------
    ModelError
        If the model needs no file.
    """
    if not card.needs_file:
        msg = f"{card.name} needs no file; name a model that has one, as `models list`"
        raise ModelError(msg)
    with as_torch_begins():
        return {
            key: stand_in_tensor(
                key, tuple(value.shape), str(value.dtype).split(".")[1]
            )
            for key, value in network_of(card).state_dict().items()
        }


def write_stand_ins(state: Mapping[str, torch.Tensor], path: Path) -> None:
    """Write stand-in weights into a file that says what they are.

    Parameters
    ----------
    state : mapping of str to tensor
        The weights.
    path : Path
        A new file that ends in ``.safetensors``.

    Raises
    ------
    FileWriteError
        If the name ends otherwise, or there is such a file.
    CheckpointError
        If its folder cannot be made, or its disk is too full.
    """
    if path.suffix != ".safetensors" or path.exists():
        msg = (
            f"stand-in weights cannot be written to {path}; give a new file whose name "
            "ends in .safetensors"
        )
        raise FileWriteError(msg)
    make_room(path.parent, sum(value.nbytes for value in state.values()))
    with replacing(path, overwrite=False) as part:
        try:
            save_file(dict(state), part, metadata={STAND_IN_NOTE: "true"})
        except SafetensorError as error:
            msg = (
                f"{path} cannot be written ({error}); free space or give another place"
            )
            raise FileWriteError(msg) from error
