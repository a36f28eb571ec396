"""What napari's tools do to labels while the dock is closed, and what is made of it."""

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import LEFT, SCALE, SHAPE, PromptsDesk
from napari_sam_med.session.replay import load_session

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
OBJECT = np.s_[2:5, 15:45, 20:60]
"""In the middle of the canvas on slice 3."""


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    data = np.zeros(SHAPE, dtype=np.uint8)
    data[OBJECT] = 2
    desk.labels = desk.viewer.add_labels(data, name="organs", scale=SCALE)
    write_to(desk, desk.labels)
    desk.go_to(0, 3)
    notification_manager.records.clear()
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def write_to(desk, labels) -> None:
    desk.send(desk.view.write.labels_chosen, str(labels.unique_id))


def close(desk) -> None:
    """Close the dock by its x."""
    dock = desk.view.parentWidget()
    QTest.mouseClick(dock.title.close_button, LEFT)
    desk.qtbot.waitUntil(lambda: not desk.view.controller.is_open)
    QApplication.processEvents()


def reopen(desk) -> None:
    desk.viewer.window.add_dock_widget(desk.view, name="SAM Prompts")
    desk.qtbot.waitUntil(lambda: desk.told == "fake is ready")
    desk.settle()


def paint(desk, value: int, y: int, mode: str = "paint") -> np.ndarray:
    """Draw across the object; gives what the labels are then."""
    desk.viewer.layers.selection.active = desk.labels
    desk.labels.selected_label, desk.labels.mode = value, mode
    desk.labels.brush_size = 6
    desk.drag((-60, y), (60, y))
    desk.labels.mode = "pan_zoom"
    QApplication.processEvents()
    return desk.labels.data.copy()


def key_in_labels(desk, modifier) -> None:
    desk.viewer.layers.selection.active = desk.labels
    desk.key(Qt.Key.Key_Z, modifier)


def told() -> list[str]:
    notes = [record.message for record in notification_manager.records]
    return [each for each in notes if "while SAM Prompts was closed" in each]


def test_each_stroke_goes_back_and_forth_after_the_dock_is_opened_again(desk):
    states = [desk.labels.data.copy(), paint(desk, 5, 0)]
    close(desk)
    states += [paint(desk, 6, 0), paint(desk, 7, 3), paint(desk, 2, 0, "erase")]
    reopen(desk)
    np.testing.assert_array_equal(desk.labels.data, states[-1])
    for wanted in states[-2::-1]:
        key_in_labels(desk, CONTROL)
        np.testing.assert_array_equal(desk.labels.data, wanted)
    assert not desk.session.can_undo
    for wanted in states[1:]:
        key_in_labels(desk, CONTROL | SHIFT)
        np.testing.assert_array_equal(desk.labels.data, wanted)


def test_a_stroke_that_napari_took_back_meanwhile_is_no_step(desk):
    before = desk.labels.data.copy()
    close(desk)
    kept = paint(desk, 6, 20)
    paint(desk, 7, -20)
    key_in_labels(desk, CONTROL)
    np.testing.assert_array_equal(desk.labels.data, kept)
    reopen(desk)
    key_in_labels(desk, CONTROL)
    np.testing.assert_array_equal(desk.labels.data, before)
    assert not desk.session.can_undo


def test_a_second_closing_makes_no_second_step_of_a_stroke(desk):
    before = desk.labels.data.copy()
    for _ in range(2):
        close(desk)
        paint(desk, 6, 0)
        reopen(desk)
    for _ in range(2):
        key_in_labels(desk, CONTROL)
    np.testing.assert_array_equal(desk.labels.data, before)
    assert not desk.session.can_undo


def test_strokes_on_labels_that_were_replaced_meanwhile_are_no_steps(desk):
    close(desk)
    paint(desk, 6, 0)
    desk.labels.data = replaced = np.zeros(SHAPE, dtype=np.uint8)
    reopen(desk)
    key_in_labels(desk, CONTROL)
    np.testing.assert_array_equal(desk.labels.data, 0)
    assert desk.labels.data is replaced


@pytest.mark.parametrize("is_written", [True, False])
def test_what_was_drawn_on_locked_objects_is_told_and_can_be_undone(desk, is_written):
    desk.send(desk.view.objects.locked, 2, True)  # noqa: FBT003 - a signal
    if not is_written:
        second = desk.viewer.add_labels(np.zeros(SHAPE, np.uint8), scale=SCALE)
        write_to(desk, second)
    before = desk.labels.data.copy()
    close(desk)
    drawn = paint(desk, 2, 0, "erase")
    count = int((drawn != before).sum())
    assert count
    reopen(desk)
    np.testing.assert_array_equal(desk.labels.data, drawn)
    assert told() == [
        f"{count} voxels of locked objects in organs were changed while SAM Prompts "
        "was closed; select organs and undo to take that back"
    ]
    key_in_labels(desk, CONTROL)
    np.testing.assert_array_equal(desk.labels.data, before)
    paint(desk, 2, 0, "erase")  # guarded again
    np.testing.assert_array_equal(desk.labels.data, before)
    if is_written:
        key_in_labels(desk, CONTROL)  # the lock
        assert not desk.session.can_undo


def test_a_lock_says_nothing_of_strokes_beside_it(desk):
    desk.send(desk.view.objects.locked, 2, True)  # noqa: FBT003 - a signal
    desk.go_to(0, 8)
    close(desk)
    paint(desk, 6, 0)
    assert (desk.labels.data == 6).any()
    reopen(desk)
    assert not told()


def test_save_session_keeps_a_layer_drawn_on_while_the_dock_was_closed(
    desk, tmp_path, monkeypatch
):
    path = tmp_path / "work_session.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    second = desk.viewer.add_labels(np.zeros(SHAPE, np.uint8), name="b", scale=SCALE)
    write_to(desk, second)
    close(desk)
    paint(desk, 6, 0)
    reopen(desk)
    desk.press(desk.view.session.save)
    desk.qtbot.waitUntil(path.exists)
    desk.qtbot.waitUntil(lambda: "Saved the session" in desk.told)
    (kept,) = load_session(path)[0].beside
    assert kept.labels.name == "organs"
    assert (kept.labels.array() == 6).any()
