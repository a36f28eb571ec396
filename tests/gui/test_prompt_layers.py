import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_sam_med.gui.napari_io import is_ours
from napari_sam_med.gui.shared.prompt_layers import Held, PromptLayers
from napari_sam_med.gui.shared.prompt_vertices import (
    box_from_corners,
    points_from_data,
    rectangle_from_box,
)
from napari_sam_med.session.volume_prompts import ObjectPrompts, PlacedBox

PROMPTS = (
    ObjectPrompts()
    .with_point((2.0, 3.25, 4.0), 1)
    .with_point((2.0, 5.0, 6.0), 0)
    .with_box(PlacedBox(0, 2, (1.0, 2.0, 5.0, 7.0)))
    .with_box(PlacedBox(2, 4, (0.0, 2.0, 3.0, 7.0)))
)


class Desk:
    def __init__(self, shape=(6, 8, 10)) -> None:
        self.viewer = ViewerModel()
        scale = (5.0, 0.8, 0.8)[3 - len(shape) :]
        self.image = self.viewer.add_image(np.zeros(shape), scale=scale)
        self.edits = 0
        self.layers = PromptLayers(self.viewer, self._count)
        self.layers.attach(self.image)

    def _count(self) -> None:
        self.edits += 1


@pytest.mark.parametrize(("axis", "ndim"), [(0, 3), (1, 3), (2, 3), (0, 2)])
def test_boxes_survive_being_drawn(axis, ndim):
    box = PlacedBox(axis, 0 if ndim == 2 else 4, (1.0, 2.0, 5.0, 7.0))
    assert box_from_corners(rectangle_from_box(box, ndim)) == box


def test_a_box_is_drawn_round_its_pixels():
    corners = rectangle_from_box(PlacedBox(0, 4, (1.0, 2.0, 5.0, 7.0)), 3)
    assert corners.tolist() == [
        [4.0, 0.5, 1.5],
        [4.0, 0.5, 7.5],
        [4.0, 5.5, 7.5],
        [4.0, 5.5, 1.5],
    ]


def test_a_shape_smaller_than_a_pixel_is_no_box():
    assert box_from_corners([(3, 1, 1), (3, 1, 1.2), (3, 1.2, 1.2)]) is None


def test_a_shape_across_slices_is_no_box():
    assert box_from_corners([(0, 1, 1), (3, 1, 6), (3, 6, 6)]) is None


def test_2d_points_lie_on_slice_0():
    assert points_from_data(np.array([[3.0, 4.0]])).tolist() == [[0.0, 3.0, 4.0]]


def test_prompts_survive_being_shown():
    desk = Desk()
    desk.layers.show(PROMPTS, 1)
    assert desk.layers.read().same_as(PROMPTS)


def test_prompts_on_a_2d_image_survive_being_shown():
    desk = Desk((8, 10))
    prompts = (
        ObjectPrompts()
        .with_point((0.0, 3.25, 4.0), 1)
        .with_box(PlacedBox(0, 0, (1.0, 2.0, 5.0, 7.0)))
    )
    desk.layers.show(prompts, 1)
    assert desk.layers.points.ndim == 2
    assert desk.layers.read().same_as(prompts)


def test_layers_lie_on_the_image():
    desk = Desk()
    points, boxes = desk.layers.ensure()
    for layer in (points, boxes):
        assert is_ours(layer)
        assert layer.data_to_world((1, 2, 3)) == pytest.approx(
            desk.image.data_to_world((1, 2, 3))
        )


def test_making_layers_leaves_the_selection():
    desk = Desk()
    desk.viewer.layers.selection.active = desk.image
    desk.layers.ensure()
    assert desk.viewer.layers.selection.active is desk.image


def test_showing_is_no_edit_but_a_point_of_naparis_tool_is():
    desk = Desk()
    desk.layers.show(PROMPTS, 1)
    assert desk.edits == 0
    desk.layers.points.add((2.0, 1.0, 1.0))
    assert desk.edits == 1
    assert desk.layers.read().labels.tolist() == [1, 0, 1]


def test_points_of_naparis_tool_get_the_polarity_of_the_tool():
    desk = Desk()
    desk.layers.show(PROMPTS, 0)
    desk.layers.points.add((2.0, 1.0, 1.0))
    assert desk.layers.read().labels.tolist() == [1, 0, 0]


def test_a_rectangle_drawn_in_a_slice_replaces_the_older_one():
    desk = Desk()
    desk.layers.show(PROMPTS, 1)
    new = rectangle_from_box(PlacedBox(0, 2, (0.0, 0.0, 2.0, 2.0)), 3)
    desk.layers.boxes.add_rectangles(new)
    boxes = {(b.axis, b.index): b.box_rc for b in desk.layers.read().boxes}
    assert boxes == {(0, 2): (0.0, 0.0, 2.0, 2.0), (2, 4): (0.0, 2.0, 3.0, 7.0)}


def test_positive_and_negative_differ_in_colour_and_in_symbol():
    desk = Desk()
    desk.layers.show(PROMPTS, 1)
    points = desk.layers.points
    assert not np.allclose(points.face_color[0], points.face_color[1])
    assert points.symbol[0] != points.symbol[1]


def test_lines_are_thin_across_long_pixels():
    desk = Desk()
    desk.layers.show(PROMPTS, 1)
    axial, sagittal = desk.layers.boxes.edge_width
    assert sagittal * 5.0 == pytest.approx(30.0 / 250)
    assert axial * 0.8 == pytest.approx(8.0 / 250)


def test_a_removed_layer_is_made_again_for_the_next_prompt():
    desk = Desk()
    desk.layers.show(PROMPTS, 1)
    points = desk.layers.points
    assert desk.layers.lost(points)
    desk.viewer.layers.remove(points)
    assert desk.layers.read().labels.tolist() == []
    desk.layers.show(PROMPTS, 1)
    assert desk.layers.points is not points
    assert desk.layers.read().same_as(PROMPTS)


def test_another_image_takes_the_layers_with_it():
    desk = Desk()
    desk.layers.show(PROMPTS, 1)
    other = Image(np.zeros((4, 4)), name="other")
    desk.viewer.add_layer(other)
    desk.layers.attach(other)
    assert [layer.name for layer in desk.viewer.layers] == ["Image", "other"]
    assert desk.layers.ensure()[0].ndim == 2


def test_marks_have_no_border_and_follow_the_zoom_between_limits():
    desk = Desk()
    desk.layers.show(PROMPTS, 1)
    points = desk.layers.points
    assert not points.border_width.any()
    smallest, largest = points.canvas_size_limits
    assert smallest < largest


def test_the_point_that_is_held_is_drawn_in_another_colour():
    desk = Desk()
    desk.layers.held = Held(1)
    desk.layers.show(PROMPTS, 1)
    held, other = desk.layers.points.face_color[1], desk.layers.points.face_color[0]
    np.testing.assert_allclose(held, (1, 1, 1, 1))
    desk.layers.held = None
    desk.layers.show(PROMPTS, 1)
    np.testing.assert_allclose(desk.layers.points.face_color[0], other)
    assert not np.allclose(desk.layers.points.face_color[1], held)
