"""Where layers lie: LPS millimetres and napari's world are one."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.layers import Image, Labels
from scipy.spatial.transform import Rotation

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import TimeSeries, Volume
from napari_sam_med.errors import GeometryError, ImageError
from napari_sam_med.gui.napari_io import LayerFrame, axes_of, stored_grid
from napari_sam_med.gui.opening.readers import layer_from_volume

SHAPE = (4, 6, 8)
IDENTITY = np.eye(3)
AXES = {
    "axial": IDENTITY,
    "coronal": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "sagittal": np.array([[0.0, 0, 1], [1, 0, 0], [0, -1, 0]]),
    "flipped in y and x": np.diag([-1.0, -1.0, 1.0]),
    "left-handed": np.diag([1.0, 1.0, -1.0]),
    "oblique": Rotation.from_euler("xyz", (20, -15, 30), degrees=True).as_matrix(),
}


def geometry_with(direction) -> Geometry:
    rows = tuple(tuple(float(v) for v in row) for row in direction)
    return Geometry((0.7, 0.9, 2.5), (12.0, -34.5, 56.75), rows)


def layer_with(geometry: Geometry, tmp_path, shape=SHAPE) -> Image:
    array = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
    data, arguments, _ = layer_from_volume(Volume(array, geometry), tmp_path / "a.nrrd")
    return Image(data, **arguments)


def file_index(layer: Image, array, index) -> tuple[int, ...]:
    """Where a voxel of the layer stands in the file's array; its value is unique."""
    return tuple(int(i[0]) for i in np.nonzero(array == layer.data[index]))


@pytest.mark.parametrize("name", AXES)
def test_each_voxel_lies_where_the_header_says(tmp_path, name):
    geometry = geometry_with(AXES[name])
    layer = layer_with(geometry, tmp_path)
    array = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    for index in [(0, 0, 0), (1, 2, 3), tuple(n - 1 for n in layer.data.shape)]:
        voxel = np.array(file_index(layer, array, index), dtype=float)
        np.testing.assert_allclose(
            layer.data_to_world(index)[::-1],
            geometry.world_xyz_from_zyx(voxel),
            atol=1e-9,
        )


@pytest.mark.parametrize("name", AXES)
def test_the_place_of_a_layer_gives_its_header_back(tmp_path, name):
    geometry = geometry_with(AXES[name])
    layer = layer_with(geometry, tmp_path)
    stored, shape = stored_grid(LayerFrame.of(layer), layer.data.shape, layer.metadata)
    assert (stored, shape) == (geometry, SHAPE)


@pytest.mark.parametrize("name", AXES)
def test_axes_and_units_are_named(tmp_path, name):
    layer = layer_with(geometry_with(AXES[name]), tmp_path)
    assert layer.axis_labels == ("z", "y", "x")
    assert [str(unit) for unit in layer.units] == ["millimeter"] * 3


def test_an_axial_image_has_scale_and_translation_and_no_affine(tmp_path):
    layer = layer_with(geometry_with(IDENTITY), tmp_path)
    assert tuple(layer.scale) == (2.5, 0.9, 0.7)
    assert tuple(layer.translate) == (56.75, -34.5, 12.0)
    np.testing.assert_array_equal(layer.affine.affine_matrix, np.eye(4))


def test_axes_that_change_places_are_put_back_without_a_copy():
    array = np.zeros(SHAPE, dtype=np.int16)
    volume = Volume(array, geometry_with(AXES["coronal"]))
    data, _, _ = layer_from_volume(volume, Path("a.nii"))
    assert data.shape == (6, 4, 8)
    assert np.shares_memory(data, array)


def test_time_points_lie_along_an_axis_of_their_own(tmp_path):
    geometry = geometry_with(AXES["oblique"])
    series = TimeSeries(np.zeros((3, *SHAPE), np.int16), geometry)
    data, arguments, _ = layer_from_volume(series, tmp_path / "a.nii")
    layer = Image(data, **arguments)
    assert layer.axis_labels == ("t", "z", "y", "x")
    order = [1 + axis for axis in axes_of(geometry)]
    assert data.shape == (3, *np.array((3, *SHAPE))[order])
    world = layer.data_to_world((2, 0, 0, 0))
    np.testing.assert_allclose(world, (2.0, *geometry.origin_xyz[::-1]))


def test_a_picture_counts_in_pixels(tmp_path):
    volume = Volume(np.zeros((1, 6, 8), np.uint8))
    path = tmp_path / "photo.png"
    _, arguments, _ = layer_from_volume(volume, path, in_pixels=True)
    layer = Image(np.zeros((6, 8)), **arguments)
    assert [str(unit) for unit in layer.units] == ["pixel"] * 2


def test_no_name_of_a_patient_is_kept(tmp_path):
    layer = layer_with(geometry_with(IDENTITY), tmp_path)
    kept = {"geometry", "shape", "modality", "files", "stored_as"}
    assert set(layer.metadata) == kept
    assert layer.metadata["stored_as"][1] == layer.data.shape


@settings(max_examples=60, deadline=None)
@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    flip=st.booleans(),
    spacing=st.tuples(*[st.floats(0.1, 9.0)] * 3),
    origin=st.tuples(*[st.floats(-500, 500)] * 3),
)
def test_any_placement_comes_back_from_the_layer(angles, flip, spacing, origin):
    turned = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    turned = turned * (np.array([1, 1, -1]) if flip else 1)
    rows = tuple(tuple(float(v) for v in row) for row in turned)
    geometry = Geometry(spacing, origin, rows)
    frame = LayerFrame.on(geometry)
    array = np.transpose(np.zeros(SHAPE, np.uint8), axes_of(geometry))
    layer = Labels(array, **frame.arguments)
    again = LayerFrame.of(layer)
    np.testing.assert_allclose(again.matrix, frame.matrix, atol=1e-6)
    metadata = {"geometry": geometry, "shape": SHAPE}
    assert stored_grid(again, array.shape, metadata) == (geometry, SHAPE)


@pytest.mark.parametrize("step", [0.01, 1.0])
def test_a_layer_that_was_moved_has_left_its_header(tmp_path, step):
    layer = layer_with(geometry_with(IDENTITY), tmp_path)
    layer.translate = np.add(layer.translate, (0.0, 0.0, step))
    assert stored_grid(LayerFrame.of(layer), layer.data.shape, layer.metadata) is None


def test_centimetres_are_ten_millimetres():
    layer = Image(np.zeros(SHAPE), scale=(0.5, 0.08, 0.08), units="cm")
    assert LayerFrame.of(layer).geometry.spacing_zyx == pytest.approx((5.0, 0.8, 0.8))


def test_a_negative_scale_is_a_direction():
    layer = Image(np.zeros(SHAPE), scale=(5.0, 0.8, -0.7), translate=(0.0, 0.0, 9.0))
    geometry = LayerFrame.of(layer).geometry
    assert geometry.spacing_xyz == pytest.approx((0.7, 0.8, 5.0))
    assert geometry.direction[0] == (-1.0, 0.0, 0.0)


def test_a_sheared_layer_has_no_header_and_says_so():
    layer = Image(np.zeros(SHAPE), name="tilted", shear=(0.3, 0.0, 0.0))
    with pytest.raises(GeometryError, match="tilted: the axes are"):
        _ = LayerFrame.of(layer).geometry


def test_time_that_is_turned_into_space_is_refused():
    affine = np.eye(5)
    affine[0, 1] = 0.5
    layer = Image(np.zeros((2, *SHAPE)), name="perfusion", affine=affine)
    with pytest.raises(ImageError, match="first axis of perfusion"):
        LayerFrame.of(layer)
