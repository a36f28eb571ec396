"""The size of a pixel in radiographs and ultrasound."""

import numpy as np
import pytest

from fakes.dicom_files import header, item, save
from napari_sam_med.errors import FileReadError
from napari_sam_med.io.dicom import read_dicom

CENTIMETRES, SECONDS = 3, 4


def read(tmp_path, **attributes):
    made = header(np.zeros((40, 50), np.uint8))
    for name, value in attributes.items():
        setattr(made, name, value)
    volume = read_dicom(save(made, tmp_path / "a.dcm"))
    return volume.geometry.spacing_xyz[:2], volume.notes


def region(delta, width, *, units=CENTIMETRES, kind=1):
    return item(
        RegionSpatialFormat=kind, RegionDataType=1, RegionFlags=0,
        RegionLocationMinX0=0, RegionLocationMinY0=0,
        RegionLocationMaxX1=width, RegionLocationMaxY1=39,
        PhysicalUnitsXDirection=units, PhysicalUnitsYDirection=units,
        PhysicalDeltaX=delta, PhysicalDeltaY=-delta / 2,
    )  # fmt: skip


def test_pixel_spacing_is_taken_before_that_at_the_detector(tmp_path):
    both = {"PixelSpacing": [0.2, 0.3], "ImagerPixelSpacing": [1, 1]}
    assert read(tmp_path, **both) == ((0.3, 0.2), ())


def test_the_spacing_at_the_detector_is_said_to_be_that(tmp_path):
    spacing, notes = read(tmp_path, ImagerPixelSpacing=[0.2, 0.3])
    assert spacing == (0.3, 0.2)
    assert "at the detector" in notes[0]


def test_an_estimated_magnification_is_taken_out(tmp_path):
    spacing, notes = read(
        tmp_path,
        ImagerPixelSpacing=[0.2, 0.3],
        EstimatedRadiographicMagnificationFactor=2,
    )
    assert spacing == pytest.approx((0.15, 0.1))
    assert "magnification 2" in notes[0]


def test_scanned_film_has_its_nominal_spacing(tmp_path):
    assert read(tmp_path, NominalScannedPixelSpacing=[0.2, 0.3])[0] == (0.3, 0.2)


def test_the_largest_region_in_centimetres_counts(tmp_path):
    regions = [
        region(0.01, 10),
        region(0.02, 30),
        region(0.5, 49, units=SECONDS),
        region(0.7, 49, kind=2),
    ]
    spacing, notes = read(tmp_path, SequenceOfUltrasoundRegions=regions)
    assert spacing == pytest.approx((0.2, 0.1))
    assert "largest ultrasound region" in notes[0]


def test_a_region_without_size_is_no_spacing(tmp_path):
    spacing, notes = read(tmp_path, SequenceOfUltrasoundRegions=[region(0.0, 49)])
    assert spacing == (1, 1)
    assert "no pixel size" in notes[0]


def test_an_aspect_ratio_keeps_the_shape(tmp_path):
    assert read(tmp_path, PixelAspectRatio=["3", "2"])[0] == (1, 1.5)


def test_a_damaged_spacing_is_not_passed_over_for_another(tmp_path):
    with pytest.raises(FileReadError, match="PixelSpacing is 0, 0"):
        read(tmp_path, PixelSpacing=[0, 0], ImagerPixelSpacing=[1, 1])
