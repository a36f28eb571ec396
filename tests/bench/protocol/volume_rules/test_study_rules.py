"""The rules of ``sam2-medical``, on volumes small enough to check by hand."""

import json

import numpy as np
import pytest

from fakes.fake_segmenter import FakeSegmenter
from fakes.fake_video import FakeVideoSegmenter
from napari_sam_med.bench.data.labelled_volumes import LabelledVolume
from napari_sam_med.bench.protocol.volume_rules.prompted_positions import (
    prompted_positions,
)
from napari_sam_med.bench.protocol.volume_rules.prompts_from_truth import slice_prompt
from napari_sam_med.bench.protocol.volume_rules.volume_cases import volume_cases_of
from napari_sam_med.bench.protocol.volume_rules.volume_floors import (
    copied_mask,
    interpolated_mask,
)
from napari_sam_med.bench.protocol.volume_rules.volume_models import VolumeModel
from napari_sam_med.bench.protocol.volume_rules.volume_scores import slice_scores
from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
    Direction,
    PromptedSlices,
    SlicePromptKind,
)
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume


def case_of(truth, spacing_xyz=(1.0, 1.0, 1.0), axis=0):
    image = np.where(truth, 200, 20).astype(np.uint8)
    labelled = LabelledVolume(
        Volume(image, Geometry(spacing_xyz), "v"), truth.astype(np.uint8), "v"
    )
    (case,) = volume_cases_of(labelled, axis=axis)
    return case, labelled


def areas(*values):
    return np.array(values)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (PromptedSlices.FIRST, (1,)),
        (PromptedSlices.MIDDLE, (4,)),  # of slices 1, 2, 4, 5 that at 4 // 2
        (PromptedSlices.LARGEST, (2,)),  # the first of two largest
    ],
)
def test_one_slice_is_the_first_the_middle_or_the_largest(choice, expected):
    assert prompted_positions(areas(0, 3, 8, 0, 8, 1, 0), choice) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, (0,)),
        (3, (0, 1, 2)),  # step 1: three slices, the first three
        (4, (0, 1, 2)),  # step 1: four are no more than four
        (5, (1, 2, 3)),  # step 1: five, of which places 1 to 3
        (8, (0, 2, 4)),  # step 2: 0 2 4 6
        (9, (2, 4, 6)),  # step 2: 0 2 4 6 8
        (16, (0, 4, 8)),  # step 4: 0 4 8 12
        (18, (4, 8, 12)),  # step 4: 0 4 8 12 16
    ],
)
def test_three_slices_are_evenly_spaced(count, expected):
    assert prompted_positions(np.ones(count, int), PromptedSlices.THREE) == expected


def test_slices_are_counted_along_the_axis_of_the_run():
    truth = np.zeros((4, 5, 6), bool)
    truth[1, 2:4, 5] = True
    case, _ = case_of(truth, axis=1)
    assert case.areas_px.tolist() == [0, 0, 1, 1, 0]
    assert case.slice_at(2).shape == (4, 6)


def test_points_go_to_the_centres_of_the_largest_parts_and_the_box_round_the_largest():
    mask = np.zeros((20, 20), bool)
    mask[1:6, 1:6] = True
    mask[10:13, 10:13] = True
    mask[13, 13] = True  # touches by a corner: 8-connected, still the same part
    mask[17, 1] = mask[1, 17] = True
    first = slice_prompt(mask, SlicePromptKind.POINT, lambda n: 0)
    several = slice_prompt(mask, SlicePromptKind.POINTS, lambda n: 0)
    box = slice_prompt(mask, SlicePromptKind.BOX, lambda n: 0)
    assert first.points_rc.tolist() == [[3, 3]]
    assert several.points_rc[:2].tolist() == [[3, 3], [11, 11]]
    assert len(several.points_rc) == 3
    assert box.box_rc.tolist() == [1, 1, 5, 5]
    assert slice_prompt(mask, SlicePromptKind.MASK, lambda n: 0) is mask


def test_of_equally_central_pixels_one_is_drawn():
    mask = np.zeros((5, 6), bool)
    mask[1:4, 1:5] = True
    drawn = [
        slice_prompt(mask, SlicePromptKind.POINT, lambda n, k=k: k).points_rc.tolist()
        for k in (0, 1)
    ]
    assert drawn == [[[2, 2]], [[2, 3]]]


def test_iou_is_the_mean_over_slices_with_the_object_and_surplus_is_told_apart():
    truth = np.zeros((6, 4, 4), bool)
    truth[1:4, :2, :2] = True
    case, _ = case_of(truth, spacing_xyz=(1, 1, 2.5))
    mask = truth.copy()
    mask[2, 0, 0] = False  # IoU 3/4
    mask[3] = False  # IoU 0, and lost
    mask[4:6, 0, 0] = True  # two slices too many
    found = slice_scores(case, mask, [1])
    assert found.mean_iou == pytest.approx((1 + 3 / 4 + 0) / 3)
    assert found.surplus_slices == 2
    assert found.lost_mm == 2 * 2.5


def test_an_object_that_is_never_lost_has_no_such_distance():
    truth = np.zeros((3, 4, 4), bool)
    truth[:, 1, 1] = True
    case, _ = case_of(truth)
    assert np.isnan(slice_scores(case, truth, [0]).lost_mm)


class Recording(FakeVideoSegmenter):
    """Notes the ways that it is asked to go."""

    def __init__(self):
        super().__init__()
        self.orders = []

    def track(self, slices, order, prompted, **options):
        self.orders.append(list(order))
        return super().track(slices, order, prompted, **options)


@pytest.mark.parametrize(
    ("direction", "orders"),
    [
        (Direction.FROM_FIRST_SLICE, [[0, 1, 2, 3, 4, 5]]),
        (Direction.BOTH, [[3, 2, 1, 0], [3, 4, 5]]),
    ],
)
def test_a_video_model_goes_from_the_first_slice_or_back_and_then_forward(
    direction, orders
):
    truth = np.zeros((6, 16, 16), bool)
    truth[1:5, 4:12, 4:12] = True
    case, labelled = case_of(truth)
    model = Recording()
    asked = VolumeModel(model, labelled, 0)
    found = asked.follow({3: case.slice_at(3)}, direction)
    assert asked.goes_one_way
    assert model.orders == orders
    assert (found.mask == truth).all()


def test_any_model_follows_an_object_through_projection():
    truth = np.zeros((5, 40, 40), bool)
    truth[1:4, 14:27, 14:27] = True
    case, labelled = case_of(truth)
    asked = VolumeModel(FakeSegmenter(), labelled, 0)
    assert not asked.goes_one_way
    found = asked.follow({2: slice_prompt(case.slice_at(2), SlicePromptKind.BOX, int)})
    assert found.mask.shape == truth.shape
    assert found.mask[2].any()
    assert 0 <= found.score <= 1


def test_the_copy_gives_each_slice_the_nearest_prompted_mask():
    truth = np.zeros((5, 4, 4), bool)
    truth[0:5, 0, 0] = True
    truth[3, 1:3, 1:3] = True
    case, _ = case_of(truth)
    mask = copied_mask(case, [0, 3])
    assert [int(each.sum()) for each in mask] == [1, 1, 5, 5, 5]


def test_interpolation_needs_two_slices_and_fills_what_lies_between():
    truth = np.zeros((5, 9, 9), bool)
    truth[1:4, 2:7, 2:7] = True
    case, _ = case_of(truth)
    assert interpolated_mask(case, [1]) is None
    mask = interpolated_mask(case, [1, 3])
    assert (mask == truth).all()


def test_what_was_given_stands_in_the_row_by_slice():
    from napari_sam_med.bench.protocol.volume_rules.prompts_from_truth import (
        text_from_given,
    )

    mask = np.zeros((4, 4), bool)
    mask[1:3, 1:3] = True
    box = slice_prompt(mask, SlicePromptKind.BOX, int)
    said = json.loads(text_from_given({7: mask, 2: box}))
    assert [one["slice"] for one in said] == [2, 7]
    assert said[1]["mask"] == "truth"
