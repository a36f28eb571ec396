"""DICOM headers, read with bounds."""

import os
import time

import numpy as np
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)

from fakes.dicom_files import header, place, ramp, save
from napari_sam_med.errors import FileReadError, SamMedError
from napari_sam_med.io.dicom import headers, read_dicom, starts_like_dicom
from napari_sam_med.io.dicom.headers import read_header

PIXELS = b"\xe0\x7f\x10\x00"
BOTTOMLESS = b"\x40\x00\x75\x02SQ\0\0\xff\xff\xff\xff"
ITEM = b"\xfe\xff\x00\xe0"


@pytest.fixture
def file(tmp_path):
    return save(place(header(ramp(1)[0]), (0, 0, 0)), tmp_path / "a.dcm")


def with_tag(file, name, value):
    made = place(header(ramp(1)[0]), (0, 0, 0))
    setattr(made, name, value)
    return save(made, file)


@pytest.mark.parametrize(
    "syntax",
    [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian],
)
def test_every_uncompressed_syntax_gives_the_same_volume(tmp_path, syntax):
    made = place(header(ramp(1)[0].byteswap()), (1, 2, 3))
    if syntax is not ExplicitVRBigEndian:
        made.PixelData = ramp(1)[0].tobytes()
    volume = read_dicom(save(made, tmp_path / "a.dcm", syntax=syntax))
    assert volume.array.tolist() == ramp(1).tolist()
    assert volume.geometry.origin_xyz == (1, 2, 3)


@pytest.mark.parametrize("filler", [b"\0", b"\xff", b"\x08\x00\x10\x00LO\x02\x00ab"])
def test_megabytes_after_the_pixels_cost_nothing(file, filler):
    file.write_bytes(file.read_bytes() + filler * (20_000_000 // len(filler)))
    start = time.process_time()
    assert read_dicom(file).array.tolist() == ramp(1).tolist()
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    "bomb",
    [
        bytes(20_000_000),
        BOTTOMLESS + bytes(20_000_000),
        (BOTTOMLESS + ITEM + b"\xff" * 4) * 10_000,
        b"\x08\x00\x05\x00LO\xff\xff",
    ],
    ids=["zeros", "zeros in a sequence", "deep", "cut"],
)
def test_headers_without_end_are_refused_at_once(file, bomb):
    data = file.read_bytes()
    file.write_bytes(data[: data.index(PIXELS)] + bomb)
    start = time.process_time()
    with pytest.raises(FileReadError, match=r"a\.dcm .*damaged"):
        read_dicom(file)
    assert time.process_time() - start < 1


@pytest.mark.slow
def test_a_header_of_elements_only_ends_within_seconds(file):
    data = file.read_bytes()
    element = b"\x08\x00\x10\x00LO\x02\x00ab"
    file.write_bytes(data[: data.index(PIXELS)] + element * 3_000_000)
    start = time.process_time()
    with pytest.raises(FileReadError, match="more than 1000000 elements"):
        read_dicom(file)
    assert time.process_time() - start < 10


def test_a_deflated_file_that_grows_beyond_the_limit_is_refused(file, monkeypatch):
    made = place(header(np.zeros((600, 500), np.int16)), (0, 0, 0))
    save(made, file, syntax=DeflatedExplicitVRLittleEndian)
    monkeypatch.setattr(headers, "MOST_INFLATED", 100_000)
    with pytest.raises(FileReadError, match="deflated data set of more than 100000"):
        read_dicom(file)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("ImagePositionPatient", ["NaN", "0", "0"], "ImagePositionPatient holds nan"),
        ("ImagePositionPatient", ["1", "2"], "ImagePositionPatient must hold 3"),
        ("ImageOrientationPatient", ["1", "0", "0"], "ImageOrientationPatient must"),
        ("ImageOrientationPatient", [1, 0, 0, 1, 0, 0], "off the right angle"),
        ("ImageOrientationPatient", [0, 0, 0, 0, 0, 0], "directions of length 0"),
        ("PixelSpacing", ["0", "1"], "PixelSpacing is 0, 1; it must be above 0"),
        ("PixelSpacing", ["-1", "1"], "PixelSpacing is -1, 1"),
        ("PixelSpacing", ["inf", "1"], "PixelSpacing holds inf"),
        ("SliceThickness", "-5", "SliceThickness is -5"),
        ("RescaleSlope", "0", "RescaleSlope is 0"),
        ("NumberOfFrames", "-1", "NumberOfFrames are 6, 5 and -1"),
        ("NumberOfFrames", "2000000000", "frames; at most 100000"),
        ("Rows", 60000, "ends too early"),
        ("BitsAllocated", 12, "BitsAllocated 12"),
        ("BitsStored", 99, "BitsStored 99"),
        ("SamplesPerPixel", 4, "4 samples a pixel"),
        ("PhotometricInterpretation", "CMYK", "PhotometricInterpretation CMYK"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_a_damaged_tag_is_named_with_its_file(file, name, value, reason):
    with_tag(file, name, value)
    with pytest.raises(SamMedError, match=reason) as caught:
        read_dicom(file)
    assert str(file) in str(caught.value)


def test_a_tag_of_another_type_is_named(file):
    data = file.read_bytes()
    rows = data.index(b"\x28\x00\x10\x00US")
    file.write_bytes(data[: rows + 4] + b"SH" + data[rows + 6 :])
    with pytest.raises(FileReadError, match="Rows must hold 1 number"):
        read_dicom(file)


def test_a_number_with_an_underscore_is_no_number(file):
    data = file.read_bytes().replace(b"0.7\\0.6 ", b"0_7\\0_6 ")
    file.write_bytes(data)
    with pytest.raises(FileReadError, match="PixelSpacing must hold 2 numbers"):
        read_dicom(file)


def test_a_file_without_preamble_and_meta_is_read(file):
    data = file.read_bytes()
    file.write_bytes(data[data.index(b"\x08\x00\x16\x00UI") :])
    assert read_dicom(file).array.tolist() == ramp(1).tolist()


def test_a_truncated_file_is_refused_at_every_length(file):
    data = file.read_bytes()
    for length in range(0, len(data) - 1, 7):
        file.write_bytes(data[:length])
        with pytest.raises(FileReadError):
            read_dicom(file)


@pytest.mark.parametrize("start", [b"", b"text, no image", b"\x89PNG\r\n\x1a\n" * 20])
def test_other_files_do_not_start_like_dicom(tmp_path, start):
    (tmp_path / "x").write_bytes(start)
    assert not starts_like_dicom(tmp_path / "x")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert not starts_like_dicom(tmp_path / "pipe")
    with pytest.raises(FileReadError, match="no regular file"):
        read_header(tmp_path / "pipe")


def test_text_keeps_no_control_characters(file):
    made = place(header(np.zeros((2, 2), np.uint8)), (0, 0, 0))
    made.SeriesDescription = "a\x1b[31mb"
    save(made, file)
    assert read_header(file).attributes.text("SeriesDescription") == "a [31mb"
