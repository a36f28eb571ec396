"""How much room the dock takes in the window, and what it leaves to the canvas."""

import pytest
from napari.utils import progress
from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QApplication

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import PromptsDesk
from napari_sam_med.gui.docks import make_benchmark_dock
from napari_sam_med.gui.shared.widgets.scrolling import ScrolledColumn
from napari_sam_med.gui.shared.widgets.weights_panel import MissingWeights
from napari_sam_med.session.status import Phase, Status

SMALL, LEAST_CANVAS_PX = (1024, 640), 500
RESTS = 40  # turns of the window in which nothing moves
LONG = "A sentence that is longer than the line that it stands in. " * 6
MUCH = MissingWeights("missing", "A model with " + "much text " * 40, "1 MB", "CC0")


class ShelfWithMuchText(FakeShelf):
    def missing(self, name):
        return MUCH if name == "missing" else None


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    """No offer of what another test left."""
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = PromptsDesk(make_napari_viewer(show=True), qtbot, ShelfWithMuchText())
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def test_a_model_with_much_text_leaves_the_window_as_high_as_it_was(desk, qtbot):
    window = desk.viewer.window._qt_window
    window.resize(1280, 720)
    QApplication.processEvents()
    height = window.height()
    desk.choose_model("missing")
    desk.settle()
    qtbot.wait(100)
    assert desk.view.weights.isVisible()
    assert window.height() == height
    assert window.minimumSizeHint().height() <= SMALL[1]


def test_a_small_window_leaves_the_canvas_its_width(desk, qtbot):
    window = desk.viewer.window._qt_window
    window.resize(*SMALL)
    qtbot.wait(100)
    assert desk.canvas.width() >= LEAST_CANVAS_PX
    assert (window.width(), window.height()) == SMALL


def test_the_canvas_keeps_its_height_when_something_goes_on(desk, qtbot):
    qtbot.wait(200)
    height = desk.canvas.height()
    with progress(total=3):
        qtbot.wait(50)
        assert desk.canvas.height() == height


def test_the_benchmark_leaves_a_small_window_as_it_is(desk, qtbot):
    view = make_benchmark_dock(desk.viewer, desk.services)
    desk.viewer.window.add_dock_widget(view, name="SAM Benchmark", tabify=True)
    window = desk.viewer.window._qt_window
    window.resize(*SMALL)
    qtbot.wait(100)
    assert desk.canvas.width() >= LEAST_CANVAS_PX
    assert (window.width(), window.height()) == SMALL
    desk.viewer.window.remove_dock_widget(view)
    qtbot.wait(20)


def place_of_accept(desk) -> QPoint:
    """Where the button lies once the dock has come to rest."""
    places = []

    def rests() -> bool:
        places.append(desk.view.write.accept.mapTo(desk.view, QPoint(0, 0)))
        return len(places) > RESTS and all(
            each == places[-1] for each in places[-RESTS:]
        )

    desk.qtbot.waitUntil(rests)
    return places[-1]


@pytest.mark.parametrize(
    ("size", "button"), [((1280, 720), "next_object"), (SMALL, "accept")]
)
def test_an_object_is_done_without_scrolling_down(desk, qtbot, size, button):
    desk.viewer.window._qt_window.resize(*size)
    qtbot.wait(200)
    column, lowest = (
        desk.view.findChild(ScrolledColumn),
        getattr(desk.view.write, button),
    )
    bottom = lowest.mapTo(column.viewport(), lowest.rect().bottomLeft()).y()
    assert column.verticalScrollBar().value() == 0
    assert bottom < column.viewport().height()


def test_what_is_seldom_changed_is_folded_until_it_is_wanted(desk):
    parts = (
        desk.view.kinds.second_box,
        desk.view.kinds.start,
        desk.view.kinds.on_leaving,
    )
    assert not any(desk.shows(each) for each in parts)
    desk.press(desk.view.heading.options)
    assert all(desk.shows(each) for each in parts)


@pytest.mark.parametrize("told", ["", "Short.", LONG])
def test_buttons_stay_where_they_are_whatever_is_told(desk, qtbot, told):
    view = desk.view
    before = place_of_accept(desk)
    desk.session.status = Status(Phase.ERROR, told)
    view.write.label_chosen.emit(2)  # which draws all
    qtbot.wait(50)
    assert view.status.text.toolTip() == told
    assert place_of_accept(desk) == before


def test_buttons_stay_where_they_are_when_slices_wait_to_be_accepted(desk, qtbot):
    view = desk.view
    desk.go_to(0, 3)
    before = place_of_accept(desk)
    desk.click()
    desk.wait_for_candidates()
    qtbot.wait(50)
    assert desk.shows(view.pending)
    assert place_of_accept(desk) == before


def test_cards_do_not_make_the_dock_scroll_sideways(desk, qtbot):
    window = desk.viewer.window._qt_window
    window.resize(1800, 1000)
    qtbot.wait(200)
    column = desk.view.findChild(ScrolledColumn)
    assert column.horizontalScrollBar().maximum() == 0
    desk.click()
    desk.wait_for_candidates()
    qtbot.wait(200)
    assert all(desk.shows(card) for card in desk.view.candidates.cards)
    assert column.horizontalScrollBar().maximum() == 0
