"""What a report says of runs and models that were not asked the same."""

import html
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
from napari_sam_med.bench.analysis.costs import summarise_costs
from napari_sam_med.bench.protocol.people.recorded_runs import RECORDED_CLICKS
from napari_sam_med.bench.report.report_table import ReportTable
from napari_sam_med.errors import RunError


@pytest.mark.parametrize("profile", ["strict", "cvpr25-3d"])
@pytest.mark.parametrize("finished", ["then", ""])
def test_a_run_that_was_killed_is_not_told_as_a_whole_one(tmp_path, profile, finished):
    rows = [
        made_row(model, f"p{k}", 0.8, profile=profile, setting="clicks")
        for model, count in (("whole", 5), ("killed", 2))
        for k in range(count)
    ]
    models = {name: {"sha256": "ab"} for name in ("whole", "killed")} | {"never": {}}
    made, write = (
        (made_run, page_of) if profile == "strict" else (volume_run, volume_page_of)
    )
    folder = made(tmp_path / "run", rows, models=models, finished=finished)
    page = write(tmp_path, folder)
    note = "run was not finished. Of the 5 cases begun, killed lacks 3, never lacks 5."
    first, skipped = page.split('id="skipped"')
    assert (note in first) == (note in skipped) == (not finished)
    assert ("every case was computed" in page) == bool(finished)


def findings(page):
    found = re.findall(r'<p class="finding">(.*?)</p>', page)
    return [html.unescape(text) for text in found]


def test_a_model_that_failed_on_hard_cases_does_not_win_by_them(tmp_path):
    rows = [
        made_row(model, f"p{k}", easy if k < 4 else hard, setting=setting)
        for setting in ("mode1", "mode5", "clicks")
        for model, easy, hard in (("better", 0.9, 0.3), ("fails", 0.85, 0.2))
        for k in range(8)
        if model == "better" or k < 4
    ]
    page = page_of(tmp_path, made_run(tmp_path / "run", rows))
    one, other = findings(page)
    said = " over one task (on the 4 of 8 cases with every answer of every model) with"
    assert one.startswith(f"better (strict) reaches the highest mean IoU{said}")
    assert "0.900" in one
    assert "0.850" in other
    assert re.search(r"<li>set: liver: [^<]* with better, IoU 0.900, a tie", page)
    assert "on 4 of 8 cases" in page
    tables = tmp_path / "page_files" / "tables"
    side = pd.read_csv(tables / "side_by_side_strict_mode5.csv")
    assert side[["n", "better", "fails"]].to_numpy().tolist() == [[4, 0.9, 0.85]]
    for name in ("box_over_point", "clicks_needed"):
        assert pd.read_csv(tables / f"{name}.csv")["n"].eq(4).all()


def test_models_without_a_case_in_common_are_not_ranked_without_a_word(tmp_path):
    rows = [made_row("a", "p0", 0.9), made_row("b", "p1", 0.8)]
    for text in findings(page_of(tmp_path, made_run(tmp_path / "run", rows))):
        assert "(over its own cases, since none has every answer" in text


def test_a_floor_is_compared_over_the_cases_that_it_answered(tmp_path):
    easy = [
        made_row(model, f"p{k}", iou, name="A", task="easy")
        for model, iou in (("nano", 0.9), ("ellipse", 0.85))
        for k in range(6)
    ]
    hard = [made_row("nano", f"p{k}", 0.3, name="B", task="hard") for k in range(6)]
    one = made_run(tmp_path / "one", easy, name="A", floors=("ellipse",))
    two = made_run(tmp_path / "two", hard, name="B")
    (text,) = findings(page_of(tmp_path, one, two))
    assert (
        "On the 6 of its 12 cases that a floor answered too, the floor is 0.850, by "
        "ellipse with one box round the object (mode 5), and nano reaches 0.900"
    ) in text


def test_a_floor_over_fewer_objects_is_set_beside_the_same_ones(tmp_path):
    rows = [
        made_row(model, f"p{k}", iou, profile="sam2-medical", setting=setting)
        for model, setting, values in (
            ("nano", "box_middle_both", (0.7, 0.7, 0.1, 0.1)),
            ("nano", "mask_middle_both", (0.9, 0.9, 0.9, 0.9)),
            ("interpolation", "mask_middle_both", (0.6, 0.6)),
        )
        for k, iou in enumerate(values)
    ]
    page = volume_page_of(tmp_path, volume_run(tmp_path / "run", rows))
    (text,) = findings(page)
    assert "a mean IoU of 0.400" in text
    assert (
        "The best floor reaches 0.600 on the 2 of 4 objects that it has; nano is above "
        "it in 1 of one task."
    ) in text


@pytest.mark.parametrize("profile", ["strict", "cvpr25-3d"])
def test_other_files_under_the_same_names_are_not_joined(tmp_path, profile):
    made, write = (
        (made_run, page_of) if profile == "strict" else (volume_run, volume_page_of)
    )
    folders = [
        made(tmp_path / model, [made_row(model, "p0", 0.8, profile=profile)],
             files=[{"name": "p0.nii", "sha256": digest}])
        for model, digest in (("a", "12"), ("b", "34"), ("c", "12"))
    ]  # fmt: skip
    with pytest.raises(RunError, match=r"both name their data set, but p0\.nii has"):
        write(tmp_path, *folders[:2])
    assert write(tmp_path, folders[0], folders[2])


def test_a_run_given_twice_is_refused(tmp_path):
    folder = made_run(tmp_path / "run", [made_row("a", "p0", 0.8)])
    again = tmp_path / "again"
    again.symlink_to(folder)
    with pytest.raises(RunError, match="was given twice; give each run once"):
        page_of(tmp_path, folder, again)


@pytest.mark.parametrize("changed", [{}, {"clicks": 3, "seed": 7}])
def test_settings_that_runs_do_not_share_are_named_at_the_top(tmp_path, changed):
    usual = {"profile": "strict", "groups": ["clicks"], "tolerance_mm": 2.0,
             "clicks": 9, "seed": 1}  # fmt: skip
    folders = [
        made_run(tmp_path / name, [made_row("a", name, 0.8)], settings=settings)
        for name, settings in (("one", usual), ("two", {**usual, **changed}))
    ]
    page = page_of(tmp_path, *folders)
    note = "not made alike: clicks (9 in one, 3 in two); seed (1 in one, 7 in two)."
    assert (note in page.partition("<nav>")[0]) == bool(changed)
    assert ("not made alike" in page) == bool(changed)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_another_precision_is_named_at_the_top(tmp_path, precision):
    folders = [
        made_run(
            tmp_path / name,
            [made_row("a", name, 0.8)],
            models={"a": {"sha256": "ab", "computed": {"precision": used}}},
        )
        for name, used in (("one", "fp32"), ("two", precision))
    ]
    page = page_of(tmp_path, *folders)
    told = "precision (fp32 in one, bf16 in two)" in page
    assert told == (precision == "bf16")


def test_prompts_that_were_never_asked_do_not_make_a_model_faster():
    rows = [
        made_row("a", "p0", 0.8, setting="clicks", step=step, seconds_predict=seconds)
        for step, seconds in ((1, 0.5), (2, 0.0), (3, 0.0))
    ]
    frame = pd.DataFrame([row.to_dict() for row in rows]).assign(run="run")
    (one,) = summarise_costs(frame, {}).itertuples()
    assert one.predict_s == 0.5


@pytest.mark.parametrize(
    ("setting", "origin", "said", "unsaid", "top"),
    [
        ("mode5", "", "Prompts were simulated", "earlier run",
         "Prompts are computed from the truth, and"),
        ("mode5", "run, b", "Prompts of an earlier run (run, b) were asked again",
         "simulated", "Prompts are those of an earlier run (run, b), asked again"),
        ("box_shift", "run, b", "Prompts were simulated", "earlier run",
         "Prompts are computed from the truth, and"),
        (RECORDED_CLICKS, "a.json", "a person's recorded session", "simulated from",
         "Prompts are what a person asked in a recorded session, and"),
        ("everything", "", "by a grid of points, for 1 object ", "simulated from",
         "Prompts are a grid of points, and"),
    ],
)  # fmt: skip
def test_headline_and_methods_say_where_the_prompts_come_from(
    tmp_path, setting, origin, said, unsaid, top
):
    rows = [made_row("a", "p0", 0.8, setting=setting)]
    page = page_of(tmp_path, made_run(tmp_path / "run", rows, prompts_from=origin))
    assert said in quoted(page)
    assert unsaid not in quoted(page)
    assert top in html.unescape(page)


def test_runs_with_stored_and_with_simulated_prompts_are_told_apart(tmp_path):
    one = made_run(tmp_path / "one", [made_row("a", "p0", 0.8)])
    two = made_run(tmp_path / "two", [made_row("b", "p0", 0.8)], prompts_from="x, a")
    page = html.unescape(page_of(tmp_path, one, two))
    assert (
        "Some prompts are computed from the truth, some are those of an earlier run "
        "(x, a, in two), asked again as they were, and are answered by each model"
    ) in page
    assert "Prompts of an earlier run (x, a, in two) were asked again" in quoted(page)


def test_stored_prompts_of_volumes_are_not_called_simulated(tmp_path):
    rows = [made_row("a", "p0", 0.8, profile="cvpr25-3d", setting="box")]
    folder = volume_run(tmp_path / "run", rows, prompts_from="x, b")
    page = html.unescape(volume_page_of(tmp_path, folder))
    assert "Prompts are those of an earlier run (x, b), asked again" in page
    assert "Prompts of an earlier run (x, b) were asked again" in quoted(page)
    assert "simulated from" not in quoted(page)


def test_a_model_is_not_ahead_by_clicks_that_the_other_was_not_given(tmp_path):
    rows = [
        made_row(model, f"p{k}", 0.9 if step > 2 else 0.5, setting="clicks", step=step)
        for k, longest in enumerate(({"a": 2, "b": 3}, {"a": 3, "b": 3}))
        for model, count in longest.items()
        for step in range(1, count + 1)
    ]
    page = page_of(tmp_path, made_run(tmp_path / "run", rows))
    assert "the longer chain counts up to the end of the shorter" in page
    tables = tmp_path / "page_files" / "tables"
    seen = pd.read_csv(tables / "cases_to_see.csv")
    assert not seen["why"].str.contains("above").any()
    (one,) = pd.read_csv(tables / "comparison_by_task.csv").itertuples()
    assert (one.n_cases, one.difference) == (2, 0)


@pytest.mark.parametrize("told_first", [True, False])
def test_patients_told_to_one_of_two_runs_are_those_of_both(tmp_path, told_first):
    folders = []
    for model, told in (("a", told_first), ("b", not told_first)):
        made = [made_row(model, f"p{k // 2}_{k}", 0.5 + k / 100) for k in range(16)]
        rows = [
            replace(one, patient=f"set/{one.image[:2]}") if told
            else replace(one, task="set: label 1")
            for one in made
        ]  # fmt: skip
        data = {
            "patients": "(p.)_" if told else "",
            "labels": {"1": "x"} if told else {},
        }
        folders.append(made_run(tmp_path / model, rows, data=data))
    page = page_of(tmp_path, *folders)
    (one,) = pd.read_csv(
        tmp_path / "page_files/tables/comparison_by_task.csv"
    ).itertuples()
    assert (one.n_cases, one.n_units, one.left_out) == (16, 8, 0)
    assert one.task == "set: liver"
    name = "a" if told_first else "b"
    top = html.unescape(page.partition("<nav>")[0])
    assert (
        f"({name}: (p.)_; {'ab'.replace(name, '')}: nothing): the patients of " in top
    )
    assert f"the patients of {name} are used for all" in top
    assert f"the names of {name} are used for all" in top
    assert "counts as a patient of its own" not in top


@pytest.mark.parametrize("profile", ["strict", "cvpr25-3d"])
def test_images_of_one_name_in_two_data_sets_are_two(tmp_path, profile):
    made, write = (
        (made_run, page_of) if profile == "strict" else (volume_run, volume_page_of)
    )
    folders = [
        made(tmp_path / name, [made_row("a", "p0", 0.8, name=name, profile=profile)],
             name=name)
        for name in ("one", "two")
    ]  # fmt: skip
    page = html.unescape(write(tmp_path, *folders))
    assert "<b>2</b>images" in page
    what = "on 2 images" if profile == "strict" else "in 2 volumes"
    assert f"2 objects {what} of 2 patients" in page


@pytest.mark.parametrize("profile", ["strict", "cvpr25-3d"])
def test_the_methods_list_both_weights_of_a_model_and_none_that_never_ran(
    tmp_path, profile
):
    made, write = (
        (made_run, page_of) if profile == "strict" else (volume_run, volume_page_of)
    )
    folders = [
        made(tmp_path / run, [made_row("a", run, 0.8, profile=profile)],
             models={"a": {"sha256": digest}, "never": {}})
        for run, digest in (("one", "12ab"), ("two", "34cd"))
    ]  # fmt: skip
    methods = quoted(write(tmp_path, *folders))
    assert "a of one (SHA-256 of the weights 12ab" in methods
    assert "a of two (SHA-256 of the weights 34cd" in methods
    assert "never" not in methods
    alone = quoted(write(tmp_path, folders[0]))
    assert "a (SHA-256 of the weights 12ab" in alone


def test_latex_sets_less_than_as_mathematics():
    text = ReportTable("t", "T", "", pd.DataFrame({"p": [1e-9]})).to_latex()
    assert "$<$ 0.001" in text


@pytest.mark.parametrize("profile", ["sam2-medical", "cvpr25-3d"])
def test_floors_of_two_runs_over_the_same_volumes_stay_floors(tmp_path, profile):
    setting = "box_middle_both" if profile == "sam2-medical" else "box"
    folders = [
        volume_run(
            tmp_path / run,
            [
                made_row(model, f"p{k}", iou, profile=profile, setting=setting)
                for model, iou in ((run, 0.6), ("copy", 0.7), ("interpolation", 0.9))
                for k in range(2)
            ],
        )
        for run in ("a", "b")
    ]
    page = volume_page_of(tmp_path, *folders)
    texts = findings(page)
    assert [text.split()[0] for text in texts] == ["a", "b"]
    assert all("The best floor reaches 0.900; " in text for text in texts)
    tables = tmp_path / "page_files" / "tables"
    assert pd.read_csv(tables / "cases_to_see.csv")["model"].isin(["a", "b"]).all()


@pytest.mark.parametrize("both", [True, False])
def test_means_over_volumes_say_over_how_many_tasks_they_are(tmp_path, both):
    asked = {"profile": "cvpr25-3d", "setting": "box"}
    rows = [made_row(model, "p0", 0.8, **asked) for model in ("a", "b")]
    tasked = ("a", "b") if both else ("a",)
    rows += [made_row(model, "p0", 0.2, task="hard", **asked) for model in tasked]
    page = volume_page_of(tmp_path, volume_run(tmp_path / "run", rows))
    means = pd.read_csv(tmp_path / "page_files/tables/volumes_over_tasks.csv")
    assert means["n_tasks"].tolist() == [2, 2 if both else 1]
    assert ("Not all of them are over the same tasks" in page) == (not both)


@pytest.mark.parametrize(
    ("setting", "table", "value"),
    [
        ("everything", "everything", "best_iou"),
        ("box_shift", "perturbation", "mean"),
        ("clicking_group_01", "clicking_groups", "auc"),
        (RECORDED_CLICKS, "recorded", "mean"),
    ],
)
def test_tables_are_over_the_cases_that_all_models_answered(
    tmp_path, setting, table, value
):
    rows = [
        made_row(model, f"p{k}", 0.9 - 0.3 * k, setting=setting)
        for model, count in (("whole", 3), ("fails", 1))
        for k in range(count)
    ]
    page_of(tmp_path, made_run(tmp_path / "run", rows))
    found = pd.read_csv(tmp_path / "page_files" / "tables" / f"{table}.csv")
    assert found["n"].eq(1).all()
    assert found[value].eq(0.9).all()


def test_calibration_and_factors_are_over_the_cases_that_all_models_answered(tmp_path):
    rows = [
        made_row(model, f"p{k}", 0.2 + 0.04 * k, setting=setting, score=0.9 - k / 20,
                 area_px=50 + k)
        for model, count in (("whole", 16), ("fails", 12))
        for k in range(count)
        for setting in ("mode1", "mode5")
    ]  # fmt: skip
    page = page_of(tmp_path, made_run(tmp_path / "run", rows))
    tables = tmp_path / "page_files" / "tables"
    calibration = pd.read_csv(tables / "calibration.csv")
    assert calibration.groupby("setting")["n"].agg(set).to_dict() == {
        "all modes": {24},
        "mode1": {12},
        "mode5": {12},
    }
    assert calibration.groupby("setting")["error"].nunique().eq(1).all()
    factors = pd.read_csv(tables / "factors.csv")
    assert factors["n"].eq(12).all()
    assert {*calibration["cases"], *factors["cases"]} == {"common"}
    assert page.count("of the cases and modes that all models answered") >= 2


def test_calibration_without_common_cases_says_that_they_are_a_models_own(tmp_path):
    rows = [
        made_row(model, f"{model}{k}", 0.3 + 0.05 * k, score=0.5 + k / 20)
        for model, count in (("a", 8), ("b", 6))
        for k in range(count)
    ]
    page = page_of(tmp_path, made_run(tmp_path / "run", rows))
    found = pd.read_csv(tmp_path / "page_files" / "tables" / "calibration.csv")
    assert found.groupby("model")["n"].max().to_dict() == {"a": 8, "b": 6}
    assert found["cases"].eq("own").all()
    assert "of its own cases, which are not those of the other models" in page
