"""Steps back and forth, by real mouse and keys, with brush and prompts mixed."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import LEFT, NONE, SCALE, SHAPE, PromptsDesk
from napari_sam_med.session.objects import ObjectEntry

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
KEYS = {"undo": (Qt.Key.Key_Z, CONTROL), "accept": (Qt.Key.Key_Return, NONE)}
STEPS = 8  # more than any of these tests makes


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    desk.go_to(0, 3)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def accept(desk) -> None:
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)


@pytest.fixture
def labels(desk):
    accept(desk)
    return desk.viewer.layers["ct segmentation"]


def test_undo_with_the_labels_layer_active_is_the_docks_own(desk, labels):
    desk.viewer.layers.selection.active = labels
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert not labels.data.any()
    assert desk.session.state.records == ()
    assert len(desk.session.state.prompts.labels) == 1
    desk.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    assert labels.data.any()
    assert len(desk.session.state.records) == 1


def test_a_brush_stroke_is_a_step_between_two_masks(desk, labels):
    first = labels.data.copy()
    desk.viewer.layers.selection.active = labels
    labels.mode = "paint"
    desk.drag((-60, 40), (-20, 40))
    painted = labels.data.copy()
    assert (painted != first).any()
    labels.mode = "pan_zoom"
    desk.key(Qt.Key.Key_Z, CONTROL)
    np.testing.assert_array_equal(labels.data, first)
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert not labels.data.any()
    desk.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    desk.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    np.testing.assert_array_equal(labels.data, painted)


def test_undo_and_redo_say_what_they_changed(desk, labels):
    desk.viewer.layers.selection.active = labels
    before = labels.data.copy()
    labels.mode = "paint"
    desk.drag((-60, 40), (-20, 40))
    labels.mode = "pan_zoom"
    drawn = f"a change of {(labels.data != before).sum():,} voxels"
    desk.send(desk.view.objects.locked, 1, True)  # noqa: FBT003
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert desk.told == "Undid what was said of label 1"
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert desk.told == f"Undid {drawn}"
    desk.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    assert desk.told == f"Redid {drawn}"


@pytest.mark.parametrize("mode", ["paint", "erase"])
@pytest.mark.parametrize("does", ["undo", "accept"])
def test_a_key_in_the_middle_of_a_stroke_parts_it_into_two_steps(
    desk, labels, mode, does
):
    if does == "accept":
        desk.click(off=(0, 30))
        desk.wait_for_candidates()
    desk.viewer.layers.selection.active = labels
    labels.mode = mode
    places = [QPoint(x, 0) for x in (-60, -30, 0, 30, 60)]
    centre = desk.canvas.rect().center()
    QTest.mousePress(desk.canvas, LEFT, NONE, centre + places[0])
    for place in places[1:]:
        desk.move(centre + place, NONE)
        if place == QPoint(0, 0):
            desk.key(*KEYS[does])
    QTest.mouseRelease(desk.canvas, LEFT, NONE, centre + places[-1])
    desk.settle()
    labels.mode = "pan_zoom"
    drawn = labels.data.copy()
    for _ in range(STEPS):
        desk.key(Qt.Key.Key_Z, CONTROL)
    assert not labels.data.any()
    for _ in range(STEPS):
        desk.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    np.testing.assert_array_equal(labels.data, drawn)


@pytest.mark.parametrize("crop", [np.s_[:, :20], np.s_[1:3]])
def test_undo_after_the_labels_were_cropped_keeps_them_and_says_so(desk, labels, crop):
    labels.data = labels.data[crop].copy()
    before = labels.data.copy()
    desk.key(Qt.Key.Key_Z, CONTROL)
    np.testing.assert_array_equal(labels.data, before)
    assert "cropped or replaced" in notification_manager.records[-1].message
    assert len(desk.session.state.prompts.labels) == 1


def test_a_number_typed_and_entered_in_the_label_box_accepts_nothing(desk):
    desk.click()
    desk.wait_for_candidates()
    box = desk.view.write.label
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, "7")
    QTest.keyClick(box, Qt.Key.Key_Return)
    desk.settle()
    assert desk.session.state.label == 7
    assert "ct segmentation" not in desk.viewer.layers
    assert desk.session.candidates is not None


def test_a_letter_typed_in_a_field_of_the_dock_is_no_key_of_the_canvas(desk):
    desk.click()
    desk.wait_for_candidates()
    box = desk.view.write.label
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_N)
    QTest.keyClick(box, Qt.Key.Key_A)
    desk.settle()
    assert len(desk.session.state.prompts.labels) == 1


def test_next_object_asks_once_before_it_drops_prompts(desk):
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_N)
    assert "slice 3 have no accepted mask" in desk.told
    assert len(desk.session.state.prompts.labels) == 1
    desk.key(Qt.Key.Key_N)
    assert desk.session.state.prompts.is_empty


def test_a_mask_is_replaced_by_a_smaller_one_and_added_to_with_shift(desk, labels):
    large = int((labels.data == 1).sum())
    desk.click()
    desk.wait_for_candidates()
    sizes = desk.session.candidates.masks.sum(axis=(1, 2))
    desk.key(getattr(Qt.Key, f"Key_{int(sizes.argmin()) + 1}"))
    desk.key(Qt.Key.Key_Return)
    assert (labels.data == 1).sum() == sizes.min() <= large
    desk.click(off=(80, 0))
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return, SHIFT)
    assert (labels.data == 1).sum() > sizes.min()


def test_slices_that_wait_are_listed_and_a_click_on_one_goes_there(desk):
    desk.click()
    desk.wait_for_candidates()
    desk.go_to(0, 5)
    line = desk.view.pending
    assert desk.shows(line)
    assert line.text().startswith('Not accepted yet: slice <a href="3"')
    line.resize(line.sizeHint())
    end = QPoint(line.fontMetrics().horizontalAdvance("Not accepted yet: slice 3"), 0)
    for back in range(1, 12):  # the link is a digit wide
        QTest.mouseClick(
            line, LEFT, NONE, QPoint(end.x() - back, line.rect().center().y())
        )
        QApplication.processEvents()
        if desk.session.plane.index == 3:
            break
    assert desk.session.plane.index == 3
    assert desk.viewer.dims.point[0] == pytest.approx(15.0)


def test_a_stroke_over_a_locked_object_is_taken_back(desk, labels):
    control = desk.view.controller
    place = str(labels.unique_id)
    state = replace(
        desk.session.state, objects={(place, 1): ObjectEntry(is_locked=True)}
    )
    desk.session.push(state)
    before = labels.data.copy()
    desk.viewer.layers.selection.active = labels
    labels.selected_label = 2
    labels.mode = "paint"
    desk.drag((-30, 0), (30, 0))
    assert (labels.data == 2).any()
    np.testing.assert_array_equal(labels.data == 1, before == 1)
    assert "locked" in control.session.status.text
    assert labels.data.shape == SHAPE


def test_a_mask_is_accepted_on_leaving_its_slice_if_so_set(desk):
    box = desk.view.kinds.on_leaving
    QTest.mouseClick(box, LEFT, NONE, QPoint(8, box.rect().center().y()))
    assert desk.view.kinds.on_leaving.isChecked()
    desk.click()
    desk.wait_for_candidates()
    mask = desk.session.candidates.masks[desk.session.chosen].copy()
    desk.go_to(0, 5)
    data = desk.viewer.layers["ct segmentation"].data
    np.testing.assert_array_equal(data[3] == 1, mask)
    assert not data[5].any()
    assert desk.session.state.prompts.is_empty


def test_a_mask_is_not_accepted_on_leaving_unless_so_set(desk):
    desk.click()
    desk.wait_for_candidates()
    desk.go_to(0, 5)
    assert "ct segmentation" not in desk.viewer.layers
    assert len(desk.session.state.prompts.labels) == 1


def test_a_polygon_that_napari_fills_is_a_step_and_respects_locks(desk, labels):
    """Outside of a stroke napari tells of a change before it makes it."""
    place = str(labels.unique_id)
    locked = {(place, 1): ObjectEntry(is_locked=True)}
    desk.session.push(replace(desk.session.state, objects=locked))
    first = labels.data.copy()
    labels.paint(tuple(np.argwhere(first)[0]), 2)
    desk.qtbot.waitUntil(lambda: "locked" in desk.told)
    assert (labels.data == 2).any()
    np.testing.assert_array_equal(labels.data == 1, first == 1)
    desk.view.controller.tools.take_keys()
    desk.key(Qt.Key.Key_Z, CONTROL)
    np.testing.assert_array_equal(labels.data, first)


@pytest.mark.parametrize("tool", ["brush", "eraser", "fill", "polygon", "voxels"])
def test_a_step_of_each_of_naparis_tools_goes_back_and_forth(desk, labels, tool):
    first = labels.data.copy()
    inside = tuple(np.argwhere(first)[0])
    corner = tuple(np.argwhere(first[3] == 0)[0])
    if tool == "brush":
        with (
            labels.block_history()
        ):  # what the parts of one drag are, each over the last
            for value in (2, 3, 2, 5):
                labels.paint((3, *corner), value)
    elif tool == "eraser":
        labels.paint(inside, 0)
    elif tool == "fill":
        labels.fill((3, *corner), 4)
    elif tool == "polygon":
        labels.paint_polygon([(3, 0, 0), (3, 0, 9), (3, 9, 0)], 4)
    else:
        labels.data_setitem(tuple(np.transpose([(3, *corner), inside])), [7, 8])
    desk.settle()
    drawn = labels.data.copy()
    assert (drawn != first).any()
    accept(desk)
    then = labels.data.copy()
    desk.view.controller.tools.take_keys()
    for expected in (drawn, drawn, first):  # the mask, its click, the stroke
        desk.key(Qt.Key.Key_Z, CONTROL)
        np.testing.assert_array_equal(labels.data, expected)
    for expected in (drawn, drawn, then):
        desk.key(Qt.Key.Key_Z, CONTROL | SHIFT)
        np.testing.assert_array_equal(labels.data, expected)


def test_labels_that_are_written_into_take_no_second_copy(desk, labels):
    large = np.zeros((*SHAPE[:1], 40 * SHAPE[1], 40 * SHAPE[2]), np.uint16)
    large[:, : SHAPE[1], : SHAPE[2]] = labels.data
    tracemalloc.start()
    labels.data = large
    desk.settle()
    labels.paint((3, 2, 2), 2)
    desk.settle()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < large.nbytes / 2


def leave_dock(desk) -> None:
    desk.view.controller.shut()


def write_elsewhere(desk) -> None:
    other = desk.viewer.add_labels(np.zeros(SHAPE, np.uint8), scale=SCALE)
    desk.send(desk.view.write.labels_chosen, str(other.unique_id))


@pytest.mark.parametrize("leave", [leave_dock, write_elsewhere])
def test_naparis_own_undo_takes_nothing_back_of_masks_accepted_after_a_stroke(
    desk, labels, leave
):
    desk.viewer.layers.selection.active = labels
    labels.mode, labels.selected_label = "paint", 2
    desk.drag((-60, 0), (60, 0))
    labels.mode = "pan_zoom"
    desk.viewer.layers.selection.active = desk.image
    desk.send(desk.view.write.label_chosen, 3)
    desk.view.write.keep_others.setChecked(False)
    accept(desk)
    desk.key(Qt.Key.Key_Return)  # what label 2 loses is asked first
    accepted = labels.data.copy()
    assert (accepted == 3).any()
    leave(desk)
    desk.viewer.layers.selection.active = labels
    desk.key(Qt.Key.Key_Z, CONTROL)
    np.testing.assert_array_equal(labels.data, accepted)
    labels.mode = "paint"
    desk.drag((-60, 40), (60, 40))
    labels.mode = "pan_zoom"
    assert (labels.data != accepted).any()
    desk.key(Qt.Key.Key_Z, CONTROL)
    np.testing.assert_array_equal(labels.data, accepted)


def test_a_stroke_in_which_masks_go_to_another_layer_can_be_undone(desk, labels):
    before = labels.data.copy()
    desk.viewer.layers.selection.active = labels
    labels.mode = "paint"
    centre = desk.canvas.rect().center()
    QTest.mousePress(desk.canvas, LEFT, NONE, centre - QPoint(60, 40))
    for x in (-50, -40):
        desk.move(centre + QPoint(x, -40))
    write_elsewhere(desk)
    QTest.mouseRelease(desk.canvas, LEFT, NONE, centre - QPoint(40, 40))
    desk.settle()
    assert (labels.data != before).any()
    desk.press(desk.view.write.undo)
    np.testing.assert_array_equal(labels.data, before)


def test_undo_leaves_what_a_script_wrote_while_the_dock_was_closed_and_says_so(
    desk, labels
):
    desk.viewer.layers.selection.active = labels
    labels.mode, labels.selected_label = "paint", 2
    desk.drag((-60, 40), (-20, 40))
    covered = int((labels.data == 2).sum())
    desk.viewer.window.remove_dock_widget(desk.view)
    QTest.qWait(50)
    labels.data[labels.data == 2] = 3
    drawn = labels.data.copy()
    desk.viewer.window.add_dock_widget(desk.view, name="SAM Prompts")
    desk.qtbot.waitUntil(lambda: desk.told == "fake is ready")
    desk.settle()
    desk.viewer.layers.selection.active = labels
    for key, did in ((CONTROL, "Undid"), (CONTROL | SHIFT, "Redid")):
        desk.key(Qt.Key.Key_Z, key)
        np.testing.assert_array_equal(labels.data, drawn)
        stay = f"{covered} voxels drawn over since stay as they are"
        assert desk.told == f"{did} a change of 0 voxels; {stay}"
