"""Training from the command line, as small as it gets."""

import json
import os
import subprocess
import sys

import pytest

from napari_sam_med.core.storage.run_lock import RunLock
from napari_sam_med.models import load_model
from napari_sam_med.models.weight_files import sha256_of
from napari_sam_med.training.painting import scenes

TINY = """
seed = 3
steps = 9
warmup_steps = 1
decay_steps = 2
images = 1
prompts = 2
fresh_scenes = 1
corrections = [1.0]
validate_every = 99
validation_scenes = 1
checkpoint_every = 1
threads = 1
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


def steps_of(folder):
    lines = (folder / "log.jsonl").read_text().splitlines()
    return [json.loads(line)["step"] for line in lines]


def test_a_stopped_training_goes_on_where_it_stopped(call, config, tmp_path):
    run = tmp_path / "run"
    assert call("train", "--config", config, "--out", run, "--steps", 1)[0] == 0
    status, _, _ = call(
        "train", "--config", config, "--out", run, "--steps", 2, "--resume"
    )
    assert status == 0
    assert steps_of(run) == [1, 2]


def test_another_run_is_not_trained_over(call, config, tmp_path):
    run = tmp_path / "run"
    call("train", "--config", config, "--out", run, "--steps", 1)
    status, _, error = call("train", "--config", config, "--out", run, "--steps", 1)
    assert status == 2
    assert "holds another run" in error
    assert steps_of(run) == [1]


def test_the_weights_of_a_finished_training_can_be_used_and_trained_on(
    call, config, tmp_path
):
    run, further = tmp_path / "run", tmp_path / "further"
    status, out, _ = call("train", "--config", config, "--out", run, "--steps", 1)
    weights = run / "nano.safetensors"
    assert status == 0
    assert str(weights) in out.replace("\n", "")
    model = load_model("nano", checkpoint=weights, device="cpu")
    assert model.sha256 == sha256_of(weights)
    arguments = ["--config", config, "--out", further, "--steps", 1]
    assert call("train", *arguments, "--start-from", weights)[0] == 0


def test_weights_of_another_kind_are_refused(call, config, tmp_path):
    strange = tmp_path / "strange.safetensors"
    strange.write_bytes(b"nothing")
    arguments = ["--config", config, "--out", tmp_path / "run"]
    status, _, error = call("train", *arguments, "--start-from", strange)
    assert status == 2
    assert "cannot be read as safetensors" in error


@pytest.mark.parametrize("pool", [0, 40])
def test_a_dry_run_shows_that_a_training_starts_and_leaves_nothing(
    call, config, tmp_path, pool, monkeypatch
):
    monkeypatch.setattr(scenes, "KINDS", ("focus", "crowd", "phantom"))
    config.write_text(f"{TINY}pool = {pool}\nminutes = 9.0\n")
    run = tmp_path / "run"
    status, out, _ = call("train", "--config", config, "--out", run, "--dry-run")
    assert status == 0
    assert "would start" in out
    assert not run.exists()


def test_a_training_by_the_clock_ends_with_weights(call, config, tmp_path):
    run = tmp_path / "run"
    arguments = ["--config", config, "--out", run, "--minutes", 0.001]
    assert call("train", *arguments)[0] == 0
    assert steps_of(run) == [1]
    assert (run / "nano.safetensors").exists()


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_what_a_run_finds_in_its_folder_is_told_by_its_rehearsal_too(
    call, config, tmp_path, dry
):
    run = tmp_path / "run"
    asked = "train", "--config", config, "--steps", 1, *dry
    status, _, err = call(*asked, "--out", run, "--resume")
    assert status == 0
    assert "run holds no checkpoint to go on from: the training begins" in err
    status, _, err = call(*asked, "--out", config)
    assert status == 2
    assert "tiny.toml is a file; give a folder" in err


def test_a_rehearsal_refuses_a_run_of_other_rules_as_the_run_does(
    call, config, tmp_path
):
    run = tmp_path / "run"
    assert call("train", "--config", config, "--out", run, "--steps", 1)[0] == 0
    asked = "train", "--config", config, "--out", run, "--steps", 2, "--dry-run"
    assert "holds another run" in call(*asked)[2]
    config.write_text(TINY.replace("seed = 3", "seed = 4"))
    status, _, err = call(*asked, "--resume")
    assert status == 2
    assert "seed 3 instead of 4" in err


def test_the_weights_that_a_training_begins_with_are_not_overwritten(
    call, config, tmp_path
):
    first, run = tmp_path / "first", tmp_path / "run"
    assert call("train", "--config", config, "--out", first, "--steps", 1)[0] == 0
    weights = run / "nano.safetensors"
    run.mkdir()
    (first / weights.name).rename(weights)
    before = weights.read_bytes()
    status, _, err = call(
        "train", "--config", config, "--out", run, "--steps", 1,
        "--start-from", weights,
    )  # fmt: skip
    assert status == 2
    assert "is a file of the input, which is never overwritten" in err
    assert weights.read_bytes() == before


def test_two_trainings_do_not_write_into_one_folder(call, config, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    other = RunLock(run)
    other.take()
    asked = "train", "--config", config, "--out", run, "--steps", 1
    status, _, err = call(*asked)
    assert status == 2
    assert f"another process writes into {run}" in err
    assert not (run / "log.jsonl").exists()
    other.release()
    assert call(*asked)[0] == 0


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_a_place_that_the_weights_cannot_go_to_is_refused_before_the_training(
    call, config, tmp_path, dry
):
    run, taken = tmp_path / "run", tmp_path / "taken"
    (run / "nano.safetensors").mkdir(parents=True)
    taken.mkdir()
    (taken / "nano.safetensors").write_text("weights of mine")
    for out, fault in (
        (run, "nano.safetensors is a folder"),
        (taken, "nano.safetensors exists already, with no checkpoint"),
        (config / "run", "cannot be written in"),
    ):
        status, _, err = call(
            "train", "--config", config, "--out", out, "--steps", 1, *dry
        )
        assert status == 2
        assert fault in err
    assert (taken / "nano.safetensors").read_text() == "weights of mine"
    assert not (run / "log.jsonl").exists()


def test_a_training_that_is_stopped_says_how_to_go_on(
    call, config, tmp_path, monkeypatch
):
    def ctrl_c(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_sam_med.training.loop.check_finite", ctrl_c)
    status, _, err = call("train", "--config", config, "--out", tmp_path / "run")
    assert status == 130
    assert "add --resume to go on" in err


INTERRUPTED = """
import os, signal, sys
from napari_sam_med.cli.main import main
from napari_sam_med.training.run_records import RunRecords
keep = RunRecords.keep

def keep_and_press(*told):
    keep(*told)
    os.killpg(os.getpid(), signal.SIGINT)  # as a terminal does, painters too

RunRecords.keep = keep_and_press
# a shell starts background jobs with the interrupt ignored
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows sends interrupts otherwise")
@pytest.mark.parametrize("pool", [0, 40])
def test_ctrl_c_in_a_terminal_ends_a_training_in_one_line(config, tmp_path, pool):
    config.write_text(f"{TINY}pool = {pool}\n")
    run = tmp_path / "run"
    command = ["train", "--config", config, "--out", run, "--steps", "400"]
    stopped = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, *command],
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert stopped.returncode == 130
    assert len(stopped.stderr.splitlines()) == 1
    assert "add --resume to go on" in stopped.stderr
