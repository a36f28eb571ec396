import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial import KDTree

from napari_sam_med.errors import (
    CheckpointError,
    DatasetError,
    FileReadError,
    FileWriteError,
)
from napari_sam_med.training import run_checkpoints
from napari_sam_med.training.config import TrainConfig, ending
from napari_sam_med.training.loop import LOG_NAME, train
from napari_sam_med.training.weights_export import export

TINY = TrainConfig(
    seed=3,
    steps=5,
    warmup_steps=1,
    decay_steps=2,
    images=2,
    prompts=2,
    fresh_scenes=1,
    corrections=(1.0,),
    validate_every=99,
    validation_scenes=1,
    checkpoint_every=2,
    threads=1,
)
KILLED = """
import multiprocessing, os, signal, sys
from pathlib import Path
sys.path.insert(0, {here!r})
from test_loop import TINY
from napari_sam_med.training.loop import train

def kill(report):
    if report.step == 3:
        print(*(child.pid for child in multiprocessing.active_children()))
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)

train(TINY, Path(sys.argv[1]), on_step=kill)
"""


def losses(folder):
    lines = (folder / LOG_NAME).read_text().splitlines()
    return {(entry := json.loads(line))["step"]: entry["loss"] for line in lines}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    train(TINY, folder)
    return folder


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # gone, or while it was read
        return False


def test_a_killed_run_resumes_on_the_same_curve(whole, tmp_path, request):
    script = KILLED.format(here=str(request.path.parent))
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == -9
    if sys.platform == "linux":
        (painter,) = done.stdout.split()
        give_up = time.monotonic() + 60
        while is_running(painter) and time.monotonic() < give_up:
            time.sleep(0.05)
        assert not is_running(painter)
    assert sorted(losses(tmp_path)) == [1, 2, 3]
    train(TINY, tmp_path, resume=True)
    assert losses(tmp_path) == losses(whole)


def test_a_folder_that_holds_a_run_is_not_overwritten(whole):
    with pytest.raises(FileWriteError, match="holds another run"):
        train(TINY, whole)


def test_a_finished_run_has_nothing_left_to_do(whole):
    heard = []
    train(TINY, whole, resume=True, on_step=heard.append)
    assert heard == []


def test_a_run_begins_with_the_weights_it_is_given(whole, tmp_path):
    weights = tmp_path / "whole.safetensors"
    export(whole, weights)
    still = replace(TINY, steps=1, learning_rate=0.0)
    train(still, tmp_path / "run", start_from=weights)
    begun = run_checkpoints.read(tmp_path / "run")["trainee"]
    given = run_checkpoints.read(whole)["average"]
    for name in (name for name in given if name.startswith("sam.")):
        assert torch.equal(begun[name], given[name].half().float()), name


def test_mixed_precision_keeps_weights_in_full_precision_and_moves_them_alike(
    whole, tmp_path
):
    mixed = replace(TINY, precision="bf16", steps=1)
    train(mixed, tmp_path / "mixed")
    train(replace(TINY, steps=1), tmp_path / "full")
    rounded, exact = losses(tmp_path / "mixed")[1], losses(tmp_path / "full")[1]
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.02)
    state = run_checkpoints.read(tmp_path / "mixed")["trainee"]
    assert {value.dtype for value in state.values()} == {torch.float32}


def test_the_last_step_is_validated(whole):
    last = json.loads((whole / LOG_NAME).read_text().splitlines()[-1])
    assert last["step"] == 5
    assert 0 <= last["val_box"] <= 1


def test_a_damaged_checkpoint_is_named(tmp_path):
    (tmp_path / run_checkpoints.NAME).write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt cannot be read"):
        train(replace(TINY, steps=6), tmp_path, resume=True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"seed": 4}, "seed 3 instead of 4"), ({"prompts": 3}, "prompts 2 instead of 3")],
)
def test_a_run_goes_on_with_the_rules_it_was_begun_with_only(whole, changes, words):
    with pytest.raises(CheckpointError, match=words):
        train(replace(TINY, steps=6, **changes), whole, resume=True)


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ([1], "it holds list"),
        ({"trainee": 1, "step": "x"}, "trainee is missing.*step is 'x'"),
        ({"step": -1}, "step is -1"),
    ],
)
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, stored, words):
    torch.save(stored, tmp_path / run_checkpoints.NAME)
    with pytest.raises(CheckpointError, match=words):
        train(replace(TINY, steps=6), tmp_path, resume=True)


def test_a_checkpoint_of_another_network_is_named(whole, tmp_path):
    stored = run_checkpoints.read(whole)
    stored["trainee"].popitem()
    torch.save(stored, tmp_path / run_checkpoints.NAME)
    with pytest.raises(CheckpointError, match="another network"):
        train(replace(TINY, steps=6), tmp_path, resume=True)


def test_a_damaged_log_is_named_before_a_step_is_taken(whole, tmp_path):
    shutil.copy(whole / run_checkpoints.NAME, tmp_path)
    (tmp_path / LOG_NAME).write_text('{"step": 1}\n{"step": "x"}\n')
    with pytest.raises(FileReadError, match=r"line 2 of .*step is 'x'"):
        train(replace(TINY, steps=6), tmp_path, resume=True)


def test_a_number_of_steps_that_is_none_is_refused():
    with pytest.raises(DatasetError, match="0 steps"):
        ending(TINY, steps=0)


def test_a_pipe_in_place_of_a_checkpoint_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / run_checkpoints.NAME)
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt cannot be read"):
        train(replace(TINY, steps=6), tmp_path, resume=True)


def test_a_pipe_in_place_of_a_log_is_not_waited_for(whole, tmp_path):
    shutil.copy(whole / run_checkpoints.NAME, tmp_path)
    os.mkfifo(tmp_path / LOG_NAME)
    with pytest.raises(FileReadError, match="pipe"):
        train(replace(TINY, steps=6), tmp_path, resume=True)


def test_a_pipe_in_place_of_weights_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "weights.safetensors")
    with pytest.raises(CheckpointError, match="no regular file"):
        train(TINY, tmp_path / "run", start_from=tmp_path / "weights.safetensors")


NAN = float("nan")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seconds": NAN}, "seconds is nan"),
        ({"seconds": -1.0}, "seconds is -1"),
        ({"step": 10**30}, "step is 10000"),
        ({"average": {"sam.a": torch.tensor([1.0, NAN])}}, "average holds numbers"),
        ({"trainee": {"sam.a": torch.tensor(float("inf"))}}, "trainee holds numbers"),
        ({"optimiser": {"state": {0: {"mean": torch.tensor(NAN)}}}}, "optimiser holds"),
        ({"optimiser": {"param_groups": [{"weight_decay": NAN}]}}, "optimiser holds"),
    ],
)
def test_a_checkpoint_with_numbers_that_are_none_is_neither_resumed_nor_exported(
    whole, tmp_path, changes, words
):
    torch.save(
        {**run_checkpoints.read(whole), **changes}, tmp_path / run_checkpoints.NAME
    )
    with pytest.raises(CheckpointError, match=words):
        train(replace(TINY, steps=6), tmp_path, resume=True)
    with pytest.raises(CheckpointError, match=words):
        export(tmp_path, tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


def test_a_training_that_diverges_says_so_and_keeps_no_such_weights(tmp_path):
    with pytest.raises(CheckpointError, match="diverged at step"):
        train(replace(TINY, learning_rate=1e30), tmp_path)
    assert not (tmp_path / LOG_NAME).read_text().count("NaN")
    if (tmp_path / run_checkpoints.NAME).exists():
        run_checkpoints.read(tmp_path)


def test_arithmetic_is_as_before_once_a_training_has_ended(whole):
    smallest = np.array([5e-324])
    assert (smallest * 1.0 != 0).all()
    assert KDTree(np.zeros((50, 2))).n == 50
