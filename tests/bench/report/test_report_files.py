"""A report on many figures: its files, its page, and the commands in it."""

import hashlib
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from fakes.made_runs import TASKS, made_rows, write_run
from napari_sam_med.bench.report.cases_to_see import cases_to_see, ends_of, lead_of
from napari_sam_med.bench.report.figures.figure_style import ReportFigure
from napari_sam_med.bench.report.joined_runs import joined_rows
from napari_sam_med.bench.report.report_data import ReportData
from napari_sam_med.bench.report.report_files import write_report_files
from napari_sam_med.bench.report.report_page import write_outputs
from napari_sam_med.bench.report.report_table import ReportTable
from napari_sam_med.bench.run.store.run_store import RunStore

VOID = {"meta", "img", "br", "input"}
FIGURES = {
    "tasks_ranked_as-released_sam_vit_h",
    "tasks_ranked_as-released_nano",
    "iou_by_mode",
    "iou_by_clicks",
    "iou_by_clicks_of_tasks_1",
    "box_over_point_as-released",
    "iou_by_size_and_parts_as-released",
    "iou_by_modality_as-released",
    "calibration_1",
    "calibration_2",
    "robustness_as-released",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    store = write_run(tmp_path_factory.mktemp("report") / "run", made_rows())
    write_outputs(store)
    return store.folder


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "report.html").read_text()


def test_every_figure_is_an_svg_that_parses_and_a_png(folder):
    files = folder / "report_files" / "figures"
    assert {path.stem for path in files.iterdir()} == FIGURES
    for name in FIGURES:
        root = ElementTree.parse(files / f"{name}.svg").getroot()
        assert root.tag.endswith("svg")
        with Image.open(files / f"{name}.png") as picture:
            assert min(picture.size) > 300


def write(folder, *names):
    """Write a figure and a table of each name."""
    frame = pd.DataFrame({"a": [1]})
    figures = [ReportFigure(one, "", "", Figure(figsize=(1, 1))) for one in names]
    for one in figures:
        one.figure.add_subplot()
    tables = [ReportTable(one, "", "", frame) for one in names]
    return write_report_files(figures, tables, folder)


def test_what_only_an_earlier_report_had_is_taken_away(tmp_path):
    write(tmp_path, "one", "two")
    own = tmp_path / "tables" / "mine.csv"
    own.write_text("kept")
    write(tmp_path, "one")
    names = {one.name for one in tmp_path.glob("*/*")}
    assert names == {"one.svg", "one.png", "one.csv", "one.tex", "mine.csv"}
    listed = (tmp_path / "SHA256SUMS").read_text().splitlines()
    assert {line[66:] for line in listed} == {
        "figures/one.png", "figures/one.svg", "tables/one.csv", "tables/one.tex"
    }  # fmt: skip


def test_a_file_of_an_earlier_report_that_was_changed_since_stays(tmp_path):
    write(tmp_path, "one", "two")
    changed = tmp_path / "tables" / "two.tex"
    changed.write_text("with my comments")
    write(tmp_path, "one")
    assert changed.read_text() == "with my comments"


def test_a_listing_names_no_file_outside_of_its_folders(tmp_path):
    outside = tmp_path / "mine.csv"
    outside.write_text("mine")
    digest = hashlib.sha256(b"mine").hexdigest()
    files = tmp_path / "files"
    write(files, "one")
    names = ("tables/../../mine.csv", "../mine.csv", "tables/..\\..\\mine.csv")
    lines = [f"{digest}  {name}\n" for name in names]
    (files / "SHA256SUMS").write_text("".join(lines))
    write(files, "one")
    assert outside.read_text() == "mine"


class Balanced(HTMLParser):
    """Fails where a tag is closed that is not open."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_asks_for_nothing(page):
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    without_pictures = re.sub(r"base64,[A-Za-z0-9+/=]+", "", page)
    assert "http" not in without_pictures
    sources = re.findall(r'(?:src|href)="([^"]*)"', without_pictures)
    assert all(one.startswith(("data:", "#")) for one in sources)


def test_the_page_knows_dark_screens_and_paper(page):
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_the_finding_names_the_best_prompt_of_each_task_and_its_gain(page, folder):
    best = pd.read_csv(folder / "report_files" / "tables" / "best_prompts.csv")
    top = best.sort_values("mean", ascending=False).drop_duplicates("task")
    for one in top.itertuples():
        (line,) = re.findall(rf"<li>({one.task}: [^<]*)</li>", page)
        assert f"with {one.model}, IoU {one.mean:.3f}" in line
        assert f"{one.over_next:.3f} above" in line
        assert f"floor {one.floor:.3f}" in line


def test_the_next_best_prompt_is_the_second_highest_mean(folder):
    best = pd.read_csv(folder / "report_files" / "tables" / "best_prompts.csv")
    rows = made_rows()
    first = rows[rows["selection"].eq("first")]
    means = first.groupby(["model", "task", "setting"])["iou"].mean()
    for one in best.itertuples():
        mine = means[one.model, one.task]
        mine = mine[mine.index.str.startswith("mode")].sort_values(ascending=False)
        assert (one.best, one.next) == tuple(mine.index[:2])
        assert one.over_next == pytest.approx(mine.iloc[0] - mine.iloc[1])


def test_the_methods_say_n_versions_weights_and_what_to_cite(page):
    text = page[page.index("<blockquote>") : page.index("</blockquote>")]
    for said in (
        "24 objects on 24 images of 4 patients, in 3 tasks",
        "napari-sam-med 0.1",
        "SHA-256 of the weights abababababab",
        "within 2 mm",
        "up to 3 clicks",
        "89:102918",
        "The paper of nano",
    ):
        assert said in text
    assert "The paper of ellipse" not in text


@pytest.fixture(scope="module")
def data(folder):
    store = RunStore(folder)
    manifest = {**store.manifest(), "run": "run"}
    return ReportData.of(joined_rows([store]), {"out/run": manifest})


def test_cases_to_see_are_the_best_the_worst_and_where_models_part(data):
    table = cases_to_see(data)
    box = data.defaults[data.defaults["setting"].eq("mode5")]
    nano = box[box["model"].eq("nano")].sort_values("iou")
    mine = table[table["model"].eq("nano")]
    assert list(mine[mine["why"].eq("worst")]["iou"]) == list(nano["iou"][:3])
    assert list(mine[mine["why"].eq("best")]["iou"]) == list(nano["iou"][:-4:-1])
    both = box.pivot_table(index="case_id", columns="model", values="iou")
    gain = (both["nano"] - both["sam_vit_h"]).nlargest(3)
    ahead = table[table["why"].eq("nano above sam_vit_h")]
    assert list(ahead["case"]) == list(gain.index)
    assert list(ahead["iou"]) == pytest.approx(list(gain))


def test_each_case_has_the_command_that_opens_it(data):
    one = cases_to_see(data).iloc[0]
    assert one["open"] == (
        f"napari-sam-med gui --run out/run --case {one['case']} --model "
        f"{one['model']} --setting mode5"
    )


def test_a_command_does_not_tell_the_folders_above_a_run(page, folder):
    assert "napari-sam-med gui --run run --case" in page
    assert str(folder.parent) not in page


def test_no_case_is_among_the_best_and_the_worst():
    rows = pd.DataFrame({"iou": [0.1, 0.5, 0.9], "case_id": list("abc")})
    best, worst = ends_of(rows)
    assert list(best["case_id"]) == ["c"]
    assert list(worst["case_id"]) == ["a", "b"]


def test_a_model_that_is_never_ahead_leads_nowhere():
    rows = pd.DataFrame({"model": ["a", "b"], "case_id": ["x", "x"], "iou": [0.3, 0.8]})
    assert lead_of(rows, "a", "b").empty
    assert list(lead_of(rows, "b", "a")["lead"]) == pytest.approx([0.5])


def test_tasks_of_the_study_stand_beside_its_values(page):
    captions = re.findall(r"<figcaption>([^<]*)", page)
    beside = [one for one in captions if "Mazurowski et al. 2023, thick" in one]
    assert len(beside) == 2
    told = "which is no check of these numbers"
    marked = [one for one in beside if f"{told} (other model)" in one]
    assert [one[:13] for one in marked] == ["Tasks of nano"]
    marked = [one for one in beside if f"{told} (same name and rules, weights" in one]
    assert [one[:13] for one in marked] == ["Tasks of sam_"]
    assert all(task in page for task in TASKS)


@pytest.mark.slow
def test_a_report_on_28_tasks_and_five_models_stays_small(tmp_path):
    # in a process of its own, for its peak memory
    code = (
        "import sys; from pathlib import Path; from report_size import measure_report;"
        "measure_report(Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "run"],
        cwd=Path(__file__).parents[3] / "benchmarks",
        capture_output=True,
        text=True,
        check=True,
    )
    numbers = {
        line.split("  ")[0]: float(re.search(r"[\d.]+", line)[0])
        for line in done.stdout.splitlines()
    }
    assert numbers["peak memory"] < 1500
    assert numbers["page"] < 10


def test_a_name_that_latex_would_read_as_an_option_is_text(tmp_path):
    frame = pd.DataFrame({"task": ["[CT] set: liver", "*MR: liver"], "n": [1, 2]})
    write_report_files([], [ReportTable("main", "", "", frame)], tmp_path)
    lines = (tmp_path / "tables" / "main.tex").read_text().splitlines()
    assert "{}[CT] set: liver & 1 \\\\" in lines
    assert "{}*MR: liver & 2 \\\\" in lines
