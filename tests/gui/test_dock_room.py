"""How much room the dock takes in the window, and what it leaves to the canvas."""

import pytest
from qtpy.QtWidgets import QApplication

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import PromptsDesk
from napari_sam_med.gui.shared.widgets.weights_panel import MissingWeights

SMALL, LEAST_CANVAS_PX = (1024, 640), 480
MUCH = MissingWeights("missing", "A model with " + "much text " * 40, "1 MB", "CC0")


class ShelfWithMuchText(FakeShelf):
    def missing(self, name):
        return MUCH if name == "missing" else None


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = PromptsDesk(make_napari_viewer(show=True), qtbot, ShelfWithMuchText())
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(5)


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
    assert window.height() <= SMALL[1]
