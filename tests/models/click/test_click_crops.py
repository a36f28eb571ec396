"""The zoom's arithmetic against the official code's, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fakes.golden_clickers import clicks_of, golden_cases, roi_of
from napari_sam_med.models.click.click_crops import (
    clicks_in_crop,
    input_shape,
    next_crop,
    object_crop,
    pasted,
)
from napari_sam_med.models.click.click_values import ClickCrop, ClickPoint, ZoomIn

CASES = golden_cases("roi_cases.json")
FOCALCLICK_CASES = golden_cases("focalclick_roi_cases.json")
SHAPE_HW = (480, 640)
ON_IT = ClickPoint(240, 325, positive=True)


def about(case):
    return case["about"]


def mask_of(case):
    row0, row1, col0, col1 = case["mask_rectangle_rmin_rmax_cmin_cmax"]
    mask = np.zeros(case["image_hw"], dtype=bool)
    mask[row0 : row1 + 1, col0 : col1 + 1] = True
    return mask


def zoom_of(case, **changes):
    target = case["target_size"]
    return ZoomIn(
        target=tuple(target) if isinstance(target, list) else target,
        expansion=case["expansion_ratio"],
        min_crop=case["min_crop_size"],
        skip_clicks=-1,
        **changes,
    )


@pytest.mark.parametrize("case", CASES + FOCALCLICK_CASES, ids=about)
def test_crop_of_an_object_is_the_official_one(case):
    clicks = clicks_of(case["clicks_row_col_positive"])

    assert roi_of(object_crop(mask_of(case), clicks, zoom_of(case))) == case["roi"]


@pytest.mark.parametrize("case", CASES, ids=about)
def test_clicks_and_size_of_the_input_are_the_official_ones(case):
    clicks, crop = clicks_of(case["clicks_row_col_positive"]), ClickCrop(*case["roi"])

    shape_hw = input_shape(crop, zoom_of(case).target)
    moved = clicks_in_crop(clicks, crop, shape_hw)

    assert list(shape_hw) == case["network_input_hw"]
    found = [[click.row, click.col] for click in moved]
    np.testing.assert_allclose(found, case["transformed_clicks_row_col"], rtol=1e-12)


@pytest.mark.parametrize("case", FOCALCLICK_CASES, ids=about)
def test_clicks_of_a_crop_that_keeps_its_size_are_the_official_ones(case):
    clicks, crop = clicks_of(case["clicks_row_col_positive"]), ClickCrop(*case["roi"])

    moved = clicks_in_crop(clicks, crop, crop.shape_hw)

    assert list(crop.shape_hw) == case["network_input_hw"]
    found = [[click.row, click.col] for click in moved]
    assert found == case["transformed_clicks_row_col"]


@pytest.mark.parametrize(
    "case", [case for case in CASES if "stored_roi" in case], ids=about
)
def test_a_stored_crop_is_kept_or_replaced_as_officially(case):
    stored = ClickCrop(*case["stored_roi"])

    crop = next_crop(
        mask_of(case).astype(np.float32),
        clicks_of(case["clicks_row_col_positive"]),
        shape_hw=SHAPE_HW,
        stored=stored,
        zoom=zoom_of(case),
    )

    assert ClickCrop(*case["roi"]).overlap(stored) == pytest.approx(
        case["iou_with_stored"]
    )
    replaced = case["stored_roi_is_replaced"]
    assert roi_of(crop) == (case["roi"] if replaced else case["stored_roi"])


def blob(value=1.0):
    probability = np.zeros(SHAPE_HW, dtype=np.float32)
    probability[180:301, 250:401] = value
    return probability


def crop_for(previous, zoom, *, clicks=(ON_IT, ON_IT), stored=None):
    return next_crop(previous, clicks, shape_hw=SHAPE_HW, stored=stored, zoom=zoom)


def test_the_first_click_sees_the_whole_picture():
    assert crop_for(blob(), ZoomIn(), clicks=[ON_IT]) is None


def test_an_empty_answer_sees_the_whole_picture():
    assert crop_for(blob(0), ZoomIn()) is None


def test_a_probability_at_the_threshold_is_not_the_object():
    assert crop_for(blob(0.5), ZoomIn()) is None
    assert crop_for(blob(0.501), ZoomIn()) is not None


def test_a_zoom_that_always_resizes_starts_with_the_whole_picture():
    always = ZoomIn(skip_clicks=-1)

    assert crop_for(None, always, clicks=[ON_IT]) == ClickCrop.whole(SHAPE_HW)


def test_a_zoom_without_memory_takes_the_new_crop():
    wide = ClickCrop(100, 400, 180, 480)

    assert crop_for(blob(), ZoomIn(keep_overlap=0.1), stored=wide) == wide
    assert crop_for(blob(), ZoomIn(keep_overlap=None), stored=wide) != wide


def test_nothing_is_found_outside_the_crop():
    inside = torch.full((1, 1, 4, 4), 0.75)

    full = pasted(inside, ClickCrop(1, 2, 3, 5), (5, 7))

    assert full.shape == (1, 1, 5, 7)
    assert full[0, 0, 1:3, 3:6].eq(0.75).all()
    assert full.sum() == 6 * 0.75
