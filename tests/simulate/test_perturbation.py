"""Grids of points and unsteady prompts."""

import numpy as np
import pytest

from napari_sam_med.errors import PromptError
from napari_sam_med.simulate.perturbation import BoxJitter, jittered_box, jittered_point
from napari_sam_med.simulate.point_grids import point_grid

BOX = np.array([10.0, 10.0, 20.0, 30.0])
SHAPE = (40, 50)


def many(kind, amount_rc=(3, 5), box=BOX, count=200):
    rng = np.random.default_rng(0)
    return np.array(
        [jittered_box(box, kind, amount_rc, SHAPE, rng) for _ in range(count)]
    )


def test_a_grid_has_evenly_spaced_points_inside_the_slice():
    grid = point_grid((64, 32), 8).reshape(8, 8, 2)
    assert np.unique(np.diff(grid[:, 0, 0])).tolist() == [8.0]
    assert np.unique(np.diff(grid[0, :, 1])).tolist() == [4.0]
    assert grid.min() >= 0
    assert (grid.reshape(-1, 2).max(axis=0) <= (63.5, 31.5)).all()


def test_a_grid_finer_than_the_slice_stays_inside():
    assert point_grid((3, 3), 32).max() <= 2.5


def test_a_grid_without_points_is_refused():
    with pytest.raises(PromptError, match="0 points"):
        point_grid((8, 8), 0)


def test_a_shifted_box_keeps_its_size():
    boxes = many(BoxJitter.SHIFT)
    assert (boxes[:, 2:] - boxes[:, :2] == (10, 20)).all()
    assert np.abs(boxes - BOX).max(axis=0).tolist() == [3, 5, 3, 5]


def test_an_expanded_box_keeps_its_middle():
    boxes = many(BoxJitter.EXPAND)
    assert (boxes[:, 2:] + boxes[:, :2] == (30, 40)).all()
    assert len(np.unique(boxes[:, 0])) > 3


def test_corners_move_by_themselves():
    boxes = many(BoxJitter.CORNERS)
    sizes = boxes[:, 2:] - boxes[:, :2]
    middles = boxes[:, 2:] + boxes[:, :2]
    assert len(np.unique(sizes, axis=0)) > 10
    assert len(np.unique(middles, axis=0)) > 10


def test_boxes_stay_on_the_slice_and_in_order():
    boxes = many(BoxJitter.CORNERS, (60, 60), np.array([0.0, 0.0, 2.0, 2.0]))
    assert (boxes >= 0).all()
    assert (boxes[:, 2:] < SHAPE).all()
    assert (boxes[:, 2:] >= boxes[:, :2]).all()


def test_negative_jitter_is_refused():
    with pytest.raises(PromptError, match="jitter"):
        many(BoxJitter.SHIFT, (-1, 0))


def test_a_jittered_point_stays_within_region_and_radius():
    region = np.zeros(SHAPE, dtype=bool)
    region[5:15, 5:40] = True
    rng = np.random.default_rng(1)
    points = np.array([jittered_point(region, (10, 20), 4, rng) for _ in range(200)])
    assert region[tuple(points.astype(int).T)].all()
    distances = np.hypot(*(points - (10, 20)).T)
    assert 3 < distances.max() <= 4


def test_a_radius_of_zero_gives_the_point_itself():
    region = np.ones(SHAPE, dtype=bool)
    point = jittered_point(region, (3, 4), 0, np.random.default_rng(0))
    assert point.tolist() == [3, 4]
