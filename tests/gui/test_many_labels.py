"""Labels above what a layer's type holds widen the layer, by every way of writing."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import LEFT, SCALE, SHAPE, PromptsDesk
from napari_sam_med.gui.napari_io import place_of


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    desk.go_to(0, 3)
    full = np.zeros(SHAPE, np.uint8)
    full[0].flat[:255] = np.arange(1, 256)
    desk.labels = desk.viewer.add_labels(full, name="full", scale=SCALE)
    desk.viewer.layers.selection.active = desk.image
    desk.settle()
    choose(desk.view.write.labels, place_of(desk.labels))
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def choose(box, key) -> None:
    box.showPopup()
    lines = box.view()
    place = lines.visualRect(lines.model().index(box.findData(key), 0)).center()
    QTest.mouseClick(lines.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, place)
    QApplication.processEvents()


def accept_a_mask(desk) -> None:
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)


def type_label(desk, number: int) -> None:
    field = desk.view.write.label
    field.selectAll()
    QTest.keyClicks(field, str(number))
    QTest.keyClick(field, Qt.Key.Key_Return)
    desk.settle()


def assert_holds(desk, label: int) -> None:
    assert np.count_nonzero(desk.labels.data == label) > 10
    np.testing.assert_array_equal(desk.labels.data[0].flat[:255], np.arange(1, 256))
    assert desk.labels.selected_label == label


def test_a_mask_accepted_under_256_widens_a_layer_of_bytes(desk):
    type_label(desk, 256)
    accept_a_mask(desk)
    assert_holds(desk, 256)


@pytest.mark.parametrize("way", ["key", "add"])
def test_the_next_object_of_a_full_layer_is_256(desk, way):
    if way == "key":
        desk.key(Qt.Key.Key_N)
    else:
        desk.press(desk.view.objects.add)
    desk.settle()
    assert desk.session.state.label == 256
    accept_a_mask(desk)
    assert_holds(desk, 256)


def test_a_propagated_object_above_255_widens_the_layer(desk):
    type_label(desk, 300)
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_P)
    run = desk.view.controller.propagation.run
    desk.qtbot.waitUntil(lambda: run.waits)
    desk.settle()
    desk.press(desk.view.propagate.accept)
    desk.qtbot.waitUntil(lambda: not run.waits)
    desk.settle()
    assert_holds(desk, 300)


def test_undo_takes_a_mask_back_out_of_a_widened_layer(desk):
    type_label(desk, 256)
    accept_a_mask(desk)
    desk.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not np.any(desk.labels.data == 256)
    desk.key(
        Qt.Key.Key_Z,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    assert_holds(desk, 256)


def test_a_label_above_65535_is_shown_as_it_is(desk):
    type_label(desk, 70_000)
    assert desk.session.state.label == 70_000
    accept_a_mask(desk)
    assert_holds(desk, 70_000)


def save_and_open(desk, path, monkeypatch) -> None:
    for ask in ("getSaveFileName", "getOpenFileName"):
        monkeypatch.setattr(QFileDialog, ask, lambda *_: (str(path), ""))
    desk.press(desk.view.session.save)
    desk.qtbot.waitUntil(lambda: "Saved the session" in desk.told)
    desk.press(desk.view.session.open)
    desk.qtbot.waitUntil(lambda: "goes on" in desk.told)


def test_work_on_a_label_above_65535_is_saved_so_that_it_can_be_opened(
    desk, tmp_path, monkeypatch
):
    type_label(desk, 70_000)
    accept_a_mask(desk)
    save_and_open(desk, tmp_path / "many.json", monkeypatch)
    assert [each.label for each in desk.session.state.records] == [70_000]


def test_work_beside_negative_labels_is_saved_so_that_it_can_be_opened(
    desk, tmp_path, monkeypatch
):
    drawn = np.zeros(SHAPE, np.int16)
    drawn[3, 10:20, 10:20] = -1
    labels = desk.viewer.add_labels(drawn, scale=SCALE)
    choose(desk.view.write.labels, place_of(labels))
    labels.paint((3, 15, 15), 2)
    desk.send(desk.view.objects.renamed, -1, "ignored")
    labels.selected_label = -1  # as napari's picker does
    desk.settle()
    assert desk.session.state.label > 0
    save_and_open(desk, tmp_path / "negative.json", monkeypatch)
    copies = [each for each in desk.viewer.layers if each.name.startswith(labels.name)]
    for each in copies:
        np.testing.assert_array_equal(each.data, labels.data)
    assert len(copies) == 2
    assert "ignored" in [each.name for each in desk.view.objects.rows]
