"""The reader and writer that napari calls."""

from __future__ import annotations

import json

import numpy as np
import pytest
from napari.layers import Image, Labels, Layer

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import FileReadError, FileWriteError, ImageError
from napari_sam_med.gui.files import (
    geometry_from_layer,
    get_reader,
    looks_like_labels,
    write_labels_layer,
)
from napari_sam_med.io.dicom import write_ct_series
from napari_sam_med.io.export import write_volume
from napari_sam_med.io.volumes import read_labels

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
    np.testing.assert_array_equal(layer.data, ramp())
    np.testing.assert_allclose(layer.scale, (5.0, 0.9, 0.8), rtol=1e-6)


def test_geometry_and_modality_travel_in_the_metadata(tmp_path):
    path = tmp_path / "scan.nrrd"
    air = np.full((4, 6, 8), -1000, dtype=np.int16)
    air[:, 2:4, 2:4] = 40
    write_volume(path, Volume(air, OBLIQUE))
    layer = opened(path)
    assert layer.metadata["geometry"].matches(OBLIQUE)
    assert layer.metadata["modality"] == "CT"
    assert layer.metadata["path"] == str(path)


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


@pytest.mark.parametrize("name", ["notes.txt", "picture.png"])
def test_other_files_are_left_to_other_readers(tmp_path, name):
    (tmp_path / name).write_text("hello")
    assert get_reader(str(tmp_path / name)) is None


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
    np.testing.assert_array_equal(layer.data, labels)
    assert layer.metadata["geometry"].matches(OBLIQUE)


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


def test_whole_numbers_under_a_plain_name_stay_an_image(tmp_path):
    volume = Volume(np.zeros((2, 3, 4), dtype=np.uint8))
    assert not looks_like_labels(volume, tmp_path / "plain" / "scan.nrrd")


@pytest.mark.parametrize(
    "array",
    [
        np.full((1, 2, 2), 0.5),
        np.full((1, 2, 2), -1),
        np.full((1, 2, 2), 70_000),
        np.arange(162).reshape(1, 2, 81),
    ],
    ids=["fractions", "negative", "too large", "too many"],
)
def test_values_that_labels_never_have_make_an_image(tmp_path, array):
    assert not looks_like_labels(Volume(array), tmp_path / "scan_labels.nrrd")


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
    assert opened(path).metadata["label_names"] == {1: "liver"}


@pytest.mark.parametrize("text", ["[1, 2]", "{", '{"liver": 1}'])
def test_a_list_of_names_that_is_none_is_one_clear_sentence(tmp_path, text):
    path = tmp_path / "scan_labels.nrrd"
    write_volume(path, Volume(np.ones((2, 3, 4), dtype=np.uint8)))
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(FileReadError, match=r"labels\.json is no list"):
        opened(path)


def test_a_damaged_file_is_one_clear_sentence(tmp_path):
    path = tmp_path / "scan.nrrd"
    path.write_text("no image")
    with pytest.raises(FileReadError, match="cannot be read"):
        opened(path)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_saved_labels_lie_where_their_image_lies(tmp_path, suffix):
    labels = np.zeros((4, 6, 8), dtype=np.int32)
    labels[2, 1:4, 3:7] = 5
    layer = Labels(labels, metadata={"geometry": OBLIQUE})
    path = str(tmp_path / f"out{suffix}")
    data, meta, _ = layer.as_layer_data_tuple()
    assert write_labels_layer(path, data, meta) == [path]
    back = read_labels(path)
    np.testing.assert_array_equal(back.array, labels)
    assert back.geometry.matches(OBLIQUE)


def test_saved_flat_labels_are_one_slice(tmp_path):
    layer = Labels(np.eye(5, dtype=np.int32), scale=(0.25, 0.5))
    path = str(tmp_path / "out.mha")
    data, meta, _ = layer.as_layer_data_tuple()
    write_labels_layer(path, data, meta)
    back = read_labels(path)
    assert back.array.shape == (1, 5, 5)
    assert back.geometry.spacing_xyz == (0.5, 0.25, 1.0)


def test_without_geometry_the_layers_scale_and_translation_count():
    meta = {"metadata": {}, "scale": (5.0, 0.9, 0.8), "translate": (3.0, 2.0, 1.0)}
    geometry = geometry_from_layer(meta)
    assert geometry == Geometry((0.8, 0.9, 5.0), (1.0, 2.0, 3.0))


def test_labels_in_four_dimensions_are_refused(tmp_path):
    with pytest.raises(ImageError, match="one slice or one volume"):
        write_labels_layer(str(tmp_path / "out.mha"), np.zeros((1, 1, 2, 2), int), {})


def test_an_unknown_suffix_is_refused(tmp_path):
    with pytest.raises(FileWriteError, match="suffix"):
        write_labels_layer(str(tmp_path / "out.xyz"), np.zeros((2, 2, 2), int), {})
