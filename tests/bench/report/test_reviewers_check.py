"""What a reviewer recomputes from ``results/`` alone, with plain code of his own.

Three runs over two data sets under two profiles, with three models and a floor; every
number of their summaries, and every table of the report on all of them together.
"""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from fakes import plain_statistics as plain
from fakes.fake_segmenter import FakeSegmenter
from fakes.labelled_volumes import made_volume
from napari_sam_med.bench.data.labelled_volumes import InMemory
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.run_settings import (
    ModelSpec,
    RunSettings,
    SettingGroup,
)
from napari_sam_med.bench.report.report_page import finish, write_report
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.store.run_store import RunStore

FLOORS = ["floor"]
PATIENTS = 7


class Shifted(FakeSegmenter):
    """Answers a few pixels beside the object, by another confidence each time."""

    pixels = 2

    def predict(self, embedding, prompts):
        found = super().predict(embedding, prompts)
        share = np.float32(found.masks[0].mean() % 0.37)
        masks = np.roll(found.masks, self.pixels, axis=2)
        single = replace(found.single, masks=np.roll(found.single.masks, 1, axis=1))
        return replace(found, masks=masks, scores=found.scores - share, single=single)


class Floor(FakeSegmenter):
    """Offers one mask."""

    def __init__(self):
        super().__init__(name="floor", n_candidates=1)

    def predict(self, embedding, prompts):
        return replace(super().predict(embedding, prompts), single=None)


def spec(name, load, **card):
    return ModelSpec(name, load, card)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Three runs with their reports: strict twice on one data set, as-released once."""
    place = tmp_path_factory.mktemp("runs")
    volumes = [
        made_volume(f"p{k}_x", seed=k, slices=1 + (k < 2)) for k in range(PATIENTS)
    ]
    one, two = InMemory(volumes, "one"), InMemory(volumes[:6], "two")
    a = spec("a", lambda: FakeSegmenter(name="a"))
    b = spec("b", lambda: Shifted(name="b"))
    c = spec("c", lambda: Shifted(name="c", n_candidates=2))
    floor = spec("floor", Floor, family="baseline")
    beside = (SettingGroup.CLICKS, SettingGroup.CLICKING_GROUPS)
    most = tuple(each for each in SettingGroup if each is not beside[1])
    full = RunSettings(groups=most, clicks=3, grids=(2,), draws=2)
    few = RunSettings(groups=(SettingGroup.MODES, *beside), clicks=2)
    old = RunSettings(Profile.AS_RELEASED, clicks=2)
    runs = {
        "first": (one, [a, b, floor], full),
        "second": (InMemory(volumes[1:], "one"), [c], few),
        "third": (two, [a, b], old),
    }
    for name, (source, models, settings) in runs.items():
        store = RunStore(place / name)
        list(run_benchmark(source, models, settings, store))
        finish(store)
    write_report([place / name for name in runs], place / "all.html")
    return [place / name for name in runs]


@pytest.fixture(scope="module")
def rows(folders):
    return plain.read_rows(*folders)


@pytest.fixture(scope="module")
def summary(rows):
    return plain.summary(rows)


class Tables(HTMLParser):
    """The tables of a page by the last heading above them."""

    def __init__(self, text):
        super().__init__()
        self.found, self._title, self._into = {}, "", None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag in ("h2", "h3", "summary"):
            self._title, self._into = "", "title"
        elif tag == "table":
            self.found.setdefault(self._title.strip(), [])
        elif tag == "tr":
            self.found[self._title.strip()].append([])
        elif tag in ("td", "th"):
            self.found[self._title.strip()][-1].append("")
            self._into = "cell"

    def handle_endtag(self, tag):
        if tag in ("h2", "h3", "summary", "td", "th"):
            self._into = None

    def handle_data(self, data):
        if self._into == "title":
            self._title += data
        elif self._into == "cell":
            self.found[self._title.strip()][-1][-1] += data


@pytest.fixture(scope="module")
def page(folders):
    text = (folders[0].parent / "all.html").read_text()
    assert "< 0.000" not in text
    return Tables(text).found


def as_printed(value, *, p=False):
    if isinstance(value, str):
        return value
    if isinstance(value, int | np.integer):
        return str(value)
    if np.isnan(value):
        return "\N{EN DASH}"
    if p and value < 0.001:
        return "< 0.001"
    text = f"{value:.3f}"
    return text.replace("-0.000", "0.000")


def lines_of(page, title):
    """{name of column: text} of each line of the table under a heading."""
    head, *lines = page[title]
    return [dict(zip(head, line, strict=True)) for line in lines]


def check(page, title, key, columns, expected):
    """Compare a printed table with numbers, line by line, both ways."""
    lines = lines_of(page, title)
    printed = {tuple(line[name] for name in key): line for line in lines}
    assert len(printed) == len(lines)
    wanted = {tuple(map(str, names)): numbers for names, numbers in expected.items()}
    assert printed.keys() == wanted.keys()
    for names, numbers in wanted.items():
        found = [printed[names][column] for column in columns]
        told = [
            as_printed(number, p=column in ("p", "p holm"))
            for number, column in zip(numbers, columns, strict=True)
        ]
        assert found == told, (title, names)


def test_every_number_of_the_summaries(folders, summary):
    # no group of rows stands in two of the runs
    tables = [pd.read_csv(folder / "summary.csv") for folder in folders]
    table = pd.concat(tables).set_index(plain.GROUP)
    assert table.index.is_unique
    assert set(table.index) == set(summary)
    units = table.pop("ci_unit").to_dict()
    for key, numbers in table.T.to_dict("list").items():
        assert units[key] == plain.unit_name(key[2])
        assert numbers == pytest.approx(summary[key], abs=1e-12, nan_ok=True), key


def test_the_main_table(page, rows):
    key = ["profile", "prompt", "task", "model"]
    columns = ["n", "n patients", "mean", "median", "sd", "ci low", "ci high",
               "failed share"]  # fmt: skip
    check(page, "All tasks and models", key, columns, plain.main_table(rows))


def answered_by_all(rows, *by):
    """Keep the cases of a group that all its models answered."""
    wanted = rows.groupby([*by])["model"].transform("nunique")
    return rows[rows.groupby([*by, "case_id"])["model"].transform("nunique") == wanted]


def test_the_best_prompt_of_each_task(page, rows):
    rows = answered_by_all(rows, "profile", "task", "setting")
    main = plain.main_table(rows)
    means = {k: numbers[2] for k, numbers in main.items() if k[1] in plain.MODES}
    oracle = rows[rows["selection"] == "oracle"]
    best = {}
    for profile, _, task, model in means:
        if task == plain.OVER or model in FLOORS:
            continue
        mode = min(plain.MODES, key=lambda m: (-means[profile, m, task, model], m))
        mean = means[profile, mode, task, model]
        one = means[profile, "mode1", task, model]
        cases = oracle[
            (oracle["profile"] == profile) & (oracle["model"] == model)
            & (oracle["task"] == task) & (oracle["setting"] == mode)
        ]  # fmt: skip
        top = plain.unit_values(cases, "iou").mean()
        floor = means.get((profile, mode, task, "floor"), np.nan)
        best[profile, model, task] = (mode, mean, one, mean - one, top, floor)
    columns = ["best", "mean", "mode1", "gain", "oracle", "floor"]
    key = ["profile", "model", "task"]
    check(page, "Best prompt of each task", key, columns, best)


def test_models_side_by_side(page, rows):
    main = plain.main_table(answered_by_all(rows, "profile", "task", "setting", "step"))
    titles = [title for title in page if title.startswith("Models side by side")]
    assert len(titles) >= 2 * len(plain.MODES)
    for title in titles:
        prompt, _, profile = title.partition(": ")[2].partition(" (")
        for line in lines_of(page, title):
            task, _ = line.pop("task"), line.pop("n")
            for model, text in line.items():
                shared = not task.startswith(plain.OVER)
                numbers = main.get((profile.rstrip(")"), prompt, task, model))
                if shared and numbers is None:
                    assert text == as_printed(np.nan)
                elif shared:
                    low, high = numbers[5:7]
                    ends = f" ({as_printed(low)} to {as_printed(high)})"
                    told = as_printed(numbers[2]) + ("" if np.isnan(low) else ends)
                    assert text == told, (title, task, model)
                else:
                    over = main[profile.rstrip(")"), prompt, plain.OVER, model]
                    assert text == as_printed(over[2])


def test_the_clicks_that_are_needed(page, rows):
    columns = ["n", "n units", "cap", "noc80", "failed80", "noc85", "failed85", "noc90",
               "failed90", "auc"]  # fmt: skip
    key = ["model", "profile", "selection", "task"]
    rows = answered_by_all(
        plain.with_default(rows), "profile", "task", "setting", "selection"
    )
    wanted = plain.by_task(plain.chains(rows), key[:3], plain.CHAIN)
    check(page, "Number of clicks (NoC)", key, columns, wanted)


def test_grids_of_points(page, rows):
    columns = ["n", "n units", "best iou", "recall50", "recall75", "masks"]
    key = ["model", "profile", "points a side", "selection", "task"]
    check(page, "Segment everything", key, columns, plain.everything(rows))


def test_perturbed_prompts(page, rows):
    columns = ["n", "n units", "draws", "unperturbed", "mean", "spread"]
    key = ["model", "profile", "setting", "task"]
    check(page, "Prompt perturbation", key, columns, plain.perturbation(rows))


def test_the_clicking_groups(page, rows):
    by_group, spreads = plain.clicking_groups(rows)
    chain = ["cap", "noc80", "failed80", "noc85", "failed85", "noc90", "failed90",
             "auc"]  # fmt: skip
    key = ["model", "profile", "group", "task"]
    title = "Number of clicks (NoC) by clicking group"
    check(page, title, key, ["n", "n units", *chain], by_group)
    columns = ["n", "n units", "noc", "sd", "range", "delta gr", "centre", "delta sb"]
    key = ["model", "profile", "target", "task"]
    check(page, "Spread over the clicking groups", key, columns, spreads)


def test_the_calibration(page, rows):
    columns = ["n", "error", "spearman", "spearman within", "n tasks", "regret"]
    key = ["model", "profile", "setting"]
    title = "Calibration of the predicted IoU"
    check(page, title, key, columns, plain.calibration(rows, FLOORS))


@pytest.mark.parametrize("over_tasks", [True, False])
def test_the_comparison_of_models(page, rows, over_tasks):
    title = "Comparison of models" + ("" if over_tasks else " within each task")
    key = ["profile", "setting", "first", "second"] + ["task"] * (not over_tasks)
    columns = ["n cases", "left out", "n units", "difference", "ci low", "ci high",
               "effect", "win", "tie", "loss", "p", "p holm"]  # fmt: skip
    found = plain.comparison(rows, FLOORS)
    expected = {
        names[: len(key)]: [*numbers, *[np.nan] * (len(columns) - len(numbers))]
        for names, numbers in found.items()
        if (names[-1] == plain.OVER) == over_tasks
    }
    check(page, title, key, columns, expected)
    assert any(line["p"] != as_printed(np.nan) for line in lines_of(page, title)) != (
        over_tasks  # two tasks are too few
    )


def test_all_results(page, summary):
    (title,) = (name for name in page if name.startswith("All results"))
    lines = page[title][1:]
    expected = summary
    assert len(lines) == len(expected)
    for line in lines:
        task, model, setting, step, selection, n, patients, *more = line[:10]
        mean, ends, _ = more
        (key,) = (
            k for k in expected
            if (k[0], k[1], k[3], str(k[4]), k[5]) == (task, model, setting, step,
                                                       selection)
        )  # fmt: skip
        numbers = [as_printed(value) for value in expected[key]]
        interval = f"{numbers[5]} to {numbers[6]}"
        assert [n, patients, mean, ends] == [*numbers[:3], interval]
        score = as_printed(np.nan) if model in FLOORS else numbers[8]
        others = [numbers[3], numbers[4], numbers[7], score, *numbers[9:11]]
        assert line[10:] == others


def test_means_by_model(page, summary):
    expected = summary
    for title, lines in page.items():
        name, _, of = title.rpartition(": ")
        model, _, profile = of.rstrip(")").partition(" (")
        if name != "Prompted once: the five modes":
            continue
        for task, _, *cells in lines[1:]:
            if task == plain.OVER:
                continue
            for mode, cell in zip(plain.MODES, cells, strict=True):
                told = [
                    as_printed(expected[task, model, profile, mode, 1, selection][2])
                    for selection in ("default", "oracle")
                ]
                assert cell.split() == told


def test_the_files_hold_what_the_page_prints(page, folders):
    folder = folders[0].parent / "all_files" / "tables"
    table = pd.read_csv(folder / "main.csv")
    printed = lines_of(page, "All tasks and models")
    assert table["mean"].map("{:.3f}".format).tolist() == [
        line["mean"] for line in printed
    ]
    latex = (folder / "main.tex").read_text()
    assert all(line["mean"] in latex for line in printed)
