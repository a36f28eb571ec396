"""pydicom's own test files: read as pydicom reads them, or refused in one sentence."""

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_color_lut, apply_modality_lut

from napari_sam_med.errors import SamMedError
from napari_sam_med.io.dicom import read_dicom

ROOT = Path(pydicom.__file__).parent / "data" / "test_files"
FILES = sorted(
    str(path.relative_to(ROOT))
    for path in ROOT.rglob("*")
    if path.is_file() and path.suffix not in (".txt", ".json", ".dump", ".icc", ".gz")
)


def by_pydicom(path):
    """Values as pydicom gives them, or None where it cannot decode them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        held = pydicom.dcmread(path, force=True)
        try:
            array = held.pixel_array
        except RuntimeError:  # a codec that is not installed
            return None
        if held.PhotometricInterpretation == "PALETTE COLOR":
            return (apply_color_lut(array, held) >> 8).astype(np.uint8)
        if held.SamplesPerPixel == 3:
            shift = max(0, held.BitsStored - 8)
            return (array >> shift).astype(np.uint8)
        values = apply_modality_lut(array, held)
        rescaled = "RescaleSlope" in held or "ModalityLUTSequence" in held
        if held.PhotometricInterpretation == "MONOCHROME1" and not rescaled:
            values = 2**held.BitsStored - 1 - values
        return values * float(held.get("DoseGridScaling", 1))


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_as_pydicom_reads_it_or_refused(name):
    volume, sentence = None, ""
    try:
        volume = read_dicom(ROOT / name)
    except SamMedError as error:
        sentence = str(error)
    assert "\n" not in sentence
    if volume is None:
        return
    expected = by_pydicom(ROOT / name)
    if expected is not None:
        assert np.abs(volume.array - expected.reshape(volume.array.shape)).max() < 1e-3
    held = pydicom.dcmread(ROOT / name, force=True)
    if "ImagePositionPatient" in held:
        assert volume.geometry.origin_xyz == tuple(held.ImagePositionPatient)
    if "PixelSpacing" in held:
        assert volume.geometry.spacing_xyz[1::-1] == tuple(held.PixelSpacing)


@pytest.mark.parametrize(
    "name",
    [
        "CT_small.dcm", "MR_small_bigendian.dcm", "MR_small_RLE.dcm", "JPEG2000.dcm",
        "JPGExtended.dcm", "SC_rgb_jpeg_gdcm.dcm", "image_dfl.dcm", "rtdose.dcm",
        "examples_palette.dcm", "SC_ybr_full_422_uncompressed.dcm",
    ],
)  # fmt: skip
def test_a_file_of_each_kind_is_not_refused(name):
    assert read_dicom(ROOT / name).array.size
