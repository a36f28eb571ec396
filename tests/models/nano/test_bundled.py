"""The model in the box."""

from __future__ import annotations

import numpy as np
import pytest
from segment_anything import SamPredictor
from segment_anything.modeling import Sam

from napari_sam_med.core.prompts import Prompts
from napari_sam_med.models import list_models, load_model
from napari_sam_med.models.registry import card_of
from napari_sam_med.models.weight_files import sha256_of


@pytest.fixture(scope="module")
def model():
    return load_model("nano", device="cpu", zoom="off")


@pytest.fixture(scope="module")
def image():
    rows, cols = np.indices((150, 190))
    disc = np.hypot(rows - 70, cols - 110) < 30
    return np.where(disc, 200, 60).astype(np.uint8)


def test_nano_is_bundled_with_the_hash_of_its_file(model):
    entry = next(each for each in list_models() if each.card.name == "nano")
    assert entry.state == "bundled"
    assert model.sha256 == sha256_of(entry.path)


def test_nanos_card_states_its_parameters(model):
    count = sum(parameter.numel() for parameter in model.sam.parameters())
    assert card_of("nano").parameters == count


@pytest.mark.parametrize("box", [None, (38, 78, 102, 142)])
def test_the_official_predictor_round_nano_gives_the_bits_of_the_adapter(
    model, image, box
):
    predictor = SamPredictor(model.sam)
    predictor.set_image(np.repeat(image[:, :, None], 3, axis=2))
    xyxy = None if box is None else np.array(box)[[1, 0, 3, 2]]
    masks, scores, logits = predictor.predict(
        np.array([[110, 70]]), np.array([1]), box=xyxy
    )
    found = model.predict(model.embed(image), Prompts([(70, 110)], [1], box))
    assert isinstance(model.sam, Sam)
    assert np.array_equal(found.masks, masks)
    assert np.array_equal(found.scores, scores)
    assert np.array_equal(found.logits, logits)


@pytest.mark.parametrize("zoom", ["default", "on", "auto"])
def test_nano_answers_with_every_zoom_and_keeps_its_network_at_hand(image, zoom):
    model = load_model("nano", device="cpu", zoom=zoom)
    found = model.predict(model.embed(image), Prompts([(70, 110)], [1]))
    assert found.masks[:, 70, 110].any()
    assert isinstance(model.sam, Sam)
