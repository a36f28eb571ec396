"""What a page must not mix, nor count twice, nor tell as another thing."""

import html
import random
import re
from dataclasses import replace

import pandas as pd
import pytest

from fakes.stored_pages import (
    made_row,
    made_run,
    page_of,
    quoted,
    volume_page_of,
    volume_run,
)
from napari_sam_med.bench.analysis.volume_summary import (
    means_over_tasks,
    summarise_volumes,
)
from napari_sam_med.bench.report.figures.volume_figures import prompt_dots
from napari_sam_med.bench.report.over_volumes.volume_tables import best_and_worst


def told_and_fair():
    return [
        made_row("nano", f"p{k}", iou, profile="sam2-medical", setting=setting)
        for setting, iou in (("mask_middle_both", 0.9), ("point_first_both", 0.5))
        for k in range(4)
    ]


def test_a_way_that_tells_the_true_mask_is_never_the_best_one(tmp_path):
    folder = volume_run(tmp_path / "run", told_and_fair())
    page = html.unescape(volume_page_of(tmp_path, folder))
    tables = tmp_path / "page_files" / "tables"
    seen = pd.read_csv(tables / "cases_to_see.csv")
    assert set(seen["prompts"]) == {"point_first_both 1"}
    over = pd.read_csv(tables / "volumes_over_tasks.csv")
    assert over["setting"].tolist() == ["point_first_both", "mask_middle_both"]
    assert "none is its best way of prompting" in page


def test_a_model_that_was_only_told_the_mask_has_no_best_way():
    rows = pd.DataFrame([row.to_dict() for row in told_and_fair()[:4]])
    assert list(best_and_worst(rows)) == []


def test_ways_that_tell_the_true_mask_are_drawn_below_the_others():
    rows = pd.DataFrame([row.to_dict() for row in told_and_fair()])
    (axes,) = prompt_dots(means_over_tasks(summarise_volumes(rows))).axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["mask middle both", "point first both"]


@pytest.mark.parametrize("profiles", [("strict", "as-released"), ("strict",) * 2])
def test_no_figure_pools_rows_of_two_profiles(tmp_path, profiles):
    folders = []
    for name, profile in zip(("one", "two"), profiles, strict=True):
        row = made_row("a", "p0", 0.8, name=name, profile=profile)
        folders.append(made_run(tmp_path / name, [row], name=name))
    page = page_of(tmp_path, *folders)
    figures = {one.name for one in (tmp_path / "page_files/figures").glob("*.svg")}
    boxes = {name for name in figures if name.startswith("iou_by_mode")}
    if len(set(profiles)) > 1:
        assert boxes == {"iou_by_mode_strict.svg", "iou_by_mode_as-released.svg"}
    else:
        assert boxes == {"iou_by_mode.svg"}
    for profile in profiles:
        assert f"IoU of each case by mode ({profile})." in page


FILES = {
    "pixels": ("p0.png", "p0_label.PNG"),
    "mm": ("p0.nii.gz", "p0_label.nii.gz"),
    "mm (pixels of pictures, which have no spacing)": ("p0.nii.gz", "p0_label.png"),
}


@pytest.mark.parametrize("unit", FILES)
@pytest.mark.parametrize("profile", ["strict", "cvpr25-3d"])
def test_lengths_in_pictures_without_spacing_are_said_to_be_pixels(
    tmp_path, profile, unit
):
    made, write = (
        (made_run, page_of) if profile == "strict" else (volume_run, volume_page_of)
    )
    files = [{"name": name, "sha256": ""} for name in FILES[unit]]
    row = made_row("a", "p0", 0.8, profile=profile)
    page = html.unescape(write(tmp_path, made(tmp_path / "run", [row], files=files)))
    assert f"surface Dice within 2 {unit} and 95th percentile" in quoted(page)
    assert ("Hausdorff distance (in" in quoted(page)) == (unit != "mm")
    assert ("NSD is within 2 pixels (tolerance_mm)" in page) == (unit != "mm")
    if profile == "strict":
        assert f"Mean HD95, {unit} (lower is better)" in page


@pytest.mark.parametrize("gain", [0.0, 0.005, 0.006])
def test_what_differs_by_no_more_than_a_half_hundredth_is_a_tie_throughout(
    tmp_path, gain
):
    rows = [
        made_row(model, f"p{k}", 0.8 + gain * is_more, setting=setting)
        for k in range(6)
        for model, setting, is_more in (
            ("a", "mode1", False), ("a", "mode5", True),
            ("b", "mode1", False), ("b", "mode5", False),
        )
    ]  # fmt: skip
    page = html.unescape(page_of(tmp_path, made_run(tmp_path / "run", rows)))
    tied = gain <= 0.005
    assert "no more than" not in page
    assert "0.000 above" not in page
    first = "one point (mode 1)" if gain == 0 else "one box round the object (mode 5)"
    other = "one box round the object (mode 5)" if gain == 0 else "one point (mode 1)"
    words = f"a tie with {other}" if tied else f"{gain:.3f} above {other}"
    assert f"over one task with {first}: {0.8 + gain:.3f}, {words}." in page
    model = "a (a tie with b)" if tied else "a"
    assert f"set: liver: {first} with {model}, IoU {0.8 + gain:.3f}, {words}" in page
    tables = tmp_path / "page_files" / "tables"
    compared = pd.read_csv(tables / "comparison_by_task.csv").set_index("setting")
    assert compared.loc["mode5", "tie"] == (6 if tied else 0)
    seen = pd.read_csv(tables / "cases_to_see.csv")
    assert seen["why"].eq("a above b").any() == (not tied)


@pytest.mark.parametrize(("gain", "said"), [(0.004, "ties with it in"), (0.1, "")])
def test_a_model_ties_with_a_floor_by_the_same_rule(tmp_path, gain, said):
    rows = [
        made_row(model, "p0", 0.6 + gain * (model == "nano"), profile="sam2-medical",
                 setting=setting)
        for model, setting in (("nano", "box_first_both"), ("copy", "mask_first_both"))
    ]  # fmt: skip
    page = volume_page_of(tmp_path, volume_run(tmp_path / "run", rows))
    assert (
        "nano is above it in 0 of one task, ties with it in set: liver." in page
    ) == (bool(said))
    assert ("nano is above it in 1 of one task." in page) == (not said)


@pytest.mark.parametrize("profile", ["as-released", "strict"])
@pytest.mark.parametrize("patients", [5, 6])
def test_few_patients_behind_many_slices_are_cautioned_of(tmp_path, profile, patients):
    rows = [
        replace(
            made_row("a", f"p{k}", 0.8, profile=profile), patient=f"set/p{k % patients}"
        )
        for k in range(12)
    ]
    folder = made_run(tmp_path / "run", rows)
    page = html.unescape(page_of(tmp_path, folder))
    note = f"In set: liver (12 slices of {patients} patients) there are fewer than 6"
    few = patients == 5 and profile == "as-released"
    assert (note in page.partition("<nav>")[0]) == few
    often = "(a patient counts once for each slice)" in quoted(page)
    assert often == (profile == "as-released")


def test_means_over_tasks_say_that_a_patient_counts_in_each(tmp_path):
    rows = [made_row("a", "p0", 0.8, task=task) for task in ("liver", "spleen")]
    page = html.unescape(page_of(tmp_path, made_run(tmp_path / "run", rows)))
    assert "(a patient counts once for each task)" in quoted(page)
    assert "in the last line once for each task: its n_patients are" in page


def slices_of(model, patients, each=2):
    return [
        replace(made_row(model, f"{name}_{k}", 0.8, profile="as-released"),
                patient=f"set/{name}")
        for name in patients
        for k in range(each)
    ]  # fmt: skip


TOO_FEW = "there are fewer than 6 patients"
EIGHT = [f"p{k}" for k in range(8)]


@pytest.mark.parametrize(
    ("one", "two", "note"),
    [
        (("a", EIGHT[:4]), ("a", EIGHT[4:]), ""),
        (("a", EIGHT), ("b", EIGHT), ""),
        (("a", EIGHT), ("b", EIGHT[:5]), "(10 slices of 5 patients of b)"),
        (("a", EIGHT[:6]), ("b", EIGHT[2:]),
         "(8 slices of 4 patients that a and b have in common)"),
        (("a", EIGHT[:2]), ("a", EIGHT[2:5]), "set: liver (10 slices of 5 patients)"),
    ],
)  # fmt: skip
def test_few_patients_are_counted_over_what_joined_runs_compare(
    tmp_path, one, two, note
):
    folders = [
        made_run(tmp_path / name, slices_of(model, patients))
        for name, (model, patients) in (("one", one), ("two", two))
    ]
    top = html.unescape(page_of(tmp_path, *folders)).partition("<nav>")[0]
    assert (TOO_FEW in top) == bool(note)
    assert note in top
    assert top.count(TOO_FEW) <= 1


def test_images_of_several_runs_that_count_as_patients_are_told_of(tmp_path):
    folders = [
        made_run(tmp_path / f"run{k}", [made_row("a", f"p{k}", 0.8)], data={})
        for k in range(2)
    ]
    top = html.unescape(page_of(tmp_path, *folders)).partition("<nav>")[0]
    assert top.count("Every image of set counts as a patient of its own") == 1
    assert "Every image" not in page_of(tmp_path, folders[0])


def box_and_point(model, task, box, point, **more):
    return [
        made_row(model, f"p{k}", iou, setting=setting, task=task, **more)
        for k in range(2)
        for setting, iou in (("mode5", box), ("mode1", point))
    ]


TWO_KINDS = [
    *box_and_point("a", "CT liver", 0.9, 0.6),
    *box_and_point("a", "CT gland", 0.5, 0.2),
    *box_and_point("a", "MRI heart", 0.6, 0.4),
    *box_and_point("b", "CT liver", 0.8, 0.5),
    *box_and_point("b", "MRI heart", 0.6, 0.4),
]


def modalities_of(tmp_path, rows):
    page = html.unescape(page_of(tmp_path, made_run(tmp_path / "run", rows)))
    table = pd.read_csv(tmp_path / "page_files" / "tables" / "modalities.csv")
    return page, table.set_index(["model", "modality"])


def test_modalities_are_over_the_tasks_that_all_their_models_have(tmp_path):
    page, table = modalities_of(tmp_path, TWO_KINDS)
    assert table.loc[("a", "CT"), "box"] == pytest.approx(0.9)
    assert table.loc[("b", "CT"), "box"] == pytest.approx(0.8)
    assert table["n_tasks"].eq(1).all()
    assert table["tasks"].to_dict() == {
        ("a", "CT"): "common", ("a", "MR"): "all",
        ("b", "CT"): "common", ("b", "MR"): "all",
    }  # fmt: skip
    assert "IoU by modality (strict), means over the tasks that all models have." in (
        page
    )


def test_modalities_without_a_common_task_are_told_as_each_models_own(tmp_path):
    rows = [
        row for row in TWO_KINDS if (row.model, row.label_name) != ("a", "CT liver")
    ]
    page, table = modalities_of(tmp_path, rows)
    assert table.loc[[("a", "CT"), ("b", "CT")], "tasks"].eq("own").all()
    assert table.loc[[("a", "MR"), ("b", "MR")], "tasks"].eq("all").all()
    assert (
        "In CT the models have no task in common: each mean is over a model's own, "
        "not to be compared." in page
    )


def test_models_with_other_tasks_are_told_of_beside_means_over_tasks(tmp_path):
    rows = [
        made_row(model, f"p{k}", 0.5, setting="box_shift", task=task, step=step)
        for model, tasks in (("a", ("x", "y")), ("b", ("y", "z")), ("c", ("x",)))
        for task in tasks
        for k in range(2)
        for step in (1, 2)
    ]
    page = html.unescape(page_of(tmp_path, made_run(tmp_path / "run", rows)))
    said = "Means over tasks are over each model's own, which differ"
    assert said in page
    assert "Not drawn, since of one task only: c." in page
    same = [row for row in rows if row.model == "a"]
    again = made_run(tmp_path / "same", same)
    assert said not in html.unescape(page_of(tmp_path, again))


def test_a_correlation_that_rounds_to_nought_has_no_sign(tmp_path):
    order = random.Random(218).sample(range(30), 30)  # Spearman -0.0002
    rows = [
        replace(made_row("a", f"p{k}", 0.3 + place / 100), score=0.2 + k / 100)
        for k, place in enumerate(order)
    ]
    page = html.unescape(page_of(tmp_path, made_run(tmp_path / "run", rows)))
    assert "Spearman 0.000 over all masks, 0.000 within tasks" in page
    assert "-0.00" not in page.partition("</nav>")[2].partition("<script>")[0]


@pytest.mark.parametrize("profile", ["sam2-medical", "cvpr25-3d"])
@pytest.mark.parametrize("others", [(), ("copy",)])
def test_figures_of_volumes_tell_of_floors_only_where_there_are_some(
    tmp_path, profile, others
):
    setting = "box" if profile == "cvpr25-3d" else "box_first_both"
    rows = [
        made_row(model, "p0", 0.5, profile=profile,
                 setting=setting if model == "nano" or setting == "box"
                 else "mask_first_both")
        for model in ("nano", *others)
    ]  # fmt: skip
    page = html.unescape(volume_page_of(tmp_path, volume_run(tmp_path / "run", rows)))
    (caption,) = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    assert ("floors" in caption) == bool(others)
    assert "as models are" not in caption
    assert ("copy gives each slice" in page) == bool(others)


def test_one_case_of_an_unfinished_run_is_one(tmp_path):
    row = made_row("a", "p0", 0.5)
    models = {"a": {"sha256": "ab"}, "b": {}}
    folder = made_run(tmp_path / "run", [row], finished="", models=models)
    assert "Of the 1 case begun, b lacks 1." in page_of(tmp_path, folder)


@pytest.mark.parametrize(("box", "best"), [(0.5, "clicks 3"), (0.7, "box 0")])
def test_no_earlier_click_of_the_same_sequence_is_a_way_of_prompting(
    tmp_path, box, best
):
    """The second click has the highest mean, and the third is the answer."""
    rows = [
        made_row("nano", f"p{k}", iou, profile="cvpr25-3d", setting=setting, step=step)
        for step, (setting, iou) in enumerate(
            [("box", box), ("clicks", 0.6), ("clicks", 0.9), ("clicks", 0.6)]
        )
        for k in range(4)
    ]
    page = html.unescape(
        volume_page_of(tmp_path, volume_run(tmp_path / "run", rows, floors=()))
    )
    tables = tmp_path / "page_files" / "tables"
    seen = pd.read_csv(tables / "cases_to_see.csv")
    assert set(seen["prompts"]) == {best}
    (beside,) = pd.read_csv(tables / "beside_floors.csv").to_dict("records")
    assert f"{beside['setting']} {beside['step']}" == best
    assert beside["mean"] == max(box, 0.6)
    assert f"best way of prompting of each ({best.removesuffix(' 0')})" in page
