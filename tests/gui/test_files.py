"""The reader and writer that napari calls."""

from __future__ import annotations

import json
import os

import nibabel
import nrrd
import numpy as np
import pytest
from napari.layers import Image, Labels, Layer
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication

from fakes.geometries import lie_alike
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import FileReadError
from napari_sam_med.gui.opening.readers import get_reader, has_few_values, may_be_labels
from napari_sam_med.io.dicom import write_ct_series
from napari_sam_med.io.volume_files import read_volume
from napari_sam_med.io.writing.export import Provenance, write_labels, write_volume

OBLIQUE = Geometry(
    spacing_xyz=(0.8, 0.9, 5.0),
    origin_xyz=(10.0, -20.0, 30.0),
    direction=((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)),
)


def ramp(shape=(4, 6, 8)):
    return np.arange(np.prod(shape), dtype=np.int16).reshape(shape)


def opened(path) -> Layer:
    reader = get_reader(str(path))
    assert reader is not None
    [layer_tuple] = reader(str(path))
    return Layer.create(*layer_tuple)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_a_volume_opens_with_its_spacing_as_scale(tmp_path, suffix):
    path = tmp_path / f"scan{suffix}"
    write_volume(path, Volume(ramp(), OBLIQUE))
    layer = opened(path)
    assert isinstance(layer, Image)
    assert layer.name == "scan"
    shown = np.transpose(ramp(), (1, 0, 2))  # its slices are coronal
    np.testing.assert_array_equal(layer.data, shown)
    np.testing.assert_allclose(layer.scale, (0.9, 5.0, 0.8), rtol=1e-6)
    world = OBLIQUE.world_xyz_from_zyx(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(layer.data_to_world((2, 1, 3))[::-1], world, atol=1e-4)


def test_geometry_and_modality_travel_in_the_metadata(tmp_path):
    path = tmp_path / "scan.nrrd"
    air = np.full((4, 6, 8), -1000, dtype=np.int16)
    air[:, 2:4, 2:4] = 40
    write_volume(path, Volume(air, OBLIQUE))
    layer = opened(path)
    assert lie_alike(layer.metadata["geometry"], OBLIQUE)
    assert layer.metadata["modality"] == "CT"
    assert layer.metadata["files"] == (str(path),)


def test_a_ct_opens_in_the_soft_tissue_window(tmp_path):
    path = tmp_path / "scan.nrrd"
    air = np.full((4, 6, 8), -1000, dtype=np.int16)
    air[:, 2:4, 2:4] = 40
    write_volume(path, Volume(air))
    assert tuple(opened(path).contrast_limits) == (-160.0, 240.0)


def test_a_dicom_folder_opens_as_one_volume(tmp_path):
    folder = tmp_path / "series"
    geometry = Geometry((0.8, 0.8, 5.0))
    volume = Volume(ramp() - 1000, geometry, "phantom", "CT")
    write_ct_series(folder, volume, description="phantom")
    layer = opened(folder)
    np.testing.assert_array_equal(layer.data, volume.array)
    assert tuple(layer.scale) == (5.0, 0.8, 0.8)
    assert layer.metadata["modality"] == "CT"


def test_dicom_files_without_suffix_are_recognised(tmp_path):
    folder = tmp_path / "series"
    write_ct_series(folder, Volume(ramp()), description="phantom")
    for file in list(folder.iterdir()):
        file.rename(file.with_suffix(""))
    assert get_reader(str(folder)) is not None


def test_other_files_are_left_to_other_readers(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    assert get_reader(str(tmp_path / "notes.txt")) is None


def test_a_folder_without_dicom_is_left_to_other_readers(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    assert get_reader(str(tmp_path)) is None
    assert get_reader([]) is None


def test_a_list_of_files_gives_a_layer_each(tmp_path):
    paths = [str(tmp_path / name) for name in ("a.nrrd", "b.nrrd")]
    for path in paths:
        write_volume(path, Volume(ramp()))
    names = [arguments["name"] for _, arguments, _ in get_reader(paths)(paths)]
    assert names == ["a", "b"]


def test_a_single_slice_becomes_a_flat_layer(tmp_path):
    path = tmp_path / "slice.mha"
    write_volume(path, Volume(ramp((1, 6, 8)), Geometry((0.5, 0.25, 1.0))))
    layer = opened(path)
    assert layer.data.shape == (6, 8)
    assert tuple(layer.scale) == (0.25, 0.5)


def test_colour_opens_as_rgb(tmp_path):
    path = tmp_path / "photo.mha"
    colour = np.zeros((2, 6, 8, 3), dtype=np.uint8)
    colour[..., 1] = 200
    write_volume(path, Volume(colour))
    layer = opened(path)
    assert layer.rgb
    assert layer.metadata["shape"] == (2, 6, 8)
    np.testing.assert_array_equal(layer.data, colour)


@pytest.mark.parametrize(
    "where", ["scan_labels.nrrd", "scan_seg.nrrd", "MASKS/scan.nrrd"]
)
def test_label_files_are_recognised_by_name_or_folder(tmp_path, where):
    path = tmp_path / where
    labels = np.zeros((4, 6, 8), dtype=np.uint8)
    labels[1, 2:4, 2:4] = 2
    write_volume(path, Volume(labels, OBLIQUE))
    layer = opened(path)
    assert isinstance(layer, Labels)
    np.testing.assert_array_equal(layer.data, np.transpose(labels, (1, 0, 2)))
    assert lie_alike(layer.metadata["geometry"], OBLIQUE)


@pytest.mark.parametrize(
    ("where", "name"),
    [("labels/scan.nrrd", "scan labels"), ("labels/scan_seg.nrrd", "scan_seg")],
)
def test_labels_are_told_from_their_image_by_name(tmp_path, where, name):
    path = tmp_path / where
    write_volume(path, Volume(np.ones((2, 3, 4), dtype=np.uint8)))
    assert opened(path).name == name


def test_an_image_in_a_folder_of_labels_stays_an_image(tmp_path):
    path = tmp_path / "labels" / "scan.nrrd"
    write_volume(path, Volume(ramp()))
    assert isinstance(opened(path), Image)


def test_a_plain_name_speaks_of_no_labels(tmp_path):
    assert not may_be_labels(tmp_path / "plain" / "scan.nrrd")


@pytest.mark.parametrize(
    "array",
    [np.full((1, 2, 2), 70_000), np.arange(162).reshape(1, 2, 81)],
    ids=["too large", "too many"],
)
def test_more_values_than_labels_have_make_an_image(array):
    assert not has_few_values(array)


@pytest.mark.parametrize("value", [0.5, -1.0])
def test_values_that_labels_never_have_make_an_image(tmp_path, value):
    path = tmp_path / "scan_labels.nrrd"
    write_volume(path, Volume(np.full((2, 3, 4), value, dtype=np.float32)))
    assert isinstance(opened(path), Image)


def test_labels_stored_as_float_become_whole_numbers(tmp_path):
    path = tmp_path / "scan_labels.nrrd"
    labels = np.zeros((4, 6, 8), dtype=np.float32)
    labels[1, 2:4, 2:4] = 2
    write_volume(path, Volume(labels))
    assert opened(path).data.dtype == np.int32


def test_names_of_labels_are_read_from_the_list_beside_them(tmp_path):
    path = tmp_path / "scan_labels.nrrd"
    labels = np.zeros((4, 6, 8), dtype=np.uint8)
    labels[1] = 1
    write_volume(path, Volume(labels))
    (tmp_path / "labels.json").write_text(json.dumps({"1": "liver"}))
    layer = opened(path)
    assert layer.metadata["label_names"] == {1: "liver"}
    assert layer.features["name"].tolist() == ["background", "liver"]


@pytest.mark.parametrize("text", ["[1, 2]", "{", '{"liver": 1}'])
def test_a_list_of_names_that_is_none_is_one_clear_sentence(tmp_path, text):
    path = tmp_path / "scan_labels.nrrd"
    write_volume(path, Volume(np.ones((2, 3, 4), dtype=np.uint8)))
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(FileReadError, match=r"labels\.json cannot be used"):
        opened(path)


def test_a_damaged_file_is_one_clear_sentence(tmp_path):
    path = tmp_path / "scan.nrrd"
    path.write_text("no image")
    with pytest.raises(FileReadError, match="not those of a NRRD file"):
        opened(path)


def two_series(folder):
    """CT series of two sizes, with descriptions of their own, in one folder."""
    for k, name in enumerate(("thin [b]", "thick <i>")):
        volume = Volume(ramp((3 + k, 6, 8)), Geometry((0.8, 0.8, 5.0)), name, "CT")
        write_ct_series(folder / name[:4], volume, description=name)
        for file in (folder / name[:4]).iterdir():
            file.rename(folder / f"{k}-{file.name}")
    return folder


@pytest.fixture
def ticking(qtbot):
    """Let a person tick rows of the dialog that opens, and press OK or Cancel."""

    def _tick(rows, *, accept=True):
        def act():
            dialog = QApplication.activeModalWidget()
            for row in range(dialog.list.count()):
                state = (
                    Qt.CheckState.Checked if row in rows else Qt.CheckState.Unchecked
                )
                dialog.list.item(row).setCheckState(state)
            if accept:
                qtbot.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
            else:
                dialog.reject()

        QTimer.singleShot(50, act)

    return _tick


@pytest.mark.parametrize("rows", [(0,), (1,), (0, 1)])
def test_of_several_series_those_that_are_ticked_open(tmp_path, ticking, rows):
    folder = two_series(tmp_path)
    names = ["thin [b]", "thick <i>"]
    ticking(rows)
    layers = [Layer.create(*each) for each in get_reader(str(folder))(str(folder))]
    wanted = [names[row] for row in rows]
    assert [len(layer.data) for layer in layers] == [3 + row for row in rows]
    if len(rows) > 1:
        assert [layer.name for layer in layers] == wanted


def test_ticking_no_series_says_so(tmp_path, ticking):
    folder = two_series(tmp_path)
    ticking((), accept=False)
    with pytest.raises(FileReadError, match="no series of"):
        get_reader(str(folder))(str(folder))


def test_time_points_open_as_one_layer(tmp_path):
    path = tmp_path / "perfusion.nii.gz"
    array = np.arange(3 * 4 * 6 * 8, dtype=np.int16).reshape(8, 6, 4, 3)
    nibabel.save(nibabel.Nifti1Image(array, np.diag([-0.8, -0.9, 5.0, 1.0])), path)
    layer = opened(path)
    assert layer.data.shape == (3, 4, 6, 8)
    assert layer.axis_labels == ("t", "z", "y", "x")
    np.testing.assert_array_equal(layer.data, array.T)


def test_a_dicom_segmentation_opens_as_labels_with_names(tmp_path):
    folder, path = tmp_path / "series", tmp_path / "organs.dcm"
    geometry = Geometry((0.8, 0.9, 5.0), (10.0, -20.0, 30.0))
    write_ct_series(folder, Volume(ramp(), geometry, "ct", "CT"), description="ct")
    labels = np.zeros((4, 6, 8), np.uint8)
    labels[1:3, 2:4, 3:7] = 1
    read = read_volume(folder)
    source = Provenance(read.files, {1: "liver"})
    write_labels(path, labels, read.geometry, provenance=source)
    layer = opened(path)
    assert isinstance(layer, Labels)
    assert layer.metadata["label_names"] == {1: "liver"}
    middle = layer.data_to_world(np.argwhere(layer.data).mean(axis=0))[::-1]
    expected = geometry.world_xyz_from_zyx(np.argwhere(labels).mean(axis=0))
    np.testing.assert_allclose(middle, expected, atol=1e-3)


def test_a_segmentation_of_slicer_opens_as_labels_with_names(tmp_path):
    path = tmp_path / "case.nrrd"
    array = np.zeros((8, 6, 4), np.uint8)
    array[2, 3, 1] = 5
    header = {
        "space": "left-posterior-superior",
        "space directions": np.diag([0.8, 0.9, 5.0]),
        "space origin": [1.0, 2.0, 3.0],
        "Segment0_ID": "Segment_1",
        "Segment0_Name": "kidney [left]",
        "Segment0_LabelValue": "5",
        "Segment0_Layer": "0",
    }
    nrrd.write(str(path), array, header)
    layer = opened(path)
    assert isinstance(layer, Labels)
    assert layer.metadata["label_names"] == {5: "kidney [left]"}
    assert layer.data[1, 3, 2] == 5


def test_what_reading_put_right_is_told(tmp_path):
    path = tmp_path / "scan.nii"
    image = nibabel.Nifti1Image(ramp().T, np.diag([-0.8, -0.8, 5.0, 1.0]))
    image.header["xyzt_units"] = 7  # no unit of length that NIfTI knows
    nibabel.save(image, path)
    notes = read_volume(path).notes
    assert notes
    before = len(notification_manager.records)
    opened(path)
    told = [each.message for each in list(notification_manager.records)[before:]]
    assert told == list(notes)


def test_a_pipe_is_left_alone(tmp_path):
    path = tmp_path / "scan.dcm"
    os.mkfifo(path)
    with pytest.raises(FileReadError, match="no regular file"):
        get_reader(str(path))(str(path))
