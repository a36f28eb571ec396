import numpy as np
import pytest
from napari.components import ViewerModel

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import PromptsDesk
from napari_sam_med.core.candidates import Candidates
from napari_sam_med.gui.napari_io import is_ours
from napari_sam_med.gui.prompting.outlines import WIDTH_PX, sides_of
from napari_sam_med.gui.prompting.overlay import (
    CandidateOverlay,
)
from napari_sam_med.gui.prompting.views.candidate_cards import CANDIDATE_COLOURS
from napari_sam_med.gui.shared.shown_slice import ShownSlice, go_to_slice
from napari_sam_med.gui.shared.viewer_watch import grid_of


def candidates_of(*boxes, shape=(8, 10)) -> Candidates:
    masks = np.zeros((len(boxes), *shape), dtype=bool)
    for mask, (row0, col0, row1, col1) in zip(masks, boxes, strict=True):
        mask[row0 : row1 + 1, col0 : col1 + 1] = True
    count = len(boxes)
    return Candidates(
        masks, np.ones(count, dtype=np.float32), np.zeros((count, 4, 4), np.float32)
    )


def seen_outlines(overlay) -> np.ndarray:
    """Both ends of each line, in the world."""
    starts, ways = np.moveaxis(overlay.outlines.layer.data, 1, 0)
    ends = np.stack([starts, starts + ways], axis=1)
    return ends * overlay.outlines.layer.scale


def test_one_mask_is_filled_and_all_are_outlined_in_their_colours():
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros((8, 10)))
    overlay = CandidateOverlay(viewer)
    overlay.show(image, ShownSlice(0, 0), candidates_of((1, 1, 5, 5), (2, 2, 7, 9)), 0)
    assert set(np.unique(overlay.layer.data)) == {0, 1}
    colours = np.unique(overlay.outlines.layer.edge_color, axis=0)
    wanted = np.array([[*rgb, 255] for rgb in CANDIDATE_COLOURS[:2]]) / 255
    np.testing.assert_allclose(colours, np.unique(wanted, axis=0), atol=1e-6)


def test_the_sides_of_a_mask_enclose_its_pixels():
    mask = np.zeros((6, 7), dtype=bool)
    mask[2:4, 1:5] = True
    sides = sides_of(mask)
    assert len(sides) == 4  # sides of neighbouring pixels are joined
    assert sides.min(axis=(0, 1)).tolist() == [1.5, 0.5]
    assert sides.max(axis=(0, 1)).tolist() == [3.5, 4.5]


def test_a_hole_has_sides_of_its_own():
    mask = np.ones((5, 5), dtype=bool)
    mask[2, 2] = False
    assert len(sides_of(mask)) == 8


def test_an_empty_mask_has_no_outline():
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros((8, 10)))
    overlay = CandidateOverlay(viewer)
    overlay.show(image, ShownSlice(0, 0), candidates_of((5, 5, 4, 4)), 0)
    assert not overlay.outlines.layer.visible


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_outlines_lie_on_the_mask_in_the_world(axis):
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros((6, 8, 10)), scale=(5.0, 0.8, 0.8))
    go_to_slice(viewer.dims, image, ShownSlice(axis, 3))
    shape = tuple(np.delete(image.data.shape, axis))
    overlay = CandidateOverlay(viewer)
    overlay.show(
        image, ShownSlice(axis, 3), candidates_of((1, 1, 2, 4), shape=shape), 0
    )
    lines = seen_outlines(overlay).reshape(-1, 3)
    low, high = np.insert([0.5, 0.5], axis, 3), np.insert([2.5, 4.5], axis, 3)
    np.testing.assert_allclose(lines.min(axis=0), image.data_to_world(low))
    np.testing.assert_allclose(lines.max(axis=0), image.data_to_world(high))


def test_outlines_are_as_thick_on_the_screen_at_any_zoom():
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros((6, 8, 10)), scale=(5.0, 0.8, 0.8))
    overlay = CandidateOverlay(viewer)
    overlay.show(image, ShownSlice(0, 3), candidates_of((1, 1, 2, 2)), 0)
    camera = getattr(viewer, "scene", viewer).camera
    for zoom in (0.5, 4.0, 32.0):
        camera.zoom = zoom
        layer = overlay.outlines.layer
        width = layer.edge_width * layer.scale[0] * zoom
        assert width == pytest.approx(WIDTH_PX)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_layer_lies_on_the_slice_in_each_orientation(axis):
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros((6, 8, 10)), scale=(5.0, 0.8, 0.8))
    shape = tuple(np.delete(image.data.shape, axis))
    overlay = CandidateOverlay(viewer)
    overlay.show(
        image, ShownSlice(axis, 3), candidates_of((1, 1, 2, 2), shape=shape), 0
    )
    place = [1.0, 1.0]
    place.insert(axis, 0.0)
    voxel = [1.0, 1.0]
    voxel.insert(axis, 3.0)
    assert overlay.layer.data_to_world(place) == pytest.approx(
        image.data_to_world(voxel)
    )
    assert overlay.layer.data[tuple(int(p) for p in place)] == 1


def test_showing_again_moves_the_same_layer_to_another_orientation():
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros((6, 8, 10)), scale=(5.0, 0.8, 0.8))
    overlay = CandidateOverlay(viewer)
    overlay.show(image, ShownSlice(0, 3), candidates_of((1, 1, 2, 2)), 0)
    layer = overlay.layer
    overlay.show(image, ShownSlice(2, 9), candidates_of((1, 1, 2, 2), shape=(6, 8)), 0)
    assert overlay.layer is layer
    assert layer.data.shape == (6, 8, 1)
    assert layer.data_to_world((0, 0, 0)) == pytest.approx((0.0, 0.0, 7.2))


def test_the_slider_keeps_its_range():
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros((6, 8, 10)), scale=(5.0, 0.8, 0.8))
    before = viewer.dims.range
    CandidateOverlay(viewer).show(
        image, ShownSlice(0, 3), candidates_of((1, 1, 2, 2)), 0
    )
    np.testing.assert_allclose(viewer.dims.range, before)


def test_lists_can_tell_it_from_a_persons_labels_and_selection_stays():
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros((8, 10)))
    overlay = CandidateOverlay(viewer)
    overlay.show(image, ShownSlice(0, 0), candidates_of((1, 1, 2, 2)), 0)
    assert is_ours(overlay.layer)
    assert viewer.layers.selection.active is image
    overlay.detach()
    assert list(viewer.layers) == [image]


def test_hiding_keeps_the_layer_and_shows_nothing():
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros((8, 10)))
    overlay = CandidateOverlay(viewer)
    overlay.show(image, ShownSlice(0, 0), candidates_of((1, 1, 2, 2)), 0)
    layer = overlay.layer
    overlay.hide()
    assert not overlay.is_shown
    overlay.show(image, ShownSlice(0, 0), candidates_of((3, 3, 4, 4)), 0)
    assert overlay.layer is layer
    assert np.argwhere(layer.data).min() == 3


def test_outlines_of_changing_number_are_drawn_in_a_real_viewer(make_napari_viewer):
    viewer = make_napari_viewer()
    image = viewer.add_image(np.zeros((6, 8, 10)), scale=(5.0, 0.8, 0.8))
    go_to_slice(viewer.dims, image, ShownSlice(0, 3))
    overlay = CandidateOverlay(viewer)
    holed = candidates_of((0, 0, 7, 9), (1, 1, 6, 8))
    holed.masks[:, 1::2, 1::2] = False
    shown = ShownSlice(0, 3)
    for each in (candidates_of((1, 1, 2, 2)), holed, candidates_of((1, 1, 2, 2))):
        overlay.show(image, shown, each, 0)
        overlay.hide()
        overlay.show(image, shown, each, 0)
        count = sum(len(sides_of(mask)) for mask in each.masks)
        assert len(overlay.outlines.layer.edge_color) == count


def test_the_dock_says_that_grid_mode_draws_masks_beside_the_image(
    make_napari_viewer, qtbot
):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    desk.go_to(0, 3)
    desk.click()
    desk.wait_for_candidates()
    assert "Grid mode" not in desk.told
    grid_of(desk.viewer).enabled = True
    desk.settle()
    assert "Grid mode draws masks and prompts in tiles of their own" in desk.told
    grid_of(desk.viewer).enabled = False
    desk.settle()
    assert "Grid mode" not in desk.told
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)
