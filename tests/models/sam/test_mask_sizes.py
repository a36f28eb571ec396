"""Many masks at the image's size against SAM's own two interpolations."""

from __future__ import annotations

import pytest
import torch

from fakes.tiny_sam import INPUT_PX, tiny_sam
from napari_sam_med.models.sam.mask_sizes import resized_logits


@pytest.mark.parametrize(
    ("input_hw", "shape_hw"),
    [((36, 64), (50, 90)), ((64, 26), (90, 37)), ((64, 64), (7, 7))],
)
def test_the_logits_are_those_of_two_interpolations(input_hw, shape_hw):
    torch.manual_seed(1)
    logits = torch.randn(2, 3, 16, 16)
    found = resized_logits(logits, INPUT_PX, input_hw, shape_hw)
    expected = tiny_sam().postprocess_masks(logits, input_hw, shape_hw)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
