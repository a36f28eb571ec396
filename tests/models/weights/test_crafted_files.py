"""Checkpoints of a few bytes that would fill memory or disk."""

import zipfile

import pytest
import torch

from napari_sam_med.errors import CheckpointError
from napari_sam_med.models.state_dict import check_stored, read_state
from napari_sam_med.models.weight_files import check_weight_file
from napari_sam_med.models.weights.conversion import convert

MANY = 1 << 30


def crafted():
    one = torch.zeros(1)
    return {
        "repeated": {"a": one.expand(MANY)},
        "overlapping": {"a": torch.zeros(100).as_strided((90, 90), (1, 0))},
        "named often": dict.fromkeys("abcdefgh", torch.zeros(4)),
    }


KINDS = ["repeated", "overlapping", "named often"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.pth"


@pytest.mark.parametrize("kind", KINDS)
def test_tensors_that_claim_more_than_they_hold_are_not_read(kind, path):
    torch.save(crafted()[kind], path)
    with pytest.raises(CheckpointError, match="claims more numbers"):
        read_state(path)


@pytest.mark.parametrize("kind", KINDS)
def test_tensors_that_claim_more_than_they_hold_are_not_converted(kind, path):
    torch.save(crafted()[kind], path)
    with pytest.raises(CheckpointError, match="claims more numbers"):
        convert(path, path.with_suffix(".safetensors"))
    assert not path.with_suffix(".safetensors").exists()


def test_tied_weights_and_views_are_accepted(tmp_path):
    shared = torch.arange(12.0).reshape(3, 4)
    state = {"a": shared, "b": shared, "c": shared.T, "empty": torch.zeros(0)}
    torch.save(state, tmp_path / "a.pth")
    back = read_state(tmp_path / "a.pth")
    assert torch.equal(back["c"], shared.T)
    check_stored(back, tmp_path / "a.pth")


def test_an_archive_that_unpacks_to_more_than_itself_is_refused(tmp_path):
    torch.save({"a": torch.zeros(4_000_000)}, tmp_path / "a.pth")
    with (
        zipfile.ZipFile(tmp_path / "a.pth") as whole,
        zipfile.ZipFile(tmp_path / "b.pth", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in whole.namelist():
            packed.writestr(name, whole.read(name))
    check_weight_file(tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=r"unpacks to 16 MB"):
        read_state(tmp_path / "b.pth")
