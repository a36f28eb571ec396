"""Training from the command line, as small as it gets."""

import json

import pytest

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
