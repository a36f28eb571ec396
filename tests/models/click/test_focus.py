"""Where FocalClick looks twice, on masks small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fakes.golden_clickers import (
    golden_arrays,
    golden_cases,
    half_open_of,
    small_folder,
)
from napari_sam_med.models.click.click_values import ClickCrop, ClickPoint
from napari_sam_med.models.click.focalclick.focus import changed_region, focus_crop

ARRAYS = golden_arrays(small_folder("focalclick_segformer_b0_s1"))
THRESHOLD = 0.49


@pytest.mark.parametrize(
    "case", golden_cases("focus_cases.json"), ids=lambda case: case["about"]
)
def test_focus_crop_is_the_official_one(case):
    number, (row0, row1, col0, col1) = case["case"], case["global_roi"]

    crop = focus_crop(
        ARRAYS[f"focus_case_{number}_pred_logits"] > THRESHOLD,
        ARRAYS[f"focus_case_{number}_prev_probs"] > THRESHOLD,
        ClickPoint(*case["click"], positive=True),
        target=ClickCrop(row0, row1 - 1, col0, col1 - 1),
        ratio=case["ratio"],
    )

    assert half_open_of(crop) == case["result_y1_y2_x1_x2"]


@pytest.mark.parametrize("number", range(4))
def test_a_changed_region_merged_is_the_official_result(number):
    row, col = ARRAYS["merge_clicks"][number]
    previous, click = ARRAYS["merge_previous"], ClickPoint(row, col, positive=True)
    region = changed_region(ARRAYS["merge_prediction"], previous, click)
    taken = previous[int(row), int(col)]
    merged = previous & ~region if taken else previous | region
    np.testing.assert_array_equal(merged, ARRAYS[f"merge_result_{number}"])


def test_a_thin_object_on_the_border_still_gives_one_pixel():
    line = np.zeros((20, 30), dtype=bool)
    line[0, 5:25] = True

    crop = focus_crop(
        line,
        np.zeros_like(line),
        ClickPoint(0, 10, positive=True),
        target=ClickCrop.whole(line.shape),
        ratio=1.4,
    )

    assert crop.shape_hw == (1, 28)


def test_corners_connect_a_changed_region():
    before = np.zeros((6, 6), dtype=bool)
    after = np.eye(6, dtype=bool)

    region = changed_region(after, before, ClickPoint(0, 0, positive=True))

    np.testing.assert_array_equal(region, after)
