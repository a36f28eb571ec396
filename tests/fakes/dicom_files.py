"""Small DICOM files of every kind, written by pydicom."""

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    generate_uid,
)

SHAPE = (6, 5)


def uid(*parts):
    return generate_uid(entropy_srcs=["test", *(str(part) for part in parts)])


def header(pixels, *, series=1, instance=1):
    """An image without a place: (rows, columns) or (rows, columns, 3) integers."""
    made = Dataset()
    made.SOPClassUID = CTImageStorage
    made.SOPInstanceUID = uid(series, instance)
    made.StudyInstanceUID, made.SeriesInstanceUID = uid("study"), uid("s", series)
    made.FrameOfReferenceUID = uid("frame")
    made.PatientName, made.PatientID = "X^Y", "X"
    made.Modality, made.SeriesNumber = "CT", series
    made.InstanceNumber = instance
    add_pixels(made, pixels)
    return made


def add_pixels(made, pixels):
    colour = pixels.ndim > 2 and pixels.shape[-1] == 3
    made.Rows, made.Columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    made.SamplesPerPixel = 3 if colour else 1
    made.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        made.PlanarConfiguration = 0
    bits = pixels.dtype.itemsize * 8
    made.BitsAllocated = made.BitsStored = bits
    made.HighBit = bits - 1
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    made.PixelData = pixels.tobytes()


def place(made, position, axes=(1, 0, 0, 0, 1, 0), spacing=(0.7, 0.6)):
    made.ImagePositionPatient = list(position)
    made.ImageOrientationPatient = list(axes)
    made.PixelSpacing = list(spacing)
    return made


def save(made, path, *, syntax=ExplicitVRLittleEndian):
    path.parent.mkdir(parents=True, exist_ok=True)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    if syntax.is_encapsulated:
        made["PixelData"].is_undefined_length = True
    made.save_as(path, enforce_file_format=True)
    return path


def compress(made, frames):
    """Replace the pixels by compressed frames."""
    made.PixelData = encapsulate(frames)
    return made


def ramp(n=4, dtype=np.int16):
    """(n, 6, 5); every voxel another value."""
    return np.arange(n * SHAPE[0] * SHAPE[1]).reshape(n, *SHAPE).astype(dtype)


def series(folder, array=None, *, step=(0.0, 0.0, 2.5), change=None, **placed):
    """One file for each slice of (n, rows, columns); ``change(header, index)``."""
    array = ramp() if array is None else array
    for index, pixels in enumerate(array):
        made = header(pixels, instance=index + 1)
        origin = np.array([-10.0, 20.0, 30.0]) + index * np.asarray(step)
        place(made, origin.round(6).tolist(), **placed)
        if change is not None:
            change(made, index)
        save(made, folder / f"{index + 1:03d}.dcm")
    return folder


def item(**attributes):
    made = Dataset()
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def sequence(**attributes):
    return Sequence([item(**attributes)])


def enhanced(path, array, positions, *, frame=None, shared=None):
    """A multi-frame file; ``frame(index)`` gives more groups for each frame."""
    made = header(array)
    made.SOPClassUID, made.Modality = EnhancedMRImageStorage, "MR"
    made.NumberOfFrames = len(array)
    groups = {
        "PlaneOrientationSequence": sequence(
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0]
        ),
        "PixelMeasuresSequence": sequence(PixelSpacing=[0.7, 0.5], SliceThickness=9),
    }
    made.SharedFunctionalGroupsSequence = sequence(**groups, **(shared or {}))
    made.PerFrameFunctionalGroupsSequence = Sequence(
        [
            item(
                PlanePositionSequence=sequence(ImagePositionPatient=list(position)),
                **(frame(index) if frame else {}),
            )
            for index, position in enumerate(positions)
        ]
    )
    return save(made, path)
