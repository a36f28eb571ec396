"""Label images and volumes written to files."""

import numpy as np
import pytest

from fakes.geometries import lie_alike
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import FileWriteError, ImageError
from napari_sam_med.io.volume_files import read_labels, read_volume
from napari_sam_med.io.writing.export import Provenance, write_labels, write_volume

GEOMETRY = Geometry((0.8, 0.8, 5.0), (1.0, 2.0, 3.0))


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_labels_come_back_with_the_geometry(tmp_path, suffix):
    labels = np.array([[[0, 1], [2, 300]]], np.int64)
    write_labels(tmp_path / f"a{suffix}", labels, GEOMETRY)
    back = read_labels(tmp_path / f"a{suffix}")
    assert back.array.tolist() == labels.tolist()
    assert lie_alike(back.geometry, GEOMETRY)


def test_a_mask_is_stored_as_bytes(tmp_path):
    write_labels(tmp_path / "a.png", np.array([[True, False]]), GEOMETRY)
    back = read_labels(tmp_path / "a.png")
    assert back.array.dtype == np.uint8
    assert back.array.tolist() == [[[1, 0]]]


def test_an_existing_file_is_kept(tmp_path):
    path = tmp_path / "a.nii.gz"
    path.write_text("precious")
    with pytest.raises(FileWriteError, match="exists already"):
        write_labels(path, np.ones((1, 2, 2), np.uint8), GEOMETRY)
    assert path.read_text() == "precious"


def test_an_existing_file_is_replaced_when_asked(tmp_path):
    path = tmp_path / "a.nii.gz"
    path.write_text("old")
    write_labels(path, np.ones((1, 2, 2), np.uint8), GEOMETRY, overwrite=True)
    assert read_labels(path).array.sum() == 4


def test_nothing_but_the_file_is_left_behind(tmp_path):
    write_labels(tmp_path / "new" / "a.nrrd", np.ones((1, 2, 2), np.uint8), GEOMETRY)
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["a.nrrd"]


def test_a_failed_write_leaves_the_old_file_and_no_part(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileWriteError, match="cannot be written"):
        write_labels(tmp_path / "file" / "a.nrrd", np.ones((1, 2, 2), int), GEOMETRY)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("name", "array", "held"),
    [
        ("a.nrrd", [[[-1]]], r"\.nrrd holds 0 to 2147483647"),
        ("a.nii", [[[2**31]]], r"\.nii holds 0 to 2147483647"),
        ("a.png", [[[70000]]], r"\.png holds 0 to 65535, so choose \.nii\.gz"),
        ("a.bmp", [[[256]]], r"\.bmp holds 0 to 255"),
    ],
)
def test_labels_out_of_a_formats_range_are_refused(tmp_path, name, array, held):
    with pytest.raises(ImageError, match=held):
        write_labels(tmp_path / name, np.array(array), GEOMETRY)


def test_labels_that_are_not_integers_are_refused(tmp_path):
    with pytest.raises(ImageError, match="give integers"):
        write_labels(tmp_path / "a.nrrd", np.array([[[0.5]]]), GEOMETRY)


def test_several_slices_do_not_go_into_a_picture(tmp_path):
    with pytest.raises(ImageError, match="2 slices for a picture"):
        write_labels(tmp_path / "a.png", np.ones((2, 2, 2), int), GEOMETRY)


@pytest.mark.parametrize("name", ["a.txt", "a", "a.jpg"])
def test_a_suffix_that_cannot_be_written_names_those_that_can(tmp_path, name):
    with pytest.raises(FileWriteError, match=r"\.nii\.gz"):
        write_labels(tmp_path / name, np.ones((1, 2, 2), int), GEOMETRY)


def test_a_folder_is_not_a_target(tmp_path):
    (tmp_path / "a.mha").mkdir()
    with pytest.raises(FileWriteError, match="is a folder"):
        write_volume(tmp_path / "a.mha", Volume(np.ones((1, 2, 2))), overwrite=True)


def test_a_volume_is_never_written_over_its_own_file(tmp_path):
    path, link = tmp_path / "a.nrrd", tmp_path / "b.nrrd"
    write_volume(path, Volume(np.zeros((2, 3, 4), np.int16), GEOMETRY))
    link.hardlink_to(path)
    for out in (path, link):
        with pytest.raises(FileWriteError, match="a file of the input"):
            write_volume(out, read_volume(path), overwrite=True)


def test_labels_are_never_written_over_a_file_of_their_image(tmp_path):
    path = tmp_path / "a.nrrd"
    write_volume(path, Volume(np.zeros((1, 2, 2), np.int16), GEOMETRY))
    with pytest.raises(FileWriteError, match="a file of the input"):
        write_labels(
            path,
            np.ones((1, 2, 2), np.uint8),
            GEOMETRY,
            overwrite=True,
            provenance=Provenance((path,)),
        )
