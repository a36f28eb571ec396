"""What a report says of clicking groups."""

import pandas as pd
import pytest

from fakes.fake_segmenter import FakeSegmenter
from fakes.labelled_volumes import made_volume
from napari_sam_med.bench.analysis.clicking_group_analysis import ClickingGroupTables
from napari_sam_med.bench.data.labelled_volumes import InMemory
from napari_sam_med.bench.protocol.run_settings import (
    ModelSpec,
    RunSettings,
    SettingGroup,
)
from napari_sam_med.bench.report.figures.robustness_figures import clicking_group_lines
from napari_sam_med.bench.report.report_notes import not_asked
from napari_sam_med.bench.report.report_page import write_report
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.store.run_store import RunStore

SETTINGS = RunSettings(
    groups=(SettingGroup.CLICKING_GROUPS,), clicks=2, tolerance_mm=None
)
SLOW, QUICK = [0.5, 0.6, 0.7, 0.82], [0.5, 0.81, 0.9, 0.95]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of clicking groups and nothing else."""
    store = RunStore(tmp_path_factory.mktemp("groups") / "run")
    model = ModelSpec("a", lambda: FakeSegmenter(name="a"))
    source = InMemory([made_volume("p1", slices=1)], "demo")
    list(run_benchmark(source, [model], SETTINGS, store))
    write_report([store.folder], store.folder / "page.html")
    return store.folder


def chain(setting, ious, case="c1"):
    """Rows of a chain of default masks."""
    return [
        {
            "task": "t", "model": "m", "profile": "strict", "selection": "default",
            "case_id": case, "patient": case, "setting": setting, "step": step,
            "iou": iou,
        }
        for step, iou in enumerate(ious, start=1)
    ]  # fmt: skip


def tables_of(centre=QUICK):
    """Nine groups need four clicks to .80, the tenth two."""
    rows = [] if centre is None else chain("clicks", centre)
    for group in range(1, 11):
        rows += chain(f"clicking_group_{group:02}", SLOW if group < 10 else QUICK)
    return ClickingGroupTables.of(pd.DataFrame(rows))


def test_the_spread_over_the_groups_is_that_of_the_numbers_of_clicks():
    spread = tables_of().spread.set_index("target").loc[0.8]
    assert spread["noc"] == pytest.approx(3.8)
    assert spread["sd"] == pytest.approx(0.6)
    assert (spread["range"], spread["delta_gr"], spread["centre"]) == (2, 1, 2)
    assert spread["delta_sb"] == pytest.approx(0.9)


@pytest.mark.parametrize("centre", [None, QUICK[:3]])
def test_clicks_into_the_centre_count_only_where_as_many_were_made(centre):
    spread = tables_of(centre).spread
    assert spread["centre"].isna().all()
    assert spread["delta_sb"].isna().all()
    assert spread["noc"].notna().all()


def test_the_figure_shows_every_group_of_every_target():
    figure = clicking_group_lines(tables_of(), "strict")
    assert len(figure.axes) == 3
    for axes in figure.axes:
        low, high = axes.get_ylim()
        heights = [y for line in axes.lines for y in line.get_ydata()]
        assert len(heights) >= 10 + 2
        assert low <= min(heights)
        assert max(heights) <= high


def test_tables_and_figure_are_files_too(folder):
    files = folder / "page_files"
    for name in ("clicking_groups", "clicking_groups_spread"):
        table = pd.read_csv(files / "tables" / f"{name}.csv")
        assert set(table["model"]) == {"a"}
        assert (files / "tables" / f"{name}.tex").is_file()
    assert (files / "figures" / "clicking_groups_strict.svg").is_file()


def test_the_methods_say_how_the_groups_click(folder):
    page = (folder / "page.html").read_text()
    assert "up to 2 clicks of each of ten clicking groups" in page
    assert "It was also corrected" not in page


def test_a_chain_of_default_masks_is_no_lack_of_other_selections(folder):
    assert "offers no mask" not in (folder / "page.html").read_text()


def test_what_was_not_asked_is_said_once_for_all_groups():
    rows = [
        {"model": "b", "setting": setting, "selection": selection, "error": ""}
        for setting in ("mode3", "mode4", "mode5")
        for selection in ("first", "best_score", "oracle", "single")
    ]
    (sentence,) = not_asked(pd.DataFrame(rows), ["clicking_groups"])
    assert sentence == "b does not accept point prompts (clicking_groups)."
