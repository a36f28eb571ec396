"""napari's stroke that encircles and fills, and goes on between clicks of the mouse."""

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import LEFT, NONE, SCALE, SHAPE, PromptsDesk

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
LOCKED = np.s_[3, 10:20, 60:72]
"""To the right of the canvas's middle, (15, 53), where the ring crosses it."""
RING = [(0, -90), (90, -90), (90, 90), (-90, 90), (-90, -90), (0, -90)]
STEPS = 6  # more than any of these tests makes


@pytest.fixture(params=["written", "not written"])
def desk(make_napari_viewer, qtbot, request):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    data = np.zeros(SHAPE, dtype=np.uint8)
    data[LOCKED] = 2
    desk.labels = desk.viewer.add_labels(data, name="organs", scale=SCALE)
    if "brush_stroke" not in desk.labels._overlays:
        pytest.skip("this release of napari has no such stroke")
    write_to(desk, desk.labels)
    desk.go_to(0, 3)
    desk.send(desk.view.objects.locked, 2, True)  # noqa: FBT003 - a signal
    desk.is_written = request.param == "written"
    if not desk.is_written:
        write_to(desk, desk.viewer.add_labels(np.zeros(SHAPE, np.uint8), scale=SCALE))
    begin(desk)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def write_to(desk, labels) -> None:
    desk.send(desk.view.write.labels_chosen, str(labels.unique_id))


def begin(desk) -> None:
    """Press the right button at the start of the ring, and draw half of it."""
    desk.before = desk.labels.data.copy()
    desk.viewer.layers.selection.active = desk.labels
    desk.labels.selected_label, desk.labels.mode = 5, "paint"
    desk.labels.brush_size = 4
    move_to(desk, RING[:1])
    place = (QPointF(desk.canvas.rect().center()) + QPointF(*RING[0])).toPoint()
    QTest.mousePress(desk.canvas, Qt.MouseButton.RightButton, NONE, place)
    QTest.mouseRelease(desk.canvas, Qt.MouseButton.RightButton, NONE, place)
    move_to(desk, RING[1:3])
    assert (desk.labels.data[LOCKED] == 5).any()


def move_to(desk, places) -> None:
    """Move without a button, in small steps."""
    centre, at = QPointF(desk.canvas.rect().center()), getattr(desk, "at", places[0])
    for place in places:
        for part in np.linspace(0, 1, 8)[1:]:
            step = np.multiply(1 - part, at) + np.multiply(part, place)
            where = centre + QPointF(*map(float, step))
            no = Qt.MouseButton.NoButton
            there = QPointF(desk.canvas.mapToGlobal(where.toPoint()))
            event = QMouseEvent(QEvent.Type.MouseMove, where, there, no, no, NONE)
            QApplication.sendEvent(desk.canvas, event)
            QTest.qWait(8)
            QApplication.processEvents()  # a busy machine may have slept so long
        at = place
    desk.at = at
    desk.settle()


def finish(desk) -> np.ndarray:
    move_to(desk, RING[3:])
    desk.settle()
    assert not desk.labels._overlays["brush_stroke"].active
    desk.labels.mode = "pan_zoom"
    return desk.labels.data.copy()


def key_in_labels(desk, modifier, times: int = 1) -> None:
    desk.viewer.layers.selection.active = desk.labels
    for _ in range(times):
        desk.key(Qt.Key.Key_Z, modifier)


def assert_is_guarded(desk) -> None:
    np.testing.assert_array_equal(desk.labels.data == 2, desk.before == 2)


def assert_goes_back_and_forth(desk, drawn) -> None:
    key_in_labels(desk, CONTROL, STEPS)
    # the written layer's lock is a step as well
    np.testing.assert_array_equal(desk.labels.data, desk.before)
    key_in_labels(desk, CONTROL | SHIFT, STEPS)
    np.testing.assert_array_equal(desk.labels.data, drawn)


def test_a_ring_is_one_step_beside_locked_objects(desk):
    drawn = finish(desk)
    assert drawn[3, 15, 53] == 5  # filled
    assert_is_guarded(desk)
    key_in_labels(desk, CONTROL)
    np.testing.assert_array_equal(desk.labels.data, desk.before)
    assert_goes_back_and_forth(desk, drawn)


def test_a_ring_that_leaves_the_canvas_goes_on(desk):
    move_to(desk, [(0, 2000), RING[2]])
    drawn = finish(desk)
    assert_is_guarded(desk)
    assert_goes_back_and_forth(desk, drawn)


def test_a_ring_ends_where_another_layer_becomes_active(desk):
    desk.viewer.layers.selection.active = desk.image
    desk.settle()
    drawn = desk.labels.data.copy()
    assert (drawn == 5).any()
    assert_is_guarded(desk)
    desk.viewer.layers.selection.active = desk.labels
    move_to(desk, RING[3:])
    np.testing.assert_array_equal(desk.labels.data, drawn)
    desk.labels.selected_label = 6
    desk.drag((-60, 0), (60, 0))
    both = desk.labels.data.copy()
    assert (both == 6).any()
    desk.labels.mode = "pan_zoom"
    np.testing.assert_array_equal(desk.labels.data, both)
    for wanted in (drawn, desk.before):
        key_in_labels(desk, CONTROL)
        np.testing.assert_array_equal(desk.labels.data, wanted)


@pytest.mark.parametrize("key", [Qt.Key.Key_Z, Qt.Key.Key_Return])
def test_a_key_in_a_ring_parts_it_into_steps(desk, key):
    if not desk.is_written:
        pytest.skip("napari's own undo in the middle of a stroke is its own")
    desk.key(key, CONTROL if key is Qt.Key.Key_Z else NONE)
    drawn = finish(desk)
    assert_is_guarded(desk)
    assert_goes_back_and_forth(desk, drawn)


def test_a_ring_over_two_slices_goes_back_in_both(desk):
    desk.viewer.dims.set_current_step(0, 5)
    desk.settle()
    drawn = finish(desk)
    assert (drawn[5] == 5).any()
    assert_is_guarded(desk)
    assert_goes_back_and_forth(desk, drawn)


def test_a_ring_that_is_given_up_leaves_nothing(desk):
    desk.labels.mode = "pan_zoom"
    desk.settle()
    np.testing.assert_array_equal(desk.labels.data, desk.before)
    key_in_labels(desk, CONTROL, STEPS)
    np.testing.assert_array_equal(desk.labels.data, desk.before)


def test_a_ring_in_which_the_dock_is_closed_is_a_step_once_it_is_open(desk):
    QTest.mouseClick(desk.view.parentWidget().title.close_button, LEFT)
    desk.qtbot.waitUntil(lambda: not desk.view.controller.is_open)
    drawn = finish(desk)
    desk.viewer.window.add_dock_widget(desk.view, name="SAM Prompts")
    desk.qtbot.waitUntil(lambda: desk.session.model is not None)
    desk.settle()
    np.testing.assert_array_equal(desk.labels.data, drawn)
    key_in_labels(desk, CONTROL)
    np.testing.assert_array_equal(desk.labels.data, desk.before)
