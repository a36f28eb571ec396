"""How areas are expected to change from slice to slice."""

import numpy as np
import pytest

from napari_sam_med.propagation.projecting.area_profile import AreaProfile


def test_a_tube_is_soon_believed_to_go_on():
    profile = AreaProfile(area_mm2=np.pi * 25)
    for distance in range(1, 16):
        profile.add(float(distance), np.pi * 25)
    assert profile.expected_mm2(16.0) > 0.98 * np.pi * 25


def test_without_any_sign_the_object_tapers():
    profile = AreaProfile(area_mm2=np.pi * 100)
    assert 0.5 < profile.expected_mm2(10.0) / (np.pi * 100) < 0.6
    assert profile.expected_mm2(16.0) == 0


def test_a_ball_is_expected_to_shrink_as_balls_do():
    profile = AreaProfile.through(
        {z: np.pi * (400 - z**2) for z in (-10, 0, 10)}, 10, 1
    )
    assert profile.expected_mm2(6.0) == pytest.approx(np.pi * (400 - 256))
    assert profile.expected_mm2(11.0) == 0


def test_the_way_down_is_the_way_up_mirrored():
    areas = {z: 400.0 - z**2 for z in (-10, 0, 10)}
    up = AreaProfile.through(areas, 10, 1)
    down = AreaProfile.through(areas, -10, -1)
    assert up.expected_mm2(4.0) == pytest.approx(down.expected_mm2(4.0))


@pytest.mark.parametrize(
    "areas", [{0: 9.0, 1: 10.0}, {0: 10.0, 1: 5.0, 2: 10.0}, {0: 4.0}]
)
def test_no_ellipsoid_is_laid_through_few_slices_or_a_waist(areas):
    assert AreaProfile.through(areas, 0, 1) is None


def test_a_known_end_is_reached_with_nothing_left():
    profile = AreaProfile.ending_at(20.0, area_mm2=100.0)
    assert profile.expected_mm2(19.0) > 0
    assert profile.expected_mm2(20.0) == 0
