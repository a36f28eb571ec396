import pytest
import torch
from safetensors.torch import save_file
from segment_anything.modeling import Sam

from napari_sam_med.errors import CheckpointError
from napari_sam_med.models.nano.nano_encoder import NanoEncoder
from napari_sam_med.models.nano.nano_network import build_nano, load_nano_state

MOST_PARAMETERS = 12_000_000


@torch.no_grad()
def test_the_embedding_has_an_eighth_of_the_side():
    encoder = NanoEncoder(64, 32, widths=(8, 8, 16, 32), depths=(1, 1, 1), heads=1)
    assert encoder(torch.zeros(2, 3, 64, 64)).shape == (2, 32, 8, 8)


def test_nano_is_a_genuine_sam_and_small():
    sam = build_nano()
    assert type(sam) is Sam
    assert sum(p.numel() for p in sam.parameters()) < MOST_PARAMETERS


def test_padding_and_grey_128_are_the_same_to_the_network():
    padded = build_nano().preprocess(torch.full((3, 100, 256), 128.0))
    assert padded.shape == (3, 256, 256)
    assert padded.abs().max() == 0


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "nano.safetensors"
    path.write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="cannot be read as safetensors"):
        load_nano_state(build_nano(), path)


def test_weights_of_an_earlier_nano_are_refused_in_a_sentence(tmp_path):
    state = build_nano().state_dict()
    state["mask_decoder.iou_token.weight"] = torch.zeros(1, 96)
    save_file(state, tmp_path / "old [1].safetensors")
    with pytest.raises(CheckpointError, match="or of an earlier nano; give weights"):
        load_nano_state(build_nano(), tmp_path / "old [1].safetensors")
