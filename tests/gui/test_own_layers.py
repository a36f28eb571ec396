"""What a click costs the window beside the picture that it changes."""

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QEvent, QObject, Qt

from fakes.fake_shelf import FakeShelf
from fakes.held_segmenter import HeldSegmenter
from fakes.patient_bot import PATIENCE_MS
from fakes.prompts_desk import PromptsDesk
from napari_sam_med.gui.prompting.control import dock_drawing
from napari_sam_med.gui.shared.viewer_watch import ViewerSlots, ViewerWatch


class Changes(QObject):
    """Counts how often a widget is turned on or off."""

    def __init__(self, widget) -> None:
        super().__init__(widget)
        self.states = []
        widget.installEventFilter(self)

    def eventFilter(self, widget, event):  # noqa: N802 - Qt's
        if event.type() == QEvent.Type.EnabledChange:
            self.states.append(widget.isEnabled())
        return False


@pytest.fixture
def model():
    return HeldSegmenter()


@pytest.fixture
def desk(make_napari_viewer, qtbot, model):
    desk = PromptsDesk(make_napari_viewer(show=True), qtbot, FakeShelf(model))
    desk.go_to(0, 3)
    desk.click()
    desk.wait_for_candidates()
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


@pytest.fixture
def told(desk):
    """Names of layers of which napari's list of layers was told, and what."""
    model = desk.viewer.window._qt_viewer.layers.model().sourceModel()
    told = []

    def on_changed(first, _last, roles):
        told.append((desk.viewer.layers[first.row()].name, tuple(roles)))

    model.dataChanged.connect(on_changed)
    yield told
    model.dataChanged.disconnect(on_changed)


def test_cards_do_not_flicker_while_a_quick_model_answers(desk, monkeypatch):
    monkeypatch.setattr(dock_drawing, "ANSWER_MS", PATIENCE_MS)  # so long it is quick
    changes = Changes(desk.view.candidates.cards[0])
    desk.click(off=(12, 0))
    desk.wait_for_candidates()
    assert changes.states == []


def test_cards_are_off_while_a_slow_model_answers(desk, model, qtbot):
    changes = Changes(desk.view.candidates.cards[0])
    model.may_answer.clear()
    desk.click(off=(12, 0))
    qtbot.waitUntil(lambda: changes.states == [False])
    model.may_answer.set()
    desk.wait_for_candidates()
    assert changes.states == [False, True]


def test_a_click_does_not_paint_the_list_of_layers(desk, told):
    desk.click(off=(12, 0))
    desk.wait_for_candidates()
    assert told == []


def test_the_list_of_layers_follows_names_and_eyes(desk, told):
    layer = desk.viewer.layers["candidates"]
    layer.visible = False
    assert told == [("candidates", (Qt.ItemDataRole.CheckStateRole,))]
    layer.name = "masks"
    assert ("masks", (Qt.ItemDataRole.DisplayRole,)) in told


def test_the_list_of_layers_follows_other_layers_as_before(desk, told):
    desk.image.contrast_limits = (0.2, 0.8)
    assert "ct" in {name for name, _ in told}


def test_an_eye_takes_the_masks_out_of_the_picture_and_back(desk):
    def seen():
        desk.qtbot.wait(50)
        return desk.viewer.screenshot(canvas_only=True, flash=False)

    both, layer = seen(), desk.viewer.layers["candidates"]
    layer.visible = False
    without = seen()
    assert (both != without).any()
    layer.visible = True
    np.testing.assert_array_equal(seen(), both)


def test_nobody_is_told_of_another_slice_while_the_window_takes_a_layer_in(
    make_napari_viewer, qtbot
):
    viewer = make_napari_viewer()
    model = viewer.window._qt_viewer.layers.model().sourceModel()
    under_way, told = [], []
    for begins in (model.rowsAboutToBeInserted, model.rowsAboutToBeRemoved):
        begins.connect(lambda *_: under_way.append("a layer"))
    for ends in (model.rowsInserted, model.rowsRemoved):
        ends.connect(lambda *_: under_way.pop())

    def nothing(*_):
        pass

    slots = ViewerSlots(
        inserted=nothing,
        removing=nothing,
        removed=nothing,
        renamed=nothing,
        moved=lambda: told.append(("moved", *under_way)),
        placed=lambda: told.append(("placed", *under_way)),
    )
    watch = ViewerWatch(viewer, slots)
    watch.open()
    viewer.add_image(np.zeros((60, 80), np.float32))
    viewer.add_image(np.zeros((5, 60, 80), np.float32), name="volume")
    viewer.layers.remove("volume")
    assert ("placed", "a layer") in told
    assert not [each for each in told if each[0] == "moved"]
    viewer.add_image(np.zeros((5, 60, 80), np.float32))
    told.clear()
    viewer.dims.set_current_step(0, 1)
    assert told == [("moved",)]
    watch.close()


@pytest.mark.parametrize("mode", ["paint", "erase", "fill", "polygon"])
def test_what_the_model_answered_cannot_be_drawn_on(desk, mode):
    shown = desk.viewer.layers["candidates"]
    before = shown.data.copy()
    notification_manager.records.clear()
    desk.viewer.layers.selection.active = shown
    shown.mode = mode  # as napari's button does
    desk.settle()
    desk.drag((-60, 0), (60, 0))
    np.testing.assert_array_equal(shown.data, before)
    assert "accept the mask" in notification_manager.records[-1].message
    assert shown.mode == "pan_zoom"
