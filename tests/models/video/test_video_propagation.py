"""The method ``video`` with SAM 2.1: from Python, and on the command line."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fakes.golden_video import miniature, official_tiny_state
from napari_sam_med import propagate, read_volume
from napari_sam_med.cli.main import main
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.propagation.propagated_masks import Origin

PRESENT = "sam_mask_decoder.pred_obj_score_head.layers.2.bias"
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


@pytest.mark.slow
def test_sam_2_1_tiny_goes_through_a_volume_on_the_command_line(tmp_path):
    state = official_tiny_state()
    state[PRESENT] = torch.tensor([5.0])
    weights, image = tmp_path / "sam2.1_hiera_tiny.pt", tmp_path / "image.nii.gz"
    torch.save({"model": state}, weights)
    write_image(image)
    status = main(
        [
            "segment",
            str(image),
            "--slice=1",
            "--box=4,4,12,15",
            f"--model=sam2.1_hiera_tiny_512={weights}",
            "--device=cpu",
            "--propagate",
            "--method=video",
            f"--out={tmp_path / 'mask.nii.gz'}",
        ]
    )
    assert status == 0
    found = read_volume(tmp_path / "mask.nii.gz").array
    assert found.any(axis=(1, 2)).all()


def write_image(path):
    nibabel = pytest.importorskip("nibabel")
    array = np.random.default_rng(0).integers(0, 256, (24, 20, 3)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(array, np.eye(4)), path)
