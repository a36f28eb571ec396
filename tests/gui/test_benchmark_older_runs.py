"""Opening a stored run in the dock, and what a model cannot be asked."""

from __future__ import annotations

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from fakes.benchmark_docks import FakeDesktop, build_dock, offer, offer_for
from napari_sam_med.bench.run.store.run_store import REPORT
from napari_sam_med.gui.benchmark.result_display import BOXES, MASK, POINTS
from napari_sam_med.gui.benchmark.views.benchmark_values import BenchmarkForm

LEFT = Qt.MouseButton.LeftButton
WAIT_MS = 60_000


@pytest.fixture
def build(qtbot, tmp_path):
    desks = []

    def _build(form, *offers):
        viewer, desktop = ViewerModel(), FakeDesktop()
        view = build_dock(viewer, tmp_path, offers, desktop, form)
        qtbot.addWidget(view)
        view.resize(900, 900)
        view.show()
        desks.append(view)
        return viewer, view, desktop

    return _build


def press(qtbot, button):
    assert button.isEnabled()
    qtbot.mouseClick(button, LEFT)


def told(view):
    return view.run_bar.message.text()


def finish(qtbot, view):
    press(qtbot, view.run_bar.run_button)
    qtbot.waitUntil(view.run_bar.run_button.isEnabled, timeout=WAIT_MS)


def click_row(qtbot, view, wanted):
    view.results.selection.setCurrentIndex(view.results.selection.findText("all"))
    rows = view.results.shown_rows()
    number = next(i for i, row in enumerate(rows) if wanted(row))
    table = view.results.table
    index = table.model().index(number, 0)
    table.scrollTo(index)
    with qtbot.waitSignal(view.results.row_chosen, timeout=WAIT_MS):
        qtbot.mouseClick(table.viewport(), LEFT, pos=table.visualRect(index).center())


def test_a_stored_run_is_opened_in_another_dock_and_its_prompts_are_shown(
    build, qtbot, tmp_path
):
    folder = tmp_path / "run"
    form = BenchmarkForm(("fake",), clicks=1, folder=folder)
    _, first, _ = build(form, offer())
    finish(qtbot, first)

    viewer, view, desktop = build(form, offer())
    press(qtbot, view.results.open_button)  # the dialog was left
    assert told(view) == ""
    desktop.run_folder = str(folder)
    press(qtbot, view.results.open_button)
    qtbot.waitUntil(lambda: "Opened" in told(view), timeout=WAIT_MS)
    assert len(view.results.rows()) == len(first.results.rows())
    assert view.results.plot.curves()[0]

    click_row(qtbot, view, lambda row: row["setting"] == "mode3")
    names = [layer.name for layer in viewer.layers]
    assert BOXES in names
    assert MASK not in names
    assert "a stored run holds no masks" in told(view)
    press(qtbot, view.results.report_button)
    assert desktop.opened == [folder / REPORT]

    viewer.layers.remove("ct")
    click_row(qtbot, view, lambda row: row["setting"] == "mode1")
    assert told(view) == "the image of ct is no longer in the viewer"


def test_a_folder_without_a_run_says_so_and_the_table_stays(build, qtbot, tmp_path):
    form = BenchmarkForm(("fake",), clicks=1, folder=tmp_path / "run")
    _, view, desktop = build(form, offer())
    finish(qtbot, view)
    count = len(view.results.rows())
    desktop.run_folder = str(tmp_path / "nothing")
    press(qtbot, view.results.open_button)
    qtbot.waitUntil(lambda: "as a run's manifest" in told(view))
    assert len(view.results.rows()) == count


def test_everything_and_perturbation_run_and_rows_say_what_a_model_cannot_take(
    build, qtbot, tmp_path
):
    form = BenchmarkForm(
        ("clicker",),
        clicks=1,
        folder=tmp_path / "run",
        with_everything=True,
        grid=4,
        with_perturbation=True,
        draws=2,
    )
    clicker = offer_for(["points", "masks"], "clicker", boxes=False)
    viewer, view, _ = build(form, clicker)
    finish(qtbot, view)
    rows = view.results.rows()
    done = {row["setting"] for row in rows if not row["error"]}
    assert done == {"mode1", "mode2", "clicks", "everything", "point_shift"}
    refused = {row["setting"]: row["error"] for row in rows if row["error"]}
    boxes = {"box_shift", "box_expand", "box_corners"}
    assert set(refused) == {"mode3", "mode4", "mode5"} | boxes
    assert set(refused.values()) == {"clicker does not accept box prompts"}
    assert "failed" not in told(view)
    click_row(qtbot, view, lambda row: row["setting"] == "mode3")
    assert told(view) == "clicker does not accept box prompts"
    click_row(qtbot, view, lambda row: row["setting"] == "point_shift")
    qtbot.waitUntil(lambda: "Orange: mask" in told(view), timeout=WAIT_MS)
    assert POINTS in [layer.name for layer in viewer.layers]
