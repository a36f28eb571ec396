"""Many masks at the image's size against SAM's own two interpolations."""

from __future__ import annotations

import pytest
import torch

from fakes.tiny_sam import INPUT_PX, tiny_sam
from napari_sam_med.models.sam.mask_sizes import masks_beyond_rounding, resized_logits


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


SIZES = (INPUT_PX, (36, 64), (50, 90))


def test_masks_that_rounding_cannot_change_are_those_of_two_interpolations():
    generator = torch.Generator().manual_seed(2)
    sure = 0
    for _ in range(50):
        logits = torch.randn(1, 3, 16, 16, generator=generator)
        found = masks_beyond_rounding(logits, 0.0, *SIZES)
        if found is not None:
            full = tiny_sam().postprocess_masks(logits, *SIZES[1:])
            assert torch.equal(found, full > 0.0)
            sure += 1
    assert sure > 25


def test_a_pixel_at_the_threshold_is_left_to_two_interpolations():
    assert masks_beyond_rounding(torch.full((1, 1, 16, 16), 0.1), 0.1, *SIZES) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_logits_that_are_no_numbers_are_left_to_two_interpolations(value):
    logits = torch.ones(1, 1, 16, 16)
    logits[..., 3, 4] = value
    assert masks_beyond_rounding(logits, 0.0, *SIZES) is None
