"""The demonstration, on a small folder of samples."""

import json

import pandas as pd
import pytest

from fakes.small_files import blocks
from napari_sam_med.core.volumes import Volume
from napari_sam_med.io.writing.export import write_labels, write_volume


@pytest.fixture
def samples(tmp_path):
    for prefix in ("ct", "mr", "xray", "us"):
        image, labels = blocks(3)
        volume = Volume(image)
        name = f"{prefix}.mha"
        write_volume(tmp_path / f"{prefix}_images" / name, volume)
        write_labels(tmp_path / f"{prefix}_labels" / name, labels, volume.geometry)
        (tmp_path / f"{prefix}_labels" / "labels.json").write_text('{"1": "block"}')
    return tmp_path


def test_the_demo_prints_a_table_and_writes_a_report(call, samples):
    status, out, _ = call(
        "demo", "--data", samples, "--out", samples / "out",
        "--model", "ellipse", "--max-slices", 1,
    )  # fmt: skip
    assert status == 0
    assert "one box round all components" in out
    assert "9 clicks" in out
    assert (samples / "out" / "report.html").is_file()
    rows = pd.read_parquet(samples / "out" / "results")
    assert set(rows["task"]) == {
        f"samples: {kind} block" for kind in ("CT", "MR", "X-ray", "ultrasound")
    }  # fmt: skip
    assert rows.groupby("image")["slice"].nunique().max() == 1


def test_the_demo_notes_the_command_that_repeats_it(call, samples, monkeypatch):
    monkeypatch.chdir(samples)
    words = ["demo", "--out", "out", "--data", samples, "--model", "ellipse"]
    assert call(*words, "--max-slices", 1)[0] == 0
    noted = json.loads((samples / "out" / "manifest.json").read_text())["command"]
    assert noted == ["napari-sam-med", *words[:3], "--data", samples.name,
                     "--model", "ellipse", "--max-slices", "1"]  # fmt: skip


def test_two_files_of_one_name_are_refused_before_anything_is_measured(call, tmp_path):
    status, _, said = call(
        "demo", "--out", tmp_path / "run", "--model", "nano=a", "--model", "nano=b"
    )
    assert status == 2
    assert "nano is asked for with several files" in said
    assert not (tmp_path / "run").exists()
