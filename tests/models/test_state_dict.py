"""Weight files: published layouts are read, everything else is refused."""

from __future__ import annotations

import sys
from collections import OrderedDict, defaultdict

import pytest
import torch
from safetensors.torch import save_file

from fakes.harmful import Harmful
from fakes.official_files import isegm_loss
from napari_sam_med.errors import CheckpointError
from napari_sam_med.models.state_dict import load_strictly, read_state
from napari_sam_med.models.weights.conversion import convert

STATE = OrderedDict(weight=torch.arange(6.0).reshape(2, 3), bias=torch.ones(2))


def same(state):
    return state.keys() == STATE.keys() and all(
        torch.equal(state[key], STATE[key]) for key in STATE
    )


def saved(stored, path):
    torch.save(stored, path)
    return path


@pytest.mark.parametrize("wrapper", [None, "state_dict", "model", "model_state"])
def test_a_state_dict_is_found_bare_or_wrapped(tmp_path, wrapper):
    stored = STATE if wrapper is None else {wrapper: STATE, "config": {"a": 1}}
    assert same(read_state(saved(stored, tmp_path / "w.pth")))


def test_a_safetensors_file_is_read(tmp_path):
    save_file(dict(STATE), tmp_path / "w.safetensors")
    assert same(read_state(tmp_path / "w.safetensors"))


def test_the_prefix_of_parallel_training_is_dropped(tmp_path):
    stored = {"model": {f"module.{key}": value for key, value in STATE.items()}}
    assert same(read_state(saved(stored, tmp_path / "w.pth")))


def test_a_pickled_optimizer_beside_the_weights_is_taken_for_nothing(tmp_path):
    # Built without its constructor, which would import all of torch's compiler.
    weight = torch.nn.Parameter(STATE["weight"])
    adam = torch.optim.Adam.__new__(torch.optim.Adam)
    adam.defaults, adam.param_groups = {"lr": 1e-3}, [{"params": [weight], "lr": 1e-3}]
    adam.state = defaultdict(dict, {weight: {"step": 1, "exp_avg": torch.ones(2)}})
    file = saved({"model": STATE, "optimizer": adam}, tmp_path / "w.pth")
    assert same(read_state(file))


def test_a_defaultdict_beside_the_weights_is_taken_for_nothing(tmp_path):
    stored = {"model": STATE, "state": defaultdict(dict, {1: {"step": 2}})}
    assert same(read_state(saved(stored, tmp_path / "w.pth")))


def test_simpleclicks_pickled_loss_is_taken_for_nothing(tmp_path):
    with isegm_loss() as loss:
        config = {"class": "isegm.x", "params": {"head": {"loss_decode": loss}}}
        file = saved({"state_dict": STATE, "config": config}, tmp_path / "w.pth")
    assert not [name for name in sys.modules if name.startswith("isegm")]
    assert same(read_state(file))


def test_a_malicious_pickle_is_refused_and_creates_nothing(tmp_path):
    trace = tmp_path / "trace"
    file = saved({"model": STATE, "x": Harmful(trace)}, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match="would run code on loading"):
        read_state(file)
    assert not trace.exists()


def test_the_malicious_pickle_of_the_test_does_work(tmp_path):
    trace = tmp_path / "trace"
    file = saved({"x": Harmful(trace)}, tmp_path / "w.pth")
    torch.load(file, weights_only=False)
    assert trace.exists()


@pytest.mark.slow
def test_a_file_that_cannot_be_converted_leaves_nothing(tmp_path):
    file = tmp_path / "w.pth"
    file.write_bytes(b"not a checkpoint")
    with pytest.raises(CheckpointError, match="could not be converted"):
        convert(file, tmp_path / "out" / "w.safetensors")
    assert list(tmp_path.iterdir()) == [file]


def test_a_truncated_file_is_refused(tmp_path):
    file = saved(STATE, tmp_path / "w.pth")
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(CheckpointError, match="cut off, damaged or of another format"):
        read_state(file)


def test_a_truncated_safetensors_file_is_refused(tmp_path):
    file = tmp_path / "w.safetensors"
    save_file(dict(STATE), file)
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(CheckpointError, match="cut off"):
        read_state(file)


def test_any_other_file_is_refused(tmp_path):
    for content in (b"hello, this is text", bytes(300), b"PK\x03\x04" + bytes(50)):
        (tmp_path / "w.pth").write_bytes(content)
        with pytest.raises(CheckpointError, match="cannot be read as a checkpoint"):
            read_state(tmp_path / "w.pth")


def test_a_web_page_and_an_empty_file_are_refused(tmp_path):
    file = tmp_path / "w.pth"
    file.write_bytes(b"\n<!DOCTYPE html><title>Sign in</title>")
    with pytest.raises(CheckpointError, match="is a web page"):
        read_state(file)
    file.write_bytes(b"")
    with pytest.raises(CheckpointError, match="is empty"):
        read_state(file)


@pytest.mark.parametrize("stored", [{}, {"epoch": 3}, [1, 2], torch.ones(2)])
def test_a_file_without_a_state_dict_is_refused(tmp_path, stored):
    with pytest.raises(CheckpointError, match="holds no state dict"):
        read_state(saved(stored, tmp_path / "w.pth"))


def test_other_weights_are_refused_with_what_does_not_fit():
    layer = torch.nn.Linear(3, 2)
    other = {"weight": torch.ones(2, 4), "scale": torch.ones(1)}
    with pytest.raises(CheckpointError) as caught:
        load_strictly(layer, other, name="nano")
    assert str(caught.value) == (
        "the checkpoint is not nano's: of its 2 entries there are 1 missing (bias); "
        "1 unknown (scale); 1 of another shape (weight); give the file that belongs to "
        "nano"
    )


def test_fitting_weights_fill_the_network():
    layer = torch.nn.Linear(3, 2)
    load_strictly(layer, STATE, name="nano")
    assert torch.equal(layer.weight, STATE["weight"])
