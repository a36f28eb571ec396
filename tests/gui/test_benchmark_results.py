"""What a person does with the results of a run in the dock "SAM Benchmark".

One run serves all tests here; each starts from a table as the run left it.
"""

from __future__ import annotations

import csv
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QPoint, QSettings, Qt

from fakes.benchmark_docks import FakeDesktop, build_dock, offer, phantom
from napari_sam_med.gui.benchmark.remembered_settings import remembered_form
from napari_sam_med.gui.benchmark.result_display import BOXES, MASK, POINTS, TRUTH
from napari_sam_med.gui.benchmark.views.benchmark_table import COLUMNS
from napari_sam_med.gui.benchmark.views.benchmark_values import BenchmarkForm
from napari_sam_med.gui.napari_io import ROLE
from napari_sam_med.gui.shared.shown_slice import shown_slice

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam_med.gui.benchmark.views.benchmark_view import BenchmarkView

LEFT = Qt.MouseButton.LeftButton
WAIT_MS = 60_000


@dataclass
class Run:
    """A dock with a finished run."""

    viewer: ViewerModel
    view: BenchmarkView
    folder: Path
    desktop: FakeDesktop

    @property
    def message(self):
        return self.view.run_bar.message.text()

    def current_row(self):
        table = self.view.results.table
        return table.model().row(table.currentIndex())


def finished_run(qapp, folder, axis):
    """Run once, outside of any test's own event loop."""
    viewer, desktop = ViewerModel(), FakeDesktop()
    form = BenchmarkForm(("a", "b"), clicks=2, axis=axis, folder=folder / "r")
    view = build_dock(viewer, folder, [offer("a"), offer("b")], desktop, form)
    view.resize(900, 900)
    view.show()
    view.run_bar.run_button.click()
    deadline = time.monotonic() + WAIT_MS / 1000
    while not view.run_bar.run_button.isEnabled() and time.monotonic() < deadline:
        qapp.processEvents()
        time.sleep(0.01)
    return Run(viewer, view, folder, desktop)


@pytest.fixture(scope="module")
def runs(qapp, tmp_path_factory):
    """From an axis to its run, made when it is first asked for."""
    made = {}

    def run_of(axis):
        if axis not in made:
            made[axis] = finished_run(qapp, tmp_path_factory.mktemp("run"), axis)
        return made[axis]

    yield run_of
    for run in made.values():
        run.view.close()
        run.view.deleteLater()


@pytest.fixture
def run(runs, request):
    """A run across axis 0, or across the test's own parameter."""
    found = runs(getattr(request, "param", 0))
    results = found.view.results
    results.filter.clear()
    results.selection.setCurrentIndex(0)
    results.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
    results.table.clearSelection()
    layers = found.viewer.layers
    for layer in [one for one in layers if ROLE in one.metadata]:
        layers.remove(layer)
    return found


AXES = pytest.mark.parametrize("run", [0, 1, 2], indirect=True)


def click_row(qtbot, run, wanted):
    """Click the first row that is shown for which ``wanted`` holds."""
    results = run.view.results
    number = next(i for i, r in enumerate(results.shown_rows()) if wanted(r))
    index = results.table.model().index(number, 0)
    results.table.scrollTo(index)
    with qtbot.waitSignal(results.row_chosen, timeout=WAIT_MS) as chosen:
        centre = results.table.visualRect(index).center()
        qtbot.mouseClick(results.table.viewport(), LEFT, pos=centre)
    return chosen.args[0]


def shown_mask(qtbot, run):
    qtbot.waitUntil(lambda: MASK in run.viewer.layers, timeout=WAIT_MS)
    axis = run.view.setup.form().axis
    layers = run.viewer.layers
    return (
        np.squeeze(layers[MASK].data, axis).astype(bool),
        np.squeeze(layers[TRUTH].data, axis).astype(bool),
    )


@AXES
def test_the_table_holds_every_case_model_and_setting(run):
    axis = run.view.setup.form().axis
    _, labels = phantom()
    wanted = {
        (index, name)
        for label, name in ((1, "liver"), (2, "spleen"))
        for index in np.unique(np.nonzero(labels == label)[axis])
    }
    rows = run.view.results.rows()
    assert {(r["slice"], r["label_name"]) for r in rows} == wanted
    assert {r["model"] for r in rows} == {"a", "b"}
    modes = {f"mode{n}" for n in range(1, 6)}
    assert {r["setting"] for r in rows} == modes | {"clicks"}
    assert run.message.startswith(f"Finished {2 * len(wanted)} of {2 * len(wanted)}")


@AXES
def test_a_click_on_a_row_shows_its_slice_prompts_and_mask(run, qtbot):
    row = click_row(qtbot, run, lambda r: r["setting"] == "clicks" and r["step"] == 2)
    mask, truth = shown_mask(qtbot, run)
    plane = shown_slice(run.viewer.dims, run.viewer.layers["ct"])
    assert (plane.axis, plane.index) == (row["axis"], row["slice"])
    assert len(run.viewer.layers[POINTS].data) == 2
    _, labels = phantom()
    wanted = np.take(labels, row["slice"], row["axis"]) == row["label"]
    np.testing.assert_array_equal(truth, wanted)
    overlap = np.count_nonzero(mask & truth) / np.count_nonzero(mask | truth)
    assert overlap == pytest.approx(row["iou"])


@AXES
def test_boxes_of_a_row_are_shown(run, qtbot):
    click_row(qtbot, run, lambda r: r["setting"] == "mode3")
    shown_mask(qtbot, run)
    assert len(run.viewer.layers[BOXES].data) == 1
    assert POINTS not in run.viewer.layers


def test_a_click_on_a_header_sorts_by_number(run, qtbot):
    header = run.view.results.table.horizontalHeader()
    x = header.sectionViewportPosition(COLUMNS.index("iou")) + 8
    qtbot.mouseClick(header.viewport(), LEFT, pos=QPoint(x, header.height() // 2))
    values = [r["iou"] for r in run.view.results.shown_rows()]
    assert values == sorted(values)
    assert len(set(values)) > 1


def test_showing_a_row_leaves_the_pairs_alone(run, qtbot):
    before = run.view.setup.pairs.pairs()
    click_row(qtbot, run, lambda r: True)
    shown_mask(qtbot, run)
    assert len(before) == 1
    assert run.view.setup.pairs.pairs() == before


def test_the_truths_own_layer_makes_way_for_the_outline(run, qtbot):
    run.viewer.layers["ct_labels"].visible = True
    click_row(qtbot, run, lambda r: True)
    shown_mask(qtbot, run)
    assert run.viewer.layers["ct"].visible
    assert not run.viewer.layers["ct_labels"].visible


def test_a_row_finds_its_image_under_a_new_name(run, qtbot):
    run.viewer.layers["ct"].name = "abdomen"
    click_row(qtbot, run, lambda r: True)
    shown_mask(qtbot, run)
    run.viewer.layers["abdomen"].name = "ct"


def test_a_row_whose_image_is_gone_says_so(run, qtbot):
    image = run.viewer.layers["ct"]
    run.viewer.layers.remove(image)
    click_row(qtbot, run, lambda r: True)
    run.viewer.layers.insert(0, image)
    assert "no longer in the viewer" in run.message
    assert POINTS not in run.viewer.layers


def test_the_rows_shown_are_saved_as_csv(run, qtbot, tmp_path):
    run.desktop.csv_path = str(tmp_path / "table.csv")
    qtbot.keyClicks(run.view.results.filter, "spleen")
    qtbot.mouseClick(run.view.results.csv_button, LEFT)
    with (tmp_path / "table.csv").open() as file:
        saved = list(csv.DictReader(file))
    shown = run.view.results.shown_rows()
    assert [float(one["iou"]) for one in saved] == [r["iou"] for r in shown]
    assert {one["label_name"] for one in saved} == {"spleen"}


def test_a_csv_that_cannot_be_written_is_one_sentence(run, qtbot, tmp_path):
    (tmp_path / "file").write_text("in the way")
    run.desktop.csv_path = str(tmp_path / "file" / "table.csv")
    qtbot.mouseClick(run.view.results.csv_button, LEFT)
    assert "cannot be written" in run.message


def test_a_dialog_that_is_left_saves_nothing(run, qtbot):
    before = run.message
    run.desktop.csv_path = ""
    qtbot.mouseClick(run.view.results.csv_button, LEFT)
    assert run.message == before


def test_the_report_is_opened_from_the_button(run, qtbot):
    qtbot.mouseClick(run.view.results.report_button, LEFT)
    assert run.desktop.opened == [run.folder / "r" / "report.html"]
    assert run.desktop.opened[0].is_file()


def test_the_run_is_stored_with_its_summary(run):
    assert (run.folder / "r" / "summary.csv").is_file()
    assert (run.folder / "r" / "manifest.json").is_file()


def test_the_plot_compares_models_and_follows_the_selection(run):
    plot, results = run.view.results.plot, run.view.results
    modes, clicks = plot.curves()
    assert [curve.model for curve in modes] == ["a", "b"]
    assert modes[0].steps == (1, 2, 3, 4, 5)
    assert clicks[0].steps == (1, 2)
    results.selection.setCurrentIndex(results.selection.findText("oracle"))
    best = plot.curves()[0][0].means
    assert all(a <= b for a, b in zip(modes[0].means, best, strict=True))
    assert modes[0].means != best


def test_the_form_is_remembered_for_the_next_session(run):
    path = str(run.folder / "docks.ini")
    settings = QSettings(path, QSettings.Format.IniFormat)
    assert remembered_form(settings).clicks == 2


def test_the_plot_shows_the_means_of_the_rows_that_are_filtered(run, qtbot):
    all_modes, _ = run.view.results.plot.curves()
    run.view.results.filter.setText("spleen a")
    modes, _ = run.view.results.plot.curves()
    rows = [r for r in run.view.results.shown_rows() if r["setting"] == "mode1"]
    by_model = {curve.model: curve.means[0] for curve in modes}
    for model, mean in by_model.items():
        ious = [r["iou"] for r in rows if r["model"] == model]
        assert mean == pytest.approx(float(np.mean(ious)))
    assert modes != all_modes
    run.view.results.filter.clear()
    assert run.view.results.plot.curves()[0] == all_modes


def test_another_tab_in_front_hides_the_row_that_is_shown(run, qtbot):
    run.view.results.table.selectRow(0)
    run.view.results._emit_row()
    qtbot.waitUntil(lambda: any(ROLE in one.metadata for one in run.viewer.layers))
    ours = [one for one in run.viewer.layers if ROLE in one.metadata]
    run.view.hide()
    assert not any(one.visible for one in ours)
    run.view.show()
    assert all(one.visible for one in ours)
