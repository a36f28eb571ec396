from importlib import resources
from pathlib import Path

import pytest

from napari_sam_med.errors import DatasetError, FileReadError
from napari_sam_med.training.config import (
    TrainConfig,
    ending,
    learning_rate,
    load_config,
    part_done,
)


@pytest.mark.parametrize("name", ["nano.toml", "nano_masks.toml", "nano_cpu.toml"])
def test_the_shipped_configurations_are_valid(name):
    path = resources.files("napari_sam_med.training") / "configs" / name
    assert load_config(Path(str(path))).steps > 0


def test_fields_of_the_file_replace_the_defaults(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("seed = 4\ncorrections = [1.0]\n[loss]\ndice = 2.0\n")
    config = load_config(path)
    assert (config.seed, config.corrections, config.loss.dice) == (4, (1.0,), 2.0)
    assert config.images == TrainConfig().images


def test_all_unknown_fields_are_named(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("speed = 4\n[loss]\nfocal = 2.0\n")
    with pytest.raises(FileReadError, match=r"loss\.focal is not known, speed is not"):
        load_config(path)


def test_impossible_numbers_are_all_named(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('steps = 0\nimages = 1.5\nprecision = "fp8"\n')
    faults = r"steps is 0 .*images is 1\.5 .*precision is 'fp8'"
    with pytest.raises(FileReadError, match=faults):
        load_config(path)


def test_fields_that_contradict_each_other_are_all_named(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("fresh_scenes = 9\ncorrections = [0.5]\n")
    with pytest.raises(DatasetError, match=r"fresh_scenes is 9.*add up"):
        load_config(path)


@pytest.mark.parametrize(
    "line",
    ["seed = -1", "steps = true", "threads = 99999", "learning_rate = nan",
     "learning_rate = 1e308", "learning_rate = 0.0", "weight_decay = 1e308",
     "clip_norm = 1e308",
     "spread = 1e308", "[loss]\ndice = 1e308", "ema_decay = 2.0",
     "minutes = -1.0", "painters = 0", "pool = -1",
     "corrections = 1", "loss = 1", "[late_loss]\ndice = -1.0"],
)  # fmt: skip
def test_values_that_would_fail_hours_later_are_refused_at_once(tmp_path, line):
    path = tmp_path / "c.toml"
    path.write_text(line)
    field = line.partition("]")[2].partition("=")[0].strip() or line.split(" =")[0]
    with pytest.raises(FileReadError, match=f"{field} is "):
        load_config(path)


@pytest.mark.parametrize("name", ["loss", "late_loss"])
def test_a_loss_that_counts_nothing_is_refused(tmp_path, name):
    path = tmp_path / "c.toml"
    terms = ("dice", "balanced", "plain", "score", "rank", "edges")
    path.write_text(f"[{name}]\n" + "".join(f"{each} = 0\n" for each in terms))
    with pytest.raises(DatasetError, match=f"all of {name} is 0"):
        load_config(path)


def test_a_missing_or_damaged_file_is_one_error(tmp_path):
    with pytest.raises(FileReadError, match="No such file"):
        load_config(tmp_path / "absent.toml")
    (tmp_path / "bad.toml").write_text("= 3")
    with pytest.raises(FileReadError, match="is no TOML"):
        load_config(tmp_path / "bad.toml")


def test_the_rate_rises_stays_and_falls_to_zero():
    config = TrainConfig(steps=100, warmup_steps=10, decay_steps=20, learning_rate=1.0)
    assert learning_rate(config, 0) == pytest.approx(0.1)
    assert learning_rate(config, 50) == 1.0
    assert learning_rate(config, 90) == pytest.approx(0.5)
    assert learning_rate(config, 99) == pytest.approx(0.05)


def test_a_short_run_still_learns_at_the_full_rate():
    config = TrainConfig(steps=100, warmup_steps=10, decay_steps=900, learning_rate=1.0)
    assert max(learning_rate(config, step) for step in range(100)) == 1.0


def test_with_minutes_the_rate_and_the_end_follow_the_clock():
    config = TrainConfig(
        steps=100, warmup_steps=10, decay_steps=20, learning_rate=1.0, minutes=2.0
    )
    assert learning_rate(config, 4000, 60.0) == 1.0
    assert learning_rate(config, 4000, 108.0) == pytest.approx(0.5)
    assert part_done(config, 1, 119.0) < 1 <= part_done(config, 1, 120.0)


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ({"steps": 3, "minutes": 1.0}, "3 steps and 1 minutes; give one"),
        ({"minutes": 0.0}, "0 minutes; give more than 0"),
        ({"minutes": float("nan")}, "nan minutes"),
    ],
)
def test_an_end_that_is_none_is_refused(ends, words):
    with pytest.raises(DatasetError, match=words):
        ending(TrainConfig(), **ends)
