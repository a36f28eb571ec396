"""Labels layers on the grid of an image."""

import numpy as np
import pytest
from napari.layers import Image, Labels

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.gui.labels.label_layers import (
    first_unused_label,
    labels_like,
)

SHAPE = (6, 8, 10)
SCALE = (5.0, 0.8, 0.8)


def image_of(shape=SHAPE, **kwargs) -> Image:
    scale = kwargs.pop("scale", SCALE[3 - len(shape) :])
    return Image(np.zeros(shape), name="ct", scale=scale, **kwargs)


def labels_of(shape=SHAPE, dtype=np.uint8) -> Labels:
    return Labels(np.zeros(shape, dtype=dtype), name="organs")


def test_new_labels_lie_on_the_image_and_carry_its_geometry():
    geometry = Geometry((0.8, 0.8, 5.0), origin_xyz=(1.0, 2.0, 3.0))
    image = image_of(translate=(1.0, 2.0, 3.0), metadata={"geometry": geometry})
    labels = labels_like(image)
    assert labels.data.shape == SHAPE
    assert labels.metadata == {"geometry": geometry}
    np.testing.assert_allclose(
        labels.data_to_world((1, 2, 3)), image.data_to_world((1, 2, 3))
    )


class TestFirstUnusedLabel:
    @pytest.mark.parametrize(
        ("present", "first"),
        [((), 1), ((1, 2, 3), 4), ((1, 2, 4), 3), ((2, 9), 1), ((255,), 1)],
    )
    def test_it_is_the_smallest_that_no_voxel_has(self, present, first):
        layer = labels_of()
        layer.data.ravel()[: len(present)] = present
        assert first_unused_label(layer.data) == first

    @pytest.mark.parametrize("odd", [-1, -3, 2**40])
    def test_numbers_far_off_are_passed_over(self, odd):
        layer = Labels(np.zeros((2, 3, 4), dtype=np.int64))
        layer.data.ravel()[:3] = [1, 2, odd]
        assert first_unused_label(layer.data) == 3

    def test_it_is_found_in_a_2d_layer(self):
        layer = labels_of((8, 10))
        layer.data[3, 3] = 1
        assert first_unused_label(layer.data) == 2
