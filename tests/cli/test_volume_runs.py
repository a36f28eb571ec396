"""Profiles over whole volumes, from the command line."""

import shutil

import numpy as np
import pandas as pd
import pytest

from fakes.small_files import blocks


@pytest.mark.parametrize(
    ("profile", "settings"),
    [
        ("sam2-medical", {"box_middle_both", "mask_three_both"}),
        ("cvpr25-3d", {"box", "clicks"}),
    ],
)
def test_a_profile_over_volumes_leaves_rows_and_means(call, dataset, profile, settings):
    run = dataset / "run"
    arguments = (
        "benchmark", dataset / "images", dataset / "labels",
        "--model", "ellipse", "--profile", profile, "--out", run,
    )  # fmt: skip
    status, out, err = call(*arguments)
    assert (status, err) == (0, "")
    assert "ellipse" in out
    assert "copy" in out
    assert "…" not in out  # nothing is cut at 80 columns
    rows = pd.read_parquet(run / "results")
    assert settings <= set(rows["setting"])
    assert set(rows["profile"]) == {profile}
    summary = (run / "summary.csv").read_bytes()
    (run / "summary.csv").unlink()
    manifest = (run / "manifest.json").read_bytes()
    assert call("report", run)[0] == 0
    assert (run / "summary.csv").read_bytes() == summary
    assert (run / "manifest.json").read_bytes() == manifest
    page = (run / "report.html").read_text()
    assert "The finding, beside the floors" in page
    table = pd.read_csv(run / "report_files" / "tables" / "beside_floors.csv")
    means = pd.read_csv(run / "summary.csv").set_index("model")
    measure = {"sam2-medical": "iou", "cvpr25-3d": "dice"}[profile]
    (one,) = table.to_dict("records")
    real = means[~means["setting"].str.startswith("mask")]  # which tell the truth
    assert one["mean"] == real.loc["ellipse", measure].max()
    assert one["floor_mean"] == means.loc[["copy", "interpolation"], measure].max()
    assert f"<td>{one['above']:.3f}</td>" in page
    figures = {path.stem for path in (run / "report_files" / "figures").glob("*.svg")}
    drawn = {"sam2-medical": "volume_prompts", "cvpr25-3d": "volume_clicks"}[profile]
    assert figures == {drawn, "worst_ellipse"}
    assert call(*arguments)[0] == 0


def test_the_challenge_profile_reads_the_challenge_files(call, tmp_path):
    image, labels = blocks(3)
    (tmp_path / "npz").mkdir()
    np.savez(tmp_path / "npz" / "a.npz", imgs=image, gts=labels, spacing=(1, 1, 2))
    status, _, err = call(
        "benchmark", tmp_path / "npz", "--profile", "cvpr25-3d",
        "--model", "ellipse", "--out", tmp_path / "run",
    )  # fmt: skip
    assert (status, err) == (0, "")
    assert set(pd.read_parquet(tmp_path / "run" / "results")["image"]) == {"a"}


def test_runs_over_volumes_are_set_side_by_side_but_not_beside_runs_over_slices(
    call, dataset
):
    data = (dataset / "images", dataset / "labels", "--model", "ellipse")
    volumes, slices, again = (dataset / name for name in ("v", "s", "again"))
    of_volumes, of_slices = ("--profile", "cvpr25-3d"), ("--settings", "modes")
    assert call("benchmark", *data, *of_volumes, "--out", volumes)[0] == 0
    assert call("benchmark", *data, *of_slices, "--out", slices)[0] == 0
    shutil.copytree(volumes, again)
    out = ("--out", dataset / "both.html")
    assert call("report", volumes, again, *out)[0] == 0
    assert "ellipse (again)" in (dataset / "both.html").read_text()
    assert "a run over slices" in call("report", volumes, slices, *out)[2]


@pytest.mark.parametrize(
    "extra", [("--clicks", "3"), ("--settings", "modes"), ("--max-slices", "2")]
)
def test_what_the_profiles_over_volumes_do_not_know_is_refused(call, dataset, extra):
    status, _, err = call(
        "benchmark", dataset / "images", dataset / "labels",
        "--profile", "sam2-medical", "--out", dataset / "run", *extra,
    )  # fmt: skip
    assert status == 2
    assert "rules of its own" in err
    assert not (dataset / "run").exists()
