"""The released rules on 48 stored masks: points, boxes, ties, clicks, labels, IoU."""

import json
from pathlib import Path

import numpy as np
import pytest

from napari_sam_med.core.metrics import iou
from napari_sam_med.simulate.clicks import released_click
from napari_sam_med.simulate.components import components_of
from napari_sam_med.simulate.distance_maps import released_distance
from napari_sam_med.simulate.modes import Mode, simulate_modes
from napari_sam_med.simulate.rng import SequentialDraws

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def cases():
    stored = json.loads((GOLDEN / "expected.json").read_text())["cases"]
    arrays = np.load(GOLDEN / "masks.npz")
    shape = tuple(arrays["packed_shape"])
    truth, prediction = (
        np.unpackbits(arrays[name], count=int(np.prod(shape))).reshape(shape) == 1
        for name in ("ground_truth", "prediction")
    )
    cropped = []
    for case in stored:
        height, width = case["shape"]
        where = np.s_[case["id"], :height, :width]
        cropped.append((case, truth[where], prediction[where]))
    return cropped


def _xy(points_rc):
    return [[int(col), int(row)] for row, col in points_rc]


def _boxes(simulated):
    corners = [p.box_rc.astype(int).tolist() for p in simulated.prompts]
    return [[c0, r0, c1, r1] for r0, c0, r1, c1 in corners]


def test_there_are_48_cases(cases):
    assert len(cases) == 48


def test_points_boxes_and_ties_of_the_five_modes_are_those_stored(cases):
    stream = SequentialDraws()
    for case, truth, _ in cases:
        made = simulate_modes(truth, released_distance, stream)
        assert len(components_of(truth)) == case["regions"]
        for mode in (Mode.ONE_POINT, Mode.POINTS):
            (prompts,) = made[mode].prompts
            assert _xy(prompts.points_rc) == case[mode]["points_xy"], case["id"]
            assert prompts.labels.tolist() == [1] * len(prompts.labels)
            assert list(made[mode].tied) == case[mode]["tied"]
        for mode in (Mode.ONE_BOX, Mode.BOXES, Mode.WHOLE_BOX):
            assert _boxes(made[mode]) == case[mode]["boxes_xyxy"], case["id"]


def test_next_clicks_their_labels_and_radii_are_those_stored(cases):
    stream = SequentialDraws()
    for case, truth, prediction in cases:
        click = released_click(truth, prediction, truth, released_distance, stream)
        expected = case["next_click"]
        assert _xy([click.point_rc]) == [expected["xy"]], case["id"]
        assert (click.polarity, click.tied) == (expected["label"], expected["tied"])
        assert click.radius == expected["radius"]


def test_iou_is_the_stored_one_to_the_last_digit(cases):
    for case, truth, prediction in cases:
        assert iou(prediction, truth) == case["iou"]
