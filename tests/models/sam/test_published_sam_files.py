"""Published layouts, from a server to a mask."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from fakes.file_server import Behaviour, serving
from fakes.golden_sam import golden_state
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.errors import CheckpointError, ModelError
from napari_sam_med.models import load_model
from napari_sam_med.models.load_options import LoadOptions
from napari_sam_med.models.loading import load_family, with_zoom
from napari_sam_med.models.registry import card_of
from napari_sam_med.models.weight_files import sha256_of
from napari_sam_med.models.weights.checkpoints import CheckpointStore
from napari_sam_med.models.weights.network import Network

STRIPES = np.tile(np.arange(96, dtype=np.uint8), (64, 1))


@pytest.fixture(scope="module")
def mobile_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("mobile") / "mobile_sam.pt"
    torch.save(golden_state("mobile_sam_vit_t"), path)
    return path


def test_a_published_file_is_fetched_verified_loaded_and_answers(tmp_path, mobile_file):
    digest = sha256_of(mobile_file)
    known = {"sha256": digest, "size": mobile_file.stat().st_size}
    store = CheckpointStore(tmp_path)
    with serving(Behaviour(mobile_file.read_bytes(), [9_000_000])) as address:
        card = replace(card_of("mobile_sam"), url=f"{address}/mobile_sam.pt", **known)
        path = store.download(card, network=Network(pause_s=0))
    model = load_family(card, store.checked(card), LoadOptions("cpu"))
    assert path == store.find(card)
    assert model.sha256 == digest
    found = model.predict(model.embed(STRIPES), Prompts([(30, 40)], [1]))
    assert found.masks.shape == (3, *STRIPES.shape)


@pytest.mark.parametrize("name", ["sam_vit_b", "hq_sam_vit_b", "medsam_vit_b"])
def test_another_relatives_file_is_refused(name, mobile_file):
    with pytest.raises(CheckpointError, match=f"the checkpoint is not {name}'s"):
        load_model(name, mobile_file)


def test_zoom_wraps_what_keeps_the_aspect_and_refuses_the_rest():
    model, stretched = load_model("ellipse"), card_of("sam_med2d_vit_b")
    assert with_zoom(model, stretched, "off") is model
    assert with_zoom(model, card_of("sam_vit_b"), "on").info.crop_refinement == "on"
    with pytest.raises(ModelError, match="sam_med2d_vit_b takes no zoom"):
        with_zoom(model, stretched, "auto")
