import pytest
import torch

from fakes.golden_video import MANIFEST, official_tiny_state
from fakes.golden_weights import read_manifest
from napari_sam_med.errors import CheckpointError, ModelError
from napari_sam_med.models import listed_model, load_model
from napari_sam_med.models.loading import network_of
from napari_sam_med.models.registry import Card, card_of
from napari_sam_med.models.state_dict import load_strictly
from napari_sam_med.models.video import sam2_architecture
from napari_sam_med.models.video.sam2_architecture import (
    HIERA_SIZES,
    build_sam2,
    check_transformers,
)
from napari_sam_med.models.weight_files import sha256_of
from napari_sam_med.models.weights.checkpoints import CheckpointStore

VIDEO = [
    "sam2.1_hiera_tiny",
    "sam2.1_hiera_tiny_512",
    "sam2.1_hiera_small",
    "sam2.1_hiera_base_plus",
    "sam2.1_hiera_large",
    "medsam2",
]


@pytest.fixture(scope="module")
def state():
    return official_tiny_state()


@pytest.fixture(scope="module")
def official_file(state, tmp_path_factory):
    path = tmp_path_factory.mktemp("official") / "sam2.1_hiera_tiny.pt"
    torch.save({"model": state}, path)
    return path


@pytest.fixture(scope="module")
def network(state):
    built = build_sam2(HIERA_SIZES["tiny"], 128)
    load_strictly(built, state, name="tiny")
    return built


@pytest.mark.parametrize("name", ["sam2.1_hiera_tiny", "medsam2"])
def test_the_published_files_entries_are_the_networks_in_name_and_shape(name):
    network = network_of(card_of(name))
    found = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    entries = read_manifest(MANIFEST)
    assert found == {entry.key: entry.shape for entry in entries}


def test_every_number_of_a_published_file_comes_into_the_network_and_out(
    network, state
):
    found = network.state_dict()
    assert found.keys() == state.keys()
    assert all(torch.equal(found[key], value) for key, value in state.items())


def test_the_two_places_of_one_encoding_hold_the_same(network):
    one = network.shared_image_embedding.positional_embedding
    other = network.prompt_encoder.shared_embedding.positional_embedding
    assert torch.equal(one, other)


def test_a_file_in_the_published_layout_loads_by_its_path(official_file):
    model = load_model("sam2.1_hiera_tiny_512", official_file, device="cpu")
    assert model.capabilities.boxes
    assert model.sha256 == sha256_of(official_file)


def test_a_file_that_lacks_an_entry_is_refused(network, state):
    kept = {key: value for key, value in state.items() if key != "no_obj_ptr"}
    with pytest.raises(CheckpointError, match=r"there are 1 missing \(no_obj_ptr\)"):
        load_strictly(network, kept, name="medsam2")


def test_another_sizes_file_is_refused(official_file):
    with pytest.raises(CheckpointError, match=r"not sam2\.1_hiera_small's"):
        load_model("sam2.1_hiera_small", official_file, device="cpu")


def test_a_file_of_another_hash_does_not_come_into_the_store(official_file, tmp_path):
    store = CheckpointStore(tmp_path / "store")
    with pytest.raises(CheckpointError, match="7402e0d864fa82"):
        store.import_file(official_file, "sam2.1_hiera_tiny")


def test_two_sides_of_one_network_share_the_file_in_the_store(tmp_path):
    store = CheckpointStore(tmp_path)
    (tmp_path / "sam2.1_hiera_tiny.pth").write_bytes(b"x")
    one, other = (store.find(card_of(name)) for name in VIDEO[:2])
    assert one is not None
    assert one == other


@pytest.mark.parametrize("name", VIDEO)
def test_without_transformers_a_model_says_how_to_get_it(name, monkeypatch, tmp_path):
    monkeypatch.setattr(Card, "missing_packages", ("transformers",))
    listed = listed_model(name, CheckpointStore(tmp_path))
    assert listed.state == "needs package"
    assert listed.remedy == 'run `pip install "napari-sam-med[video]"`'
    with pytest.raises(ModelError, match=r"napari-sam-med\[video\]"):
        load_model(name, tmp_path / "any.pt")


@pytest.mark.parametrize("found", ["4.57.1", "5.23.0"])
def test_an_older_transformers_is_refused(found, monkeypatch):
    monkeypatch.setattr(sam2_architecture.metadata, "version", lambda _name: found)
    with pytest.raises(ModelError, match=f"5.24 or newer, and {found} is here"):
        check_transformers()


def test_medsam2s_licence_is_told_where_models_are_listed():
    card = card_of("medsam2")
    assert "research" in card.licence
    assert card.licence in card.how_to_get()
