"""The store of checkpoints from the command line."""

import sys
from dataclasses import replace
from io import BytesIO

import pytest
import torch
from safetensors.torch import load_file

from fakes.file_server import Behaviour, serving
from napari_sam_med.models.registry import card_of, cards
from napari_sam_med.models.weight_files import is_stand_in, sha256_of
from napari_sam_med.models.weights.checkpoints import CONVERSION_WARNING
from napari_sam_med.models.weights.stand_ins import stand_in_state


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """An empty store's folder."""
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "checkpoints"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save({"weight": torch.ones(3)}, path)
    return path


@pytest.fixture
def behaviour(file, monkeypatch):
    """A mirror with that file as SAM ViT-B's, and as whatever else is asked for."""
    online = replace(
        card_of("sam_vit_b"), sha256=sha256_of(file), size=file.stat().st_size
    )
    monkeypatch.setitem(cards(), "sam_vit_b", online)
    behaviour = Behaviour(file.read_bytes())
    with serving(behaviour) as address:
        monkeypatch.setenv("NAPARI_SAM_MED_MIRROR", address)
        yield behaviour


def bytes_of(state):
    packed = BytesIO()
    torch.save(state, packed)
    return packed.getvalue()


@pytest.fixture
def terminal(monkeypatch):
    """Someone who types these lines."""

    def types(*lines):
        waiting = list(lines)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        monkeypatch.setattr("builtins.input", lambda *_: waiting.pop(0))

    return types


def test_the_list_names_models_and_their_state(call):
    status, out, _ = call("models", "list")
    assert status == 0
    assert "ellipse" in out
    assert "bundled" in out
    assert "needs file" in out


def test_names_are_listed_in_full(call):
    out = call("models", "list")[1]
    assert not [card for card in cards() if f" {card} " not in out]


def test_licences_are_listed_in_full_on_a_narrow_terminal(call, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    words = call("models", "list")[1].split()
    shown = {word for name in cards() for word in card_of(name).licence.split()}
    assert not shown - set(words)


def test_the_list_shows_about_how_large_a_file_is_where_nobody_says_exactly(
    call, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "200")
    lines = call("models", "list")[1].splitlines()
    row = {n: line for line in lines for n in cards() if f" {n} " in line}
    assert "about 41 MB" in row["ritm_h18"]
    assert " 375 MB" in row["sam_vit_b"]
    assert "about" not in row["sam_vit_b"]
    assert "MB" not in row["ellipse"]


def test_the_list_says_how_to_get_what_is_missing(call):
    assert "models download sam_vit_b" in call("models", "list", "--verbose")[1]


def test_an_empty_store_has_nothing_to_verify(call):
    status, out, _ = call("models", "verify")
    assert status == 0
    assert "No checkpoint" in out


def test_verifying_what_is_not_here_fails(call):
    status, _, err = call("models", "verify", "sam_vit_b")
    assert status == 1
    assert "sam_vit_b has no file" in err


def test_a_file_that_is_no_checkpoint_is_not_imported(call, tmp_path):
    (tmp_path / "a.pth").write_text("nothing")
    status, _, err = call(
        "models", "import", tmp_path / "a.pth", "--model", "sam_vit_b"
    )
    assert status == 2
    assert "a.pth" in err


def test_a_download_needs_a_name(call):
    status, _, err = call("models", "download")
    assert status == 2
    assert err.startswith("no model was named; give")


@pytest.mark.parametrize(
    ("name", "why"), [("nano", "comes with its weights"), ("ellipse", "needs no")]
)
def test_what_comes_with_the_package_is_not_downloaded(call, name, why):
    status, _, err = call("models", "download", name)
    assert status == 2
    assert f"{name} {why}" in err
    assert "nothing to download" in err


def test_an_unknown_model_is_bad_input_to_verify(call):
    status, out, err = call("models", "verify", "sam_vit_b", "unheard_of")
    assert (status, out) == (2, "")
    assert "there is no model 'unheard_of'" in err


def test_a_rejected_download_is_told_by_its_address(call, behaviour, store):
    behaviour.body = b"<html>log in</html>"
    status, _, err = call("models", "download", "focalclick_b0_s1", "--yes")
    assert status == 2
    assert "/focalclick_b0_s1.pth sent" in err
    assert ".part" not in err
    assert not list(store.glob("*.part"))


def test_what_would_come_under_which_licence_is_shown_and_a_no_fetches_nothing(
    call, behaviour, terminal, store
):
    terminal("n")
    status, out, _ = call("models", "download", "sam_vit_b")
    card = card_of("sam_vit_b")
    assert status == 1
    for shown in (
        card.title, "/sam_vit_b_01ec64.pth", card.size_in_words, card.sha256,
        "licence: Apache-2.0", "points, boxes, masks", card.window,
    ):  # fmt: skip
        assert shown in out
    assert "Nothing was fetched" in out
    assert behaviour.paths == []
    assert not store.exists()


def test_a_yes_fetches(call, behaviour, terminal, store, file):
    terminal("y")
    status, out, _ = call("models", "download", "sam_vit_b")
    assert status == 0
    assert "licence Apache-2.0" in out
    assert (store / "sam_vit_b.pth").read_bytes() == file.read_bytes()


def test_without_a_terminal_nothing_is_fetched_unless_yes_is_given(
    call, behaviour, store
):
    status, _, err = call("models", "download", "sam_vit_b")
    assert status == 2
    assert "--yes" in err
    assert len(err.splitlines()) == 1
    assert behaviour.paths == []
    assert call("models", "download", "sam_vit_b", "--yes")[0] == 0
    assert (store / "sam_vit_b.pth").is_file()


def test_what_is_here_is_neither_asked_about_nor_fetched_again(call, behaviour):
    call("models", "download", "sam_vit_b", "--yes")
    assert call("models", "download", "sam_vit_b")[0] == 0
    assert len(behaviour.paths) == 1


def test_a_hash_that_nobody_published_is_said_to_be_recorded(call, behaviour):
    behaviour.body = bytes_of(stand_in_state(card_of("focalclick_b0_s1")))
    out = call("models", "download", "focalclick_b0_s1", "--yes")[1]
    assert "not published; recorded now" in out
    assert "non-commercial" in out
    assert behaviour.paths == ["/focalclick_b0_s1.pth"]
    assert "is right" in call("models", "verify")[1]


def test_a_file_that_is_only_had_by_hand_is_refused_before_anything_is_shown(call):
    status, out, err = call("models", "download", "sam_vit_b", "focalclick_b0_s1")
    assert (status, out) == (2, "")
    assert "drive.google.com" in err
    assert "models import FILE --model focalclick_b0_s1" in err


def test_the_warning_stands_before_a_conversion(call, tmp_path):
    status, _, err = call(
        "models", "convert", tmp_path / "absent.pth", "--model", "sam_vit_b"
    )
    assert status == 2
    assert err.startswith(CONVERSION_WARNING)
    assert "there is no checkpoint" in err


def test_stand_ins_are_written_for_a_model_with_a_file(call, tmp_path):
    out = tmp_path / "focal.safetensors"
    status, said, _ = call("models", "stand-in", "focalclick_b0_s1", out)
    assert status == 0
    assert "mean nothing" in said
    assert is_stand_in(out)
    assert len(load_file(out)) == 257


def test_nobody_can_be_asked_where_standard_input_is_closed(
    call, behaviour, monkeypatch
):
    monkeypatch.setattr(sys, "stdin", None)
    status, _, err = call("models", "download", "sam_vit_b")
    assert status == 2
    assert "add --yes" in err


def test_a_cache_in_nobodys_home_is_refused_by_its_variable(call, monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", "~nobody-of-this-name/x")
    status, _, err = call("models", "list")
    assert status == 2
    assert "NAPARI_SAM_MED_CACHE is '~nobody-of-this-name/x'" in err
    assert "full path" in err
