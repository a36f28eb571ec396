"""Labels out of layers: each voxel into a file where it was drawn."""

from pathlib import Path

import dask.array as da
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels
from scipy.spatial.transform import Rotation

from fakes.geometries import lie_alike
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import FileWriteError, GeometryError, ImageError
from napari_sam_med.gui.labels.label_export import write_labels_layer
from napari_sam_med.gui.labels.label_layers import labels_like
from napari_sam_med.gui.labels.labels_from_images import turn_into_labels
from napari_sam_med.gui.opening.readers import layer_from_volume, read_layers
from napari_sam_med.io.volume_files import read_labels
from napari_sam_med.io.writing.export import write_volume

SHAPE = (4, 6, 8)
DIRECTIONS = {
    "axial": np.eye(3),
    "coronal": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "sagittal": np.array([[0.0, 0, 1], [1, 0, 0], [0, -1, 0]]),
    "flipped": np.diag([-1.0, -1.0, 1.0]),
    "left-handed": np.diag([1.0, 1.0, -1.0]),
    "oblique": Rotation.from_euler("xyz", (20, -15, 30), degrees=True).as_matrix(),
}


def image_with(direction) -> Image:
    rows = tuple(tuple(float(v) for v in row) for row in direction)
    geometry = Geometry((0.75, 0.5, 2.5), (12.0, -34.5, 56.75), rows)
    volume = Volume(np.zeros(SHAPE, np.float32), geometry)
    data, arguments, _ = layer_from_volume(volume, Path("ct.nrrd"))
    return Image(data, **arguments)


def saved(labels: Labels, path) -> Volume:
    data, attributes, _ = labels.as_layer_data_tuple()
    assert write_labels_layer(str(path), data, attributes) == [str(path)]
    return read_labels(path)


def marked_xyz(volume: Volume, label: int) -> np.ndarray:
    """LPS millimetres of the one voxel of a label."""
    [voxel] = np.argwhere(volume.array == label)
    return volume.geometry.world_xyz_from_zyx(voxel.astype(float))


def assert_marks_lie(volume: Volume, labels: Labels, marks) -> None:
    for label, index in marks.items():
        np.testing.assert_allclose(
            marked_xyz(volume, label), labels.data_to_world(index)[::-1], atol=1e-3
        )
    assert np.count_nonzero(volume.array) == len(marks)


@pytest.mark.parametrize("name", DIRECTIONS)
@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_labels_drawn_on_an_image_take_its_files_grid(tmp_path, name, suffix):
    image = image_with(DIRECTIONS[name])
    labels = labels_like(image)
    marks = {1: (0, 0, 0), 2: (1, 2, 3), 300: tuple(n - 1 for n in labels.data.shape)}
    for label, index in marks.items():
        labels.data[index] = label
    volume = saved(labels, tmp_path / f"out{suffix}")
    assert volume.array.shape == SHAPE
    assert lie_alike(volume.geometry, image.metadata["geometry"])
    assert_marks_lie(volume, labels, marks)


@pytest.mark.parametrize(
    "change",
    [
        {"translate": (1.0, 2.0, 3.0)},
        {"scale": (3.0, 0.25, 0.25)},
        {"scale": (2.5, 0.5, -0.75)},
        {"rotate": (0, 0, 25)},
        {"units": "cm"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_layer_that_was_changed_lies_where_it_lies_now(tmp_path, change):
    labels = labels_like(image_with(np.eye(3)))
    labels.data[1, 2, 3], labels.data[3, 0, 7] = 1, 2
    for name, value in change.items():
        setattr(labels, name, value)
    volume = saved(labels, tmp_path / "out.nrrd")
    factor = 10 if "units" in change else 1
    for label, index in {1: (1, 2, 3), 2: (3, 0, 7)}.items():
        world = factor * np.array(labels.data_to_world(index))[::-1]
        np.testing.assert_allclose(marked_xyz(volume, label), world, atol=1e-3)


def test_a_cropped_layer_is_saved_where_its_part_lies(tmp_path):
    whole = labels_like(image_with(DIRECTIONS["oblique"]))
    part = Labels(
        whole.data[1:, 2:5].copy(),
        scale=whole.scale,
        affine=whole.affine,
        units=whole.units,
        metadata=whole.metadata,
    )
    part.translate = np.multiply(whole.scale, (1, 2, 0))
    part.data[0, 0, 0], part.data[2, 1, 5] = 1, 2
    volume = saved(part, tmp_path / "out.nrrd")
    assert_marks_lie(volume, part, {1: (0, 0, 0), 2: (2, 1, 5)})


def test_a_flipped_view_of_the_array_is_saved_where_it_lies(tmp_path):
    data = np.zeros(SHAPE, np.uint8)[:, ::-1]
    data[1, 2, 3] = 1
    labels = Labels(data, scale=(2.5, -0.5, 0.75), translate=(0.0, 9.0, 0.0))
    volume = saved(labels, tmp_path / "out.nii.gz")
    assert_marks_lie(volume, labels, {1: (1, 2, 3)})


def test_of_several_resolutions_the_finest_is_saved(tmp_path):
    fine = np.zeros(SHAPE, np.uint8)
    fine[1, 2, 3] = 1
    labels = Labels([fine, fine[::2, ::2, ::2]], multiscale=True, scale=(5.0, 1.0, 1.0))
    volume = saved(labels, tmp_path / "out.nrrd")
    assert volume.array.shape == SHAPE
    assert_marks_lie(volume, labels, {1: (1, 2, 3)})


def test_a_lazy_array_is_saved(tmp_path):
    fine = np.zeros(SHAPE, np.uint8)
    fine[1, 2, 3] = 1
    labels = Labels(da.from_array(fine, chunks=2), scale=(5.0, 1.0, 1.0))
    assert_marks_lie(saved(labels, tmp_path / "out.nrrd"), labels, {1: (1, 2, 3)})


def test_labels_above_65535_are_kept(tmp_path):
    labels = Labels(np.full(SHAPE, 70_000, np.int32))
    assert saved(labels, tmp_path / "out.nii.gz").array.max() == 70_000


def test_each_time_point_gets_a_file(tmp_path):
    data = np.zeros((2, *SHAPE), np.uint8)
    data[0, 1, 2, 3], data[1, 3, 2, 1] = 1, 2
    labels = Labels(data, scale=(1.0, 5.0, 0.8, 0.8), translate=(0.0, 3.0, 2.0, 1.0))
    given, attributes, _ = labels.as_layer_data_tuple()
    paths = write_labels_layer(str(tmp_path / "out.nii.gz"), given, attributes)
    assert paths == [str(tmp_path / f"out_t{time}.nii.gz") for time in (0, 1)]
    for time, path in enumerate(paths):
        volume = read_labels(path)
        np.testing.assert_array_equal(volume.array, data[time])
        assert lie_alike(volume.geometry, Geometry((0.8, 0.8, 5.0), (1.0, 2.0, 3.0)))


def test_a_file_of_a_time_point_is_never_replaced(tmp_path):
    (tmp_path / "out_t1.nrrd").write_text("mine")
    labels = Labels(np.zeros((2, *SHAPE), np.uint8))
    data, attributes, _ = labels.as_layer_data_tuple()
    with pytest.raises(FileWriteError, match="exists already"):
        write_labels_layer(str(tmp_path / "out.nrrd"), data, attributes)
    assert not (tmp_path / "out_t0.nrrd").exists()


def test_saved_flat_labels_are_one_slice(tmp_path):
    labels = Labels(np.eye(5, dtype=np.int32), scale=(0.25, 0.5), translate=(3.0, 2.0))
    volume = saved(labels, tmp_path / "out.mha")
    assert volume.array.shape == (1, 5, 5)
    assert lie_alike(volume.geometry, Geometry((0.5, 0.25, 1.0), (2.0, 3.0, 0.0)))


def test_a_single_slice_keeps_its_depth(tmp_path):
    geometry = Geometry((0.5, 0.25, 4.0), (2.0, 3.0, -77.0))
    data, arguments, _ = layer_from_volume(
        Volume(np.zeros((1, 6, 8)), geometry), Path("a")
    )
    labels = labels_like(Image(data, **arguments))
    volume = saved(labels, tmp_path / "out.mha")
    assert lie_alike(volume.geometry, geometry)


def test_a_sheared_layer_is_refused(tmp_path):
    labels = Labels(np.zeros(SHAPE, np.uint8), shear=(0.2, 0, 0), name="tilted")
    data, attributes, _ = labels.as_layer_data_tuple()
    with pytest.raises(GeometryError, match="degrees off the right angle"):
        write_labels_layer(str(tmp_path / "out.mha"), data, attributes)
    assert list(tmp_path.iterdir()) == []


def test_labels_in_five_dimensions_are_refused(tmp_path):
    with pytest.raises(ImageError, match="labels of 5 dimensions"):
        write_labels_layer(str(tmp_path / "a.mha"), np.zeros((1, 1, 1, 2, 2), int), {})


def test_an_unknown_suffix_is_refused(tmp_path):
    with pytest.raises(FileWriteError, match="suffix"):
        write_labels_layer(str(tmp_path / "out.xyz"), np.zeros((2, 2, 2), int), {})


def test_labels_drawn_on_an_image_never_replace_its_file(tmp_path):
    path = tmp_path / "ct.nrrd"
    write_volume(path, Volume(np.zeros(SHAPE, np.float32)))
    [(data, arguments, _)] = read_layers(str(path))
    data, attributes, _ = labels_like(Image(data, **arguments)).as_layer_data_tuple()
    before = path.read_bytes()
    with pytest.raises(FileWriteError, match="never overwritten"):
        write_labels_layer(str(path), data, attributes)
    assert path.read_bytes() == before


@pytest.mark.parametrize("turned", [False, True])
def test_labels_are_saved_over_their_own_file(tmp_path, turned):
    path = tmp_path / "scans" / ("a.nrrd" if turned else "labels.nrrd")
    write_volume(path, Volume(np.ones(SHAPE, np.uint8)))
    [(data, arguments, kind)] = read_layers(str(path))
    assert kind == ("image" if turned else "labels")
    layer = Labels(data, **arguments) if not turned else None
    if layer is None:
        viewer = ViewerModel()
        layer = turn_into_labels(viewer, viewer.add_image(data, **arguments))
    layer.data[0, 0, 0] = 5
    assert saved(layer, path).array.max() == 5
