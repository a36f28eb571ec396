"""Layers as something to prompt on."""

import numpy as np
import pytest
from napari.layers import Image

from napari_sam_med.core.windows import Window
from napari_sam_med.errors import ImageError
from napari_sam_med.gui.napari_io import LayerFrame
from napari_sam_med.gui.prompting.shown_image import prompt_image_from_layer

SHAPE = (6, 8, 10)
SCALE = (5.0, 0.8, 0.8)


def image_of(shape=SHAPE, **kwargs) -> Image:
    scale = kwargs.pop("scale", SCALE[3 - len(shape) :])
    return Image(np.zeros(shape), name="ct", scale=scale, **kwargs)


class TestTarget:
    def test_contrast_limits_are_the_window(self):
        target = prompt_image_from_layer(image_of(contrast_limits=(-100, 300)))
        assert target.window == Window(-100.0, 300.0)

    def test_scale_is_the_spacing(self):
        assert prompt_image_from_layer(image_of()).volume.geometry.spacing_zyx == SCALE

    def test_a_2d_image_is_a_volume_of_one_slice(self):
        target = prompt_image_from_layer(image_of((8, 10)))
        assert target.volume.shape_zyx == (1, 8, 10)
        assert target.volume.geometry.spacing_zyx == (1.0, 0.8, 0.8)

    def test_colour_loses_its_alpha_and_has_no_window(self):
        layer = Image(np.full((8, 10, 4), 7, dtype=np.uint8), rgb=True)
        target = prompt_image_from_layer(layer)
        assert target.volume.array.shape == (1, 8, 10, 3)
        assert target.window is None

    def test_voxels_are_not_copied(self):
        layer = image_of()
        assert np.shares_memory(prompt_image_from_layer(layer).volume.array, layer.data)

    def test_a_time_point_is_an_image_of_its_own(self):
        layer = Image(np.arange(2 * 480.0).reshape(2, *SHAPE), name="perfusion")
        first, second = (prompt_image_from_layer(layer, time=time) for time in (0, 1))
        np.testing.assert_array_equal(second.volume.array, layer.data[1])
        assert first.place != second.place
        assert second.volume.name == "perfusion (time 1)"

    def test_five_dimensions_are_refused_in_a_sentence(self):
        layer = Image(np.zeros((2, 2, *SHAPE)), name="perfusion")
        with pytest.raises(ImageError, match="perfusion has 5 dimensions"):
            prompt_image_from_layer(layer)

    def test_centimetres_are_turned_into_millimetres(self):
        layer = image_of(scale=(0.5, 0.08, 0.08), units="cm")
        assert prompt_image_from_layer(layer).volume.geometry.spacing_zyx == SCALE

    def test_a_unit_that_is_no_length_is_refused(self):
        with pytest.raises(ImageError, match="the unit second"):
            prompt_image_from_layer(image_of(units="s"))

    def test_colour_as_floats_is_refused(self):
        for channels in (3, 4):
            with pytest.raises(ImageError, match=r"type float64; give .*Split RGB"):
                prompt_image_from_layer(Image(np.zeros((8, 10, channels)), rgb=True))

    def test_spacing_counts_an_affine(self):
        affine = np.diag([2.0, 3.0, 4.0, 1.0])
        layer = image_of(scale=(1, 1, 1), affine=affine)
        assert LayerFrame.of(layer).spacing_zyx == (2.0, 3.0, 4.0)
