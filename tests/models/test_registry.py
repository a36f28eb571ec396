"""Cards, and finding a model by its name."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import torch

from napari_sam_med.errors import CheckpointError, ModelError
from napari_sam_med.models import list_models, load_model
from napari_sam_med.models.loading import LOADERS
from napari_sam_med.models.registry import card_from_mapping, card_of, cards

VALID = {
    "name": "x",
    "family": "sam",
    "title": "X",
    "licence": "MIT",
    "prompts": ["points"],
}


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("name", cards())
def test_a_card_is_named_as_its_file_and_says_licence_window_and_citation(name):
    card = card_of(name)
    assert card.name == name
    assert card.licence
    assert card.window
    assert card.citation
    assert card.family in LOADERS


@pytest.mark.parametrize("name", [c.name for c in cards().values() if c.needs_file])
def test_a_card_with_a_file_says_where_it_is_and_how_sure_its_hash_is(name):
    card = card_of(name)
    assert card.url.startswith("https://") or card.manual
    assert card.sources
    assert re.fullmatch(r"[0-9a-f]{64}|", card.sha256)


@pytest.mark.parametrize("name", [c.name for c in cards().values() if c.needs_file])
def test_without_network_a_model_says_what_from_where_how_large_and_how_by_hand(name):
    card = card_of(name)
    with pytest.raises(CheckpointError) as caught:
        load_model(name)
    text = str(caught.value)
    assert text.startswith(f"{name} has no weights on this machine; ")
    assert "\n" not in text
    assert (card.url or card.manual) in text
    assert "https://" in text
    assert f"({card.size_in_words}, licence {card.licence})" in text
    assert re.search(r"\d+(\.\d+)? [MG]B", card.size_in_words)
    assert f"napari-sam-med models import FILE --model {name}" in text


def test_the_bundled_model_and_the_baselines_are_listed_first():
    listed = [entry.card.name for entry in list_models()]
    assert listed[:3] == ["nano", "ellipse", "random_walker"]


def test_a_model_without_its_file_is_listed_as_missing():
    states = {entry.card.name: entry.state for entry in list_models()}
    assert states["ellipse"] == "bundled"
    assert states["sam_vit_b"] == "needs file"


def test_a_file_in_the_cache_folder_makes_a_model_available(tmp_path):
    file = tmp_path / "cache" / "checkpoints" / "sam_vit_b.pth"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"weights")
    entry = next(e for e in list_models() if e.card.name == "sam_vit_b")
    assert (entry.state, entry.path) == ("available", file)


def test_an_unknown_model_is_refused_with_the_known_names():
    with pytest.raises(ModelError, match=r"no model 'sam'; known are .*sam_vit_b"):
        load_model("sam")


def test_an_unknown_zoom_is_refused():
    with pytest.raises(ModelError, match="zoom 'far'; give one of default"):
        load_model("ellipse", zoom="far")


def test_a_missing_checkpoint_says_how_to_get_it():
    with pytest.raises(CheckpointError, match=r"models download sam_vit_b.*375 MB"):
        load_model("sam_vit_b")


def test_a_path_without_a_file_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        load_model("sam_vit_b", tmp_path / "absent.pth")


def test_another_models_file_is_refused(tmp_path):
    file = tmp_path / "other.pth"
    torch.save({"weight": torch.zeros(3)}, file)
    with pytest.raises(CheckpointError, match="the checkpoint is not sam_vit_b's"):
        load_model("sam_vit_b", file)


def test_a_baseline_loads_by_name():
    assert load_model("random_walker").name == "random_walker"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"colour": 1}, "colour is not known"),
        ({"size": "large"}, "size is 'large' instead of a valid integer"),
        ({"prompts": "points"}, "prompts is 'points' instead of a valid array"),
        ({"zoom": "far"}, "zoom is 'far' instead of"),
        ({"prompts": ["words"]}, "unknown kind of prompt 'words'"),
    ],
)
def test_a_wrong_card_is_refused(change, fault):
    with pytest.raises(ModelError, match=fault):
        card_from_mapping(VALID | change)


def test_a_card_without_a_licence_is_refused():
    with pytest.raises(ModelError, match="licence is missing"):
        card_from_mapping({k: v for k, v in VALID.items() if k != "licence"})


def test_listing_models_imports_no_torch():
    code = (
        "import sys; from napari_sam_med.models import list_models; list_models(); "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_empty_checkpoint_is_not_taken_for_none():
    with pytest.raises(CheckpointError, match="empty text; give a file"):
        load_model("nano", "")


@pytest.mark.parametrize("device", [torch.device("cpu"), "cpu"])
def test_a_device_is_named_or_given(device):
    assert load_model("nano", device=device).name == "nano"


def test_no_device_is_any_device():
    assert load_model("nano", device=None).name == "nano"


@pytest.mark.parametrize("name", ["nano", "ellipse"])
@pytest.mark.parametrize("device", [0, "gpu", ["cpu"]])
def test_another_device_is_refused(name, device):
    with pytest.raises(ModelError, match="is unknown; give auto"):
        load_model(name, device=device)
