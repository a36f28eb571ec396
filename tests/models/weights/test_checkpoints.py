"""The checkpoint store: what comes in is what is published, and stays so."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from fakes.file_server import Behaviour, serving
from fakes.harmful import Harmful
from fakes.without_powers import without_powers
from napari_sam_med.errors import CheckpointError, ModelError
from napari_sam_med.models.cache_folder import cache_folder
from napari_sam_med.models.registry import card_of
from napari_sam_med.models.state_dict import read_state
from napari_sam_med.models.weight_files import SOURCE_NOTE, notes_of, sha256_of
from napari_sam_med.models.weights import checkpoints
from napari_sam_med.models.weights.checkpoints import CheckpointStore
from napari_sam_med.models.weights.network import Network

QUICK = Network(attempts=1, pause_s=0)


def anything_loads(card, path):
    """Stand for networks of gigabytes: these tests' files hold three numbers."""


@pytest.fixture
def store(tmp_path):
    return CheckpointStore(tmp_path / "store", loads=anything_loads)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "hand" / "weights.pth"
    path.parent.mkdir()
    torch.save({"weight": torch.ones(3)}, path)
    return path


@pytest.fixture
def card(file):
    return replace(
        card_of("sam_vit_b"), sha256=sha256_of(file), size=file.stat().st_size
    )


@pytest.fixture
def unhashed(card):
    return replace(card, sha256="", size=0)


@pytest.fixture
def known(card, monkeypatch):
    """The registry with the hash of the test's file on sam_vit_b's card."""
    everything = {**checkpoints.cards(), card.name: card}
    monkeypatch.setattr(checkpoints, "cards", lambda: everything)
    monkeypatch.setattr(checkpoints, "card_of", everything.__getitem__)
    return everything


def served(card, file, store, **options):
    with serving(Behaviour(file.read_bytes())) as address:
        online = replace(card, url=f"{address}/weights.pth")
        return store.download(online, network=QUICK, **options)


def damage(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_the_environment_names_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    assert CheckpointStore().folder == tmp_path / "checkpoints"


def test_without_it_the_cache_folder_is_the_systems(monkeypatch):
    monkeypatch.delenv("NAPARI_SAM_MED_CACHE", raising=False)
    assert cache_folder().name == "napari-sam-med"


def test_a_downloaded_file_is_found_and_verified(store, card, file):
    path = served(card, file, store)
    assert store.find(card) == store.checked(card) == path
    assert store.verify(card) == card.sha256


def test_a_file_that_is_here_is_not_fetched_again(store, card, file):
    path = served(card, file, store)
    offline = replace(card, url="http://127.0.0.1:9/gone")
    assert store.download(offline, network=QUICK) == path


def test_a_card_without_an_address_says_how_to_get_the_file(store, card):
    by_hand = replace(card, url="", manual="open the folder x in a browser")
    with pytest.raises(CheckpointError, match=r"open the folder x .*models import"):
        store.download(by_hand)


def test_an_absent_file_cannot_be_verified(store, card):
    assert store.checked(card) is None
    with pytest.raises(CheckpointError, match=r"has no file in .*models download"):
        store.verify(card)


def test_a_damaged_file_is_noticed_on_loading(store, card, file):
    damage(served(card, file, store))
    with pytest.raises(CheckpointError, match="damaged or replaced; delete it"):
        store.checked(card)


def test_a_store_that_is_only_read_can_be_used(store, card, file):
    served(
        card, file, store
    ).touch()  # copied there by hand: of another time than noted
    (store.folder / "sam_vit_b.pth.json").chmod(0o444)
    store.folder.chmod(0o555)
    path = without_powers(lambda: store.checked(card))
    store.folder.chmod(0o755)
    assert path == store.folder / "sam_vit_b.pth"


def test_a_file_that_may_not_be_read_is_told(store, file):
    file.chmod(0)
    with pytest.raises(CheckpointError, match=r"cannot be read \(Permission denied\)"):
        without_powers(lambda: store.import_file(file, "sam_vit_b"))


def test_a_hash_that_nobody_published_is_pinned_on_first_use(store, unhashed, file):
    path = served(unhashed, file, store)
    assert store.verify(unhashed) == sha256_of(file)
    damage(path)
    os.utime(path, ns=(1, 1))
    with pytest.raises(CheckpointError, match="is on record"):
        store.verify(unhashed)


def test_a_pinned_file_cannot_be_fetched_as_another_later(store, unhashed, file):
    served(unhashed, file, store).unlink()
    damage(file)
    with pytest.raises(CheckpointError, match="are expected"):
        served(unhashed, file, store)


def test_an_imported_file_is_recognised_by_its_hash(store, known, file):
    assert store.import_file(file).name == "sam_vit_b"
    assert store.find(known["sam_vit_b"]).read_bytes() == file.read_bytes()


def test_an_unknown_file_needs_a_name(store, file):
    with pytest.raises(CheckpointError, match="--model NAME"):
        store.import_file(file)


def test_a_file_with_another_hash_than_published_is_not_imported(store, known, file):
    damage(file)
    with pytest.raises(CheckpointError, match=r"but sam_vit_b's file has .*published"):
        store.import_file(file, "sam_vit_b")
    assert not store.folder.exists()


def test_another_models_file_is_named(store, known, file):
    with pytest.raises(CheckpointError, match="it is sam_vit_b's"):
        store.import_file(file, "sam_vit_h")


def test_a_web_page_is_not_imported(store, file):
    file.write_text("<html>quota exceeded</html>")
    with pytest.raises(CheckpointError, match="is a web page"):
        store.import_file(file, "sam_vit_b")


def test_an_unknown_name_is_refused(store, file):
    with pytest.raises(ModelError, match="there is no model 'sam_vit_x'"):
        store.import_file(file, "sam_vit_x")


def test_a_malicious_file_is_converted_without_harm_and_held_to_its_new_hash(
    store, unhashed, file, monkeypatch
):
    trace = file.parent / "trace"
    torch.save({"model": {"weight": torch.ones(3)}, "x": Harmful(trace)}, file)
    monkeypatch.setattr(checkpoints, "card_of", {"sam_vit_b": unhashed}.__getitem__)
    path = store.convert(file, "sam_vit_b")
    assert not trace.exists()
    card = unhashed
    assert store.find(card) == path
    assert torch.equal(read_state(path)["weight"], torch.ones(3))
    assert notes_of(path) == {SOURCE_NOTE: sha256_of(file)}
    assert store.verify(card) == sha256_of(path)
    damage(path)
    with pytest.raises(CheckpointError, match="on record"):
        store.verify(card)


def converted(file):
    """The safetensors file that another machine made of a file."""
    path = file.with_suffix(".safetensors")
    save_file(read_state(file), path, metadata={SOURCE_NOTE: sha256_of(file)})
    return path


def test_a_file_converted_elsewhere_is_known_by_the_hash_of_its_source(
    store, known, file
):
    safe = converted(file)
    assert store.import_file(safe).name == "sam_vit_b"
    assert store.find(known["sam_vit_b"]).suffix == ".safetensors"
    assert store.verify(known["sam_vit_b"]) == sha256_of(safe)


def test_a_file_converted_from_what_is_on_record_is_imported_and_no_other(
    store, unhashed, file, monkeypatch
):
    monkeypatch.setattr(checkpoints, "card_of", {"sam_vit_b": unhashed}.__getitem__)
    store.import_file(file, "sam_vit_b")
    safe = converted(file)
    store.import_file(safe, "sam_vit_b")
    assert store.find(unhashed).suffix == ".safetensors"
    store.import_file(file, "sam_vit_b")
    torch.save({"weight": torch.zeros(3)}, file)
    with pytest.raises(CheckpointError, match=r"was converted from SHA-256 .*recorded"):
        store.import_file(converted(file), "sam_vit_b")


def test_the_source_of_a_converted_file_is_pinned_though_only_the_result_came(
    store, unhashed, file, monkeypatch
):
    monkeypatch.setattr(checkpoints, "card_of", {"sam_vit_b": unhashed}.__getitem__)
    store.import_file(converted(file), "sam_vit_b")
    torch.save({"weight": torch.zeros(3)}, file)
    with pytest.raises(CheckpointError, match="recorded when it first came"):
        store.import_file(file, "sam_vit_b")


def test_a_mirror_has_files_without_an_official_address_under_the_models_name(
    store, unhashed, file
):
    by_hand = replace(unhashed, url="", manual="ask the authors")
    behaviour = Behaviour(file.read_bytes())
    with serving(behaviour) as address:
        mirror = Network(mirror=f"{address}/copies", attempts=1, pause_s=0)
        path = store.download(by_hand, network=mirror)
    assert behaviour.paths == ["/copies/sam_vit_b.pth"]
    assert store.verify(by_hand) == sha256_of(path) == sha256_of(file)


def test_a_damaged_record_is_named(store, card, file):
    path = served(card, file, store)
    path.with_name(f"{path.name}.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"pth\.json cannot be used.*is no JSON"):
        store.checked(card)


def test_a_folder_that_cannot_be_made_is_named(card, file, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(CheckpointError, match="NAPARI_SAM_MED_CACHE"):
        served(card, file, CheckpointStore(tmp_path / "taken" / "store"))


@pytest.mark.parametrize("name", ["ellipse", "random_walker", "nano"])
def test_a_model_that_takes_no_file_is_given_none(store, file, name):
    for take in (store.import_file, store.convert):
        with pytest.raises(CheckpointError, match=f"{name} takes no file"):
            take(file, name)
    assert not store.folder.exists()


@pytest.mark.parametrize("name", ["ritm_h18", "sam_med2d_vit_b"])
def test_bytes_that_do_not_load_are_not_pinned(tmp_path, file, name):
    store = CheckpointStore(tmp_path / "store")
    with pytest.raises(CheckpointError, match=f"is not {name}'s"):
        store.import_file(file, name)
    assert list(store.folder.iterdir()) == []


def test_a_download_without_a_published_hash_must_load(store, unhashed, file):
    strict = replace(store, loads=checkpoints.check_loads)
    with pytest.raises(CheckpointError, match="is not sam_vit_b's"):
        served(unhashed, file, strict)
    assert list(strict.folder.iterdir()) == []


@pytest.mark.parametrize("planted", ["sam_vit_b.pth", "sam_vit_b.pth.part"])
def test_a_planted_link_is_not_written_through(store, known, file, tmp_path, planted):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    store.folder.mkdir()
    (store.folder / planted).symlink_to(victim)
    store.import_file(file)
    assert victim.read_text() == "precious"
    assert store.verify(known["sam_vit_b"]) == sha256_of(file)


@pytest.mark.parametrize("suffix", ["", ".tag"])
@pytest.mark.parametrize("plant", [os.symlink, os.link])
def test_a_download_does_not_write_through_a_planted_link(
    store, card, file, tmp_path, plant, suffix
):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    store.folder.mkdir()
    plant(victim, store.folder / f"sam_vit_b.pth.part{suffix}")
    served(card, file, store)
    assert victim.read_text() == "precious"
    assert store.verify(card) == sha256_of(file)


def test_another_file_than_published_is_not_converted_under_its_name(
    store, known, file
):
    damage(file)
    with pytest.raises(CheckpointError, match="published"):
        store.convert(file, "sam_vit_b")
