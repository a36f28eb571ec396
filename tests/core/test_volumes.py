import numpy as np
import pytest

from fakes.geometries import lie_alike
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import (
    PIECE,
    TimeSeries,
    Volume,
    check_finite,
    slices_of,
)
from napari_sam_med.errors import GeometryError, ImageError


def test_world_coordinates_follow_spacing_direction_and_origin() -> None:
    quarter_turn = ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    geometry = Geometry((2.0, 3.0, 5.0), (10.0, 20.0, 30.0), quarter_turn)
    world = geometry.world_xyz_from_zyx(np.array([1.0, 1.0, 1.0]))
    assert world.tolist() == [10.0 - 3.0, 20.0 + 2.0, 35.0]


def test_geometries_match_to_a_thousandth() -> None:
    near = Geometry((1.0, 1.0, 1.0005))
    far = Geometry((1.0, 1.0, 1.01))
    assert lie_alike(Geometry(), near)
    assert not lie_alike(Geometry(), far)


@pytest.mark.parametrize("spacing", [(0, 1, 1), (1, -1, 1), (1, np.nan, 1), (1, 1)])
def test_impossible_spacing_is_refused(spacing: tuple) -> None:
    with pytest.raises(GeometryError, match="three positive numbers"):
        Geometry(spacing)


@pytest.mark.parametrize("name", ["spacing_xyz", "origin_xyz", "direction"])
@pytest.mark.parametrize("strange", ["abc", ((1, 2), 3, 4), (1j, 1, 1), None])
def test_a_geometry_of_other_things_than_numbers_is_refused(
    name: str, strange: object
) -> None:
    with pytest.raises(GeometryError, match="give"):
        Geometry(**{name: strange})


@pytest.mark.parametrize("geometry", [None, (1.0, 1.0, 1.0)])
def test_a_volume_takes_no_place_but_a_geometry(geometry: object) -> None:
    with pytest.raises(GeometryError, match=r"give Geometry\(spacing_xyz"):
        Volume(np.zeros((1, 2, 2)), geometry)


def test_a_singular_direction_is_refused() -> None:
    with pytest.raises(GeometryError, match="invertible"):
        Geometry(direction=((1, 0, 0), (1, 0, 0), (0, 0, 1)))


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4)),
        np.zeros((2, 2, 4, 4)),
        np.zeros((2, 4, 4, 3)),
        np.zeros((0, 4, 4)),
        np.full((1, 2, 2), "x"),
    ],
)
def test_arrays_that_are_no_volume_are_refused(array: np.ndarray) -> None:
    with pytest.raises(ImageError, match="give"):
        Volume(array)


def test_colour_volumes_count_three_axes() -> None:
    assert Volume(np.zeros((1, 5, 6, 3), np.uint8)).shape_zyx == (1, 5, 6)


def test_nan_and_infinite_voxels_are_counted_in_the_message() -> None:
    array = np.array([[[0.0, np.nan, np.inf]]])
    with pytest.raises(ImageError, match=r"liver\.nii has 2 NaN or infinite voxels"):
        check_finite(array, "liver.nii")


def test_whole_numbers_are_always_finite() -> None:
    check_finite(np.zeros((1, 1, 1), np.int16), "any")


def test_a_time_series_gives_the_volume_of_each_time() -> None:
    times = TimeSeries(np.arange(4.0).reshape(2, 1, 1, 2), name="perfusion")
    assert times.at(1).array.tolist() == [[[2.0, 3.0]]]
    assert times.at(1).name == "perfusion"


def test_a_volume_is_no_time_series() -> None:
    with pytest.raises(ImageError, match="t, z, y, x"):
        TimeSeries(np.zeros((1, 2, 3)))


def test_the_pieces_of_an_array_are_small_and_all_of_it() -> None:
    array = np.arange(3 * PIECE).reshape(3, 2, PIECE // 2)
    pieces = list(slices_of(array))
    assert max(piece.size for piece in pieces) <= PIECE
    assert (
        np.concatenate([p.ravel() for p in pieces]).tolist() == array.ravel().tolist()
    )
