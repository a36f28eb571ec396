"""A volume written as a DICOM series, one file for each slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, generate_uid

from napari_sam_med.errors import FileWriteError, ImageError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from napari_sam_med.core.volumes import Volume

INTERCEPT_HU = -1024
_ADDED = ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")


def write_ct_series(folder: Path, volume: Volume, *, description: str) -> None:
    """Write a CT volume as a DICOM series that viewers stack again.

    Parameters
    ----------
    folder : Path
        Made if absent; must hold no files.
    volume : Volume
        Hounsfield units from -1024 to 3071, whole numbers. The name becomes the
        patient's identifier, and with the description the seed of all UIDs, so that
        the same volume always gives the same files.
    description : str
        SeriesDescription, at most 64 characters.

    Raises
    ------
    ImageError
        If the values do not fit into twelve bits, or the volume is coloured.
    FileWriteError
        If the folder holds files already.

    Notes
    -----
    Stored as unsigned 12-bit numbers with rescale intercept -1024 and slope 1, as
    scanners do; attributes are those that the CT Image information object asks for
    (DICOM PS3.3, A.3). Lossless, uncompressed, Explicit VR Little Endian.
    """
    if folder.exists() and any(folder.iterdir()):
        msg = f"{folder} holds files already; give an empty or new folder for DICOM"
        raise FileWriteError(msg)
    stored = _stored_values(volume)
    folder.mkdir(parents=True, exist_ok=True)
    common = _common(volume, description)
    for index in range(len(stored)):
        header = _slice_header(common, volume, index)
        header.PixelData = stored[index].tobytes()
        header.save_as(folder / f"{index + 1:04d}.dcm", enforce_file_format=True)


def _stored_values(volume: Volume) -> npt.NDArray[np.uint16]:
    array = volume.array
    stored = array.astype(np.int32) - INTERCEPT_HU
    if array.ndim != 3 or stored.min() < 0 or stored.max() > 4095:
        msg = (
            f"values {array.min()} to {array.max()} in shape {array.shape}; a CT "
            "series takes (z, y, x) from -1024 to 3071"
        )
        raise ImageError(msg)
    return stored.astype(np.uint16)


def _uid(volume: Volume, *parts: str) -> UID:
    return generate_uid(entropy_srcs=["napari-sam-med", volume.name, *parts])


def _common(volume: Volume, description: str) -> Dataset:
    """Attributes that all slices share."""
    header = Dataset()
    for name in _ADDED:
        setattr(header, name, _uid(volume, description, name))
    header.SOPClassUID = CTImageStorage
    header.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    header.PatientName, header.PatientID = f"{volume.name}^Phantom", volume.name
    header.PatientBirthDate = header.PatientSex = header.AccessionNumber = ""
    header.StudyDate, header.StudyTime, header.StudyID = "20260101", "120000", "1"
    header.ReferringPhysicianName = header.PositionReferenceIndicator = ""
    header.Modality, header.Manufacturer = "CT", "napari-sam-med phantom generator"
    header.SeriesNumber, header.AcquisitionNumber = 1, 1
    header.SeriesDescription, header.KVP = description, "120"
    _add_pixel_module(header, volume)
    return header


def _add_pixel_module(header: Dataset, volume: Volume) -> None:
    _, header.Rows, header.Columns = volume.shape_zyx
    x, y, z = volume.geometry.spacing_xyz
    directions = np.asarray(volume.geometry.direction)
    header.PixelSpacing = [_number(y), _number(x)]
    header.SliceThickness = _number(z)
    across = np.concatenate([directions[:, 0], directions[:, 1]])
    header.ImageOrientationPatient = [_number(v) for v in across]
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.BitsAllocated, header.BitsStored, header.HighBit = 16, 12, 11
    header.PixelRepresentation = 0
    header.RescaleIntercept, header.RescaleSlope = str(INTERCEPT_HU), "1"
    header.RescaleType = "HU"
    header.WindowCenter, header.WindowWidth = "40", "400"


def _slice_header(common: Dataset, volume: Volume, index: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = _uid(
        volume, str(common.SeriesDescription), str(index)
    )
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header = FileDataset("", common, file_meta=meta, preamble=b"\0" * 128)
    header.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    header.InstanceNumber = index + 1
    position = volume.geometry.world_xyz_from_zyx(np.array([float(index), 0.0, 0.0]))
    header.ImagePositionPatient = [_number(v) for v in position]
    return header


def _number(value: float) -> str:
    """Write a decimal string of at most 16 characters."""
    text = f"{value:.8g}"
    return "0" if text == "-0" else text
