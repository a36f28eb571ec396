"""Golden inputs and outputs of SAM 2.1, and video models that are quick to run."""

from __future__ import annotations

from functools import cache
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
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.models.state_dict import load_strictly
from napari_sam_med.models.video.sam2_architecture import (
    HIERA_SIZES,
    HieraSize,
    build_sam2,
)
from napari_sam_med.models.video.sam2_segmenter import Sam2Segmenter

FOLDER = Path(__file__).parents[1] / "models" / "golden_video" / "sam2.1_hiera_tiny"
MANIFEST = FOLDER / "manifest.json"
INPUT_PX = 128
BOX_RC = (10, 14, 34, 40)
PROMPTS = {
    "box": Prompts(box_rc=BOX_RC),
    "point": Prompts([(20, 30)], [1]),
    "points": Prompts([(20, 30), (8, 60)], [1, 0]),
    "box_point": Prompts([(22, 28)], [1], BOX_RC),
}
# Where the runs of the golden file begin and which way they go; their prompts.
RUNS = {
    "box_up": (range(2, 6), {2: "box"}),
    "box_down": (range(5, -1, -1), {5: "box"}),
    "point_up": (range(2, 6), {2: "point"}),
    "points_two": (range(1, 6), {1: "points", 4: "box_point"}),
    "mask_up": (range(2, 6), {2: "mask"}),
    "mask_point_down": (range(5, -1, -1), {5: "mask", 2: "point"}),
}
MINIATURE = HieraSize(8, 1, (1, 1, 2, 1), (3,))
"""An image encoder as small as the layout allows; the rest is SAM 2.1's."""


def official_tiny_state():
    """All entries of sam2.1_hiera_tiny.pt with stand-in weights."""
    return golden_state_dict(
        read_manifest(MANIFEST), read_overrides(FOLDER / "overrides.npz")
    )


@cache
def golden_arrays():
    with np.load(FOLDER / "golden.npz") as stored:
        return dict(stored)


def golden_model():
    """SAM 2.1 tiny with the weights that the golden outputs belong to."""
    state = official_tiny_state()
    if worst_checksum_difference(state, MANIFEST) > 1e-5:
        pytest.skip("this release of torch draws other random numbers")
    network = build_sam2(HIERA_SIZES["tiny"], INPUT_PX)
    load_strictly(network, state, name="golden")
    return Sam2Segmenter(network, name="golden", device="cpu")


def golden_masks(name, count):
    """Masks (count, H, W) of one entry of the golden file."""
    shape_hw = golden_arrays()["mask"].shape
    bits = np.unpackbits(
        golden_arrays()[name], count=count * int(np.prod(shape_hw)), axis=None
    )
    return bits.reshape(count, *shape_hw).astype(bool)


def golden_run(name):
    """Order and prompts of one run."""
    order, prompted = RUNS[name]
    known = PROMPTS | {"mask": golden_arrays()["mask"]}
    return order, {index: known[kind] for index, kind in prompted.items()}


@cache
def miniature():
    """A whole SAM 2.1 with a minute image encoder and random weights.

    It always says that the object is there, with random masks.
    """
    generator = torch.random.get_rng_state()
    torch.manual_seed(0)
    network = build_sam2(MINIATURE, 32)
    network.mask_decoder.pred_obj_score_head.proj_out.bias.data += 5
    torch.random.set_rng_state(generator)
    return Sam2Segmenter(network, name="miniature", device="cpu")
