"""What napari's File > Open Sample gets."""

import numpy as np
import pytest

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.gui.opening.sample_layers import layers_from_sample, open_us
from napari_sam_med.samples import Sample


def small_ct():
    geometry = Geometry((0.8, 0.9, 5.0))
    array = np.zeros((2, 3, 4), np.int16)
    return Sample(Volume(array, geometry, "ct", "CT"), array.astype(np.uint8), {1: "a"})


def test_a_volume_becomes_layers_in_millimetres():
    (image, image_kw, kind), (_, labels_kw, labels_kind) = layers_from_sample(
        small_ct()
    )
    assert (kind, labels_kind) == ("image", "labels")
    assert image.shape == (2, 3, 4)
    assert image_kw["scale"] == labels_kw["scale"] == (5.0, 0.9, 0.8)
    assert image_kw["contrast_limits"] == (-160, 240)


def test_layers_carry_geometry_and_names():
    (_, image_kw, _), (_, labels_kw, _) = layers_from_sample(small_ct())
    assert image_kw["metadata"]["geometry"] == small_ct().volume.geometry
    assert image_kw["metadata"]["modality"] == "CT"
    assert labels_kw["metadata"]["label_names"] == {1: "a"}


def test_one_slice_becomes_flat_layers():
    (image, image_kw, _), (labels, _, _) = open_us()
    assert image.ndim == labels.ndim == 2
    assert image_kw["scale"] == pytest.approx((0.1, 0.1))
