"""What a report says of what its runs were told: settings, patients, tests."""

import html
import re

import pandas as pd
import pytest

from fakes.stored_pages import made_row, made_run, page_of, quoted
from napari_sam_med.bench.report.cautions.told_patients import (
    few_patients_notes,
    patients_notes,
)
from napari_sam_med.bench.report.cautions.told_settings import settings_that_count

ALL = {
    "groups": ["modes", "clicks", "jitter"], "tolerance_mm": 2.0, "clicks": 9,
    "feed_back": True, "grids": [32], "draws": 5, "jitter": 0.1,
    "jitter_unit": "fraction", "seed": 1,
}  # fmt: skip
OF_SLICES = ("clicks", "feed_back", "grids", "draws", "jitter", "jitter_unit")


def top_of(page):
    return html.unescape(page.partition("<nav>")[0])


@pytest.mark.parametrize(
    ("profile", "groups", "left_out"),
    [
        ("strict", ["modes", "clicks", "jitter"], {"grids"}),
        ("as-released", ["clicks", "everything"],
         {"feed_back", "draws", "jitter", "jitter_unit"}),
        ("strict", ["modes"], {"clicks", "feed_back", "grids", "draws", "jitter",
                               "jitter_unit"}),
        ("sam2-medical", [], {*OF_SLICES, "groups"}),
        ("cvpr25-3d", [], {*OF_SLICES, "groups", "choices", "kinds", "directions"}),
    ],
)  # fmt: skip
def test_settings_that_a_run_has_no_use_for_are_not_told(profile, groups, left_out):
    told = {**ALL, "profile": profile, "groups": groups}
    if profile in ("sam2-medical", "cvpr25-3d"):
        told |= {"choices": ["first"], "kinds": ["box"], "directions": ["both"]}
    assert told.keys() - settings_that_count({"settings": told}).keys() == left_out


@pytest.mark.parametrize("groups", [["modes"], ["modes", "jitter"]])
def test_runs_are_not_told_apart_by_settings_that_only_one_of_them_uses(
    tmp_path, groups
):
    folders = [
        made_run(tmp_path / name, [made_row("a", name, 0.8)],
                 settings={**ALL, "profile": "strict", **own})
        for name, own in (
            ("one", {"groups": ["modes", "jitter"], "draws": 2}),
            ("two", {"groups": groups}),
        )
    ]  # fmt: skip
    page = page_of(tmp_path, *folders)
    assert ("draws (2 in one, 5 in two)" in page) == ("jitter" in groups)


@pytest.mark.parametrize(("count", "patients"), [(5, "fewer"), (6, "enough")])
def test_methods_claim_tests_and_intervals_only_where_there_are_some(
    tmp_path, count, patients
):
    rows = [
        made_row(model, f"p{k}", iou - k / 100)
        for model, iou in (("a", 0.9), ("b", 0.8))
        for k in range(count)
    ]
    text = quoted(page_of(tmp_path, made_run(tmp_path / patients, rows)))
    enough = count == 6
    assert ("Wilcoxon signed-rank tests" in text) == enough
    assert ("nothing was tested" in text) == (not enough)
    assert ("bootstrap intervals" in text) == enough


def test_methods_claim_no_comparison_of_models_of_two_profiles(tmp_path):
    folders = [
        made_run(tmp_path / profile, [
            made_row("a", f"p{k}", 0.8, profile=profile) for k in range(6)
        ])
        for profile in ("strict", "as-released")
    ]  # fmt: skip
    assert "compared in pairs" not in quoted(page_of(tmp_path, *folders))


@pytest.mark.parametrize(
    ("unit", "amount"), [("fraction", "0.1 of a side"), ("px", "0.1 pixels")]
)
def test_methods_say_how_prompts_were_perturbed(tmp_path, unit, amount):
    settings = {**ALL, "profile": "strict", "jitter_unit": unit, "draws": 3}
    rows = [made_row("a", "p0", 0.8, setting="box_shift", step=k) for k in (1, 2, 3)]
    page = page_of(tmp_path, made_run(tmp_path / "run", rows, settings=settings))
    assert f"of each kind and object 3, moved at random by at most {amount}." in (
        quoted(page)
    )


def test_one_of_a_thing_is_not_told_as_several(tmp_path):
    page = page_of(tmp_path, made_run(tmp_path / "run", [made_row("a", "p0", 0.8)]))
    assert "1 object on 1 image of 1 patient, in 1 task," in quoted(page)
    assert re.search(r"<b>1</b>image<", page)


@pytest.mark.parametrize("profile", ["strict", "as-released", "cvpr25-3d"])
def test_images_taken_for_patients_are_told_wherever_there_are_tests(profile):
    rows = [made_row("a", f"p{k}", 0.8, profile=profile) for k in range(2)]
    frame = pd.DataFrame([row.to_dict() for row in rows]).assign(run="run")
    notes = patients_notes(frame, [{"dataset": "set", "run": "run"}])
    assert bool(notes) == (profile != "cvpr25-3d")


def test_one_caution_is_told_once(tmp_path):
    folders = [
        made_run(tmp_path / model, [made_row(model, f"p{k}", 0.8) for k in range(2)],
                 data={})
        for model in ("a", "b")
    ]  # fmt: skip
    top = top_of(page_of(tmp_path, *folders))
    assert top.count("Every image of set counts as a patient") == 1


def test_patients_told_differently_are_told_of_the_runs_that_share_images(tmp_path):
    folders = [
        made_run(tmp_path / name, [made_row(name, image, 0.8) for image in images],
                 data={"patients": told})
        for name, images, told in (
            ("a", ("p0", "p1"), "one"), ("b", ("p0", "p1", "p2"), ""),
            ("c", ("q0",), "two"), ("d", ("q0",), "two"),
        )
    ]  # fmt: skip
    top = top_of(page_of(tmp_path, *folders))
    assert "images are (a: one; b: nothing): the patients of a are used" in top
    assert "Images that a does not have keep the patients of their own run" in top
    assert top.count("told differently") == 1


@pytest.mark.parametrize(("tasks", "more"), [(4, "1 more task "), (5, "2 more tasks ")])
def test_one_task_that_is_not_named_is_no_several(tasks, more):
    rows = pd.DataFrame(
        {
            "profile": "as-released",
            "task": [f"task {k // 8}" for k in range(8 * tasks)],
            "model": "nano",
            "case_id": [str(k) for k in range(8 * tasks)],
            "patient": "p1",
            "error": "",
        }
    )
    (note,) = few_patients_notes(rows)
    assert more in note
