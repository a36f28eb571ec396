"""What propagation gives, and what it costs to keep."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays

from napari_sam_med.errors import ImageError
from napari_sam_med.propagation import Origin, Propagation, SliceMask


@settings(max_examples=100, deadline=None)
@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=20)))
def test_a_packed_mask_comes_back_as_it_was(mask):
    kept = SliceMask.of(3, mask, 0.5, Origin.VIDEO)
    assert (kept.mask == mask).all()
    assert kept.area_px == mask.sum()


def test_a_mask_of_a_large_slice_takes_the_bits_of_its_box():
    mask = np.zeros((512, 512), dtype=bool)
    mask[100:200, 300:380] = True
    assert SliceMask.of(0, mask, 1.0, Origin.PROMPTED).n_bytes == 1000


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_masks_are_put_across_their_axis(axis):
    shape = (4, 5, 6)
    hw = tuple(n for a, n in enumerate(shape) if a != axis)
    mask = np.zeros(hw, dtype=bool)
    mask[1, 2] = True
    found = Propagation(axis, shape, (SliceMask.of(2, mask, 0.7, Origin.PROJECTED),))
    full = found.volume_mask()
    assert full.sum() == 1
    assert (np.take(full, 2, axis) == mask).all()


def test_masks_scores_and_origins_are_told_by_slice():
    mask = np.ones((2, 2), dtype=bool)
    slices = (
        SliceMask.of(0, mask, 0.7, Origin.PROJECTED),
        SliceMask.of(1, mask, 0.9, Origin.PROMPTED),
    )
    found = Propagation(0, (3, 2, 2), slices)
    assert found.scores == {0: 0.7, 1: 0.9}
    assert found.origins == {0: "projected", 1: "prompted"}
    assert found.masks[1].all()


@pytest.mark.parametrize("indices", [(1, 0), (1, 1), (3,)])
def test_slices_out_of_order_twice_or_elsewhere_are_refused(indices):
    mask = np.ones((2, 2), dtype=bool)
    slices = tuple(SliceMask.of(i, mask, 1.0, Origin.VIDEO) for i in indices)
    with pytest.raises(ImageError, match="give each of 0 to 2 once"):
        Propagation(0, (3, 2, 2), slices)
