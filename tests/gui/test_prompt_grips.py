"""Prompts are selected, moved and removed with mouse and keys on the canvas."""

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import LEFT, NONE, PromptsDesk

MOVED_VOXELS = 1.5
"""A step of the mouse is a whole pixel of the canvas."""


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    desk.go_to(0, 3)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def points_of(desk) -> np.ndarray:
    return desk.session.state.prompts.points_zyx


def pixels_of(desk, rows_cols) -> tuple[int, int]:
    """From voxels of the shown slice to pixels of the canvas."""
    camera = getattr(desk.viewer, "scene", desk.viewer).camera
    return tuple(
        int(each) for each in np.rint(np.multiply(rows_cols, 0.8) * camera.zoom)
    )


@pytest.mark.parametrize("mode", ["select", "add"])
@pytest.mark.parametrize("name", ["include", "exclude"])
def test_a_tool_of_the_dock_takes_the_mouse_back_from_naparis(desk, mode, name):
    desk.click()
    layer = desk.view.controller.layers.points
    layer.mode = mode
    desk.press(desk.view.tools.buttons[name])
    desk.click(off=(60, 0))
    assert len(points_of(desk)) == 2


def test_the_key_for_boxes_takes_the_mouse_back_from_naparis_tool(desk):
    desk.click()
    desk.view.controller.layers.boxes.mode = "select"
    desk.key(Qt.Key.Key_B)
    desk.drag((-60, -30), (60, 50))
    assert len(desk.session.state.prompts.boxes) == 1


def test_a_click_on_a_point_selects_it_and_delete_removes_it(desk):
    desk.click()
    desk.click(off=(60, 0))
    desk.click()  # on the first one
    assert len(points_of(desk)) == 2
    kept = points_of(desk)[1]
    desk.key(Qt.Key.Key_Delete)
    np.testing.assert_array_equal(points_of(desk), [kept])
    desk.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(points_of(desk)) == 2


def test_delete_does_nothing_while_nothing_is_selected(desk):
    desk.click()
    desk.click(off=(60, 0))
    desk.key(Qt.Key.Key_Backspace)
    assert len(points_of(desk)) == 2


def test_a_point_is_moved_by_the_mouse_and_the_picture_stays(desk):
    desk.click()
    (before,) = points_of(desk)
    camera = getattr(desk.viewer, "scene", desk.viewer).camera
    centre = camera.center
    desk.drag((0, 0), (30, 24))
    (after,) = points_of(desk)
    moved = (after - before)[1:]
    per_pixel = 1 / (0.8 * camera.zoom)
    np.testing.assert_allclose(moved, np.array([24, 30]) * per_pixel, atol=MOVED_VOXELS)
    assert after[0] == 3
    assert camera.center == centre
    desk.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_array_equal(points_of(desk), [before])


def test_a_point_cannot_be_moved_out_of_the_image(desk):
    desk.click()
    desk.drag((0, 0), (-desk.canvas.width() // 2 + 2, 0))
    assert points_of(desk)[0, 2] >= 0


def test_a_box_is_moved_by_its_edge_and_pulled_by_its_corner(desk):
    desk.key(Qt.Key.Key_B)
    desk.drag((-60, -40), (60, 40))
    (box,) = desk.session.state.prompts.boxes
    desk.drag((-60, 0), (-40, 10))
    (moved,) = desk.session.state.prompts.boxes
    shift = np.subtract(moved.box_rc, box.box_rc)
    np.testing.assert_allclose(shift[:2], shift[2:], atol=1e-3)
    assert (shift > 0).all()
    desk.drag((80, 50), (100, 70))
    (pulled,) = desk.session.state.prompts.boxes
    np.testing.assert_allclose(pulled.box_rc[:2], moved.box_rc[:2], atol=1e-3)
    assert (np.subtract(pulled.box_rc, moved.box_rc)[2:] > 0).all()


def test_a_box_is_taken_hold_of_while_boxes_are_drawn(desk):
    desk.key(Qt.Key.Key_B)
    desk.drag((-60, -40), (60, 40))
    desk.key(Qt.Key.Key_B)
    desk.drag((-60, 0), (-40, 0))
    (box,) = desk.session.state.prompts.boxes
    height, width = np.subtract(box.box_rc[2:], box.box_rc[:2])
    assert width / height == pytest.approx(1.5, rel=0.1)
    QTest.mouseClick(
        desk.canvas, LEFT, NONE, desk.canvas.rect().center() + QPoint(0, 5)
    )
    desk.settle()
    assert len(desk.session.state.prompts.boxes) == 1


def test_a_box_over_the_border_is_clipped_to_the_image(desk):
    desk.key(Qt.Key.Key_B)
    desk.drag((0, 0), (desk.canvas.width() // 2 - 4, desk.canvas.height() // 2 - 4))
    (box,) = desk.session.state.prompts.boxes
    assert box.box_rc[3] == 79.0  # the canvas is wider than the image
    desk.wait_for_candidates()


def test_a_box_wholly_outside_is_refused_with_a_reason(desk):
    desk.press(desk.view.source.pin)
    desk.viewer.add_image(
        np.zeros((12, 300, 300), np.float32), scale=(5.0, 0.8, 0.8), name="wide"
    )
    desk.viewer.reset_view()
    desk.settle()
    desk.key(Qt.Key.Key_B)
    desk.drag((60, 60), (100, 100))
    assert desk.session.state.prompts.is_empty
    assert "outside the image" in desk.told


def test_a_line_in_the_layer_of_boxes_becomes_the_box_round_it(desk):
    desk.key(Qt.Key.Key_B)
    boxes = desk.view.controller.layers.boxes
    boxes.add_lines(np.array([[3.0, 10.0, 10.0], [3.0, 20.0, 30.0]]))
    desk.settle()
    desk.wait_for_candidates()
    (box,) = desk.session.state.prompts.boxes
    assert (box.axis, box.index) == (0, 3)
    assert boxes.shape_type == ["rectangle"]
