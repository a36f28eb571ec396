import numpy as np
import pytest

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import ImageError
from napari_sam_med.session.prompt_image import PromptImage


def test_slices_have_the_spacing_of_the_axes_that_are_left():
    target = PromptImage(
        Volume(np.zeros((4, 5, 6)), Geometry((0.5, 0.8, 5.0))), Window(0, 1), "a"
    )
    plane = target.plane(1, 2)
    assert plane.spacing_rc == (5.0, 0.5)
    assert target.shape_hw(plane) == (4, 6)
    assert target.view(plane).grid.square_hw == (40, 6)


def test_the_window_that_is_shown_reaches_the_image():
    array = np.arange(8.0).reshape(2, 2, 2)
    target = PromptImage(Volume(array), Window(4, 6), "a")
    assert target.view(target.plane(0, 1)).image().tolist() == [[0, 128], [255, 255]]


def test_colour_slices_come_as_they_are():
    array = np.arange(2 * 2 * 2 * 3, dtype=np.uint8).reshape(2, 2, 2, 3)
    target = PromptImage(Volume(array), None, "a")
    np.testing.assert_array_equal(target.view(target.plane(1, 0)).image(), array[:, 0])


def test_only_the_slice_with_nan_is_refused():
    array = np.zeros((3, 4, 4))
    array[1, 2, 2] = np.nan
    target = PromptImage(Volume(array, name="brain"), Window(0, 1), "a")
    target.view(target.plane(0, 0)).image()
    with pytest.raises(ImageError, match="slice 1 of brain has 1 NaN"):
        target.view(target.plane(0, 1)).image()


def test_new_voxels_make_a_new_key():
    volume = Volume(np.zeros((3, 4, 4)))
    first, second = (PromptImage(volume, None, "a", revision) for revision in (0, 1))
    plane = first.plane(0, 1)
    assert first.key(plane) != second.key(plane)
