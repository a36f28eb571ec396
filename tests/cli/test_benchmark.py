"""Runs from the command line: rows, resuming, failures."""

import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

from fakes.small_files import GEOMETRY, write_pair
from napari_sam_med import Prompts
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.cli.choices import model_choice
from napari_sam_med.cli.commands.benchmark_command import groups_from_text
from napari_sam_med.errors import RunError
from napari_sam_med.io.writing.export import write_labels
from napari_sam_med.models.loading import bundled_weights
from napari_sam_med.models.wrappers.thread_limit import OnOneThread

RUNS = ("run", "two")
INTERRUPTED = """
import os, signal, sys
from napari_sam_med.bench.run.cluster import connections
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.cli.main import main
append, end = RunStore.append, connections._end

def press():
    os.killpg(os.getpid(), signal.SIGINT)

def append_and_press(store, rows):
    append(store, rows)
    press()

def press_and_end(cluster):
    press()  # people press it again while workers are let go
    end(cluster)

RunStore.append, connections._end = append_and_press, press_and_end
# a shell starts background jobs with the interrupt ignored
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""


@pytest.fixture
def run(call, dataset):
    """Call ``benchmark`` on the small data set."""

    def benchmark(*extra):
        return call(
            "benchmark", dataset / "images", dataset / "labels",
            "--model", "ellipse", "--no-baselines", "--clicks", 2,
            "--out", dataset / "run", *extra,
        )  # fmt: skip

    return benchmark


def rows_of(dataset):
    return pd.read_parquet(dataset / "run" / "results")


@pytest.mark.parametrize("profile", ["strict", "sam2-medical"])
def test_subfolders_whose_images_are_not_read_are_named(call, dataset, profile):
    deep = dataset / "labels" / "more" / "deeper"
    deep.mkdir(parents=True)
    (dataset / "labels" / "notes").mkdir()
    (dataset / "labels" / "notes" / "read.me").write_text("none of an image")
    for file in (dataset / "labels").glob("*.nii.gz"):
        (deep / file.name).write_bytes(file.read_bytes())
    status, _, err = call(
        "benchmark", dataset / "images", dataset / "labels", "--model", "ellipse",
        "--no-baselines", "--profile", profile, "--out", dataset / "run",
    )  # fmt: skip
    assert status == 0
    assert f"Note: subfolders are not read: {dataset / 'labels' / 'more'};" in err
    assert "notes" not in err


def test_images_in_subfolders_alone_are_no_riddle(call, dataset):
    images = dataset / "images"
    (images / "sub-01").mkdir()
    for file in images.glob("*.nii.gz"):
        file.rename(images / "sub-01" / file.name)
    status, _, err = call(
        "benchmark", images, dataset / "labels", "--model", "ellipse",
        "--out", dataset / "run",
    )  # fmt: skip
    assert status == 2
    assert f"in subfolders ({images / 'sub-01'} ...) no file is read" in err


def test_labels_in_a_subfolder_of_the_images_are_read(call, dataset):
    (dataset / "labels").rename(dataset / "images" / "labels")
    status, _, err = call(
        "benchmark", dataset / "images", dataset / "images" / "labels",
        "--model", "ellipse", "--no-baselines", "--settings", "modes",
        "--out", dataset / "run",
    )  # fmt: skip
    assert (status, err) == (0, "")


def test_a_run_leaves_rows_summary_manifest_and_report(run, dataset):
    status, out, err = run()
    assert (status, err) == (0, "")
    assert "block" in out
    assert {p.name for p in (dataset / "run").iterdir()} == {
        ".lock", "manifest.json", "results", "summary.csv", "report.html",
        "report_files", "data_places.json",
    }  # fmt: skip
    rows = rows_of(dataset)
    assert set(rows["setting"]) == {f"mode{k}" for k in range(1, 6)} | {"clicks"}
    assert set(rows["label_name"]) == {"block"}
    assert (rows["error"] == "").all()


def test_a_second_run_computes_nothing_again(run, dataset):
    run()
    before = {p: p.stat().st_mtime_ns for p in (dataset / "run" / "results").iterdir()}
    rows = rows_of(dataset)
    status, _, _ = run()
    after = {p: p.stat().st_mtime_ns for p in (dataset / "run" / "results").iterdir()}
    assert status == 0
    assert before == after
    pd.testing.assert_frame_equal(rows, rows_of(dataset))


def test_a_folder_with_another_run_is_refused_and_kept(run, dataset):
    run()
    rows = rows_of(dataset)
    status, _, err = run("--profile", "as-released")
    assert status == 2
    assert len(err.splitlines()) == 1
    pd.testing.assert_frame_equal(rows, rows_of(dataset))


def test_a_pair_that_fails_is_a_row_and_status_one(run, dataset):
    write_pair(dataset, "b.nii.gz")
    write_labels(
        dataset / "labels" / "b.nii.gz", np.ones((9, 9, 9), int), GEOMETRY,
        overwrite=True,
    )  # fmt: skip
    status, out, _ = run("--settings", "modes")
    assert status == 1
    assert "567 labelled voxels lie outside the image" in out
    assert (rows_of(dataset)["error"] != "").sum() == 1


def test_nothing_that_can_be_used_is_bad_input(call, dataset):
    write_labels(
        dataset / "labels" / "a.nii.gz", np.zeros((2, 24, 32), int), GEOMETRY,
        overwrite=True,
    )  # fmt: skip
    status, _, err = call(
        "benchmark", dataset / "images", dataset / "labels",
        "--model", "ellipse", "--out", dataset / "run",
    )  # fmt: skip
    assert status == 2
    assert "all background" in err
    assert not (dataset / "run").exists()


def test_only_so_many_slices_are_used(run, dataset):
    run("--max-slices", 1, "--settings", "modes")
    assert rows_of(dataset)["slice"].nunique() == 1


def test_the_data_sets_name_stands_before_the_class(run, dataset):
    run("--dataset", "blocks", "--settings", "modes")
    assert set(rows_of(dataset)["task"]) == {"blocks: block"}


def test_a_grid_and_perturbation_are_settings(run, dataset):
    settings = ("--settings", "everything,perturbation", "--perturbation", 0.2)
    status, out, _ = run(*settings, "--grid", 4, "--draws", 1)
    assert status == 0
    assert "every point of 4 x 4" in out
    assert "everything" in set(rows_of(dataset)["setting"])


def test_clicking_groups_are_a_setting_and_of_the_runs_identity(run, dataset):
    status, _, _ = run("--settings", "clicking_groups")
    assert status == 0
    assert "clicking_group_10" in set(rows_of(dataset)["setting"])
    status, _, told = run("--settings", "clicks")
    assert status == 2
    assert "settings.groups was" in told


def test_perturbation_may_be_called_jitter_as_in_earlier_releases(run, dataset):
    status, _, _ = run("--settings", "jitter", "--jitter", 0.2, "--draws", 1)
    assert status == 0
    assert "box_shift" in set(rows_of(dataset)["setting"])


@pytest.mark.parametrize(
    ("options", "models"),
    [
        (("modes",), {"ellipse", "random_walker"}),
        (("modes", "--profile", "as-released"), {"ellipse"}),
        (
            ("modes", "--profile", "as-released", "--baselines"),
            {"ellipse", "random_walker"},
        ),
        (("modes,everything", "--grid", "4"), {"ellipse"}),
    ],
)
def test_the_floor_is_measured_where_it_costs_little(call, dataset, options, models):
    status, _, err = call(
        "benchmark", dataset / "images", dataset / "labels", "--model", "ellipse",
        "--out", dataset / "run", "--settings", *options,
    )  # fmt: skip
    assert (status, err) == (0, "")
    assert set(rows_of(dataset)["model"]) == models


def test_prompts_of_another_run_are_taken(run, call, dataset):
    run("--settings", "modes")
    status, _, err = call(
        "benchmark", dataset / "images", dataset / "labels", "--settings", "modes",
        "--model", "random_walker", "--prompts-from", dataset / "run",
        "--out", dataset / "other",
    )  # fmt: skip
    assert (status, err) == (0, "")
    other = pd.read_parquet(dataset / "other" / "results")
    assert set(other["prompts"]) == set(rows_of(dataset)["prompts"])


@pytest.mark.slow
def test_worker_processes_give_the_same_rows(run, call, dataset):
    run("--settings", "modes")
    status, out, err = call(
        "benchmark", dataset / "images", dataset / "labels", "--settings", "modes",
        "--model", "ellipse", "--no-baselines", "--clicks", 2, "--workers", 2,
        "--out", dataset / "two",
    )  # fmt: skip
    assert (status, err) == (0, "")
    assert "block" in out
    times = ["seconds_embed", "seconds_predict"]
    frames = [RunStore(dataset / name).rows().drop(columns=times) for name in RUNS]
    pd.testing.assert_frame_equal(*frames)


@pytest.mark.slow
def test_ctrl_c_ends_the_workers_too_and_leaves_a_run_that_goes_on(run, dataset):
    write_pair(dataset, "b.nii.gz", n_slices=40)
    stopped = subprocess.run(
        [
            sys.executable, "-c", INTERRUPTED, "benchmark", dataset / "images",
            dataset / "labels", "--model", "ellipse", "--clicks", "2",
            "--workers", "1", "--out", dataset / "run",
        ],
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )  # fmt: skip
    assert stopped.returncode == 130
    assert "run the same command again" in stopped.stderr
    assert len(stopped.stderr.splitlines()) == 1
    assert rows_of(dataset)["case_id"].nunique() == 1
    assert run()[0] == 0
    assert rows_of(dataset)["case_id"].nunique() == 42


@pytest.mark.parametrize(
    ("profile", "given", "threads"),
    [(True, "", "1"), (True, "3", "3"), (False, "", "all")],
)
def test_a_small_model_computes_strict_on_one_thread_and_leaves_others_the_machine(
    monkeypatch, profile, given, threads
):
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    choice = model_choice("nano", same_on_any_threads=profile)
    assert choice.computed["threads"] == threads
    assert isinstance(choice.load(), OnOneThread) == (threads == "1")


def test_one_thread_is_taken_for_the_models_calls_alone(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    model = model_choice("nano", same_on_any_threads=True).load()
    image = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    before, told = torch.get_num_threads(), []
    try:
        for threads in (2, 1):
            torch.set_num_threads(threads)
            found = model.predict(model.embed(image), Prompts([(9, 9)], [1]))
            told.append((torch.get_num_threads(), found.logits.tobytes()))
    finally:
        torch.set_num_threads(before)
    (two, with_two), (one, with_one) = told
    assert (two, one) == (2, 1)
    assert with_two == with_one


def test_two_checkpoints_of_a_model_stand_side_by_side(call, dataset):
    weights = bundled_weights("nano")
    tensors = load_file(weights)
    name = next(name for name in tensors if "iou_prediction_head" in name)
    changed = dataset / "tuned.safetensors"
    save_file({**tensors, name: tensors[name] + 1}, changed)
    status, _, err = call(
        "benchmark", dataset / "images", dataset / "labels", "--settings", "modes",
        "--no-baselines", "--max-slices", 1, "--out", dataset / "run",
        "--model", "nano", "--model", f"nano@mine={changed}",
    )  # fmt: skip
    assert (status, err) == (0, "")
    rows = rows_of(dataset)
    assert set(rows["model"]) == {"nano", "nano@mine"}
    assert rows.groupby("model")["model_sha256"].unique().str.len().eq(1).all()
    assert rows["model_sha256"].nunique() == 2


@pytest.mark.parametrize(
    ("models", "what"),
    [
        (("nano", "nano={file}"), "nano@mine=FILE"),
        (("nano@mine",), "has no file"),
        (("nano@a b={file}",), "letters, digits"),
    ],
)
def test_names_that_two_checkpoints_would_share_are_refused(
    call, dataset, models, what
):
    typed = [each.format(file=bundled_weights("nano")) for each in models]
    status, _, err = call(
        "benchmark", dataset / "images", dataset / "labels", "--out", dataset / "run",
        *(part for each in typed for part in ("--model", each)),
    )  # fmt: skip
    assert status == 2
    assert what in err


def test_the_seed_is_an_option_and_stands_in_the_manifest(run, dataset):
    run("--settings", "modes", "--seed", 5)
    manifest = json.loads((dataset / "run" / "manifest.json").read_text())
    assert manifest["settings"]["seed"] == 5


def test_only_so_many_images_are_used(run, dataset):
    write_pair(dataset, "b.nii.gz")
    run("--settings", "modes", "--max-images", 1)
    assert set(rows_of(dataset)["image"]) == {"b"}


def test_an_image_without_an_object_is_a_note_and_no_failure(run, dataset):
    write_pair(dataset, "b.nii.gz")
    write_labels(
        dataset / "labels" / "b.nii.gz", np.zeros((2, 24, 32), int), GEOMETRY,
        overwrite=True,
    )  # fmt: skip
    status, out, _ = run("--settings", "modes")
    assert status == 0
    assert "No labelled object, so no case: b" in out
    assert (rows_of(dataset)["error"] == "").all()
    page = (dataset / "run" / "report.html").read_text()
    assert "One image holds no labelled object and is no case: b." in page


def test_the_terminal_shows_the_default_mask_of_the_profile(call, dataset):
    _, out, _ = call(
        "benchmark", dataset / "images", dataset / "labels", "--settings", "modes",
        "--profile", "as-released", "--max-slices", 1, "--out", dataset / "run",
    )  # fmt: skip
    rows = rows_of(dataset)
    chosen = rows[rows["setting"].eq("mode1") & rows["selection"].eq("first")]
    assert "default mask of as-released" in out
    (line,) = [text for text in out.splitlines() if "point in the largest" in text]
    assert f"{chosen['iou'].mean():.3f}" in line


def test_images_that_were_taken_for_patients_are_told_with_a_pattern_that_fits(
    run, dataset
):
    for name in ("p1_01.nii.gz", "p1_02.nii.gz", "p2_01.nii.gz"):
        write_pair(dataset, name)
    (dataset / "images" / "a.nii.gz").unlink()
    (dataset / "labels" / "a.nii.gz").unlink()
    _, out, _ = run("--settings", "modes", "--max-slices", 1)
    assert "Every image of data-" in out
    pattern = out.partition("--patients '")[2].partition("'")[0]
    assert {re.search(pattern, name)[1] for name in ("p1_01", "p2_01")} == {"p1", "p2"}


def test_tables_lie_beside_the_report_as_csv_and_latex(run, dataset):
    run("--settings", "modes")
    folder = dataset / "run" / "report_files" / "tables"
    names = {path.stem for path in folder.glob("*.csv")}
    assert "main" in names
    assert names == {path.stem for path in folder.glob("*.tex")}


@pytest.mark.parametrize(
    ("extra", "what"),
    [
        (("--workers", 2, "--profile", "as-released"), "one random stream"),
        (("--workers", 0), "number from 1"),
        (("--workers", 2, "--scheduler", "tcp://10.0.0.5:8786"), "number from 1"),
    ],
)
def test_workers_that_cannot_be_had_are_refused(run, dataset, extra, what):
    status, _, err = run(*extra)
    assert status == 2
    assert what in err
    assert len(err.splitlines()) == 1
    assert not (dataset / "run").exists()


def test_a_data_set_that_is_not_the_studys_needs_labels(call, dataset):
    status, _, err = call(
        "benchmark", dataset / "images", "--dataset", "none", "--model", "ellipse",
        "--out", dataset / "run",
    )  # fmt: skip
    assert status == 2
    assert "no data set is named 'none'" in err


def test_names_of_classes_must_be_readable(run, dataset):
    (dataset / "labels" / "labels.json").write_text("[1]")
    status, _, err = run()
    assert status == 2
    assert "labels.json" in err


def test_settings_are_read_once_each():
    assert [str(g) for g in groups_from_text("clicks, modes,clicks")] == [
        "clicks",
        "modes",
    ]
    with pytest.raises(RunError, match="dance"):
        groups_from_text("modes,dance")


def test_report_is_written_anew(run, call, dataset):
    run("--settings", "modes")
    (dataset / "run" / "report.html").unlink()
    status, _, _ = call("report", dataset / "run")
    assert status == 0
    assert (dataset / "run" / "report.html").stat().st_size > 1000


def test_weights_that_mean_nothing_are_told_at_the_end(run, call, dataset):
    run("--settings", "modes")
    path = dataset / "run" / "manifest.json"
    manifest = json.loads(path.read_text())
    assert not manifest["models"]["ellipse"]["stand_in"]
    assert "WARNING" not in call("report", dataset / "run")[1]
    manifest["models"]["ellipse"]["stand_in"] = True
    path.write_text(json.dumps(manifest))
    _, out, _ = call("report", dataset / "run")
    assert "WARNING: Untrained placeholder weights: those of ellipse" in out


def test_several_runs_need_a_file_of_their_own(run, call, dataset):
    run("--settings", "modes")
    folders = (dataset / "run", dataset / "run")
    assert call("report", *folders)[0] == 2
    manifest = json.loads((dataset / "run" / "manifest.json").read_text())
    assert "ellipse" in json.dumps(manifest)


def test_a_baseline_alone_over_many_slices_has_its_report(call, tmp_path):
    # more than a byte counts; without weights no score is judged
    write_pair(tmp_path, n_slices=130)
    status, _, err = call(
        "benchmark", tmp_path / "images", tmp_path / "labels", "--model", "ellipse",
        "--no-baselines", "--settings", "modes", "--out", tmp_path / "run",
    )  # fmt: skip
    assert (status, err) == (0, "")
    assert (tmp_path / "run" / "report.html").is_file()


def test_labels_that_were_left_out_are_asked_for(call, dataset, run):
    assert run("--settings", "modes")[0] == 0
    out = dataset / "more"
    for asked in (("benchmark",), ("export", dataset / "run")):
        masks = ("--masks",) * (asked[0] == "export")
        status, _, err = call(*asked, dataset / "images", *masks, "--out", out)
        assert status == 2
        assert "labels are missing; give LABELS after" in err
        assert not out.exists()
