"""Slices with labels over them, and which way up they are."""

import numpy as np
import pytest

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import ImageError
from napari_sam_med.io.writing.slice_pictures import (
    Look,
    colour_of,
    picture_of_slice,
    upright,
)

AS_STORED = Look(upright=False)


def drawn(image, labels, *, axis=0, index=0, **options):
    plane = SlicePlane.of(image.geometry, axis, index)
    return picture_of_slice(image, labels, plane, **options)


def test_without_labels_the_picture_is_the_windowed_slice():
    image = Volume(np.array([[[0.0, 50.0], [100.0, 200.0]]]))
    picture = drawn(image, np.zeros((1, 2, 2), int), window=Window(0, 100))
    assert picture[..., 0].tolist() == [[0, 128], [255, 255]]
    assert (picture[..., 0] == picture[..., 2]).all()


def test_the_outline_is_opaque_and_the_inside_lets_the_image_through():
    image = Volume(np.full((1, 5, 5), 100, np.uint8))
    labels = np.zeros((1, 5, 5), int)
    labels[0, 1:4, 1:4] = 2
    picture = drawn(image, labels, look=Look(opacity=0.5))
    assert tuple(picture[1, 1]) == colour_of(2)
    assert picture[2, 2].tolist() == [
        pytest.approx(50 + c / 2, abs=1) for c in colour_of(2)
    ]
    assert picture[0, 0].tolist() == [100, 100, 100]


def test_pixels_become_square():
    image = Volume(np.zeros((4, 3, 8), np.uint8), Geometry((1.0, 1.0, 5.0)))
    labels = np.zeros((4, 3, 8), int)
    labels[0, 1, 2] = 1
    picture = drawn(image, labels, axis=1, index=1, look=AS_STORED)
    assert picture.shape == (20, 8, 3)
    coloured = np.argwhere((picture == colour_of(1)).all(axis=-1))
    assert coloured.min(axis=0).tolist() == [0, 2]
    assert coloured.max(axis=0).tolist() == [4, 2]


def test_colour_images_stay_coloured():
    image = Volume(np.full((1, 2, 2, 3), (9, 20, 30), np.uint8))
    picture = drawn(image, np.zeros((1, 2, 2), int))
    assert picture[0, 0].tolist() == [9, 20, 30]


@pytest.mark.parametrize(
    ("axis", "head_or_front", "left_or_back"),
    [(0, "-P", "L"), (1, "S", "L"), (2, "S", "P")],
)
@pytest.mark.parametrize(
    "direction",
    [
        ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
        ((-1, 0, 0), (0, -1, 0), (0, 0, 1)),
        ((1, 0, 0), (0, 1, 0), (0, 0, -1)),
        ((0, 1, 0), (1, 0, 0), (0, 0, 1)),
    ],
)
def test_front_or_head_is_up_and_left_or_back_to_the_right(
    direction, axis, head_or_front, left_or_back
):
    if direction[0][0] == 0:  # x and y of the array are swapped, so are their slices
        axis = {1: 2, 2: 1}.get(axis, axis)
    geometry = Geometry(direction=direction)
    zyx = np.stack(np.meshgrid(*[np.arange(4.0)] * 3, indexing="ij"), axis=-1)
    world = geometry.world_xyz_from_zyx(zyx)
    cut = SlicePlane.of(geometry, axis, 1).take(world)
    turned = upright(cut, geometry, axis)
    place = {"L": 0, "P": 1, "S": 2}
    up = turned[0, 1] - turned[1, 1]
    right = turned[1, 1] - turned[1, 0]
    sign = -1 if head_or_front[0] == "-" else 1
    assert up[place[head_or_front[-1]]] == sign
    assert right[place[left_or_back]] == 1


def test_labels_of_another_shape_are_refused():
    with pytest.raises(ImageError, match="for an image of shape"):
        drawn(Volume(np.zeros((1, 2, 2))), np.ones((1, 2, 3), int))
