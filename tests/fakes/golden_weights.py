"""Deterministic stand-in weights: a network filled from the names of its entries.

The golden outputs in ``tests/models/golden`` were computed with these numbers.
A tensor depends on nothing but its key and its shape, so two implementations
that expose the same keys and shapes hold the same weights. Last layers that
would make a constant mask are given explicitly, as ``overrides``.

    entries = read_manifest(folder / "manifest.json")
    state = golden_state_dict(entries, read_overrides(folder / "overrides.npz"))
    network.load_state_dict(state, strict=True)
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from napari_sam_med.models.weights.stand_ins import stand_in_tensor


class Entry(NamedTuple):
    """One entry of a state dict: its key, its shape, its dtype ("float32")."""

    key: str
    shape: tuple[int, ...]
    dtype: str = "float32"


def golden_state_dict(
    entries: Iterable[Entry], overrides: Mapping[str, torch.Tensor] | None = None
) -> dict[str, torch.Tensor]:
    """State dict of all entries, the overridden ones as given."""
    given = dict(overrides or {})
    state = {}
    for entry in entries:
        value = given.pop(entry.key, None)
        if value is not None and tuple(value.shape) != entry.shape:
            message = f"{entry.key}: {tuple(value.shape)} given for {entry.shape}"
            raise ValueError(message)
        state[entry.key] = stand_in_tensor(*entry) if value is None else value
    if given:
        message = f"overrides that fit no entry: {sorted(given)}"
        raise KeyError(message)
    return state


def read_manifest(path: Path) -> list[Entry]:
    """Entries of the checkpoint in ``manifest.json``, in their order."""
    rows = json.loads(path.read_text(encoding="utf-8"))["state_dict"]
    return [Entry(key, tuple(shape), dtype) for key, shape, dtype in rows]


def read_overrides(path: Path) -> dict[str, torch.Tensor]:
    """Explicit tensors of ``overrides.npz``; none where there is no such file."""
    if not path.exists():
        return {}
    with np.load(path) as data:
        return {key: torch.from_numpy(data[key].astype(np.float32)) for key in data}


def entries_of(network: torch.nn.Module) -> list[Entry]:
    """Entries that a network exposes, comparable with a manifest's."""
    return [
        Entry(key, tuple(value.shape), str(value.dtype).removeprefix("torch."))
        for key, value in network.state_dict().items()
    ]


def fill(
    network: torch.nn.Module, overrides: Mapping[str, torch.Tensor] | None = None
) -> None:
    """Give a network its golden weights, from its own names."""
    network.load_state_dict(
        golden_state_dict(entries_of(network), overrides), strict=True
    )


def worst_checksum_difference(
    state: Mapping[str, torch.Tensor], manifest: Path
) -> float:
    """Largest relative difference from the recorded sums of each tensor.

    PyTorch does not promise equal random streams between releases: above 1e-5 the
    golden outputs say nothing about the network.
    """
    recorded = json.loads(manifest.read_text(encoding="utf-8"))["weights_check"]
    worst = 0.0
    for key, (first, total, total_abs) in recorded.items():
        flat = state[key].detach().to(torch.float64).flatten()
        scale = max(abs(total_abs), 1e-6)
        worst = max(
            worst,
            abs(float(flat[0]) - first) / max(abs(first), 1e-3),
            abs(float(flat.sum()) - total) / scale,
            abs(float(flat.abs().sum()) - total_abs) / scale,
        )
    return worst
