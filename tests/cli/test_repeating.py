"""A run again, by what its manifest says and nothing else."""

import json
import shutil

import pandas as pd
import pytest

TIMES = ["seconds_embed", "seconds_predict"]


def run_in(folder, arguments, call, monkeypatch):
    monkeypatch.chdir(folder)
    status, _, err = call(*arguments)
    assert (status, err) == (0, "")
    manifest = json.loads((folder / "out" / "run" / "manifest.json").read_text())
    rows = pd.read_parquet(folder / "out" / "run" / "results").drop(columns=TIMES)
    return manifest, rows


@pytest.fixture
def asked():
    return (
        "benchmark", "images", "labels", "--out", "out/run", "--model", "ellipse",
        "--no-baselines", "--clicks", "2", "--settings", "modes,clicks,perturbation",
        "--draws", "1", "--patients", "^(.)", "--seed", "7", "--jitter-unit", "pixels",
        "--jitter", "2", "--axis", "1", "--max-slices", "2", "--nsd-tolerance", "1.5",
    )  # fmt: skip


def test_the_manifest_alone_repeats_a_run(
    asked, call, dataset, tmp_path_factory, monkeypatch
):
    manifest, rows = run_in(dataset, asked, call, monkeypatch)
    other = tmp_path_factory.mktemp("another")
    for name in ("images", "labels"):
        shutil.copytree(dataset / name, other / name)
    program, *arguments = manifest["command"]
    again, rows_again = run_in(other, arguments, call, monkeypatch)
    assert program == "napari-sam-med"
    pd.testing.assert_frame_equal(rows, rows_again)
    for name in ("settings", "data", "files", "models", "package", "command"):
        assert again[name] == manifest[name]


def test_a_manifest_says_what_a_run_depends_on(asked, call, dataset, monkeypatch):
    manifest, _ = run_in(dataset, asked, call, monkeypatch)
    assert manifest["data"]["patients"] == "^(.)"
    assert manifest["data"]["labels"] == {"1": "block"}
    assert all(len(one["sha256"]) == 64 for one in manifest["files"])
    computed = manifest["models"]["ellipse"]["computed"]
    assert computed == {"device": "cpu", "precision": "fp32", "threads": "1"}
    assert {"system", "processor", "cores", "OMP_NUM_THREADS"} <= {*manifest["machine"]}
    assert {"napari-sam-med", "numpy", "torch"} <= {*manifest["versions"]}
    assert len(manifest["package"]["sha256"]) == 64
    assert set(manifest["package"]) == {"commit", "sha256"}


def test_a_command_does_not_tell_the_folders_of_a_person(
    call, dataset, tmp_path_factory, monkeypatch
):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    run = dataset / "run"
    call("benchmark", dataset / "images", dataset / "labels", "--out", run,
         "--model", "ellipse", "--no-baselines", "--settings", "modes")  # fmt: skip
    text = (run / "manifest.json").read_text()
    assert json.loads(text)["command"][2:6] == ["images", "labels", "--out", "run"]
    assert str(dataset) not in text
