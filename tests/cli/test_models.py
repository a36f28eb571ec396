"""The store of checkpoints from the command line."""

import pytest

from napari_sam_med.models.registry import cards


@pytest.fixture(autouse=True)
def empty_store(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path))


def test_the_list_names_models_and_their_state(call):
    status, out, _ = call("models", "list")
    assert status == 0
    assert "ellipse" in out
    assert "bundled" in out
    assert "missing" in out


def test_names_are_listed_in_full(call):
    out = call("models", "list")[1]
    assert not [card for card in cards() if f" {card} " not in out]


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
    assert call("models", "download")[0] == 2
