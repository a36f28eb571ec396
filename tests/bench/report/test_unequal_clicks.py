"""What a report says of runs with unequal clicks, and of floors beside them."""

import html
import re

import pandas as pd
import pytest

from fakes.stored_pages import made_row, made_run, page_of
from napari_sam_med.bench.report import report_files
from napari_sam_med.bench.report.figures import figure_style


def chain(model, patient, count, **more):
    return [
        made_row(model, patient, 0.4 + step / 10, setting="clicks", step=step, **more)
        for step in range(1, count + 1)
    ]


@pytest.mark.parametrize("counts", [(4, 3), (3, 3)])
def test_no_mean_over_tasks_is_told_of_clicks_that_a_task_lacks(tmp_path, counts):
    folders = [
        made_run(
            tmp_path / task,
            chain("nano", "p0", count, name=task, task=task),
            name=task,
        )
        for task, count in zip(("long", "short"), counts, strict=True)
    ]
    page = html.unescape(page_of(tmp_path, *folders))
    main = pd.read_csv(tmp_path / "page_files" / "tables" / "main.csv")
    assert main["prompt"].eq("3 clicks").all()
    assert main["task"].tolist()[-1] == "Mean over tasks"
    (line,) = re.findall(
        r"<tr[^>]*><td>Mean over tasks</td>(.*?)</tr>", page, re.DOTALL
    )[-1:]
    assert "0.700" in line
    assert "0.800" not in line
    assert ("Not drawn: clicks that were not made in all" in page) == (counts[0] > 3)


def test_a_curve_says_that_its_later_clicks_are_over_fewer_cases(tmp_path):
    rows = [*chain("nano", "p0", 4), *chain("nano", "p1", 2)]
    page = page_of(tmp_path, made_run(tmp_path / "run", rows))
    assert "Later clicks are over fewer cases: nano 1 of 2 with 4." in page
    assert "Later clicks" not in page_of(
        tmp_path, made_run(tmp_path / "even", chain("nano", "p0", 4))
    )


def test_clicks_that_another_profile_has_are_left_out_with_a_word(tmp_path):
    rows = [*chain("a", "p0", 4), *chain("b", "p0", 3)]
    one = made_run(tmp_path / "one", rows)
    other = made_run(
        tmp_path / "two",
        chain("c", "p1", 4, profile="as-released"),
        selections=("first",),
    )
    page = page_of(tmp_path, one, other)
    said = "Left out under strict, since not every model answered them: click 4."
    assert said in page


def test_models_with_unequal_clicks_stand_side_by_side_after_the_same_one(tmp_path):
    rows = [*chain("a", "p0", 4), *chain("b", "p0", 3)]
    page_of(tmp_path, made_run(tmp_path / "run", rows))
    tables = tmp_path / "page_files" / "tables"
    side = pd.read_csv(tables / "side_by_side_strict_3_clicks.csv")
    assert side[["a", "b"]].to_numpy().tolist() == [[0.7, 0.7]]


def test_a_floor_is_told_over_the_same_cases_as_the_model(tmp_path):
    rows = [
        made_row(model, f"p{k}", values[k])
        for model, values in (
            ("a", (0.8, 0.9)),
            ("b", (0.7,)),
            ("ellipse", (0.2, 0.6)),
        )
        for k in range(len(values))
    ]
    page = page_of(tmp_path, made_run(tmp_path / "run", rows, floors=("ellipse",)))
    for text in re.findall(r'<p class="finding">(.*?)</p>', page):
        assert "on the 1 of 2 cases with every answer of every model" in text
        assert "The floor is 0.200, by ellipse" in text


def drawn_curves(monkeypatch):
    """What the small plots of clicks are drawn from, by task and model."""
    drawn = {}
    save = figure_style.write_figures

    def kept(figures, folder):
        for one in figures:
            if one.name.startswith("iou_by_clicks_of_tasks"):
                legend = one.figure.legends[0].get_texts()
                names = [text.get_text() for text in legend]
                for axes in one.figure.axes:
                    lines = [line.get_xydata().tolist() for line in axes.lines]
                    title = axes.get_title(loc="left")
                    drawn[title] = dict(zip(names, lines, strict=False))
                drawn["caption"] = one.caption
        return save(figures, folder)

    monkeypatch.setattr(report_files, "write_figures", kept)
    return drawn


def test_the_curves_of_tasks_are_over_the_cases_of_the_table(tmp_path, monkeypatch):
    drawn = drawn_curves(monkeypatch)
    own = {"a": (0.2, 0.8), "b": (0.2,)}
    rows = [
        made_row(model, f"p{k}", iou, setting="clicks", step=step, task=task)
        for task in ("kidney", "liver", "spleen")
        for model, ious in own.items()
        for k, iou in enumerate(ious)
        for step in (1, 2)
    ]
    page_of(tmp_path, made_run(tmp_path / "run", rows))
    tables = tmp_path / "page_files" / "tables"
    needed = pd.read_csv(tables / "clicks_needed.csv").set_index(
        ["task", "model", "selection"]
    )
    for task in ("kidney", "liver", "spleen"):
        curves = drawn[f"set: {task}"]
        for model in own:
            assert needed.loc[(f"set: {task}", model, "default"), "n"] == 1
            assert [iou for _, iou in curves[model]] == pytest.approx([0.2, 0.2])
    assert (
        "over the 3 of 6 cases that all models of their task answered"
        in (drawn["caption"])
    )


def test_the_curves_of_tasks_compare_equal_cases_after_each_click(
    tmp_path, monkeypatch
):
    drawn = drawn_curves(monkeypatch)
    rows = [
        row
        for task in ("kidney", "liver", "spleen")
        for model, counts in (("a", (2, 2)), ("b", (2, 1)))
        for k, count in enumerate(counts)
        for row in (
            made_row(model, f"p{k}", 0.4 + k / 10, setting="clicks", step=step,
                     task=task)
            for step in range(1, count + 1)
        )
    ]  # fmt: skip
    page_of(tmp_path, made_run(tmp_path / "run", rows))
    curves = drawn["set: liver"]
    assert curves["a"] == curves["b"]
    assert "Later clicks are over fewer cases" in drawn["caption"]
