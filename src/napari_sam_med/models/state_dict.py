"""Weight files read without running anything that they contain."""

from __future__ import annotations

import pickle
import re
from threading import Lock
from typing import TYPE_CHECKING, Any, NoReturn

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from napari_sam_med.errors import CheckpointError
from napari_sam_med.models.weight_files import check_weight_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SHOWN_KEYS = 3
MOST_NAMES = 4
"""How often a checkpoint's numbers may be named, on the average; tied weights are
twice, nothing is more often."""
REFUSED = re.compile("global|GLOBAL|unrecognized function|Can only")
_ISEGM_LOSS = "isegm.model.modeling.transformer_helper.cross_entropy_loss"
_allow_list_lock = Lock()


class Inert:
    """Takes the place of an object that a published file carries along for nothing."""

    def __init__(self, *ignored: object) -> None:
        """Take any arguments and keep none."""

    def __setstate__(self, state: object) -> None:
        """Take any state and keep none."""


def _plain_dict(*_: object) -> dict[object, object]:
    return {}


ALLOWED: dict[str, Any] = {
    # SAM-Med2D: its training script stores the optimizer as an object.
    "torch.optim.adam.Adam": Inert,
    "collections.defaultdict": _plain_dict,
    "builtins.dict": dict,
    "__builtin__.dict": dict,
    # SimpleClick and CFR-ICL: the configuration names the loss as an object.
    f"{_ISEGM_LOSS}.CrossEntropyLoss": Inert,
    f"{_ISEGM_LOSS}.cross_entropy": _plain_dict,
}
"""What stands in for names in published files beyond those that torch itself allows."""

WRAPPERS = ("state_dict", "model", "model_state")


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """Read the tensors of a checkpoint, on the CPU.

    Parameters
    ----------
    path : Path
        A safetensors file, or one that ``torch.save`` wrote: a state dict, or a dict
        that holds it as ``state_dict``, ``model`` or ``model_state``.

    Returns
    -------
    dict of str to tensor
        Without a leading ``module.`` that training on several GPUs leaves.

    Raises
    ------
    CheckpointError
        If the file is absent, cut off, a web page, holds no tensors, or is a pickle
        that would import anything but what a state dict needs.

    Notes
    -----
    ``torch.load`` runs with ``weights_only=True``, its own list of allowed names, and
    ``ALLOWED``, whose names are never imported.
    """
    check_weight_file(path)
    state = tensors_in(_read(path), path)
    check_stored(state, path)
    return state


def _read(path: Path) -> object:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # The list of allowed names belongs to the whole process.
        allowed: list[Any] = [(stand_in, name) for name, stand_in in ALLOWED.items()]
        with _allow_list_lock, torch.serialization.safe_globals(allowed):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if not REFUSED.search(_reason(error)):
            raise _damaged(path, error) from error
        msg = (
            f"{path} holds more than tensors and would run code on loading; if you "
            "trust its origin, run `napari-sam-med models convert` on it first "
            f"({_reason(error)})"
        )
        raise CheckpointError(msg) from error
    except (RuntimeError, EOFError, SafetensorError, ValueError, KeyError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"{path} cannot be read as a checkpoint: it is cut off, damaged or of another "
        f"format; download or copy it again ({_reason(error)})"
    )


def _reason(error: Exception) -> str:
    """One line; of torch's advice round a refusal only the refusal."""
    text = str(error)
    for marker in ("trusted source.", "WeightsUnpickler error:"):
        text = text.rpartition(marker)[2].strip()
    return (text or type(error).__name__).splitlines()[0][:120]


def tensors_in(stored: object, path: Path) -> dict[str, torch.Tensor]:
    """Find the state dict in what a checkpoint holds.

    Parameters
    ----------
    stored : object
        What was read.
    path : Path
        Where from, for the message.

    Raises
    ------
    CheckpointError
        If there is no dict of tensors in it.
    """
    for wrapper in WRAPPERS:
        if isinstance(stored, dict) and isinstance(stored.get(wrapper), dict):
            stored = stored[wrapper]
            break
    if not isinstance(stored, dict) or not stored or not _all_tensors(stored):
        msg = (
            f"{path} holds no state dict; give a checkpoint with named tensors, as the "
            "model's authors publish it"
        )
        raise CheckpointError(msg)
    return {str(key).removeprefix("module."): value for key, value in stored.items()}


def check_stored(state: Mapping[str, torch.Tensor], path: Path) -> None:
    """Refuse tensors that claim more numbers than are stored.

    A crafted file of a few bytes can hold a tensor of any size, all of whose numbers
    are the same ones; copied, it fills the memory.

    Parameters
    ----------
    state : mapping of str to tensor
        What was read.
    path : Path
        Where from.

    Raises
    ------
    CheckpointError
        If a tensor, or all together, need more bytes than their storages have. Two
        names for one tensor, as tied weights have, are accepted.
    """
    storages: dict[int, int] = {}
    claimed = 0
    for value in state.values():
        if value.layout != torch.strided or value.is_meta:
            _refuse_claim(path)
        storage, size = value.untyped_storage(), value.numel() * value.element_size()
        if size > storage.nbytes():
            _refuse_claim(path)
        storages[storage.data_ptr()] = storage.nbytes()
        claimed += size
    if claimed > MOST_NAMES * sum(storages.values()):
        _refuse_claim(path)


def _refuse_claim(path: Path) -> NoReturn:
    msg = (
        f"{path} claims more numbers than it holds; no published checkpoint does, so "
        "get it again from its authors"
    )
    raise CheckpointError(msg)


def _all_tensors(stored: Mapping[Any, Any]) -> bool:
    return all(isinstance(value, torch.Tensor) for value in stored.values())


def load_strictly(
    network: torch.nn.Module, state: Mapping[str, torch.Tensor], *, name: str
) -> None:
    """Fill a network, and refuse another model's weights.

    Parameters
    ----------
    network : torch.nn.Module
        What is filled, in place.
    state : mapping of str to tensor
        All of the network's entries and no others.
    name : str
        The model's name, for the message.

    Raises
    ------
    CheckpointError
        If an entry is missing, unknown or of another shape.
    """
    check_fits(network, state, name=name)
    network.load_state_dict(state)


def check_fits(
    network: torch.nn.Module, state: Mapping[str, torch.Tensor], *, name: str
) -> None:
    """Refuse another model's weights.

    Parameters
    ----------
    network : torch.nn.Module
        What would be filled.
    state : mapping of str to tensor
        All of the network's entries and no others.
    name : str
        The model's name, for the message.

    Raises
    ------
    CheckpointError
        If an entry is missing, unknown or of another shape.
    """
    wanted = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    given = {key: tuple(value.shape) for key, value in state.items()}
    faults = {
        "missing": sorted(wanted.keys() - given.keys()),
        "unknown": sorted(given.keys() - wanted.keys()),
        "of another shape": sorted(
            key for key in wanted.keys() & given.keys() if wanted[key] != given[key]
        ),
    }
    if any(faults.values()):
        found = "; ".join(
            f"{len(keys)} {kind} ({', '.join(keys[:SHOWN_KEYS])})"
            for kind, keys in faults.items()
            if keys
        )
        msg = (
            f"the checkpoint is not {name}'s: of its {len(wanted)} entries there are "
            f"{found}; give the file that belongs to {name}"
        )
        raise CheckpointError(msg)
