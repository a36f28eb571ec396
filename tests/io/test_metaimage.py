"""MetaImage headers and voxels, compared with SimpleITK."""

import numpy as np
import pytest
import SimpleITK as sitk

from napari_sam_med.errors import FileReadError, GeometryError, ImageError
from napari_sam_med.io.volume_files import read_time_series, read_volume

TILTED = (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0)
VALUES = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
HEADER = """ObjectType = Image
NDims = 3
BinaryData = True
BinaryDataByteOrderMSB = False
ElementSpacing = 0.7 0.8 2.5
DimSize = 4 3 2
ElementType = MET_SHORT
ElementDataFile = LOCAL
"""


def itk_image(array=VALUES):
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((0.7, 0.8, 2.5))
    image.SetOrigin((1.0, -2.0, 3.0))
    image.SetDirection(TILTED)
    return image


def write(path, header=HEADER, data=None):
    voxels = VALUES.tobytes() if data is None else data
    path.write_bytes(header.encode() + voxels)
    return path


@pytest.mark.parametrize("name", ["a.mha", "a.mhd"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]
)
def test_what_itk_writes_is_read_as_itk_reads_it(tmp_path, name, packed, dtype):
    path = tmp_path / name
    sitk.WriteImage(itk_image(VALUES.astype(dtype)), str(path), useCompression=packed)
    volume = read_volume(path)
    again = sitk.ReadImage(str(path))
    assert volume.array.dtype == np.dtype(dtype)
    assert np.array_equal(volume.array, sitk.GetArrayFromImage(again))
    assert np.allclose(volume.geometry.spacing_xyz, again.GetSpacing())
    assert np.allclose(volume.geometry.origin_xyz, again.GetOrigin())
    assert np.allclose(np.ravel(volume.geometry.direction), again.GetDirection())
    assert volume.notes == ()


@pytest.mark.parametrize("n", [-3, 0, 1, 5, 99, 10**12])
def test_dimensions_that_crash_itk_are_one_sentence(tmp_path, n):
    path = write(tmp_path / "a.mha", HEADER.replace("NDims = 3", f"NDims = {n}"))
    with pytest.raises(ImageError, match="2 to 4 are accepted"):
        read_volume(path)


@pytest.mark.parametrize(
    ("old", "new", "error", "said"),
    [
        ("NDims = 3", "NDims = three", FileReadError, "NDims"),
        ("DimSize = 4 3 2", "DimSize = 4 3", FileReadError, "DimSize"),
        ("DimSize = 4 3 2", "DimSize = 4 -3 2", FileReadError, "DimSize"),
        ("DimSize = 4 3 2", "DimSize = 4000 3000 2000", FileReadError, "too early"),
        ("0.7 0.8 2.5", "0.7 0 2.5", GeometryError, "ElementSpacing"),
        ("0.7 0.8 2.5", "0.7 -0.8 2.5", GeometryError, "ElementSpacing"),
        ("0.7 0.8 2.5", "nan 1 1", GeometryError, "ElementSpacing"),
        ("MET_SHORT", "MET_STRING", ImageError, "ElementType"),
        ("= LOCAL", "= ../../etc/passwd", FileReadError, "header's folder"),
        ("= LOCAL", "= /etc/passwd", FileReadError, "header's folder"),
        ("= LOCAL", "= gone.raw", FileReadError, "does not exist"),
        ("= LOCAL", "= a%03d.raw 1 2 1", FileReadError, "without %"),
        ("ElementDataFile", "Comment", FileReadError, "ElementDataFile"),
        ("BinaryData =", "Offset = 1 2\nBinaryData =", GeometryError, "for Offset"),
        (
            "BinaryData =",
            "TransformMatrix = 1 0 0 0.5 1 0 0 0 1\nBinaryData =",
            GeometryError,
            "degrees off the right angle",
        ),
    ],
)
def test_a_wrong_field_is_one_sentence_that_names_it(tmp_path, old, new, error, said):
    path = write(tmp_path / "a.mha", HEADER.replace(old, new))
    with pytest.raises(error, match=said) as caught:
        read_volume(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_ends_too_early_is_refused(tmp_path, packed):
    path = tmp_path / "a.mha"
    sitk.WriteImage(itk_image(), str(path), useCompression=packed)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(FileReadError, match="ends too early"):
        read_volume(path)


def test_big_endian_voxels_are_read(tmp_path):
    header = HEADER.replace("MSB = False", "MSB = True")
    path = write(tmp_path / "a.mha", header, VALUES.astype(">i2").tobytes())
    assert read_volume(path).array.tolist() == VALUES.tolist()


def test_voxels_as_text_are_read(tmp_path):
    header = HEADER.replace("BinaryData = True", "BinaryData = False")
    text = " ".join(str(value) for value in VALUES.ravel())
    path = write(tmp_path / "a.mha", header, text.encode())
    assert read_volume(path).array.tolist() == VALUES.tolist()


def test_a_list_of_slices_is_read(tmp_path):
    for number, page in enumerate(VALUES):
        (tmp_path / f"{number}.raw").write_bytes(page.tobytes())
    header = HEADER.replace("LOCAL", "LIST")
    path = write(tmp_path / "a.mhd", header, b"0.raw\n1.raw\n")
    assert read_volume(path).array.tolist() == VALUES.tolist()
    assert np.array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(path))), VALUES)


def test_voxels_at_the_end_of_their_file_are_found(tmp_path):
    (tmp_path / "a.raw").write_bytes(b"some header" + VALUES.tobytes())
    header = HEADER.replace("ElementDataFile = LOCAL", "HeaderSize = -1\n"
                            "ElementDataFile = a.raw")  # fmt: skip
    path = write(tmp_path / "a.mhd", header, b"")
    assert read_volume(path).array.tolist() == VALUES.tolist()


def with_header_size(size):
    return HEADER.replace("NDims", f"HeaderSize = {size}\nNDims")


def test_voxels_at_the_end_of_the_header_s_own_file_are_found(tmp_path):
    data = b"some spare bytes" + VALUES.tobytes()
    path = write(tmp_path / "a.mha", with_header_size(-1), data)
    assert read_volume(path).array.tolist() == VALUES.tolist()
    assert np.array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(path))), VALUES)


def test_a_header_size_that_counts_from_the_file_s_start_is_followed(tmp_path):
    size = len(with_header_size(100)) + 4
    path = write(tmp_path / "a.mha", with_header_size(size), b"XXXX" + VALUES.tobytes())
    assert read_volume(path).array.tolist() == VALUES.tolist()
    assert np.array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(path))), VALUES)


@pytest.mark.parametrize("size", [-2, 4])
def test_a_header_size_inside_the_header_is_refused(tmp_path, size):
    data = b"XXXX" + VALUES.tobytes()
    path = write(tmp_path / "a.mha", with_header_size(size), data)
    with pytest.raises(FileReadError, match="HeaderSize; it must be"):
        read_volume(path)


def test_voxels_that_would_begin_in_the_header_are_too_short(tmp_path):
    path = write(tmp_path / "a.mha", with_header_size(-1), VALUES.tobytes()[4:])
    with pytest.raises(FileReadError, match="4 are missing"):
        read_volume(path)


def test_files_of_other_lengths_that_end_with_their_voxels_are_refused(tmp_path):
    for number, (front, page) in enumerate(zip((b"head", b""), VALUES, strict=True)):
        (tmp_path / f"{number}.raw").write_bytes(front + page.tobytes())
    header = with_header_size(-1).replace("LOCAL", "LIST")
    path = write(tmp_path / "a.mhd", header, b"0.raw\n1.raw\n")
    with pytest.raises(FileReadError, match="files of 24 to 28 bytes"):
        read_volume(path)


def test_spare_bytes_behind_the_voxels_are_told(tmp_path):
    path = write(tmp_path / "a.mha", data=VALUES.tobytes() + b"XXXX")
    assert "holds 4 bytes more than its header" in read_volume(path).notes[0]


def test_a_missing_voxel_size_is_told(tmp_path):
    path = write(tmp_path / "a.mha", HEADER.replace("ElementSpacing", "Comment"))
    volume = read_volume(path)
    assert volume.geometry.spacing_xyz == (1, 1, 1)
    assert "does not say how large" in volume.notes[0]


def test_colours_are_read(tmp_path):
    pixels = np.arange(72, dtype=np.uint8).reshape(2, 3, 4, 3)
    image = sitk.GetImageFromArray(pixels, isVector=True)
    sitk.WriteImage(image, str(tmp_path / "a.mha"))
    assert np.array_equal(read_volume(tmp_path / "a.mha").array, pixels)


def test_a_fourth_dimension_is_time(tmp_path):
    times = [sitk.GetImageFromArray(VALUES + i) for i in range(3)]
    sitk.WriteImage(sitk.JoinSeries(times), str(tmp_path / "a.mha"))
    assert read_time_series(tmp_path / "a.mha").array.shape == (3, 2, 3, 4)
    chosen = read_volume(tmp_path / "a.mha", time=2)
    assert np.array_equal(chosen.array, VALUES + 2)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Offset = 1 2 3", "Origin = 4 4 4"),
        ("TransformMatrix = 1 0 0 0 1 0 0 0 1", "Orientation = 0 1 0 1 0 0 0 0 1"),
    ],
)
def test_one_thing_told_in_two_ways_is_refused(tmp_path, first, second):
    header = HEADER.replace("NDims", f"{first}\n{second}\nNDims")
    with pytest.raises(GeometryError, match="which mean the same; leave the one"):
        read_volume(write(tmp_path / "a.mha", header))


def test_one_thing_told_twice_alike_is_read(tmp_path):
    header = HEADER.replace("NDims", "Offset = 1 2 3\nPosition = 1.0 2 3\nNDims")
    volume = read_volume(write(tmp_path / "a.mha", header))
    assert volume.geometry.origin_xyz == (1, 2, 3)
