"""Locks hold in every viewer and in copies of a layer, whoever draws on it."""

import numpy as np
import pytest
from napari._app_model import get_app_model
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import LEFT, NONE, SCALE, SHAPE, PromptsDesk

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
RED = (250, 10, 20)
OBJECT = np.s_[2:5, 15:45, 20:60]
"""In the middle of the canvas on slice 3."""


def with_labels(make_napari_viewer, qtbot) -> PromptsDesk:
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    data = np.zeros(SHAPE, dtype=np.uint8)
    data[OBJECT] = 2
    desk.labels = desk.viewer.add_labels(data, name="organs", scale=SCALE)
    write_to(desk, desk.labels)
    desk.go_to(0, 3)
    return desk


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = with_labels(make_napari_viewer, qtbot)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


@pytest.fixture
def second(desk, make_napari_viewer, qtbot):
    """Another viewer with the same Labels layer."""
    second = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    second.viewer.layers.append(desk.labels)
    second.labels = desk.labels
    write_to(second, desk.labels)
    second.go_to(0, 3)
    yield second
    second.view.controller.close()
    assert second.services.wait_for_end(30)


def write_to(desk, labels) -> None:
    desk.send(desk.view.write.labels_chosen, str(labels.unique_id))


def lock(desk, label: int = 2, *, is_locked: bool = True) -> None:
    desk.send(desk.view.objects.locked, label, is_locked)


def wait_until_said(desk, name, *, is_red, is_locked, label=2) -> None:
    def is_said():
        found = [each for each in desk.view.objects.rows if each.label == label]
        said = [(each.name, each.colour == RED, each.is_locked) for each in found]
        return said == [(name, is_red, is_locked)]

    desk.qtbot.waitUntil(is_said)
    desk.settle()


def say(desk, label: int = 2) -> None:
    desk.send(desk.view.objects.renamed, label, "liver")
    desk.send(desk.view.objects.recoloured, label, RED)
    lock(desk, label)


def accept(desk) -> None:
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)


def test_a_lock_of_one_viewer_holds_in_the_dock_of_another(desk, second):
    say(desk)
    before = desk.labels.data.copy()
    second.send(second.view.write.label_chosen, 2)
    accept(second)
    assert "label 2 is locked" in second.told
    second.send(second.view.objects.delete_requested, 2)
    assert "label 2 is locked" in second.told
    np.testing.assert_array_equal(desk.labels.data, before)


def test_what_one_viewer_says_is_seen_in_the_other_and_goes_back_once(desk, second):
    say(desk)
    wait_until_said(second, "liver", is_red=True, is_locked=True)
    lock(second, is_locked=False)
    wait_until_said(desk, "liver", is_red=True, is_locked=False)
    second.press(second.view.write.undo)
    wait_until_said(desk, "liver", is_red=True, is_locked=True)
    wait_until_said(second, "liver", is_red=True, is_locked=True)
    for _ in range(3):
        desk.press(desk.view.write.undo)
    wait_until_said(desk, "", is_red=False, is_locked=False)
    wait_until_said(second, "", is_red=False, is_locked=False)
    assert not desk.labels.metadata["label_names"]


def test_a_mask_undone_in_one_viewer_respects_a_lock_of_the_other(desk, second):
    accept(desk)
    before = desk.labels.data.copy()
    lock(second, desk.session.state.label)
    desk.press(desk.view.write.undo)
    assert "is locked" in desk.told
    np.testing.assert_array_equal(desk.labels.data, before)


def duplicate(desk):
    """Do what napari's menu of a layer does."""
    layers = desk.viewer.layers
    layers.selection = {desk.labels}
    before = set(layers)
    get_app_model().commands.execute_command("napari.layer.duplicate").result()
    desk.settle()
    (copy,) = set(layers) - before
    return copy


def test_a_duplicate_has_names_colours_and_locks_of_its_own(desk):
    say(desk)
    copy = duplicate(desk)
    write_to(desk, copy)
    wait_until_said(desk, "liver", is_red=True, is_locked=True)
    desk.send(desk.view.write.label_chosen, 2)
    before = copy.data.copy()
    accept(desk)
    assert "label 2 is locked" in desk.told
    np.testing.assert_array_equal(copy.data, before)
    lock(desk, is_locked=False)
    wait_until_said(desk, "liver", is_red=True, is_locked=False)
    write_to(desk, desk.labels)
    wait_until_said(desk, "liver", is_red=True, is_locked=True)


def test_new_objects_of_a_duplicate_have_colours_of_their_own(desk):
    say(desk)
    copy = duplicate(desk)
    write_to(desk, copy)
    wait_until_said(desk, "liver", is_red=True, is_locked=True)
    colours = []
    for label in (5, 6):
        desk.send(desk.view.write.label_chosen, label)
        colours.append(tuple(copy.get_color(label)))
    assert colours[0] != colours[1]
    np.testing.assert_allclose(copy.get_color(2)[:3], np.divide(RED, 255), atol=0.01)


def test_a_resampled_copy_takes_names_colours_and_locks(desk):
    coarse = desk.viewer.add_labels(
        desk.labels.data[::2, ::2, ::2].copy(),
        name="coarse",
        scale=np.multiply(SCALE, 2),
    )
    image = desk.viewer.add_image(
        np.random.default_rng(0).random(coarse.data.shape),
        name="low",
        scale=coarse.scale,
    )
    desk.send(desk.view.source.image_chosen, str(image.unique_id))
    write_to(desk, coarse)
    say(desk)
    desk.send(desk.view.source.image_chosen, str(desk.image.unique_id))
    desk.send(desk.view.write.labels_chosen, f"resampled:{coarse.unique_id}")
    desk.qtbot.waitUntil(lambda: "coarse on ct" in desk.viewer.layers)
    desk.settle()
    wait_until_said(desk, "liver", is_red=True, is_locked=True)
    desk.send(desk.view.objects.delete_requested, 2)
    assert "label 2 is locked" in desk.told


def test_a_script_that_gives_other_metadata_takes_no_lock_away(desk):
    say(desk)
    desk.labels.metadata = {"label_names": {2: "lobe"}}
    desk.settle()
    wait_until_said(desk, "lobe", is_red=True, is_locked=True)
    copy = duplicate(desk)
    write_to(desk, copy)
    wait_until_said(desk, "lobe", is_red=True, is_locked=True)


def paint(desk, labels, mode: str, value: int) -> None:
    desk.viewer.layers.selection.active = labels
    labels.selected_label, labels.mode = value, mode
    labels.brush_size = 12
    if mode == "fill":
        desk.click()
    else:
        desk.drag((-30, 0), (30, 0))
    labels.mode = "pan_zoom"
    desk.settle()


def write_elsewhere(desk):
    """Let masks go to another layer than the one with locks."""
    second = desk.viewer.add_labels(
        np.zeros(SHAPE, np.uint8), name="second", scale=SCALE
    )
    write_to(desk, second)
    return second


@pytest.mark.parametrize(("mode", "value"), [("paint", 5), ("erase", 2), ("fill", 5)])
@pytest.mark.parametrize("ndim", [2, 3])
def test_napari_draws_on_no_locked_object_of_a_layer_not_written_to(
    desk, mode, value, ndim
):
    lock(desk)
    write_elsewhere(desk)
    desk.labels.n_edit_dimensions = ndim
    before = desk.labels.data.copy()
    paint(desk, desk.labels, mode, value)
    np.testing.assert_array_equal(desk.labels.data == 2, before == 2)
    assert "locked objects in organs stay" in notification_manager.records[-1].message
    desk.key(Qt.Key.Key_Z, CONTROL)
    desk.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    np.testing.assert_array_equal(desk.labels.data == 2, before == 2)


def test_a_stroke_made_before_its_object_was_locked_is_not_undone(desk):
    write_elsewhere(desk)
    paint(desk, desk.labels, "erase", 2)
    drawn = desk.labels.data.copy()
    assert (drawn == 2).sum() < np.zeros(SHAPE)[OBJECT].size
    write_to(desk, desk.labels)
    lock(desk)
    write_to(desk, desk.viewer.layers["second"])
    desk.viewer.layers.selection.active = desk.labels
    desk.key(Qt.Key.Key_Z, CONTROL)
    np.testing.assert_array_equal(desk.labels.data, drawn)
    assert "locked objects in organs stay" in notification_manager.records[-1].message


def test_a_duplicate_that_was_never_written_to_keeps_its_locks(desk):
    lock(desk)
    copy = duplicate(desk)
    before = copy.data.copy()
    paint(desk, copy, "erase", 2)
    np.testing.assert_array_equal(copy.data, before)
    assert "copy stay what they are" in notification_manager.records[-1].message


def test_a_stroke_over_a_lock_is_told_in_the_viewer_it_was_drawn_in(desk, second):
    lock(desk)
    before = desk.labels.data.copy()
    for each in (desk, second):
        notification_manager.records.clear()
        work_in(each)
        paint(each, desk.labels, "erase", 2)
        np.testing.assert_array_equal(desk.labels.data, before)
        notes = [record.message for record in notification_manager.records]
        assert any("locked objects stay" in text for text in (each.told, *notes))


def work_in(desk) -> None:
    """Do what a click on the viewer's window does."""
    event = QEvent(QEvent.Type.WindowActivate)
    QApplication.sendEvent(desk.viewer.window._qt_window, event)


@pytest.mark.parametrize("leaves", [False, True])
def test_keys_on_a_shared_layer_are_those_of_the_viewer_in_use(desk, second, leaves):
    for each in (desk, second):
        work_in(each)
        each.viewer.layers.selection.active = desk.labels
        each.send(each.view.objects.renamed, 2, f"liver {id(each)}")
        assert each.session.can_undo
    work_in(desk)
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert desk.session.can_redo
    assert not second.session.can_redo
    if leaves:
        desk.view.controller.shut()
    work_in(second)
    second.key(Qt.Key.Key_Z, CONTROL)
    assert second.session.can_redo
    if leaves:
        second.view.controller.shut()
        assert not desk.labels.keymap


@pytest.mark.parametrize("is_written", [True, False])
def test_a_stroke_in_which_another_layer_becomes_active_ends_there(desk, is_written):
    lock(desk)
    if not is_written:
        write_elsewhere(desk)
    before = desk.labels.data.copy()
    labels, centre = desk.labels, desk.canvas.rect().center()
    desk.viewer.layers.selection.active = labels
    labels.selected_label, labels.mode, labels.brush_size = 5, "paint", 12
    QTest.mousePress(desk.canvas, LEFT, NONE, centre - QPoint(0, 180))
    for y in range(-170, 0, 10):
        desk.move(centre + QPoint(0, y))
    desk.viewer.layers.selection.active = desk.image
    QTest.mouseRelease(desk.canvas, LEFT, NONE, centre)
    desk.settle()
    drawn = labels.data.copy()
    assert (drawn == 5).any()
    np.testing.assert_array_equal(drawn == 2, before == 2)
    paint(desk, labels, "paint", 6)
    desk.viewer.layers.selection.active = labels
    for wanted in (drawn, before):
        desk.key(Qt.Key.Key_Z, CONTROL)
        np.testing.assert_array_equal(labels.data, wanted)


@pytest.mark.parametrize("is_written", [True, False])
def test_one_voxel_of_a_locked_object_is_told_as_one(desk, is_written):
    lock(desk)
    if not is_written:
        write_elsewhere(desk)
    desk.labels.brush_size = 1
    desk.labels.paint((3, 20, 30), 0)
    desk.settle()
    said = desk.told if is_written else notification_manager.records[-1].message
    where = "" if is_written else " in organs"
    assert said == f"1 voxel of locked objects{where} stays what it is"
