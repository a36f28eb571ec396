"""Golden inputs and outputs of SAM's family, and models with golden weights.

Small ones lie in ``tests/models/golden_sam``. The others are 3 MB and take minutes: put
the path of the folder that holds ``sam_family`` in NAPARI_SAM_MED_GOLDEN.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from fakes.golden_weights import (
    golden_state_dict,
    read_manifest,
    worst_checksum_difference,
)
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.models.registry import card_of
from napari_sam_med.models.sam.sam_architecture import filled
from napari_sam_med.models.sam.sam_builders import SAM_VARIANTS, builder_of
from napari_sam_med.models.sam.sam_segmenter import SamSegmenter

SMALL = Path(__file__).parents[1] / "models" / "golden_sam"
VARIABLE = "NAPARI_SAM_MED_GOLDEN"
CARDS = {
    "sam_vit_b": "sam_vit_b",
    "sam_hq_vit_b": "hq_sam_vit_b",
    "sam_med2d_vit_b": "sam_med2d_vit_b",
    "mobile_sam_vit_t": "mobile_sam",
}


@dataclass
class Golden:
    """Expected arrays of one model, and the model with the weights they belong to."""

    arrays: dict[str, np.ndarray]
    stored_prompts: dict[str, dict]
    model: SamSegmenter

    def image(self, prefix=""):
        image = self.arrays["image"]
        images = {
            "tall_": image.transpose(1, 0, 2),
            "big_": self.arrays.get("big_image"),
            "bgr_": image[..., ::-1],
        }
        return np.ascontiguousarray(images.get(prefix, image))

    def prompts(self, name):
        kind = "point" if name.endswith("_point") else name
        stored = self.stored_prompts[kind.replace("_sigmask", "_mask")]
        points = [(y, x) for x, y in stored.get("point_coords", [])]
        if name == "tall_point":
            points = [(x, y) for y, x in points]
        box = stored.get("box")
        return Prompts(
            points,
            stored.get("point_labels", []),
            None if box is None else (box[1], box[0], box[3], box[2]),
            self.arrays["prev_logits"][0] if stored.get("mask") else None,
        )

    def masks(self, name, shape_hw):
        packed = self.arrays[name]
        count = self.arrays[name.replace("mask_bits", "iou")].size
        bits = np.unpackbits(packed, count=count * shape_hw[0] * shape_hw[1])
        return bits.reshape(count, *shape_hw).astype(bool)


def small_folder(name):
    return SMALL / name


def full_folder(name):
    root = os.environ.get(VARIABLE)
    if not root:
        pytest.skip(f"set {VARIABLE} to the folder of the golden fixtures")
    return Path(root) / "sam_family" / name


def golden_state(name):
    return golden_state_dict(read_manifest(SMALL / name / "manifest.json"))


def read_golden(folder):
    manifest = SMALL / folder.name / "manifest.json"
    state = golden_state(folder.name)
    if worst_checksum_difference(state, manifest) > 1e-5:
        pytest.skip("this release of torch draws other random numbers")
    card = card_of(CARDS[folder.name])
    sam = filled(builder_of(card), state, name=card.name)
    model = SamSegmenter(sam, name=card.name, variant=SAM_VARIANTS[card.family]())
    with np.load(folder / "golden.npz") as stored:
        arrays = dict(stored)
    prompts = json.loads(manifest.read_text("utf-8"))["prompts"]
    return Golden(arrays, prompts, model)


def raw_slots(golden, embedding, prompts, decode=None):
    """All slots of the decoder, (K, h, w), and the predicted IoU of four."""
    model = golden.model
    decode = decode or model._variant.decode
    with torch.no_grad():
        sparse, dense = model.encode_prompts([prompts], embedding)
        features = tuple(torch.as_tensor(each)[None] for each in embedding.features)
        logits, ious = decode(model.sam, features, sparse, dense)
    return logits[0].numpy(), ious[0].numpy(), sparse.numpy(), dense[0].numpy()
