"""Voxels and millimetres."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from fakes.geometries import lie_alike
from napari_sam_med.core.geometry import MOST_SKEW, Geometry, orthonormal, skew_of
from napari_sam_med.errors import GeometryError

angles = st.floats(-180, 180)


def turned(*degrees, mirrored=False):
    direction = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    return tuple(map(tuple, direction * (1, 1, -1 if mirrored else 1)))


@settings(deadline=None)
@given(angles, angles, angles, st.booleans())
def test_positions_are_those_of_simpleitk(first, second, third, mirrored):
    direction = turned(first, second, third, mirrored=mirrored)
    place = Geometry((0.7, 0.9, 4.0), (-40.0, 12.0, 310.0), direction)
    image = sitk.Image(5, 6, 7, sitk.sitkUInt8)
    image.SetSpacing(place.spacing_xyz)
    image.SetOrigin(place.origin_xyz)
    image.SetDirection(np.ravel(direction).tolist())
    expected = image.TransformIndexToPhysicalPoint((1, 2, 3))
    world = place.world_xyz_from_zyx(np.array([3.0, 2.0, 1.0]))
    assert np.allclose(world, expected, rtol=0, atol=1e-9)
    assert np.allclose(place.zyx_from_world_xyz(world), (3, 2, 1), rtol=0, atol=1e-9)
    assert np.allclose(place.matrix @ (1, 2, 3, 1), (*expected, 1), rtol=0, atol=1e-9)


@settings(deadline=None)
@given(angles, angles, angles, st.booleans())
def test_a_matrix_gives_back_the_geometry_that_made_it(first, second, third, mirrored):
    direction = turned(first, second, third, mirrored=mirrored)
    place = Geometry((0.7, 0.9, 4.0), (-40.0, 12.0, 310.0), direction)
    assert lie_alike(Geometry.from_matrix(place.matrix), place, tolerance=1e-9)


@settings(deadline=None)
@given(angles, angles, angles)
def test_cosines_rounded_to_three_decimals_become_orthonormal(first, second, third):
    rounded = np.round(turned(first, second, third), 3)
    assert skew_of(rounded) <= MOST_SKEW
    mended = np.asarray(orthonormal(rounded))
    assert np.allclose(mended.T @ mended, np.eye(3), rtol=0, atol=1e-12)
    assert np.abs(mended - rounded).max() < 2e-3


def test_a_tilt_of_half_a_degree_is_no_rounding():
    matrix = np.eye(4)
    matrix[1, 2] = np.tan(np.deg2rad(0.5))
    with pytest.raises(GeometryError, match=r"0\.5 degrees off the right angle"):
        Geometry.from_matrix(matrix)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_matrix_that_is_not_finite_is_refused(bad):
    matrix = np.eye(4)
    matrix[0, 3] = bad
    with pytest.raises(GeometryError, match="finite"):
        Geometry.from_matrix(matrix)


def test_an_axis_without_length_is_refused():
    with pytest.raises(GeometryError, match="positive"):
        Geometry.from_matrix(np.diag([1.0, 0.0, 1.0, 1.0]))


def test_an_origin_that_is_not_finite_is_refused():
    with pytest.raises(GeometryError, match="finite"):
        Geometry(origin_xyz=(np.nan, 0, 0))
