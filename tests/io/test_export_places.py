"""Where other programs find the voxels that we wrote."""

import gzip
from itertools import product

import nibabel
import nrrd
import numpy as np
import pytest
import SimpleITK as sitk
from imageio.v3 import imread
from scipy.spatial.transform import Rotation

from napari_sam_med.core.geometry import Geometry, orthonormal
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import FileWriteError, GeometryError
from napari_sam_med.io.writing.export import write_labels, write_volume

SPACING, ORIGIN = (0.7, 0.9, 3.1), (-212.345678, 87.1, -1043.75)


def turned(*degrees):
    return Rotation.from_euler("zyx", degrees, degrees=True).as_matrix()


PLACES = {
    "axial": np.eye(3),
    "coronal": [[1, 0, 0], [0, 0, 1], [0, -1, 0]],
    "sagittal": [[0, 0, -1], [1, 0, 0], [0, -1, 0]],
    "oblique": turned(17, -8, 31),
    "nearly half a turn": np.diag([-1, -1, 1]) @ turned(179.99, 0.004, 0.003),
    "left-handed": np.diag([1, 1, -1]),
    "oblique and left-handed": turned(17, -8, 31) @ np.diag([1, -1, 1]),
    "flipped": np.diag([-1, -1, 1]),
}
SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha")


def by_itk(path):
    image = sitk.ReadImage(str(path))
    marked = np.argwhere(sitk.GetArrayFromImage(image) == 3)
    return [image.TransformIndexToPhysicalPoint(m[::-1].tolist()) for m in marked]


def by_nibabel(path, *, form="get_sform"):
    image = nibabel.load(path)
    marked = np.argwhere(np.asanyarray(image.dataobj) == 3)
    ras = nibabel.affines.apply_affine(getattr(image, form)(), marked)
    return ras * [-1, -1, 1]


def by_pynrrd(path):
    voxels, header = nrrd.read(str(path))
    assert header["space"] == "left-posterior-superior"
    marked = np.argwhere(voxels == 3)
    return marked @ header["space directions"] + header["space origin"]


READERS = {
    ".nii.gz": (by_itk, by_nibabel),
    ".nii": (by_itk, by_nibabel),
    ".nrrd": (by_itk, by_pynrrd),
    ".mha": (by_itk,),
}


def sorted_rows(points):
    points = np.asarray(points, float)
    return points[np.lexsort(points.T)]


@pytest.fixture
def labels():
    """300 mm across, a few voxels marked, the corners among them."""
    array = np.zeros((90, 3, 400), np.int32)
    array[5, 1, 70] = 1
    for z, y, x in [(0, 0, 0), (89, 2, 399), (0, 2, 399), (41, 1, 10)]:
        array[z, y, x] = 3
    return array


@pytest.mark.parametrize(("place", "suffix"), list(product(PLACES, SUFFIXES)))
def test_marked_voxels_are_found_at_the_same_millimetre(
    labels, place, suffix, tmp_path
):
    geometry = Geometry(SPACING, ORIGIN, orthonormal(PLACES[place]))
    path = tmp_path / f"a{suffix}"
    write_labels(path, labels, geometry)
    expected = geometry.world_xyz_from_zyx(np.argwhere(labels == 3))
    for read in READERS[suffix]:
        found = sorted_rows(read(path))
        assert np.abs(found - sorted_rows(expected)).max() <= 1e-3, read.__name__


@pytest.mark.parametrize("place", [p for p in PLACES if p != "nearly half a turn"])
def test_both_forms_of_a_nifti_file_say_the_same(labels, place, tmp_path):
    geometry = Geometry(SPACING, ORIGIN, orthonormal(PLACES[place]))
    write_labels(tmp_path / "a.nii", labels, geometry)
    header = nibabel.load(tmp_path / "a.nii").header
    by_qform = by_nibabel(tmp_path / "a.nii", form="get_qform")
    assert (int(header["qform_code"]), int(header["sform_code"])) == (1, 1)
    assert header.get_xyzt_units()[0] == "mm"
    assert np.abs(by_qform - by_nibabel(tmp_path / "a.nii")).max() <= 1e-3


def test_a_quaternion_that_would_move_voxels_is_not_offered(labels, tmp_path):
    place = orthonormal(PLACES["nearly half a turn"])
    write_labels(tmp_path / "a.nii", labels, Geometry(SPACING, ORIGIN, place))
    assert int(nibabel.load(tmp_path / "a.nii").header["qform_code"]) == 0


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("largest", [1, 255, 256, 65535, 65536, 2**31 - 1])
def test_labels_are_kept_in_the_smallest_type(suffix, largest, tmp_path):
    labels = np.array([[[0, 1], [0, largest]]], np.int64)
    write_labels(tmp_path / f"a{suffix}", labels, Geometry())
    back = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / f"a{suffix}")))
    assert back.tolist() == labels.tolist()
    assert back.dtype == np.min_scalar_type(largest)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "kind", ["u1", "i1", ">i2", "u2", "i4", "u4", "i8", "f4", ">f8", "f2"]
)
def test_numbers_of_every_type_come_back(suffix, kind, tmp_path):
    array = (np.arange(24) % 7 + 100).reshape(2, 3, 4).astype(kind)
    write_volume(tmp_path / f"a{suffix}", Volume(array, Geometry(SPACING, ORIGIN)))
    back = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / f"a{suffix}")))
    assert np.array_equal(back, array)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_colour_comes_back(suffix, tmp_path):
    array = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
    write_volume(tmp_path / f"a{suffix}", Volume(array))
    back = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / f"a{suffix}")))
    assert np.array_equal(back, array)


@pytest.mark.parametrize(
    ("name", "largest", "kind"),
    [("a.png", 65535, "uint16"), ("a.tif", 70000, "int32"), ("a.bmp", 255, "uint8")],
)
def test_a_slice_comes_back_from_a_picture(name, largest, kind, tmp_path):
    labels = np.array([[0, 1, 2], [3, 4, largest]])
    write_labels(tmp_path / name, labels, Geometry())
    back = imread(tmp_path / name)
    assert back.tolist() == labels.tolist()
    assert str(back.dtype) == kind


def test_nifti_refuses_a_place_that_its_rounding_would_move(tmp_path):
    far = Geometry((1.0, 1.0, 1.0), (3e5 + 0.0156, 0.0, 0.0))
    with pytest.raises(FileWriteError, match=r"float32.*choose \.nrrd"):
        write_labels(tmp_path / "a.nii", np.ones((1, 2, 2), int), far)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_axes_off_the_right_angle_are_refused(suffix, tmp_path):
    leaning = Geometry(direction=((1.0, 0.1, 0.0), (0.0, 0.995, 0.0), (0.0, 0.0, 1.0)))
    with pytest.raises(GeometryError, match="right angles"):
        write_labels(tmp_path / f"a{suffix}", np.ones((1, 2, 2), int), leaning)


def test_an_axis_longer_than_nifti_counts_is_refused(tmp_path):
    with pytest.raises(FileWriteError, match="32767 along an axis"):
        write_labels(tmp_path / "a.nii", np.ones((1, 1, 32768), int), Geometry())


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".png", ".tif"])
def test_neither_the_images_nor_the_files_name_is_in_the_file(suffix, tmp_path):
    array = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
    path = tmp_path / f"DOE^JANE{suffix}"
    write_volume(path, Volume(array, name="DOE^JANE", files=(path,)))
    stored = path.read_bytes()
    if suffix == ".nii.gz":
        stored += gzip.decompress(stored)
    assert b"DOE" not in stored
