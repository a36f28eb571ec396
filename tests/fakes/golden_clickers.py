"""Golden inputs and outputs of the click models, and networks with golden weights.

The small ones lie in ``tests/models/golden/clickers``. The complete ones are some
20 MB: put their folder's path (it holds ``clickers``) in NAPARI_SAM_MED_GOLDEN.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from fakes.golden_weights import (
    golden_state_dict,
    read_manifest,
    read_overrides,
    worst_checksum_difference,
)
from napari_sam_med.models.click.click_values import ClickPoint

SMALL = Path(__file__).parents[1] / "models" / "golden" / "clickers"
VARIABLE = "NAPARI_SAM_MED_GOLDEN"


def small_folder(name: str) -> Path:
    """Folder of the fixtures that come with the tests."""
    return SMALL / name


def full_folder(name: str) -> Path:
    """Folder of the complete fixtures; the test is skipped if it is not given."""
    root = os.environ.get(VARIABLE)
    if not root:
        pytest.skip(f"set {VARIABLE} to the folder of the golden fixtures")
    return Path(root) / "clickers" / name


def golden_arrays(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "golden.npz") as data:
        return {key: data[key] for key in data}


def golden_cases(name: str) -> list[dict]:
    return json.loads((SMALL / name).read_text(encoding="utf-8"))


def fill_golden(network: torch.nn.Module, folder: Path) -> None:
    """Load the stand-in checkpoint strictly, once its own sums are right."""
    state = golden_state_dict(
        read_manifest(folder / "manifest.json"),
        read_overrides(folder / "overrides.npz"),
    )
    assert worst_checksum_difference(state, folder / "manifest.json") < 1e-5
    network.load_state_dict(state, strict=True)
    network.requires_grad_(requires_grad=False)


def picture(array: np.ndarray) -> torch.Tensor:
    """(H, W, 3) uint8 as (1, 3, H, W) float32 in 0..1."""
    return torch.from_numpy(array).permute(2, 0, 1)[None].float() / 255


def with_mask(colours: torch.Tensor, probability: torch.Tensor | None) -> torch.Tensor:
    """Append a (1, 1, H, W) previous probability, or zeros."""
    last = torch.zeros_like(colours[:, :1]) if probability is None else probability
    return torch.cat([colours, last], dim=1)


def clicks_of(array: np.ndarray) -> list[ClickPoint]:
    """(N, 3) rows of row, column, positive as clicks."""
    return [ClickPoint(float(row), float(col), bool(sign)) for row, col, sign in array]


def roi_of(crop) -> list[int]:
    """A crop as the fixtures write it."""
    if crop is None:
        return [-1, -1, -1, -1]
    return [crop.row0, crop.row1, crop.col0, crop.col1]


def half_open_of(crop) -> list[int]:
    """A crop as FocalClick's fixtures write it."""
    if crop is None:
        return [-1, -1, -1, -1]
    return [crop.row0, crop.row1 + 1, crop.col0, crop.col1 + 1]


def difference(found: torch.Tensor, wanted: np.ndarray) -> float:
    """Largest absolute difference of (..., H, W) tensor and (H, W) array."""
    return float(np.abs(found.numpy().squeeze() - wanted.astype(np.float32)).max())


def probability_difference(logits: torch.Tensor, wanted: np.ndarray) -> float:
    """Largest absolute difference of two maps of logits, as probabilities."""
    return float((logits.sigmoid() - torch.from_numpy(wanted).sigmoid()).abs().max())
