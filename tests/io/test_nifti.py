"""NIfTI headers and voxels, compared with nibabel."""

import gzip
import struct

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import FileReadError, GeometryError, ImageError
from napari_sam_med.io.volume_files import (
    count_times,
    read_labels,
    read_time_series,
    read_volume,
)
from napari_sam_med.io.writing.export import write_volume

LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
TILTED = nibabel.affines.from_matvec(
    nibabel.eulerangles.euler2mat(0.3, -0.2, 0.1) @ np.diag([0.7, 0.8, 2.5]),
    [-11.0, 22.0, 33.0],
)
VALUES = np.arange(-12, 12, dtype=np.int16).reshape(4, 3, 2)


def save(path, array=VALUES, affine=TILTED, kind=nibabel.Nifti1Image, **fields):
    image = kind(array, affine)
    image.set_qform(affine, 1)
    image.set_sform(affine, 1)
    for name, value in fields.items():
        image.header[name] = value
    nibabel.save(image, path)
    return path


def patched(path, at, data):
    """Change bytes that nibabel would put right."""
    stored = bytearray(path.read_bytes())
    stored[at : at + len(data)] = data
    path.write_bytes(stored)
    return path


@pytest.mark.parametrize(
    "dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8", ">i2", ">f8"]
)
@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_every_type_is_read_as_nibabel_reads_it(tmp_path, dtype, kind):
    array = np.abs(VALUES).astype(dtype)
    header = kind.header_class(endianness=">" if ">" in dtype else "<")
    header.set_data_dtype(array.dtype)
    image = kind(array, TILTED, header)
    nibabel.save(image, tmp_path / "a.nii")
    volume = read_volume(tmp_path / "a.nii")
    assert volume.array.dtype == np.dtype(dtype).newbyteorder("=")
    assert np.array_equal(volume.array, array.T)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("flip", [(1, 1, 1), (-1, 1, 1), (1, -1, 1), (-1, -1, -1)])
def test_voxels_are_where_nibabel_puts_them(tmp_path, name, flip):
    affine = TILTED @ np.diag([*flip, 1.0])
    path = save(tmp_path / name, affine=affine)
    expected = LPS_FROM_RAS @ nibabel.load(path).affine
    assert np.allclose(read_volume(path).geometry.matrix, expected, atol=1e-5)


def test_a_qform_alone_is_followed_also_left_handed(tmp_path):
    affine = TILTED @ np.diag([1.0, 1.0, -1.0, 1.0])
    path = save(tmp_path / "a.nii", affine=affine, sform_code=0)
    assert np.allclose(
        read_volume(path).geometry.matrix,
        LPS_FROM_RAS @ nibabel.load(path).header.get_qform(),
        atol=1e-5,
    )


def test_the_sform_is_taken_where_the_qform_differs_and_this_is_said(tmp_path):
    image = nibabel.Nifti1Image(VALUES, TILTED)
    image.set_sform(TILTED, 2)
    image.set_qform(np.diag([0.7, 0.8, 2.5, 1.0]), 1)
    nibabel.save(image, tmp_path / "a.nii")
    volume = read_volume(tmp_path / "a.nii")
    expected = LPS_FROM_RAS @ nibabel.load(tmp_path / "a.nii").affine
    assert np.allclose(volume.geometry.matrix, expected, atol=1e-5)
    assert "the sform and the qform" in volume.notes[0]


def test_a_file_without_a_place_says_so(tmp_path):
    path = patched(save(tmp_path / "a.nii"), 252, bytes(4))
    volume = read_volume(path)
    assert volume.geometry.origin_xyz == (0, 0, 0)
    assert "does not say where it lies" in volume.notes[0]


def test_a_sheared_sform_is_refused_though_the_qform_is_sound(tmp_path):
    sheared = TILTED.copy()
    sheared[:3, 2] += sheared[:3, 0] * 0.8
    image = nibabel.Nifti1Image(VALUES, TILTED)
    image.set_qform(TILTED, 1)
    image.set_sform(sheared, 1)
    nibabel.save(image, tmp_path / "a.nii")
    with pytest.raises(GeometryError, match=r"a\.nii.*degrees off the right angle"):
        read_volume(tmp_path / "a.nii")


def test_rounded_directions_are_put_right_and_this_is_said(tmp_path):
    affine = TILTED.copy()
    affine[:3, :3] = np.round(TILTED[:3, :3] / [0.7, 0.8, 2.5], 3) * [0.7, 0.8, 2.5]
    path = save(tmp_path / "a.nii", affine=affine, qform_code=0)
    volume = read_volume(path)
    direction = np.array(volume.geometry.direction)
    assert np.allclose(direction.T @ direction, np.eye(3), atol=1e-12)
    assert np.abs(volume.geometry.matrix - LPS_FROM_RAS @ affine).max() < 5e-3


@pytest.mark.parametrize(("unit", "factor"), [(1, 1000), (2, 1), (3, 0.001), (0, 1)])
def test_metres_and_microns_become_millimetres(tmp_path, unit, factor):
    affine = np.diag([0.7, 0.8, 2.5, 1.0])
    affine[:3, 3] = 1, 2, 3
    path = save(tmp_path / "a.nii", affine=affine, xyzt_units=unit)
    geometry = read_volume(path).geometry
    assert np.allclose(geometry.spacing_xyz, np.multiply((0.7, 0.8, 2.5), factor))
    assert np.allclose(geometry.origin_xyz, np.multiply((-1, -2, 3), factor))


@pytest.mark.parametrize("size", [0.0, -0.7, np.nan])
def test_a_voxel_without_size_is_refused(tmp_path, size):
    path = save(tmp_path / "a.nii", sform_code=0)
    with pytest.raises(GeometryError, match="pixdim"):
        read_volume(patched(path, 80, struct.pack("<f", size)))


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_file_that_ends_too_early_is_refused(tmp_path, dtype, name):
    rng = np.random.default_rng(0)
    array = rng.integers(0, 200, (8, 9, 10)).astype(dtype)
    path = save(tmp_path / name, array)
    path.write_bytes(path.read_bytes()[:-90])
    with pytest.raises(FileReadError, match="ends too early"):
        read_volume(path)


@pytest.mark.parametrize("cut", [1, 4, 8])
@pytest.mark.parametrize("suffix", [".nii.gz", ".mha", ".nrrd"])
def test_packed_voxels_without_their_check_sum_are_refused_for_that(
    tmp_path, suffix, cut
):
    path = tmp_path / f"a{suffix}"
    array = np.random.default_rng(0).integers(0, 200, (8, 9, 10)).astype(np.int16)
    write_volume(path, Volume(array))
    cut = min(cut, 4) if suffix == ".mha" else cut  # of zlib it has four bytes
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(FileReadError, match="the check sum behind its packed voxels"):
        read_volume(path)


def test_a_flipped_bit_in_a_gzip_is_noticed(tmp_path):
    array = np.random.default_rng(0).integers(0, 200, (9, 9, 9)).astype(np.uint8)
    path = tmp_path / "a.nii"
    save(path, array)
    packed = bytearray(gzip.compress(path.read_bytes(), compresslevel=0))
    packed[-40] ^= 4
    path.write_bytes(packed)
    with pytest.raises(FileReadError, match="is damaged"):
        read_volume(path)


def test_a_gzip_of_several_members_is_read(tmp_path):
    plain = save(tmp_path / "a.nii")
    data = plain.read_bytes()
    packed = tmp_path / "b.nii.gz"
    packed.write_bytes(gzip.compress(data[:360]) + gzip.compress(data[360:]))
    assert read_volume(packed).array.tolist() == read_volume(plain).array.tolist()


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_small_file_that_claims_2_gb_is_refused_before_memory_is_taken(
    tmp_path, name
):
    path = patched(save(tmp_path / "b.nii"), 42, struct.pack("<3h", 1000, 1000, 1000))
    data = path.read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(data) if "gz" in name else data)
    with pytest.raises(FileReadError, match="promises 2000000000 bytes"):
        read_volume(tmp_path / name)


def test_a_header_alone_is_refused(tmp_path):
    path = save(tmp_path / "a.nii")
    path.write_bytes(path.read_bytes()[:352])
    with pytest.raises(FileReadError, match="ends too early"):
        read_volume(path)


def test_bytes_behind_the_voxels_are_told_of(tmp_path):
    path = save(tmp_path / "a.nii")
    path.write_bytes(path.read_bytes() + bytes(1000))
    assert "1000 bytes more" in read_volume(path).notes[0]


@pytest.mark.parametrize(
    "dims", [(0, 4, 3, 2), (3, 4, -3, 2), (9, 4, 3, 2), (3, 0, 1, 1)]
)
def test_damaged_dimensions_are_refused(tmp_path, dims):
    path = patched(save(tmp_path / "a.nii"), 40, struct.pack("<4h", *dims))
    with pytest.raises(FileReadError, match="dimensions"):
        read_volume(path)


@pytest.mark.parametrize("offset", [np.nan, 12.0, -4.0, 352.5])
def test_a_damaged_offset_is_refused(tmp_path, offset):
    path = patched(save(tmp_path / "a.nii"), 108, struct.pack("<f", offset))
    with pytest.raises(FileReadError, match="at byte"):
        read_volume(path)


def test_slope_and_intercept_give_nibabels_values(tmp_path):
    image = nibabel.Nifti1Image(VALUES, TILTED)
    image.header.set_slope_inter(0.37, -5.5)
    image.header.set_data_dtype(np.int16)
    nibabel.save(image, tmp_path / "a.nii")
    volume = read_volume(tmp_path / "a.nii")
    expected = nibabel.load(tmp_path / "a.nii").get_fdata().T
    assert volume.array.dtype == np.float32
    assert np.allclose(volume.array, expected, rtol=1e-6)


@pytest.mark.parametrize("slope", [0.0, np.nan])
def test_a_slope_of_nothing_changes_nothing(tmp_path, slope):
    path = save(tmp_path / "a.nii")
    patched(path, 112, struct.pack("<2f", slope, 7.0))
    assert read_volume(path).array.dtype == np.int16


def test_time_points_are_chosen(tmp_path):
    array = np.stack([VALUES, VALUES + 50, VALUES + 90], axis=-1)
    path = save(tmp_path / "a.nii.gz", array)
    assert count_times(path) == 3
    assert np.array_equal(read_volume(path, time=1).array, VALUES.T + 50)
    assert np.array_equal(read_time_series(path).array[2], VALUES.T + 90)


@pytest.mark.parametrize("time", [None, 3, -1])
def test_the_accepted_time_points_are_named(tmp_path, time):
    path = save(tmp_path / "a.nii", np.stack([VALUES] * 3, axis=-1))
    with pytest.raises(ImageError, match=r"3 time points; give one, 0 to 2 \(--time\)"):
        read_volume(path, time=time)


def test_one_volume_is_a_series_of_one(tmp_path):
    times = read_time_series(save(tmp_path / "a.nii"))
    assert times.array.shape == (1, 2, 3, 4)
    assert np.array_equal(times.at(0).array, VALUES.T)


def test_colours_are_read(tmp_path):
    pixels = np.arange(24 * 3, dtype=np.uint8).reshape(4, 3, 2, 3)
    rgb = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    array = np.ascontiguousarray(pixels).view(rgb)[..., 0]
    nibabel.save(nibabel.Nifti1Image(array, np.eye(4)), tmp_path / "a.nii")
    expected = pixels.transpose(2, 1, 0, 3)
    assert np.array_equal(read_volume(tmp_path / "a.nii").array, expected)


def test_vectors_are_refused_with_their_size(tmp_path):
    path = save(tmp_path / "a.nii", np.zeros((4, 3, 2, 1, 3), np.float32))
    with pytest.raises(ImageError, match="3 channels of float32"):
        read_volume(path)


@pytest.mark.parametrize("intent", ["vector", "displacement vector", "none"])
def test_vectors_of_bytes_are_no_colours(tmp_path, intent):
    image = nibabel.Nifti1Image(np.zeros((4, 3, 2, 1, 4), np.uint8), np.eye(4))
    image.header.set_intent(intent)
    nibabel.save(image, tmp_path / "a.nii")
    with pytest.raises(ImageError, match="4 channels of uint8"):
        read_volume(tmp_path / "a.nii")


def test_the_vectors_that_itk_writes_for_colours_are_read_and_told_of(tmp_path):
    colours = np.random.default_rng(0).integers(0, 255, (2, 3, 4, 3), dtype=np.uint8)
    written = sitk.GetImageFromArray(colours, isVector=True)
    sitk.WriteImage(written, str(tmp_path / "a.nii"))
    volume = read_volume(tmp_path / "a.nii")
    np.testing.assert_array_equal(volume.array, colours)
    assert "taken for colours" in " ".join(volume.notes)


def test_a_vector_of_colours_is_read(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((4, 3, 2, 1, 3), np.uint8), np.eye(4))
    image.header.set_intent(2003)
    nibabel.save(image, tmp_path / "a.nii")
    assert read_volume(tmp_path / "a.nii").array.shape[:3] == (2, 3, 4)


@pytest.mark.parametrize("code", [1, 32, 1536, 1792, 77])
def test_numbers_that_nothing_can_show_are_refused(tmp_path, code):
    path = patched(save(tmp_path / "a.nii"), 70, struct.pack("<h", code))
    with pytest.raises(ImageError, match="save real numbers"):
        read_volume(path)


def test_a_pair_of_header_and_image_is_read(tmp_path):
    path = save(tmp_path / "a.hdr", kind=nibabel.Nifti1Pair)
    assert np.array_equal(read_volume(path).array, VALUES.T)


def test_a_header_without_its_image_says_what_is_missing(tmp_path):
    path = save(tmp_path / "a.hdr", kind=nibabel.Nifti1Pair)
    (tmp_path / "a.img").unlink()
    with pytest.raises(FileReadError, match=r"a\.img is not beside it"):
        read_volume(path)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16])
def test_labels_that_were_scaled_are_whole_again(tmp_path, dtype):
    labels = np.array([0, 1, 2, 5], np.float64).reshape(4, 1, 1)
    image = nibabel.Nifti1Image(labels, np.eye(4))
    image.header.set_data_dtype(dtype)
    nibabel.save(image, tmp_path / "a.nii")
    assert not np.array_equal(nibabel.load(tmp_path / "a.nii").get_fdata(), labels)
    assert read_labels(tmp_path / "a.nii").array.ravel().tolist() == [0, 1, 2, 5]


def test_a_scaled_probability_map_is_no_label_image(tmp_path):
    values = np.linspace(0, 1, 256).reshape(256, 1, 1)
    image = nibabel.Nifti1Image(values, np.eye(4))
    image.header.set_data_dtype(np.uint8)
    nibabel.save(image, tmp_path / "a.nii")
    with pytest.raises(ImageError, match="not whole numbers"):
        read_labels(tmp_path / "a.nii")


def test_values_far_apart_are_never_rounded_to_labels(tmp_path):
    path = save(tmp_path / "a.nii", np.array([[[0, 1, 2]]], np.int16))
    patched(path, 112, struct.pack("<2f", 1.0, 0.3))
    with pytest.raises(ImageError, match="not whole numbers"):
        read_labels(path)


@pytest.mark.parametrize("slope", [2.0, 0.5, np.inf])
@pytest.mark.parametrize("channels", [3, 4])
def test_colours_are_not_scaled(tmp_path, slope, channels):
    pixels = np.arange(24 * channels, dtype=np.uint8).reshape(4, 3, 2, channels)
    code = {3: 128, 4: 2304}[channels]
    colours = np.dtype([(name, "u1") for name in "RGBA"[:channels]])
    path = save(tmp_path / "a.nii", np.ascontiguousarray(pixels).view(colours)[..., 0])
    patched(path, 112, struct.pack("<ff", slope, 7.0))
    volume = read_volume(path)
    assert struct.unpack("<h", path.read_bytes()[70:72]) == (code,)
    assert np.array_equal(volume.array, pixels[..., :3].transpose(2, 1, 0, 3))
