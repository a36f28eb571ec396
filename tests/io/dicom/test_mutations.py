"""Damaged DICOM files of every kind: each ends in an image or in one sentence."""

import random
import time
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest

from fakes.dicom_files import enhanced, header, item, place, ramp, save, series
from napari_sam_med.errors import SamMedError
from napari_sam_med.io.dicom import (
    list_dicom_series,
    read_dicom,
    read_dicom_times,
    write_segmentation,
)

STORED = Path(pydicom.__file__).parent / "data" / "test_files"
KINDS = (
    "slice", "enhanced", "ultrasound", "segmentation", "MR_small_RLE.dcm",
    "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_jpeg_dcmtk.dcm", "rtdose.dcm", "MR_small_bigendian.dcm",
    "MR_small_implicit.dcm", "SC_rgb_jpeg_gdcm.dcm",
)  # fmt: skip
PLANTED = (
    b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"SQ\0\0", b"nan ",
    b"-1.0", b"1e99", b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0", b"\\\\\\\\",
)  # fmt: skip


def original(kind, folder):
    if kind not in ("slice", "enhanced", "ultrasound", "segmentation"):
        return (STORED / kind).read_bytes()
    file = folder / "original.dcm"
    if kind == "slice":
        save(place(header(ramp(1)[0]), (1, 2, 3)), file)
    elif kind == "enhanced":
        enhanced(file, ramp(), [(0, 0, z) for z in (3, 0, 9, 6)])
    elif kind == "ultrasound":
        made = header(np.zeros((6, 5, 3), np.uint8))
        region = item(PhysicalDeltaX=0.1, PhysicalDeltaY=0.1, RegionLocationMaxX1=4)
        made.SequenceOfUltrasoundRegions = [region]
        save(made, file)
    else:
        volume = read_dicom(series(folder / "ct"))
        write_segmentation(
            file, (ramp() > 50).astype(np.uint8), volume.geometry,
            source_files=volume.files, names={}, algorithm=("a", "1"),
        )  # fmt: skip
    return file.read_bytes()


def mutated(data, rng):
    data = bytearray(data)
    at = rng.randrange(len(data))
    early = rng.randrange(min(len(data), 4000))
    match rng.randrange(7):
        case 0:
            for _ in range(rng.choice([1, 3, 30])):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        case 1:
            del data[at:]
        case 2:
            data += bytes([rng.choice([0, 1, 255])]) * rng.choice([1, 2_000_000])
        case 3:
            data[early] = rng.randrange(256)
        case 4:
            del data[at : at + rng.randrange(1, 200)]
        case 5:
            data[at:at] = rng.randbytes(rng.randrange(1, 50))
        case _:
            data[early : early + 4] = rng.choice(PLANTED)
    return bytes(data)


def ends_well(function, path):
    """Seconds that reading took; anything but an image or one sentence fails."""
    start, sentence = time.perf_counter(), ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            function(path)
        except SamMedError as error:
            sentence = str(error)
    assert "\n" not in sentence
    return time.perf_counter() - start


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_ends_in_an_image_or_one_sentence(tmp_path, kind):
    data = original(kind, tmp_path)
    rng = random.Random(kind)
    file = tmp_path / "damaged.dcm"
    slow = kind == "SC_rgb_jpeg_gdcm.dcm"  # a process for each
    for _ in range(10 if slow else 50):
        file.write_bytes(mutated(data, rng))
        assert ends_well(read_dicom, file) < 10


@pytest.mark.parametrize("function", [read_dicom, read_dicom_times, list_dicom_series])
def test_a_series_with_a_damaged_slice_ends_in_an_image_or_one_sentence(
    tmp_path, function
):
    series(tmp_path)
    file = tmp_path / "003.dcm"
    data, rng = file.read_bytes(), random.Random(3)
    for _ in range(60):
        file.write_bytes(mutated(data, rng))
        assert ends_well(function, tmp_path) < 10


def test_a_series_with_a_damaged_slice_never_loses_it_silently(tmp_path):
    series(tmp_path)
    file = tmp_path / "003.dcm"
    data, rng = file.read_bytes(), random.Random(5)
    for _ in range(150):
        damaged = mutated(data, rng)
        file.write_bytes(damaged)
        try:
            volume = read_dicom(tmp_path)
        except SamMedError:
            continue
        if damaged[128:132] == b"DICM":
            assert len(volume.array) == 4
