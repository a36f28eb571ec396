"""Perturbed boxes and points."""

import numpy as np
import pytest

from napari_sam_med.errors import PromptError
from napari_sam_med.simulate.perturbation import (
    BoxPerturbation,
    perturbed_box,
    perturbed_point,
)

BOX = np.array([10.0, 10.0, 20.0, 30.0])
SHAPE = (40, 50)


def many(kind, amount_rc=(3, 5), box=BOX, count=200):
    rng = np.random.default_rng(0)
    return np.array(
        [perturbed_box(box, kind, amount_rc, SHAPE, rng) for _ in range(count)]
    )


def test_a_shifted_box_keeps_its_size():
    boxes = many(BoxPerturbation.SHIFT)
    assert (boxes[:, 2:] - boxes[:, :2] == (10, 20)).all()
    assert np.abs(boxes - BOX).max(axis=0).tolist() == [3, 5, 3, 5]


def test_an_expanded_box_keeps_its_middle():
    boxes = many(BoxPerturbation.EXPAND)
    assert (boxes[:, 2:] + boxes[:, :2] == (30, 40)).all()
    assert len(np.unique(boxes[:, 0])) > 3


def test_corners_move_by_themselves():
    boxes = many(BoxPerturbation.CORNERS)
    sizes = boxes[:, 2:] - boxes[:, :2]
    middles = boxes[:, 2:] + boxes[:, :2]
    assert len(np.unique(sizes, axis=0)) > 10
    assert len(np.unique(middles, axis=0)) > 10


def test_boxes_stay_on_the_slice_and_in_order():
    boxes = many(BoxPerturbation.CORNERS, (60, 60), np.array([0.0, 0.0, 2.0, 2.0]))
    assert (boxes >= 0).all()
    assert (boxes[:, 2:] < SHAPE).all()
    assert (boxes[:, 2:] >= boxes[:, :2]).all()


def test_a_negative_perturbation_is_refused():
    with pytest.raises(PromptError, match="perturbation"):
        many(BoxPerturbation.SHIFT, (-1, 0))


def test_a_perturbed_point_stays_within_region_and_radius():
    region = np.zeros(SHAPE, dtype=bool)
    region[5:15, 5:40] = True
    rng = np.random.default_rng(1)
    points = np.array([perturbed_point(region, (10, 20), 4, rng) for _ in range(200)])
    assert region[tuple(points.astype(int).T)].all()
    distances = np.hypot(*(points - (10, 20)).T)
    assert 3 < distances.max() <= 4


def test_a_radius_of_zero_gives_the_point_itself():
    region = np.ones(SHAPE, dtype=bool)
    point = perturbed_point(region, (3, 4), 0, np.random.default_rng(0))
    assert point.tolist() == [3, 4]
