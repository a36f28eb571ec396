"""Grids of points."""

import numpy as np
import pytest

from napari_sam_med.errors import PromptError
from napari_sam_med.simulate.point_grids import point_grid


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
