"""Every slice of an oblique image far from the world's middle can be gone to."""

import numpy as np
import pytest
from napari.components import ViewerModel
from scipy.spatial.transform import Rotation

from napari_sam_med.gui.prompting.reach import SliceReach
from napari_sam_med.gui.shared.shown_slice import ShownSlice, go_to_slice, shown_slice

SHAPE = (12, 30, 40)


def viewer_with(degrees, origin):
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("zyx", degrees, degrees=True).as_matrix()
    affine[:3, 3] = origin
    viewer = ViewerModel()
    image = viewer.add_image(
        np.zeros(SHAPE), scale=(5.0, 0.8, 0.8), affine=affine, units="mm"
    )
    return viewer, image


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_each_slice_can_be_gone_to(axis):
    viewer, image = viewer_with((25, 10, -20), (300.0, -200.0, 250.0))
    SliceReach(viewer).follow(image)
    for index in (0, SHAPE[axis] // 2, SHAPE[axis] - 1):
        go_to_slice(viewer.dims, image, ShownSlice(axis, index))
        assert shown_slice(viewer.dims, image) == ShownSlice(axis, index)


def test_an_image_of_which_nothing_is_shown_is_gone_to():
    viewer, image = viewer_with((25, 10, -20), (300.0, -200.0, 250.0))
    SliceReach(viewer).take(image)
    assert shown_slice(viewer.dims, image) == ShownSlice(0, 6)


def test_an_upright_image_needs_no_other_layer():
    viewer, image = viewer_with((0, 0, 0), (300.0, -200.0, 250.0))
    SliceReach(viewer).follow(image)
    assert list(viewer.layers) == [image]
