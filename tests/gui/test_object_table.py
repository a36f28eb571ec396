"""The table of objects, by real mouse and keys in a real viewer."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import LEFT, NONE, SCALE, SHAPE, PromptsDesk
from napari_sam_med.gui.labels import labels_writer
from napari_sam_med.gui.prompting.control.object_list import mask_tool_actions
from napari_sam_med.gui.prompting.display.orientations import CORONAL
from napari_sam_med.gui.prompting.views.object_table import COLOUR, LABEL, LOCKED, NAME
from napari_sam_med.session.objects import MaskPlace, MaskSource

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    data = np.zeros(SHAPE, dtype=np.uint8)
    data[2:5, 10:20, 10:20] = 3
    data[4, 8:22, 8:22] = 3
    data[7, 40:50, 40:60] = 5
    names = {"label_names": {3: "liver"}}
    labels = desk.viewer.add_labels(data, name="organs", scale=SCALE, metadata=names)
    desk.labels = labels
    desk.send(desk.view.write.labels_chosen, str(labels.unique_id))
    desk.go_to(0, 0)
    qtbot.waitUntil(lambda: len(rows(desk)) == 3 and rows(desk)[1].slices == 3)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def rows(desk):
    return desk.view.objects.rows


def line_of(desk, label: int) -> int:
    return [row.label for row in rows(desk)].index(label)


def click(desk, label: int, column: int) -> None:
    table = desk.view.objects.table
    place = table.visualRect(table.model().index(line_of(desk, label), column))
    QTest.mouseClick(table.viewport(), LEFT, NONE, place.center())
    desk.settle()


def lock(desk, label: int) -> None:
    table = desk.view.objects.table
    place = table.visualRect(table.model().index(line_of(desk, label), LOCKED))
    place.setWidth(18)  # the box lies at the left
    QTest.mouseClick(table.viewport(), LEFT, NONE, place.center())
    desk.settle()


def test_objects_of_a_layer_are_listed_with_size_and_name(desk):
    row = rows(desk)[line_of(desk, 3)]
    assert (row.name, row.slices) == ("liver", 3)
    assert row.volume_ml == pytest.approx((200 + 196) * np.prod(SCALE) / 1000)
    assert row.lowest is None


def test_the_selected_line_shows_the_objects_colour_too(desk):
    desk.send(desk.view.objects.recoloured, 3, (250, 10, 20))
    click(desk, 3, LABEL)
    table = desk.view.objects.table
    assert table.currentRow() == line_of(desk, 3)
    place = table.visualRect(table.model().index(line_of(desk, 3), COLOUR)).center()
    shown = table.viewport().grab().toImage().pixelColor(place)
    assert (shown.red(), shown.green(), shown.blue()) == (250, 10, 20)


def test_a_click_goes_to_the_slice_on_which_the_object_is_largest(desk):
    click(desk, 3, LABEL)
    assert desk.session.state.label == 3
    assert desk.session.plane.index == 4
    assert desk.labels.selected_label == 3


def test_keys_stay_with_the_canvas_after_a_click_on_an_object(desk):
    click(desk, 3, LABEL)
    table = desk.view.objects.table
    table.setFocus()  # as the click of a person does
    QTest.keyClick(table, Qt.Key.Key_BracketRight)
    desk.settle()
    assert desk.session.state.label == 5


def test_keys_go_to_the_next_object_and_to_the_one_before(desk):
    click(desk, 3, LABEL)
    desk.key(Qt.Key.Key_BracketRight)
    assert (desk.session.state.label, desk.session.plane.index) == (5, 7)
    desk.key(Qt.Key.Key_BracketLeft)
    assert (desk.session.state.label, desk.session.plane.index) == (3, 4)


def test_objects_stay_listed_until_they_are_counted_from_another_side(desk, qtbot):
    click(desk, 5, LABEL)
    desk.press(desk.view.display.views[CORONAL])
    assert [row.label for row in rows(desk)] == [3, 5]
    desk.key(Qt.Key.Key_BracketLeft)
    assert desk.session.state.label == 3
    qtbot.waitUntil(lambda: rows(desk)[line_of(desk, 3)].slices == 14)


def test_an_accepted_mask_shows_with_its_score(desk, qtbot):
    click(desk, 5, LABEL)
    desk.go_to(0, 8)
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: rows(desk)[line_of(desk, 5)].slices == 2)
    assert rows(desk)[line_of(desk, 5)].lowest == pytest.approx(0.9)


def test_a_name_typed_in_the_table_is_the_layers_and_can_be_undone(desk):
    table = desk.view.objects.table
    table.setCurrentCell(line_of(desk, 5), NAME)
    table.editItem(table.item(line_of(desk, 5), NAME))
    QTest.keyClicks(table.focusWidget() or QApplication.focusWidget(), "spleen")
    QTest.keyClick(table.focusWidget() or QApplication.focusWidget(), Qt.Key.Key_Return)
    desk.settle()
    assert desk.labels.metadata["label_names"] == {3: "liver", 5: "spleen"}
    desk.view.controller.tools.take_keys()
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert desk.labels.metadata["label_names"] == {3: "liver"}


def test_a_locked_object_is_neither_written_nor_deleted_nor_overwritten(desk):
    lock(desk, 3)
    before = desk.labels.data.copy()
    desk.go_to(0, 4)
    click(desk, 3, LABEL)
    assert not desk.view.objects.delete.isEnabled()
    desk.click(off=(-60, -40))
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    assert desk.told == "label 3 is locked; unlock it in the table of objects"
    click(desk, 5, LABEL)
    desk.go_to(0, 4)
    desk.view.write.keep_others.setChecked(False)
    desk.key(Qt.Key.Key_Return)
    desk.key(Qt.Key.Key_Return)
    np.testing.assert_array_equal(desk.labels.data == 3, before == 3)
    desk.key(Qt.Key.Key_Z, CONTROL)


def test_deleting_and_merging_are_steps_of_the_history(desk):
    before = desk.labels.data.copy()
    click(desk, 5, LABEL)
    desk.press(desk.view.objects.delete)
    assert not (desk.labels.data == 5).any()
    desk.key(Qt.Key.Key_Z, CONTROL)
    np.testing.assert_array_equal(desk.labels.data, before)
    desk.view.objects.ask_target = lambda lines: next(
        line for line in lines if line == "3  liver"
    )
    desk.press(desk.view.objects.merge)
    assert (desk.labels.data == 3).sum() == (before > 0).sum()
    assert desk.session.state.label == 3
    desk.key(Qt.Key.Key_Z, CONTROL)
    np.testing.assert_array_equal(desk.labels.data, before)
    assert desk.session.state.label == 5


def test_another_colour_shows_in_the_layer_and_goes_with_undo(desk):
    old = desk.labels.get_color(3)
    desk.send(desk.view.objects.recoloured, 5, (10, 200, 30))
    desk.settle()
    np.testing.assert_allclose(
        desk.labels.get_color(5)[:3], np.divide((10, 200, 30), 255), atol=0.01
    )
    np.testing.assert_allclose(desk.labels.get_color(3), old, atol=0.01)
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert desk.view.objects.rows[line_of(desk, 5)].colour != (10, 200, 30)


def test_a_tool_fills_holes_on_the_slice_as_one_step(desk, qtbot):
    desk.labels.data[4, 12, 12] = desk.labels.data[3, 12, 12] = 0
    before = desk.labels.data.copy()
    click(desk, 3, LABEL)
    desk.press(desk.view.mask_tools.buttons["fill"])
    qtbot.waitUntil(lambda: desk.labels.data[4, 12, 12] == 3)
    assert desk.labels.data[3, 12, 12] == 0  # of another slice
    desk.settle()
    desk.key(Qt.Key.Key_Z, CONTROL)
    np.testing.assert_array_equal(desk.labels.data, before)


def test_the_part_that_is_clicked_is_kept_and_no_prompt_is_made(desk, qtbot):
    desk.labels.data[4, 25:35, 35:45] = 3  # in the middle, apart from the rest
    click(desk, 3, LABEL)
    desk.press(desk.view.mask_tools.buttons["keep"])
    position = desk.image.data_to_world((4.0, 30.0, 40.0))
    desk.view.controller.click(position, 1)
    qtbot.waitUntil(lambda: (desk.labels.data[4] == 3).sum() == 100)
    assert desk.session.state.prompts.is_empty


def test_a_tool_leaves_a_locked_object_alone(desk):
    lock(desk, 3)
    before = desk.labels.data.copy()
    click(desk, 3, LABEL)
    desk.press(desk.view.mask_tools.buttons["smooth"])
    desk.rest()
    assert "label 3 is locked" in desk.told
    np.testing.assert_array_equal(desk.labels.data, before)


def test_review_goes_through_the_slices_by_jump_in_area_and_comes_round(desk):
    click(desk, 3, LABEL)
    desk.go_to(0, 0)
    table = desk.view.objects
    visited = []
    for _ in range(4):
        desk.press(table.by_jump)
        visited.append(desk.session.plane.index)
    assert visited == [3, 4, 2, 3]
    assert "slice" in desk.told.lower()


def test_review_by_score_starts_at_the_lowest(desk):
    labels, place = desk.labels, str(desk.labels.unique_id)
    sources = {
        MaskPlace(place, 3, 0, index): MaskSource(score)
        for index, score in ((2, 0.9), (3, 0.4), (4, 0.7))
    }
    desk.session.push(replace(desk.session.state, sources=sources))
    click(desk, 3, LABEL)
    assert desk.session.plane.index == 4  # one of them, where review has not begun
    visited = []
    for _ in range(3):
        desk.key(Qt.Key.Key_V)
        visited.append(desk.session.plane.index)
    assert visited == [3, 4, 2]
    assert labels.selected_label == 3


def test_a_lock_set_while_a_tool_still_works_holds(desk, qtbot):
    desk.labels.data_setitem(tuple(np.array([[4], [12], [12]])), 0)
    desk.settle()
    before = desk.labels.data.copy()
    click(desk, 3, LABEL)
    desk.view.mask_tools.buttons["fill"].click()
    desk.send(desk.view.objects.locked, 3, True)  # noqa: FBT003 - before the answer comes
    qtbot.waitUntil(lambda: "label 3 is locked" in desk.told)
    np.testing.assert_array_equal(desk.labels.data, before)


@pytest.mark.parametrize("dtype", [np.uint32, np.int64])
def test_objects_above_32_bits_are_worked_on_like_others(desk, dtype):
    large = 3_000_000_000
    data = desk.labels.data.astype(dtype)
    data[data == 3] = large
    desk.labels.data = data.copy()
    desk.send(desk.view.write.label_chosen, 9)
    desk.qtbot.waitUntil(lambda: large in [row.label for row in rows(desk)])
    click(desk, large, LABEL)
    assert desk.session.state.label == large
    assert desk.view.write.label.text() == str(large)
    desk.send(desk.view.objects.renamed, large, "liver")
    lock(desk, large)
    assert desk.session.state.locked(str(desk.labels.unique_id)) == {large}
    lock(desk, large)
    desk.press(desk.view.objects.delete)
    assert np.unique(desk.labels.data).tolist() == [0, 5]
    desk.key(Qt.Key.Key_Z, CONTROL)
    np.testing.assert_array_equal(desk.labels.data, data)
    desk.send(desk.view.objects.merge_requested, 5, large)
    assert np.unique(desk.labels.data).tolist() == [0, large]
    click(desk, large, LABEL)
    desk.view.write.label.setValue(9)
    desk.settle()
    assert desk.view.write.label.text() == "9"
    assert desk.session.state.label == 9


def test_a_tool_that_ends_after_its_image_was_left_changes_nothing(desk, monkeypatch):
    go_on, fill = threading.Event(), mask_tool_actions.filled

    def fill_late(mask):
        assert go_on.wait(20)
        return fill(mask)

    monkeypatch.setattr(mask_tool_actions, "filled", fill_late)
    desk.labels.data[4, 12, 12] = 0
    before = desk.labels.data.copy()
    click(desk, 3, LABEL)
    another = np.random.default_rng(0).random(SHAPE).astype(np.float32)
    left = desk.image
    desk.press(desk.view.mask_tools.buttons["fill"])
    other = desk.viewer.add_image(another, name="other", scale=SCALE)
    desk.send(desk.view.source.image_chosen, str(other.unique_id))
    assert desk.view.controller.image is other
    go_on.set()
    desk.qtbot.waitUntil(lambda: "use the tool again" in desk.told)
    assert "label 3 of ct stays as it is" in desk.told
    np.testing.assert_array_equal(desk.labels.data, before)
    assert not desk.session.can_undo
    desk.send(desk.view.source.image_chosen, str(left.unique_id))
    desk.press(desk.view.mask_tools.buttons["fill"])
    desk.qtbot.waitUntil(lambda: desk.labels.data[4, 12, 12] == 3)
    desk.settle()
    assert desk.session.can_undo


def test_the_next_free_label_found_for_one_image_is_not_given_to_another(
    desk, monkeypatch
):
    go_on, search = threading.Event(), labels_writer.first_unused_label

    def search_late(array):
        assert go_on.wait(20)
        return search(array)

    monkeypatch.setattr(labels_writer, "AT_ONCE", 1)
    monkeypatch.setattr(labels_writer, "first_unused_label", search_late)
    another = np.random.default_rng(0).random(SHAPE).astype(np.float32)
    other = desk.viewer.add_image(another, name="other", scale=SCALE)
    desk.send(desk.view.source.image_chosen, str(desk.image.unique_id))
    own = desk.session.state.label
    desk.press(desk.view.objects.add)
    desk.send(desk.view.source.image_chosen, str(other.unique_id))
    go_on.set()
    desk.qtbot.waitUntil(lambda: "ask again" in desk.told)
    assert not desk.session.can_undo
    desk.send(desk.view.source.image_chosen, str(desk.image.unique_id))
    assert desk.session.state.label == own


@pytest.mark.parametrize("change", ["moved", "cropped"])
@pytest.mark.parametrize("does", ["fill", "smooth", "by_jump"])
def test_tools_and_review_refuse_labels_that_lie_elsewhere(desk, change, does):
    click(desk, 3, LABEL)
    if change == "moved":
        desk.labels.translate = (3 * SCALE[0], 0, 0)
    else:
        desk.labels.data = desk.labels.data[:8].copy()
    desk.settle()
    before, seen = desk.labels.data.copy(), desk.session.plane
    tools, table = desk.view.mask_tools.buttons, desk.view.objects
    desk.press(table.by_jump if does == "by_jump" else tools[does])
    desk.qtbot.waitUntil(lambda: "organs lies on another grid than ct" in desk.told)
    desk.rest()
    np.testing.assert_array_equal(desk.labels.data, before)
    assert desk.session.plane == seen
    assert not desk.session.can_undo


@pytest.mark.parametrize("comes", ["slice", "image", "object", "layer"])
def test_the_click_that_keeps_a_part_counts_only_where_it_was_asked_for(desk, comes):
    desk.labels.data[4, 25:35, 35:45] = 3
    desk.labels.data[5, 28:32, 38:42] = 5
    other = desk.viewer.add_image(np.ones(SHAPE, np.float32), name="t2", scale=SCALE)
    desk.send(desk.view.source.image_chosen, str(other.unique_id))
    desk.send(desk.view.write.labels_chosen, str(desk.labels.unique_id))
    desk.send(desk.view.source.image_chosen, str(desk.image.unique_id))
    copied = desk.viewer.add_labels(desk.labels.data.copy(), scale=SCALE)
    before = desk.labels.data.copy()
    desk.qtbot.waitUntil(lambda: 3 in [row.label for row in rows(desk)])
    click(desk, 3, LABEL)
    desk.go_to(0, 4)
    desk.press(desk.view.mask_tools.buttons["keep"])
    if comes == "slice":
        desk.go_to(0, 5)
    elif comes == "image":
        desk.send(desk.view.source.image_chosen, str(other.unique_id))
        desk.go_to(0, 4)
    elif comes == "object":
        desk.send(desk.view.write.label_chosen, 5)
    else:
        desk.send(desk.view.write.labels_chosen, str(copied.unique_id))
    desk.click()
    assert "choose the tool again" in desk.told
    desk.rest()
    np.testing.assert_array_equal(desk.labels.data, before)
    np.testing.assert_array_equal(copied.data, before)
    assert desk.session.state.prompts.is_empty


def test_an_object_of_labels_that_were_moved_is_not_looked_for_in_the_image(desk):
    desk.labels.translate = (3 * SCALE[0], 0, 0)
    desk.settle()
    seen = desk.session.plane
    click(desk, 3, LABEL)
    assert desk.session.plane == seen
    assert "organs lies on another grid than ct" in desk.told
