"""Untrained placeholder weights: the same everywhere, and never taken for real ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_sam_med.core.prompts import Prompts
from napari_sam_med.errors import CheckpointError, FileWriteError, ModelError
from napari_sam_med.models import load_model
from napari_sam_med.models.loading import network_of
from napari_sam_med.models.registry import card_of, cards
from napari_sam_med.models.weight_files import is_stand_in
from napari_sam_med.models.weights.checkpoints import CheckpointStore
from napari_sam_med.models.weights.stand_ins import (
    stand_in_state,
    stand_in_tensor,
    write_stand_ins,
)

WITH_FILE = [card.name for card in cards().values() if card.needs_file]
STRIPES = np.tile(np.arange(96, dtype=np.uint8), (64, 1))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("stand_ins") / "focal.safetensors"
    write_stand_ins(stand_in_state(card_of("focalclick_b0_s1")), path)
    return path


def test_numbers_follow_from_name_and_shape():
    one = stand_in_tensor("head.weight", (2, 3), "float32")
    assert torch.equal(one, stand_in_tensor("head.weight", (2, 3), "float32"))
    assert not torch.equal(one, stand_in_tensor("neck.weight", (2, 3), "float32"))


@pytest.mark.parametrize("name", WITH_FILE)
def test_there_are_stand_ins_for_every_trained_number_of_every_model(name):
    parameters = network_of(card_of(name)).parameters()
    assert sum(each.numel() for each in parameters) == card_of(name).parameters


def test_a_file_of_stand_ins_loads_by_its_path_and_answers(file):
    model = load_model("focalclick_b0_s1", file, device="cpu")
    found = model.predict(model.embed(STRIPES), Prompts([(30, 40)], [1]))
    assert found.masks.shape == (1, *STRIPES.shape)


def test_a_file_of_stand_ins_says_so_and_a_runs_manifest_too(file, tmp_path):
    card = card_of("focalclick_b0_s1")
    assert is_stand_in(file)
    assert card.manifest_entry(file)["stand_in"] is True
    save_file(load_file(file), tmp_path / "other.safetensors")
    assert card.manifest_entry(tmp_path / "other.safetensors")["stand_in"] is False
    assert card.manifest_entry()["stand_in"] is False


def test_the_store_takes_no_stand_ins(file, tmp_path):
    store = CheckpointStore(tmp_path / "store")
    with pytest.raises(CheckpointError, match=r"holds stand-in weights.*NAME=FILE"):
        store.import_file(file, "focalclick_b0_s1")
    assert not store.folder.exists()


def test_a_conversion_brings_no_stand_ins_into_the_store_either(file, tmp_path):
    store = CheckpointStore(tmp_path / "store")
    with pytest.raises(CheckpointError, match="holds stand-in weights"):
        store.convert(file, "focalclick_b0_s1")
    assert store.find(card_of("focalclick_b0_s1")) is None


def test_models_without_a_file_have_no_stand_ins():
    with pytest.raises(ModelError, match="ellipse needs no file"):
        stand_in_state(card_of("ellipse"))


def test_a_file_that_is_there_is_kept_and_a_pickle_is_not_written(file, tmp_path):
    before = file.read_bytes()
    for path in (file, tmp_path / "focal.pth"):
        with pytest.raises(FileWriteError, match="give a new file"):
            write_stand_ins({"weight": torch.ones(2)}, path)
    assert file.read_bytes() == before


def test_a_damaged_safetensors_file_is_named(tmp_path):
    (tmp_path / "w.safetensors").write_bytes(b"not one")
    with pytest.raises(CheckpointError, match=r"w\.safetensors cannot be read"):
        is_stand_in(tmp_path / "w.safetensors")
