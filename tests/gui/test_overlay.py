import numpy as np
import pytest
from napari.components import ViewerModel

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.gui.napari_io import is_ours
from napari_sam_med.gui.prompting.overlay import (
    CandidateOverlay,
    outline_of,
    painting_of,
)
from napari_sam_med.gui.shared.shown_slice import ShownSlice


def candidates_of(*boxes, shape=(8, 10)) -> Candidates:
    masks = np.zeros((len(boxes), *shape), dtype=bool)
    for mask, (row0, col0, row1, col1) in zip(masks, boxes, strict=True):
        mask[row0 : row1 + 1, col0 : col1 + 1] = True
    count = len(boxes)
    return Candidates(
        masks, np.ones(count, dtype=np.float32), np.zeros((count, 4, 4), np.float32)
    )


def test_the_outline_is_the_masks_own_border_pixels():
    mask = candidates_of((1, 1, 5, 5)).masks[0]
    assert outline_of(mask).sum() == 16
    assert not outline_of(mask)[3, 3]


def test_one_mask_is_filled_and_the_others_are_outlines():
    painted = painting_of(candidates_of((1, 1, 5, 5), (2, 2, 7, 9)), filled=0)
    assert painted[3, 3] == 1
    assert painted[1, 1] == 11
    assert painted[7, 9] == 12
    assert painted[6, 7] == 0


def test_an_empty_mask_paints_nothing():
    assert not painting_of(candidates_of((5, 5, 4, 4)), filled=0).any()


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
    assert overlay.layer.data[tuple(int(p) for p in place)] == 11


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
