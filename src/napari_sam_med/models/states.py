"""Weight files read without running anything that they contain."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from napari_sam_med.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SHOWN_KEYS = 3
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
    ``torch.load`` runs with ``weights_only=True`` and its own list of allowed names.
    """
    if not path.is_file():
        msg = f"there is no checkpoint {path}; give the path of an existing file"
        raise CheckpointError(msg)
    check_not_a_page(path)
    return tensors_in(_read(path), path)


def check_not_a_page(path: Path) -> None:
    """Refuse a web page that was saved under a checkpoint's name, and an empty file.

    Parameters
    ----------
    path : Path
        An existing file.

    Raises
    ------
    CheckpointError
        If the file is empty, or starts as HTML or XML does.
    """
    with path.open("rb") as file:
        start = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        msg = f"{path} is empty; download or copy the checkpoint again"
        raise CheckpointError(msg)
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml")):
        msg = (
            f"{path} is a web page, not a checkpoint: the download was answered with a "
            "page; fetch the file itself, in a browser if need be"
        )
        raise CheckpointError(msg)


def _read(path: Path) -> object:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "Unsupported" not in str(error) and "GLOBAL" not in str(error):
            raise _damaged(path, error) from error
        msg = (
            f"{path} holds more than tensors and would run code on loading; if you "
            "trust its origin, run `napari-sam-med models convert` on it first "
            f"({_first_line(error)})"
        )
        raise CheckpointError(msg) from error
    except (RuntimeError, EOFError, SafetensorError, ValueError, KeyError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"{path} cannot be read as a checkpoint: it is cut off, damaged or of another "
        f"format; download or copy it again ({_first_line(error)})"
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:160]


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
    network.load_state_dict(state)
