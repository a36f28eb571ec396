"""`report` reads a run and changes nothing of it."""

import html
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fakes.fake_segmenter import FakeSegmenter
from fakes.labelled_volumes import made_volume
from fakes.small_files import write_pair
from napari_sam_med.bench.data.labelled_volumes import InMemory
from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.core.volumes import Volume
from napari_sam_med.io.volume_files import read_volume
from napari_sam_med.io.writing.export import write_volume

SAMPLES = Path(__file__).parents[2] / "sample_data"
MORE_CASES = 130
"""More than categories that pandas numbers in 8 bits."""


def stored_files(folder):
    files = [folder / "manifest.json", *sorted((folder / "results").iterdir())]
    return {path.name: path.read_bytes() for path in files}


def test_a_report_on_a_stopped_run_leaves_it_unfinished_and_its_parts_apart(
    call, tmp_path
):
    source = InMemory([made_volume("p1_a", slices=2)])
    model = ModelSpec("fake", FakeSegmenter)
    run = run_benchmark(
        source, [model], RunSettings(clicks=1), RunStore(tmp_path / "run")
    )
    _ = [next(run) for _ in range(2)]
    run.close()
    before = stored_files(tmp_path / "run")
    assert len(before) == 3
    assert "finished" not in json.loads(before["manifest.json"])
    assert call("report", tmp_path / "run")[0] == 0
    assert (tmp_path / "run" / "report.html").exists()
    assert stored_files(tmp_path / "run") == before


def test_a_report_on_a_damaged_run_leaves_its_manifest_as_it_is(call, tmp_path):
    source = InMemory([made_volume("p1_a", slices=1)])
    model = ModelSpec("fake", FakeSegmenter)
    run = tmp_path / "run"
    list(run_benchmark(source, [model], RunSettings(clicks=1), RunStore(run)))
    manifest = json.loads((run / "manifest.json").read_text())
    del manifest["models"]["fake"]
    (run / "manifest.json").write_text(json.dumps(manifest))
    before = stored_files(run)
    call("report", run)
    assert stored_files(run) == before


@pytest.mark.parametrize("profile", ["strict", "sam2-medical"])
def test_no_page_takes_the_place_of_what_it_is_made_from(call, dataset, profile):
    run = dataset / "run"
    asked = ("--model", "ellipse", "--no-baselines", "--profile", profile)
    folders = (dataset / "images", dataset / "labels")
    assert call("benchmark", *folders, *asked, "--out", run)[0] == 0
    (part,) = (run / "results").iterdir()
    (image,) = (dataset / "images").iterdir()
    for out in (run / "manifest.json", run / "data_places.json", part, image):
        before = out.read_bytes()
        status, _, err = call("report", run, "--out", out, "--overwrite")
        assert status == 2
        assert "which is never overwritten" in err
        assert out.read_bytes() == before


@pytest.mark.parametrize("profile", ["strict", "sam2-medical"])
def test_a_report_says_on_the_terminal_that_a_run_was_not_finished(
    call, dataset, profile
):
    run = dataset / "run"
    asked = ("--model", "ellipse", "--no-baselines", "--profile", profile)
    folders = (dataset / "images", dataset / "labels")
    assert call("benchmark", *folders, *asked, "--out", run)[0] == 0
    assert "was not finished" not in call("report", run)[1]
    manifest = json.loads((run / "manifest.json").read_text())
    del manifest["finished"]
    (run / "manifest.json").write_text(json.dumps(manifest))
    status, out, _ = call("report", run)
    assert status == 0
    assert out.count("run was not finished. Cases that no model began are not") == 1


@pytest.mark.parametrize("name", ["ellipse", "nano@mine"])
def test_a_report_without_pictures_advises_no_option_that_it_lacks(
    call, tmp_path, name
):
    run = tmp_path / "run"
    asked = ("--model", "ellipse", "--no-baselines", "--max-slices", 2)
    asked = (*asked, "--settings", "modes")
    folders = (SAMPLES / "ct_images", SAMPLES / "ct_labels")
    assert call("benchmark", *folders, *asked, "--out", run)[0] == 0
    manifest = json.loads((run / "manifest.json").read_text())
    entry = {**manifest["models"]["ellipse"], "sha256": "ab", "family": "sam"}
    manifest["models"] = {name: entry}
    (run / "manifest.json").write_text(json.dumps(manifest))
    (part,) = (run / "results").iterdir()
    pd.read_parquet(part).assign(model=name).to_parquet(part, index=False)
    assert call("report", run)[0] == 0
    page = html.unescape((run / "report.html").read_text())
    (note,) = re.findall(r"There are no pictures of cases: (.*?)</p>", page)
    assert name in note
    assert "--model" not in note
    assert "=FILE" not in note


def test_models_without_scores_get_a_report_over_any_number_of_cases(call, tmp_path):
    write_pair(tmp_path, n_slices=MORE_CASES)
    status, _, err = call(
        "benchmark", tmp_path / "images", tmp_path / "labels", "--model", "ellipse",
        "--no-baselines", "--settings", "modes", "--out", tmp_path / "run",
    )  # fmt: skip
    assert status == 0, err
    assert (tmp_path / "run" / "report.html").exists()


def test_predicted_iou_is_told_on_the_terminal_for_each_profile(call, tmp_path):
    folders = (SAMPLES / "us_images", SAMPLES / "us_labels", "--dataset", "us")
    asked = ("--max-images", 1, "--max-slices", 1, "--settings", "modes")
    runs = []
    for profile in ("as-released", "as-written"):
        runs.append(tmp_path / profile)
        where = ("--profile", profile, "--out", runs[-1])
        assert call("benchmark", *folders, *asked, *where)[0] == 0
    out = call("report", *runs, "--out", tmp_path / "page.html", "--no-pictures")[1]
    told = re.findall(r"Predicted IoU of nano under (\S+), 5 masks in all modes", out)
    assert told == ["as-released", "as-written"]


@pytest.mark.parametrize("profile", ["strict", "sam2-medical", "cvpr25-3d"])
def test_a_run_records_the_window_that_its_model_saw_and_the_report_says_it(
    call, tmp_path, profile
):
    images, labels = (SAMPLES / f"ct_{kind}" for kind in ("images", "labels"))
    pair = (images / "abdomen_0.nii.gz", labels / "abdomen_0.nii.gz")
    asked = ["--max-slices", 1, "--settings", "modes"] if profile == "strict" else []
    run = tmp_path / "run"
    status, _, err = call("benchmark", *pair, "--profile", profile, *asked,
                          "--model", "ellipse", "--out", run)  # fmt: skip
    assert (status, err) == (0, "")
    rows = pd.read_parquet(run / "results")
    seen = rows[rows["model"].eq("ellipse") & rows["error"].eq("")]
    assert {*zip(seen["window_low"], seen["window_high"], strict=True)} == {(-160, 240)}
    rule = json.loads((run / "manifest.json").read_text())["window_rule"]
    assert "-160 to 240 HU of CT" in rule
    page = html.unescape((run / "report.html").read_text())
    assert f"window for each image ({rule}): -160 (black) to 240 (white)." in page


def test_a_published_profile_records_that_it_divides_by_the_maximum(call, dataset):
    run = dataset / "run"
    status, _, err = call(
        "benchmark", dataset / "images", dataset / "labels", "--profile",
        "as-released", "--settings", "modes", "--model", "ellipse", "--out", run,
    )  # fmt: skip
    assert (status, err) == (0, "")
    assert (
        pd.read_parquet(run / "results")[["window_low", "window_high"]]
        .isna()
        .all(axis=None)
    )
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["window_rule"] == "each slice divided by its maximum"
    page = html.unescape((run / "report.html").read_text())
    assert "intensities of each slice were divided by its maximum" in page


@pytest.mark.parametrize("changed", ["images", "labels"])
def test_runs_are_not_joined_where_one_of_two_files_of_a_name_differs(
    call, dataset, changed
):
    folders = (dataset / "images", dataset / "labels")
    asked = ("--settings", "modes", "--no-baselines", "--dataset", "D")
    for model in ("ellipse", "random_walker"):
        out = ("--model", model, "--out", dataset / model)
        assert call("benchmark", *folders, *asked, *out)[0] == 0
        file = dataset / changed / "a.nii.gz"
        volume = read_volume(file)
        rolled = Volume(np.roll(volume.array, 1, axis=2), volume.geometry)
        write_volume(file, rolled, overwrite=True, are_labels=changed == "labels")
    status, _, err = call(
        "report", dataset / "ellipse", dataset / "random_walker",
        "--out", dataset / "both.html",
    )  # fmt: skip
    assert status == 2
    assert "both name their data D, but a.nii.gz has other content" in err


def test_the_methods_say_that_some_of_the_data_was_taken(call, dataset):
    def run(name, *extra):
        status, _, err = call(
            "benchmark", dataset / "images", dataset / "labels", "--model", "ellipse",
            "--no-baselines", "--dataset", "d", "--out", dataset / name, *extra,
        )  # fmt: skip
        assert (status, err) == (0, "")
        return (dataset / name / "report.html").read_text(encoding="utf-8")

    some = "thinned evenly to at most 1 slice of each class in each volume"
    few = run("few", "--settings", "modes", "--max-slices", 1, "--axis", 2)
    assert f"{some}." in few
    assert "Slices were taken across array axis 2 (x)." in few
    whole = run("whole", "--settings", "modes")
    assert "thinned" not in whole
    assert "array axis" not in whole
    volumes = run("volumes", "--profile", "cvpr25-3d", "--max-objects", 3)
    assert "thinned evenly to at most 3 objects of each image." in volumes
    both = dataset / "both.html"
    assert call("report", dataset / "few", dataset / "whole", "--out", both)[0] == 0
    told = both.read_text(encoding="utf-8")
    assert f"{some} (few)." in told
    assert "across array axis 2 (x) (few)." in told
