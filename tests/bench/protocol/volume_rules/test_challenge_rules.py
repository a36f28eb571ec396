"""The rules of ``cvpr25-3d``, on volumes small enough to check by hand."""

import json

import numpy as np
import pytest

from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.bench.data.labelled_volumes import LabelledVolume
from napari_sam_med.bench.protocol.result_rows import Row
from napari_sam_med.bench.protocol.volume_rules.challenge_prompts import (
    challenge_box,
    challenge_click,
)
from napari_sam_med.bench.protocol.volume_rules.challenge_runs import challenge_rows
from napari_sam_med.bench.protocol.volume_rules.volume_cases import volume_cases_of
from napari_sam_med.bench.protocol.volume_rules.volume_models import VolumeModel
from napari_sam_med.bench.protocol.volume_rules.volume_scores import (
    area_under_clicks,
    scored_volume,
)
from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
    VolumeProfile,
    VolumeSettings,
)
from napari_sam_med.core.ports import Capabilities
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import RunError

SETTINGS = VolumeSettings(VolumeProfile.CVPR25_3D)


def block(shape, *corners):
    mask = np.zeros(shape, bool)
    mask[tuple(slice(low, high) for low, high in corners)] = True
    return mask


def test_the_box_lies_on_the_middle_of_the_slices_with_the_object():
    truth = block((9, 16, 16), (1, 9), (4, 8), (4, 8))
    truth[3] = False  # slices 1, 2, 4 ... 8: the fourth of seven is 5
    assert challenge_box(truth)[0] == 5


def test_one_draw_moves_all_sides_by_a_part_of_the_slice_and_clips():
    # seed 2025 draws 2: 2 * 512 / 256 = 4 rows, int(2 * 200 / 256) = 1 column
    truth = block((1, 512, 200), (0, 1), (2, 100), (50, 199))
    assert challenge_box(truth)[1] == (0, 49, 103, 199)


def test_small_slices_move_the_box_by_no_pixel():
    truth = block((1, 100, 100), (0, 1), (10, 20), (30, 40))
    assert challenge_box(truth)[1] == (10, 30, 19, 39)


def test_the_click_goes_to_the_deepest_voxel_of_the_largest_error():
    truth = block((7, 9, 20), (1, 6), (2, 7), (2, 7))
    surplus = block((7, 9, 20), (2, 5), (3, 6), (12, 15))
    click = challenge_click(truth, surplus)
    assert (click.point_zyx, click.polarity, click.tied) == ((3, 4, 4), 1, 1)
    click = challenge_click(truth, truth | surplus)
    assert (click.point_zyx, click.polarity) == ((3, 4, 13), 0)


def test_missed_and_surplus_voxels_that_touch_are_one_error():
    truth = block((3, 3, 9), (0, 3), (0, 3), (0, 3))
    other = block((3, 3, 9), (0, 3), (0, 3), (3, 6))
    click = challenge_click(truth, other)  # one block of 3 x 3 x 6, deepest at 1, 1, x
    assert click.point_zyx[:2] == (1, 1)
    assert click.tied == 4
    assert click.polarity == int(click.point_zyx[2] < 3)


def test_errors_that_touch_at_a_corner_are_one_component():
    truth = np.zeros((6, 6, 12), bool)
    truth[0, 0, 0] = truth[1, 1, 1] = truth[2, 2, 2] = True  # 3 voxels, by corners
    truth[5, 5, 9:11] = True  # 2 voxels
    click = challenge_click(truth, np.zeros_like(truth))
    assert click.point_zyx in {(0, 0, 0), (1, 1, 1), (2, 2, 2)}


def test_beyond_the_volume_is_background():
    truth = block((3, 3, 7), (0, 3), (0, 3), (0, 7))  # fills the volume
    click = challenge_click(truth, np.zeros_like(truth))
    assert click.point_zyx[:2] == (1, 1)
    assert click.tied == 5


def test_the_same_error_is_clicked_at_the_same_voxel():
    truth = block((3, 3, 40), (0, 3), (0, 3), (0, 40))
    clicks = {challenge_click(truth, np.zeros_like(truth)).point_zyx for _ in range(3)}
    # of 38 equals numpy's RandomState(42) draws number 28
    assert np.random.RandomState(42).randint(38) == 28
    assert clicks == {(1, 1, 29)}


def test_a_perfect_mask_is_not_clicked():
    truth = block((3, 3, 3), (0, 2), (0, 2), (0, 2))
    assert challenge_click(truth, truth) is None


def test_the_area_under_five_clicks_is_at_most_four():
    assert area_under_clicks([1.0] * 5) == 4
    assert area_under_clicks([0, 1, 1, 1, 1]) == 3.5


def made(truth):
    image = np.where(truth, 200, 20).astype(np.uint8)
    labelled = LabelledVolume(Volume(image, name="v"), truth.astype(np.uint8), "v")
    (case,) = volume_cases_of(labelled, axis=0)
    return case, labelled


@pytest.mark.parametrize(("kept", "counts"), [(1, False), (2, True)])
def test_the_nsd_is_zero_where_dice_is_at_most_a_fifth(kept, counts):
    truth = block((1, 4, 9), (0, 1), (1, 2), (0, 9))
    mask = block((1, 4, 9), (0, 1), (1, 2), (0, kept))  # Dice 2 / 10, or 4 / 11
    case, _ = made(truth)
    row = scored_volume(Row("c"), case, mask, [0], SETTINGS)
    assert row.dice == pytest.approx(2 * kept / (9 + kept))
    assert (row.nsd > 0) == counts


def test_an_object_is_prompted_by_a_box_and_then_by_five_clicks():
    case, labelled = made(block((5, 40, 40), (1, 4), (12, 28), (12, 30)))
    asked = VolumeModel(FakeSegmenter(), labelled, 0)
    rows = challenge_rows(asked, case, Row(case.case_id), SETTINGS)
    steps = [(row.setting, row.step) for row in rows]
    assert steps == [("box", 0), *(("clicks", step) for step in range(1, 6))]
    said = [json.loads(row.prompts) for row in rows]
    assert said[0] == [{**said[0][0], "slice": 2, "box_rc": [12, 12, 27, 29]}]
    clicks = [sum(len(one["points_rc"]) for one in each) for each in said]
    assert clicks == sorted(clicks)
    assert rows[-1].dsc_auc == pytest.approx(
        area_under_clicks([row.dice for row in rows[1:]])
    )
    assert all(np.isnan(row.dsc_auc) for row in rows[:-1])


def test_a_model_without_boxes_is_not_asked():
    case, labelled = made(block((3, 40, 40), (1, 2), (12, 28), (12, 30)))
    model = FakeSegmenter(capabilities=Capabilities(boxes=False))
    asked = VolumeModel(model, labelled, 0)
    assert challenge_rows(asked, case, Row(case.case_id), SETTINGS) == []


def test_the_challenge_knows_one_axis():
    with pytest.raises(RunError, match=r"axis 1 \(give 0\)"):
        VolumeSettings(VolumeProfile.CVPR25_3D, axis=1)
