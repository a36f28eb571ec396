from pathlib import Path

import pytest

from napari_sam_med.gui.shared.model_shelf import PackageShelf
from napari_sam_med.models import list_models
from napari_sam_med.models.registry import card_of
from napari_sam_med.models.weights.checkpoints import CheckpointStore
from napari_sam_med.models.weights.stand_ins import stand_in_state, write_stand_ins

SHELF = PackageShelf()


def test_every_known_model_is_offered_and_the_bundled_one_is_the_default():
    options = SHELF.options()
    assert [o.key for o in options] == [m.card.name for m in list_models()]
    assert SHELF.default in {o.key for o in options}


def test_a_model_without_weights_is_told_from_one_that_is_ready():
    texts = {option.key: option.text for option in SHELF.options()}
    assert texts["nano"] == "nano   (ready)"
    assert texts["sam_vit_b"] == "sam_vit_b   (needs file)"


def test_a_file_of_ones_own_is_named_and_stand_ins_are_called_so(tmp_path):
    own, stand_in = tmp_path / "mine.pth", tmp_path / "stand_in.safetensors"
    own.write_bytes(b"weights")
    write_stand_ins(stand_in_state(card_of("focalclick_b0_s1")), stand_in)
    for path, state in ((own, "own file"), (stand_in, "untrained placeholder weights")):
        options = {o.key: o for o in SHELF.options("focalclick_b0_s1", path)}
        assert options["focalclick_b0_s1"].text == f"focalclick_b0_s1   ({state})"
        assert str(path) in options["focalclick_b0_s1"].tooltip
        assert options["nano"].text == "nano   (ready)"
    assert "mean nothing" in options["focalclick_b0_s1"].tooltip


def test_a_damaged_file_of_ones_own_is_listed_all_the_same(tmp_path):
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"no head")
    options = {o.key: o.text for o in SHELF.options("ritm_h18", damaged)}
    assert options["ritm_h18"] == "ritm_h18   (own file)"


def test_a_model_without_weights_says_what_would_be_fetched():
    missing = SHELF.missing("sam_vit_b")
    card = card_of("sam_vit_b")
    assert (missing.address, missing.licence) == (card.url, card.licence)
    assert missing.size == "375 MB"
    assert missing.prompts == "points, boxes, masks"
    assert missing.window == card.window


def test_a_file_that_can_only_be_had_by_hand_has_no_address():
    missing = SHELF.missing("simpleclick_vit_b")
    assert missing.address == ""
    assert "drive.google.com" in missing.manual
    assert missing.size == "about 392 MB"


def test_a_mirror_is_named_as_the_source(monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_MED_MIRROR", "http://mirror.local/weights/")
    address = SHELF.missing("sam_vit_b").address
    assert address == "http://mirror.local/weights/sam_vit_b_01ec64.pth"


def test_a_mirror_may_have_what_only_people_can_fetch(monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_MED_MIRROR", "http://mirror.local/weights")
    address = SHELF.missing("simpleclick_vit_b").address
    assert address == "http://mirror.local/weights/simpleclick_vit_b.pth"


@pytest.mark.parametrize("name", ["nano", "ellipse"])
def test_what_needs_no_file_misses_nothing(name):
    assert SHELF.missing(name) is None


def test_a_model_whose_file_is_in_the_store_misses_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path))
    folder = CheckpointStore().folder
    folder.mkdir(parents=True)
    Path(folder / "ritm_h18.pth").write_bytes(b"weights")
    assert SHELF.missing("ritm_h18") is None


def test_a_model_that_needs_no_weights_can_be_loaded():
    assert SHELF.source("ellipse", None).load().name == "ellipse"
