"""Views and windows: the patient stands upright, and all values are in reach."""

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import LEFT, NONE, SCALE, SHAPE, PromptsDesk
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.gui.prompting.display.orientations import CORONAL, SAGITTAL
from napari_sam_med.gui.shared.widgets.plain_labels import PlainLabel

HU_RANGE = (-1024.0, 3071.0)


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    desk.go_to(0, 3)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def open_ct(desk):
    """A CT as our reader opens it: seen through the window for soft tissue."""
    array = np.linspace(*HU_RANGE, int(np.prod(SHAPE)), dtype=np.float32)
    metadata = {"geometry": Geometry((0.8, 0.8, 5.0)), "modality": "CT"}
    layer = desk.viewer.add_image(
        array.reshape(SHAPE),
        name="patient",
        scale=SCALE,
        contrast_limits=(-160, 240),
        metadata=metadata,
    )
    desk.settle()
    assert desk.view.controller.image is layer
    return layer


def camera_of(desk):
    return getattr(desk.viewer, "scene", desk.viewer).camera


def letters_of(desk) -> tuple[str, ...]:
    return desk.view.controller._display._letters.shown()


def choose(desk, key: str) -> None:
    box = desk.view.display.windows
    box.setCurrentIndex(box.findData(key))
    box.activated.emit(box.currentIndex())
    desk.settle()


def test_the_slider_reaches_all_values_of_a_ct_in_its_first_window(desk):
    ct = open_ct(desk)
    assert tuple(ct.contrast_limits) == (-160, 240)
    assert tuple(ct.contrast_limits_range) == HU_RANGE


@pytest.mark.parametrize(
    ("key", "limits"), [("lung", (-1350, 150)), ("bone", (-500, 1300))]
)
def test_a_ct_is_seen_through_the_window_that_is_chosen(desk, key, limits):
    ct = open_ct(desk)
    choose(desk, key)
    assert tuple(ct.contrast_limits) == limits
    assert desk.view.display.windows.key == key


def test_the_list_says_which_window_an_image_is_seen_through(desk):
    ct = open_ct(desk)
    assert desk.view.display.windows.key == "abdomen"
    ct.contrast_limits = (0, 77)
    assert desk.view.display.windows.key == ""
    choose(desk, "full")
    assert tuple(ct.contrast_limits) == HU_RANGE


def test_an_image_that_is_no_ct_is_offered_percentiles_only(desk):
    box = desk.view.display.windows
    assert box.findData("lung") == -1
    choose(desk, "2-98")
    low, high = desk.image.contrast_limits
    np.testing.assert_allclose((low, high), (0.02, 0.98), atol=0.01)


@pytest.mark.parametrize(
    ("view", "order", "letters"),
    [
        (CORONAL, (1, 0, 2), ("H", "F", "R", "L")),
        (SAGITTAL, (2, 0, 1), ("H", "F", "A", "P")),
    ],
)
def test_a_view_shows_a_patient_upright_and_names_its_sides(desk, view, order, letters):
    open_ct(desk)
    assert letters_of(desk) == ("A", "P", "R", "L")
    desk.press(desk.view.display.views[view])
    assert tuple(desk.viewer.dims.order) == order
    assert [str(each) for each in camera_of(desk).orientation2d] == ["up", "right"]
    assert letters_of(desk) == letters
    assert desk.view.display.views[view].isChecked()


def test_axes_that_are_rolled_in_napari_turn_a_patient_upright_too(desk):
    open_ct(desk)
    desk.viewer.dims.order = (1, 0, 2)
    assert str(camera_of(desk).orientation2d[0]) == "up"
    desk.viewer.dims.order = (0, 1, 2)
    assert str(camera_of(desk).orientation2d[0]) == "down"


def test_letters_follow_a_camera_that_a_person_turns(desk):
    open_ct(desk)
    camera_of(desk).orientation2d = ("up", "left")
    assert letters_of(desk) == ("P", "A", "L", "R")


def test_an_array_that_lies_in_no_patient_has_no_letters_and_is_not_turned(desk):
    desk.press(desk.view.display.views[CORONAL])
    assert letters_of(desk) == ()
    assert str(camera_of(desk).orientation2d[0]) == "down"


def test_a_click_in_an_upright_view_prompts_the_voxel_under_the_mouse(desk):
    ct = open_ct(desk)
    desk.press(desk.view.display.views[CORONAL])
    place = desk.canvas.rect().center()
    place.setY(place.y() - 20)
    QTest.mouseClick(desk.canvas, LEFT, NONE, place)
    desk.settle()
    ((z, _, _),) = desk.session.state.prompts.points_zyx
    middle = (ct.data.shape[0] - 1) / 2
    assert z > middle  # above the middle is towards the head


def status_bar_of(desk) -> list[str]:
    bar = desk.viewer.window._qt_window.statusBar()
    return [label.text() for label in bar.findChildren(PlainLabel)]


def hover(desk, off) -> None:
    place = QPointF(desk.canvas.rect().center() + QPoint(*off))
    none = Qt.MouseButton.NoButton
    there = QPointF(desk.canvas.mapToGlobal(place.toPoint()))
    # QTest.mouseMove reaches no window that is not on the screen
    move = QMouseEvent(QEvent.Type.MouseMove, place, there, none, none, NONE)
    QApplication.sendEvent(desk.canvas, move)
    desk.qtbot.wait(60)


def test_the_value_of_a_ct_under_the_mouse_is_told_in_hounsfield_units(desk):
    ct = open_ct(desk)
    hover(desk, (30, -20))
    desk.click(off=(30, -20))
    [point] = desk.session.state.prompts.points_zyx
    z, y, x = np.rint(point).astype(int)
    assert status_bar_of(desk) == [f"{ct.data[z, y, x]:.4g} HU"]


def test_the_value_of_other_images_has_no_unit_and_follows_the_slices(desk):
    hover(desk, (0, 0))
    [before] = status_bar_of(desk)
    assert 0 < float(before) < 1
    desk.go_to(0, 9)
    desk.qtbot.wait(60)
    [after] = status_bar_of(desk)
    assert float(after) > float(before)


def test_no_value_is_told_beside_the_image_or_once_the_dock_is_closed(desk):
    hover(desk, (0, 0))
    hover(desk, (2 - desk.canvas.width() // 2, 2 - desk.canvas.height() // 2))
    assert status_bar_of(desk) == [""]
    desk.view.controller.shut()
    desk.qtbot.wait(20)
    assert status_bar_of(desk) == []


def test_no_value_is_told_once_a_volume_comes_while_the_mouse_is_on_a_picture(desk):
    desk.viewer.layers.clear()
    desk.viewer.add_image(np.full((60, 80), 7.0, np.float32), name="picture")
    desk.settle()
    hover(desk, (0, 0))
    assert status_bar_of(desk) == ["7"]
    desk.viewer.add_image(np.zeros(SHAPE, np.float32), name="volume")
    desk.qtbot.wait(100)
    assert status_bar_of(desk) == [""]
