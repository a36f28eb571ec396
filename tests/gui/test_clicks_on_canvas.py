"""A real click on what is seen lands on the voxel that is seen there.

A voxel is marked, the canvas is photographed, and the mouse is put on the mark.
"""

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from scipy.spatial.transform import Rotation

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import LEFT, NONE, SHAPE, PromptsDesk
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.gui.napari_io import LayerFrame, axes_of
from napari_sam_med.gui.shared.shown_slice import ShownSlice, go_to_slice

MARKED = (7, 20, 55)


def turned(*degrees: float) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("zyx", degrees, degrees=True).as_matrix()
    affine[:3, 3] = (2.0, -4.0, 3.0)
    return affine


def sheared() -> np.ndarray:
    affine = np.eye(4)
    affine[1, 2], affine[0, 2], affine[2, 0] = 0.4, 0.2, -0.1
    return affine


PLACES = {
    "plain": {"scale": (5.0, 0.8, 0.8)},
    "negative": {"scale": (-5.0, 0.8, -0.8), "translate": (-40.0, 7.0, 3.0)},
    "centimetres": {"scale": (0.5, 0.08, 0.08), "units": "cm"},
    "in the plane": {"scale": (5.0, 0.8, 0.8), "affine": turned(0, 0, 25)},
    "out of the plane": {"scale": (5.0, 1.8, 0.8), "affine": turned(10, -8, 15)},
    "left-handed": {"scale": (5.0, 1.8, -0.8), "affine": turned(10, -8, 15)},
    "sheared": {"scale": (5.0, 0.8, 0.8), "affine": sheared()},
}


@pytest.fixture
def make_desk(make_napari_viewer, qtbot):
    desks = []

    def make(**place) -> PromptsDesk:
        viewer = make_napari_viewer(show=True)  # a hidden one draws nothing
        if place.get("units") == "cm":
            viewer.add_image(np.zeros((2, 2, 2)), units="mm", visible=False)
        desk = PromptsDesk(viewer, qtbot, FakeShelf(), place=place)
        desks.append(desk)
        return desk

    yield make
    for desk in desks:
        desk.view.controller.close()
        assert desk.services.wait_for_end(30)


def seen_at(desk: PromptsDesk) -> QPoint:
    """Middle of the bright spot on the canvas."""
    picture = desk.viewer.screenshot(canvas_only=True, flash=False)[..., :3].min(axis=2)
    rows, cols = np.nonzero(picture > 200)
    assert rows.size
    middle = np.array([cols.mean(), rows.mean()])
    size = np.array([picture.shape[1], picture.shape[0]])
    on_canvas = middle / size * (desk.canvas.width(), desk.canvas.height())
    return QPoint(*np.rint(on_canvas).astype(int))


@pytest.mark.parametrize("name", PLACES)
def test_a_click_on_a_marked_voxel_prompts_that_voxel(make_desk, name):
    desk = make_desk(**PLACES[name])
    data = np.zeros(SHAPE, dtype=np.float32)
    data[MARKED] = 1.0
    desk.image.data = data
    for axis in range(3):
        go_to_slice(desk.viewer.dims, desk.image, ShownSlice(axis, MARKED[axis]))
        desk.viewer.reset_view()
        desk.settle()
        QTest.mouseClick(desk.canvas, LEFT, NONE, seen_at(desk))
        desk.settle()
        point = desk.session.state.prompts.points_zyx[-1]
        assert tuple(np.rint(point).astype(int)) == MARKED
        plane = desk.session.plane
        assert plane.take(desk.session.image.volume.array).max() == 1.0
        desk.send(desk.view.write.clear_requested)
        desk.settle()


def test_a_box_dragged_over_a_turned_image_in_centimetres_is_that_box(make_desk):
    place = {"scale": (0.5, 0.08, 0.08), "units": "cm", "affine": turned(0, 0, 90)}
    desk = make_desk(**place)
    data = np.zeros(SHAPE, dtype=np.float32)
    corners = [(7, 10, 20), (7, 40, 60)]
    go_to_slice(desk.viewer.dims, desk.image, ShownSlice(0, 7))
    desk.viewer.reset_view()
    desk.settle()
    places = []
    for corner in corners:
        desk.image.data = marked = data.copy()
        marked[corner] = 1.0
        desk.image.refresh()
        desk.settle()
        places.append(seen_at(desk) - desk.canvas.rect().center())
    desk.key(Qt.Key.Key_B)
    desk.drag(*((place.x(), place.y()) for place in places))
    [box] = desk.session.state.prompts.boxes
    np.testing.assert_allclose(box.box_rc, (10, 20, 40, 60), atol=1.0)
    assert (box.axis, box.index) == (0, 7)


@pytest.mark.parametrize("name", ["coronal", "sagittal"])
def test_a_file_of_other_slices_is_clicked_where_it_is_seen(make_desk, name):
    rows = {
        "coronal": ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)),
        "sagittal": ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, -1.0, 0.0)),
    }[name]
    geometry = Geometry((0.8, 0.9, 5.0), (-20.0, -30.0, 40.0), rows)
    frame = LayerFrame.on(geometry).arguments
    desk = make_desk(**{k: frame[k] for k in ("scale", "affine", "units")})
    array = np.zeros(SHAPE, dtype=np.float32)
    array[MARKED] = 1.0
    axes = axes_of(geometry)
    desk.image.data = np.transpose(array, axes)
    voxel = tuple(MARKED[axis] for axis in axes)
    go_to_slice(desk.viewer.dims, desk.image, ShownSlice(0, voxel[0]))
    desk.viewer.reset_view()
    desk.settle()
    QTest.mouseClick(desk.canvas, LEFT, NONE, seen_at(desk))
    desk.settle()
    [point] = desk.session.state.prompts.points_zyx
    world = desk.image.data_to_world(np.rint(point))[::-1]
    expected = geometry.world_xyz_from_zyx(np.array(MARKED, dtype=float))
    np.testing.assert_allclose(world, expected, atol=1e-6)
