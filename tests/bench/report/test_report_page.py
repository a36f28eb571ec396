"""The page and the summary of runs with a fake model."""

import json
import warnings
from dataclasses import replace

import pandas as pd
import pytest

from fakes.fake_segmenter import FakeSegmenter
from fakes.labelled_volumes import made_volume
from napari_sam_med.bench.analysis.ladder import in_words
from napari_sam_med.bench.data.labelled_volumes import BadPair, InMemory
from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
from napari_sam_med.bench.report import report_table
from napari_sam_med.bench.report.cautions.told_patients import patients_notes
from napari_sam_med.bench.report.joined_runs import joined_rows
from napari_sam_med.bench.report.report_data import READ, ReportData
from napari_sam_med.bench.report.report_page import finish, write_report
from napari_sam_med.bench.report.report_table import ReportTable
from napari_sam_med.bench.report.report_tables import more_tables
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.core.ports import Capabilities
from napari_sam_med.errors import FileReadError, FileWriteError


@pytest.fixture
def stored(source, tmp_path):
    pairs = InMemory(
        [*source.pairs, BadPair("p0", "labels of p0 are <absent>")], "demo"
    )
    store = RunStore(tmp_path / "run")
    choice = ModelSpec("fake", FakeSegmenter)
    list(run_benchmark(pairs, [choice], RunSettings(clicks=2), store))
    return store


def test_a_finished_run_has_a_summary_and_a_page_without_addresses(stored):
    summary = finish(stored)
    written = pd.read_csv(stored.folder / "summary.csv")
    assert len(written) == len(summary) == 2 * (5 + 2) * 5
    page = (stored.folder / "report.html").read_text()
    assert "demo: label 2" in page
    assert "data:image/svg+xml" in page
    assert "http" not in page


def test_the_page_lists_what_was_skipped_with_its_reason(stored):
    finish(stored)
    page = (stored.folder / "report.html").read_text()
    assert "labels of p0 are &lt;absent&gt;" in page


def test_the_means_of_the_page_are_those_of_the_rows(stored):
    finish(stored)
    rows = stored.rows()
    chosen = rows[
        rows["setting"].eq("mode5")
        & rows["selection"].eq("single")
        & rows["task"].eq("demo: label 1")
    ]
    mean = chosen.groupby("patient")["iou"].mean().mean()
    assert f"{mean:.3f}" in (stored.folder / "report.html").read_text()


def test_a_run_that_stopped_before_its_second_model_still_has_a_page(stored):
    file = stored.folder / "manifest.json"
    manifest = json.loads(file.read_text())
    manifest["models"]["later"] = {}
    file.write_text(json.dumps(manifest))
    write_report([stored.folder], stored.folder / "report.html")
    page = (stored.folder / "report.html").read_text()
    assert 'later</td><td class="text">not measured yet' in page


def test_a_run_without_figures_for_clicks_still_has_a_page(source, tmp_path):
    store = RunStore(tmp_path / "run")
    settings = RunSettings(groups=("modes",))
    choice = ModelSpec("fake", FakeSegmenter)
    list(run_benchmark(source, [choice], settings, store))
    finish(store)
    assert "Corrected by clicks" not in (store.folder / "report.html").read_text()


def test_models_of_several_runs_are_told_apart(stored, source, tmp_path):
    other = RunStore(tmp_path / "other")
    choice = ModelSpec("fake", FakeSegmenter)
    data = InMemory(source.pairs, "demo")
    list(run_benchmark(data, [choice], RunSettings(clicks=2), other))
    page = write_report([stored.folder, other.folder], tmp_path / "both.html")
    assert "fake (run)" in page.read_text()
    assert "fake (other)" in page.read_text()


def test_runs_of_a_model_over_different_data_are_one_table(source, tmp_path):
    choice = ModelSpec("fake", FakeSegmenter)
    folders = [tmp_path / name for name in ("one", "two")]
    for folder, pair in zip(folders, source.pairs, strict=True):
        data = InMemory([pair], folder.name)
        settings = RunSettings(groups=("modes",))
        list(run_benchmark(data, [choice], settings, RunStore(folder)))
    page = write_report(folders, tmp_path / "both.html").read_text()
    assert "fake (one)" not in page
    assert "<b>6</b>objects" in page
    assert page.count("Prompted once: the five modes: fake") == 1
    for task in ("one: label 1", "two: label 1", "Mean over tasks"):
        assert task in page


def test_a_model_with_other_weights_in_another_run_is_told_apart(source, tmp_path):
    class Retrained(FakeSegmenter):
        sha256 = "other"

    folders = [tmp_path / name for name in ("one", "two")]
    models = (FakeSegmenter, Retrained)
    for folder, pair, load in zip(folders, source.pairs, models, strict=True):
        settings = RunSettings(groups=("modes",))
        choices = [ModelSpec("fake", load)]
        list(run_benchmark(InMemory([pair]), choices, settings, RunStore(folder)))
    page = write_report(folders, tmp_path / "both.html").read_text()
    assert "fake (one)" in page
    assert "fake (two)" in page


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(FileReadError, match=r"manifest\.json"):
        write_report([tmp_path], tmp_path / "page.html")


def test_a_folder_that_leads_to_itself_is_refused(tmp_path):
    (tmp_path / "ring").symlink_to("ring")
    with pytest.raises(FileReadError, match=r"manifest\.json"):
        write_report([tmp_path / "ring"], tmp_path / "report.html")


def test_the_page_says_what_a_model_could_not_be_asked(source, tmp_path):
    store = RunStore(tmp_path / "run")
    able = Capabilities(boxes=False)
    choice = ModelSpec("clicker", lambda: FakeSegmenter(capabilities=able))
    list(run_benchmark(source, [choice], RunSettings(clicks=2), store))
    finish(store)
    page = (store.folder / "report.html").read_text()
    assert "clicker does not accept box prompts (mode3, mode4, mode5)." in page


@pytest.mark.parametrize(
    ("card", "warned"),
    [({"stand_in": True}, True), ({"stand_in": False}, False), ({}, False)],
)
def test_the_page_warns_of_weights_that_mean_nothing(source, tmp_path, card, warned):
    store = RunStore(tmp_path / "run")
    settings = RunSettings(groups=("modes",))
    list(run_benchmark(source, [ModelSpec("m", FakeSegmenter, card)], settings, store))
    finish(store)
    page = (store.folder / "report.html").read_text()
    assert ("Untrained placeholder weights: those of m only" in page) == warned


@pytest.mark.parametrize(
    ("published", "source_hash", "warned"),
    [("1" * 64, "", True), ("0" * 64, "", False), ("1" * 64, "1" * 64, False)],
)
def test_the_page_warns_of_other_weights_than_published(
    source, tmp_path, published, source_hash, warned
):
    card = {"published_sha256": published, "source_sha256": source_hash}
    store = RunStore(tmp_path / "run")
    settings = RunSettings(groups=("modes",))
    choice = ModelSpec("m", lambda: FakeSegmenter(name="m", sha256="0" * 64), card)
    list(run_benchmark(source, [choice], settings, store))
    finish(store)
    page = (store.folder / "report.html").read_text()
    assert ("Other weights: those of m" in page) == warned


def test_a_foreign_file_is_not_replaced_unless_asked(stored, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<html>my thesis")
    with pytest.raises(FileWriteError, match="exists already"):
        write_report([stored.folder], page)
    assert page.read_text() == "<html>my thesis"
    write_report([stored.folder], page, overwrite=True)
    assert "Simulated-prompt benchmark" in page.read_text()


def test_an_earlier_page_of_ours_is_written_anew(stored, tmp_path):
    page = write_report([stored.folder], tmp_path / "page.html")
    page.write_text(page.read_text() + "older")
    assert not write_report([stored.folder], page).read_text().endswith("older")


def test_a_run_in_which_everything_failed_still_has_a_page(source, tmp_path):
    class NoEmbedding(FakeSegmenter):
        def embed(self, image):
            msg = "no memory"
            raise MemoryError(msg)

    store = RunStore(tmp_path / "run")
    list(run_benchmark(source, [ModelSpec("m", NoEmbedding)], RunSettings(), store))
    assert finish(store).empty
    assert "no memory" in (store.folder / "report.html").read_text()


def test_runs_in_folders_of_the_same_name_are_told_apart(source, tmp_path):
    folders = [tmp_path / where / "run" for where in ("one", "two")]
    settings = RunSettings(groups=("modes",))
    for folder in folders:
        choice = ModelSpec("fake", FakeSegmenter)
        list(run_benchmark(source, [choice], settings, RunStore(folder)))
    page = write_report(folders, tmp_path / "both.html").read_text()
    assert f"fake ({folders[0]})" in page
    assert f"fake ({folders[1]})" in page


def test_a_manifest_without_what_may_be_left_out_still_has_a_page(stored):
    file = stored.folder / "manifest.json"
    manifest = json.loads(file.read_text())
    for name in ("dataset", "prompts_from", "seeds", "finished"):
        manifest.pop(name, None)
    file.write_text(json.dumps(manifest))
    write_report([stored.folder], stored.folder / "report.html")
    assert "What was run" in (stored.folder / "report.html").read_text()


@pytest.mark.parametrize("score", [0.5, float("inf"), float("-inf"), 1e300])
@pytest.mark.parametrize("iou", [None, 0.7])
def test_scores_that_are_all_one_or_no_numbers_raise_no_warnings(stored, score, iou):
    for part in (stored.folder / "results").glob("*.parquet"):
        frame = pd.read_parquet(part)
        frame["score"] = score
        if iou is not None:
            frame["iou"] = iou
        frame.to_parquet(part)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_report([stored.folder], stored.folder / "report.html")


@pytest.mark.parametrize("strange", [float("inf"), float("-inf"), 1e300])
def test_one_score_that_is_no_number_raises_no_warnings(stored, strange):
    for part in (stored.folder / "results").glob("*.parquet"):
        frame = pd.read_parquet(part)
        frame.loc[frame.index % 7 == 0, "score"] = strange
        frame.to_parquet(part)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_report([stored.folder], stored.folder / "report.html")


@pytest.mark.parametrize("name", ["iou", "dice"])
@pytest.mark.parametrize("value", [float("inf"), -5.0])
def test_an_overlap_that_no_mask_has_is_named(stored, name, value):
    for part in (stored.folder / "results").glob("*.parquet"):
        pd.read_parquet(part).assign(**{name: value}).to_parquet(part)
    with pytest.raises(FileReadError, match=f"{name} is not between 0 and 1"):
        write_report([stored.folder], stored.folder / "report.html")


def test_images_that_were_taken_for_patients_are_said_on_the_first_page(tmp_path):
    volumes = [
        replace(made_volume(f"p{k}_{s}", seed=k, slices=1), patient="")
        for k in range(2)
        for s in range(2)
    ]
    store, choice = RunStore(tmp_path / "run"), ModelSpec("fake", FakeSegmenter)
    settings = RunSettings(groups=("modes",), tolerance_mm=None)
    list(run_benchmark(InMemory(volumes, "cells"), [choice], settings, store))
    finish(store)
    page = (store.folder / "report.html").read_text()
    note = "Every image of cells counts as a patient of its own"
    assert note in page[: page.index("What was run")]
    assert "--patients" in page


def test_several_images_of_a_patient_need_no_note(tmp_path):
    volumes = [made_volume(f"p1_{k}", seed=k, slices=1) for k in range(2)]
    store, choice = RunStore(tmp_path / "run"), ModelSpec("fake", FakeSegmenter)
    settings = RunSettings(groups=("modes",), tolerance_mm=None)
    list(run_benchmark(InMemory(volumes, "cells"), [choice], settings, store))
    rows = store.rows().assign(run="run")
    assert patients_notes(rows, [{**store.manifest(), "run": "run"}]) == []


def test_curves_and_means_side_by_side_are_over_common_cases_and_say_what_is_left(
    tmp_path,
):
    settings = RunSettings(clicks=2, tolerance_mm=None)
    volumes = [made_volume(f"p{k}", seed=k, slices=1) for k in range(2)]
    folders = [tmp_path / name for name in "ab"]
    for folder, count, clicks in zip(folders, (2, 1), (3, 2), strict=True):
        name = folder.name
        choice = ModelSpec(name, lambda name=name: FakeSegmenter(name=name))
        source = InMemory(volumes[:count], "set")
        own = replace(settings, clicks=clicks)
        list(run_benchmark(source, [choice], own, RunStore(folder)))
    manifests = {name: RunStore(tmp_path / name).manifest() for name in "ab"}
    data = ReportData.of(
        joined_rows([RunStore(folder) for folder in folders]), manifests
    )
    curve = data.common[data.common["setting"].eq("clicks")]
    assert set(curve["step"]) == {1, 2}
    assert curve.groupby(["model", "step", "selection"])["n"].sum().eq(2).all()
    for kind in ("mode", "clicks"):
        assert "2 of 4 cases" in data.left_out["strict", kind]
    assert "click 3." in data.left_out["strict", "clicks"]


def test_no_p_is_printed_as_nought():
    frame = pd.DataFrame({"p": [5e-10, 0.02], "difference": [-0.0001, 0.5]})
    assert ReportTable("t", "T", "", frame).lines == [
        ["< 0.001", "0.000"],
        ["0.020", "0.500"],
    ]


def test_a_table_of_more_than_two_printed_pages_is_shown_only_when_opened(
    stored, monkeypatch
):
    monkeypatch.setattr(report_table, "LONGEST", 12)
    finish(stored)
    page = (stored.folder / "report.html").read_text()
    main = page[page.index("<h3>All tasks and models") :]
    main = main[: main.index("</table>")]
    assert main.index("<details><summary>18 lines") < main.index("<table")
    assert "report_files/tables/main.csv" in main
    best = page[page.index("<h3>Best prompt of each task") :]
    assert "<details>" not in best[: best.index("</table>")]


def test_the_page_begins_with_the_finding_in_words(stored):
    finish(stored)
    page = (stored.folder / "report.html").read_text()
    finding = page.index("fake (strict) reaches the highest mean IoU over 2 tasks")
    assert finding < page.index("<table")


def test_the_page_says_which_way_a_distance_is_better(stored):
    finish(stored)
    page = (stored.folder / "report.html").read_text()
    assert "Mean HD95, mm (lower is better)" in page


def test_the_page_says_on_what_a_model_was_computed(source, tmp_path):
    how = {"device": "cpu", "precision": "fp32", "threads": "1"}
    choice = ModelSpec("fake", FakeSegmenter, computed=how)
    store, settings = RunStore(tmp_path / "run"), RunSettings(groups=("modes",))
    list(run_benchmark(source, [choice], settings, store))
    finish(store)
    page = (store.folder / "report.html").read_text()
    assert "device cpu, precision fp32, threads 1" in page


def test_a_report_from_categories_says_what_one_from_texts_says(tmp_path):
    settings = RunSettings(clicks=2, tolerance_mm=None)
    source = InMemory([made_volume(f"p{k}", seed=k, slices=1) for k in range(2)], "set")
    stores = [RunStore(tmp_path / name) for name in "ab"]
    for store in stores:
        choices = [
            ModelSpec(name, lambda name=name: FakeSegmenter(name=name))
            for name in ("same", store.folder.name)
        ]
        list(run_benchmark(source, choices, settings, store))
    manifests = {str(one.folder): {**one.manifest(), "run": one.folder.name}
                 for one in stores}  # fmt: skip
    texts, coded = (
        ReportData.of(joined_rows(stores, READ, categories=categories), manifests)
        for categories in (False, True)
    )
    assert set(texts.summary["model"]) == {"a", "b", "same (a)", "same (b)"}
    pd.testing.assert_frame_equal(coded.summary, texts.summary, check_dtype=False)
    pd.testing.assert_frame_equal(coded.common, texts.common, check_dtype=False)
    for one, other in zip(more_tables(coded), more_tables(texts), strict=True):
        pd.testing.assert_frame_equal(
            in_words(one.frame), in_words(other.frame), check_dtype=False
        )
