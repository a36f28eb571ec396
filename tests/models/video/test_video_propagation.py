"""The method ``video`` with SAM 2.1's networks."""

from __future__ import annotations

import numpy as np
import pytest

from fakes.golden_video import miniature
from napari_sam_med import propagate
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.propagation.propagated_masks import Origin

UNEQUAL_MM = (2.0, 1.0, 4.0)


@pytest.fixture
def volume():
    array = np.random.default_rng(0).integers(0, 256, (5, 20, 12), dtype=np.uint8)
    return Volume(array, Geometry(spacing_xyz=UNEQUAL_MM))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_every_slice_of_the_range_is_answered_in_its_own_pixels(volume, axis):
    shape_hw = tuple(np.delete(volume.array.shape, axis))
    mask = np.zeros(shape_hw, dtype=bool)
    mask[1:4, 2:6] = True
    found = propagate(
        miniature(), volume, {2: mask}, axis, method="video", index_range=(0, 4)
    )
    assert found.origins[2] is Origin.PROMPTED
    assert set(found.origins) <= set(range(5))
    taken = np.take(found.volume_mask(), 2, axis=axis)
    np.testing.assert_array_equal(taken, mask)
