"""Many masks at the image's size against SAM's own two interpolations."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from fakes.tiny_sam import INPUT_PX, tiny_sam
from napari_sam_med.models.sam.mask_sizes import (
    ROUNDINGS,
    masks_beyond_rounding,
    resized_logits,
    resized_masks,
)


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


def test_a_pixel_at_the_threshold_is_seen_in_any_prompt_of_a_batch():
    logits = torch.ones(2, 1, 16, 16)
    logits[1] = 0.1
    assert masks_beyond_rounding(logits, 0.1, *SIZES) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_logits_that_are_no_numbers_are_left_to_two_interpolations(value):
    logits = torch.ones(1, 1, 16, 16)
    logits[..., 3, 4] = value
    assert masks_beyond_rounding(logits, 0.0, *SIZES) is None


def interpolated_twice(logits, input_px, input_hw, shape_hw):
    enlarged = functional.interpolate(logits, [input_px] * 2, mode="bilinear")
    cut = enlarged[..., : input_hw[0], : input_hw[1]]
    return functional.interpolate(cut, shape_hw, mode="bilinear")


def network_like(channels, cells, noise, generator):
    """Logits of a few bumps, with some noise."""
    bumps = torch.randn(1, channels, 8, 8, generator=generator) - noise
    smooth = functional.interpolate(bumps, [cells] * 2, mode="bicubic")
    rough = torch.randn(1, channels, cells, cells, generator=generator)
    return 20 * (smooth + noise * rough)


@pytest.fixture(params=[1, 2])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("shape_hw", [(96, 96), (333, 777)])
@pytest.mark.parametrize(("cells", "input_px"), [(64, 256), (256, 1024)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_rounding_is_less_than_half_of_what_is_allowed(
    threads, channels, cells, input_px, shape_hw
):
    generator = torch.Generator().manual_seed(threads)
    input_hw = tuple(int(n * input_px / max(shape_hw) + 0.5) for n in shape_hw)
    for noise in (0, 0.1, 0.5):
        logits = network_like(channels, cells, noise, generator)
        sizes = input_px, input_hw, shape_hw
        apart = (
            interpolated_twice(logits, *sizes) - resized_logits(logits, *sizes)
        ).abs()
        summed = resized_logits(logits.abs(), *sizes)
        units = apart / (torch.finfo(torch.float32).eps * summed)
        assert float(units.max()) <= ROUNDINGS / 2


@pytest.mark.parametrize("place", [(3, 4), (0, 0), (15, 8), None])
def test_small_masks_are_those_of_two_interpolations(place):
    logits = torch.full((1, 3, 16, 16), -3.0)
    if place is not None:
        logits[0, 1, *place] = 4.0
    expected = tiny_sam().postprocess_masks(logits, *SIZES[1:]) > 0.0
    assert torch.equal(resized_masks(logits, 0.0, *SIZES), expected)
    assert torch.equal(masks_beyond_rounding(logits, 0.0, *SIZES), expected)
    assert bool(expected.any()) == (place in [(3, 4), (0, 0)])
