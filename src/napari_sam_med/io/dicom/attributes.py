"""Attributes of a DICOM header by their names, with their types checked."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pydicom.charset
from pydicom.datadict import dictionary_VR, tag_for_keyword

from napari_sam_med.errors import FileReadError

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam_med.io.dicom.elements import Element

KEYWORDS = (
    "TransferSyntaxUID", "MediaStorageSOPClassUID",
    "SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "Modality",
    "StudyInstanceUID", "PatientID", "SeriesInstanceUID", "SeriesNumber",
    "SeriesDescription", "LossyImageCompression",
    "FrameOfReferenceUID", "InstanceNumber",
    # the place of a slice
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing",
    "SliceThickness", "SpacingBetweenSlices", "GridFrameOffsetVector",
    "DetectorInformationSequence", "SliceVector", "EnergyWindowVector",
    "DetectorVector", "PhaseVector", "RotationVector", "RRIntervalVector",
    "TimeSlotVector", "AngularViewVector", "TimeSliceVector",
    # the size of a pixel of a projection
    "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio",
    "EstimatedRadiographicMagnificationFactor", "SequenceOfUltrasoundRegions",
    "RegionSpatialFormat", "RegionLocationMinX0", "RegionLocationMinY0",
    "RegionLocationMaxX1", "RegionLocationMaxY1", "PhysicalUnitsXDirection",
    "PhysicalUnitsYDirection", "PhysicalDeltaX", "PhysicalDeltaY",
    # pixels
    "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel",
    "PhotometricInterpretation", "PlanarConfiguration", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation",
    "RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData", "BluePaletteColorLookupTableData",
    "RescaleSlope", "RescaleIntercept", "RescaleType", "DoseGridScaling",
    "ModalityLUTSequence",
    "LUTDescriptor", "LUTData",
    # what tells several images at one position apart
    "TemporalPositionIdentifier", "AcquisitionNumber", "TriggerTime", "EchoTime",
    "DiffusionBValue", "FrameReferenceTime", "AcquisitionTime", "AcquisitionDateTime",
    "AcquisitionDate", "ImageType", "InversionTime", "FlipAngle", "KVP",
    # functional groups of enhanced images
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
    "PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence",
    "PixelValueTransformationSequence", "FrameContentSequence",
    "TemporalPositionIndex", "FrameAcquisitionNumber", "FrameAcquisitionDateTime",
    "MREchoSequence", "EffectiveEchoTime", "MRDiffusionSequence",
    "MRImageFrameTypeSequence", "FrameType", "ComplexImageComponent",
    "CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime",
    "TemporalPositionSequence", "TemporalPositionTimeOffset",
    # segmentations
    "SegmentationType", "MaximumFractionalValue", "SegmentSequence", "SegmentNumber",
    "SegmentLabel", "SegmentIdentificationSequence", "ReferencedSegmentNumber",
    "TotalPixelMatrixRows", "PixelPaddingValue",
)  # fmt: skip
"""All that is ever looked up; everything else in a file is stepped over."""

_BINARY = {
    "US": "u2", "SS": "i2", "UL": "u4", "SL": "i4", "FL": "f4", "FD": "f8",
    "UV": "u8", "SV": "i8", "US or SS": "u2",
}  # fmt: skip
_TEXT = ("DS", "IS", "LO", "SH", "CS", "ST", "LT", "UT", "AS", "DA", "DT", "TM", "UI")


@cache
def tags() -> dict[str, int]:
    """Tag of each keyword in ``KEYWORDS``."""
    found = {keyword: tag_for_keyword(keyword) for keyword in KEYWORDS}
    return {keyword: tag for keyword, tag in found.items() if tag is not None}


@dataclass(frozen=True, slots=True, eq=False)
class Attributes:
    """The attributes of a header, or of one item of a sequence.

    Parameters
    ----------
    file : Path
        For messages.
    elements : dict of int to Element
        By tag.
    big : bool
        Whether numbers are written in big-endian order.
    charset : str
        SpecificCharacterSet of the file, values separated by backslashes.
    """

    file: Path
    elements: dict[int, Element]
    big: bool = False
    charset: str = ""

    def text(self, keyword: str) -> str:
        """Value as text without padding; empty if absent or no text.

        Parameters
        ----------
        keyword : str
            Such as ``Modality``.

        Returns
        -------
        str
            Characters that cannot be printed are spaces.
        """
        element = self.elements.get(tags()[keyword])
        if element is None or element.items:
            return ""
        shown = _decode(element.value.rstrip(b"\0 "), self.charset)
        return "".join(c if c.isprintable() else " " for c in shown).strip()

    def numbers(self, keyword: str, count: int) -> tuple[float, ...] | None:
        """Value as so many finite numbers.

        Parameters
        ----------
        keyword : str
            Such as ``PixelSpacing``.
        count : int
            How many there must be; 0 for any number.

        Returns
        -------
        tuple of float, or None
            None if the attribute is absent or empty.

        Raises
        ------
        FileReadError
            If the value is of another type or length, or not finite.
        """
        element = self.elements.get(tags()[keyword])
        if element is None or _is_empty(element):
            return None
        values = self._parse(keyword, element)
        if values is None or (count and len(values) != count):
            wanted = f"{count or 'any number of'} number{'s' if count != 1 else ''}"
            shown = f"{len(values)} of them" if values is not None else "something else"
            msg = (
                f"{self.file}: {keyword} must hold {wanted} and holds {shown}; the "
                "header is damaged, so export the image again"
            )
            raise FileReadError(msg)
        if not all(math.isfinite(value) for value in values):
            msg = (
                f"{self.file}: {keyword} holds {', '.join(f'{v:g}' for v in values)}; "
                "it must be finite, so export the image again"
            )
            raise FileReadError(msg)
        return values

    def number(self, keyword: str) -> float | None:
        """Value as one finite number; see `numbers`."""
        values = self.numbers(keyword, 1)
        return None if values is None else values[0]

    def positive(self, keyword: str, count: int) -> tuple[float, ...] | None:
        """Value as so many numbers above zero; see `numbers`.

        Raises
        ------
        FileReadError
            Also if one is zero or negative.
        """
        values = self.numbers(keyword, count)
        if values is not None and min(values) <= 0:
            msg = (
                f"{self.file}: {keyword} is {', '.join(f'{v:g}' for v in values)}; it "
                "must be above 0, so export the image again"
            )
            raise FileReadError(msg)
        return values

    def whole(self, keyword: str, default: int) -> int:
        """Value as one whole number; ``default`` if absent or empty.

        Raises
        ------
        FileReadError
            If it is of another type or length, or not whole.
        """
        value = self.number(keyword)
        if value is None:
            return default
        if value != int(value):
            msg = f"{self.file}: {keyword} is {value:g}; it must be a whole number"
            raise FileReadError(msg)
        return int(value)

    def items(self, keyword: str) -> tuple[Attributes, ...]:
        """Items of a sequence; none if it is absent or no sequence."""
        element = self.elements.get(tags()[keyword])
        held = element.items if element else ()
        return tuple(Attributes(self.file, i, self.big, self.charset) for i in held)

    def data(self, keyword: str) -> bytes:
        """Value as it lies in the file; empty if absent."""
        element = self.elements.get(tags()[keyword])
        return element.value if element else b""

    def _parse(self, keyword: str, element: Element) -> tuple[float, ...] | None:
        vr = element.vr
        if vr in ("", "UN"):
            vr = dictionary_VR(tags()[keyword])
        if vr in _BINARY and not element.items:
            dtype = np.dtype((">" if self.big else "<") + _BINARY[vr])
            if len(element.value) % dtype.itemsize:
                return None
            return tuple(float(v) for v in np.frombuffer(element.value, dtype))
        if vr not in _TEXT or element.items:
            return None
        parts = element.value.decode("latin-1").split("\\")
        try:
            return tuple(_float(part.strip("\0 ")) for part in parts)
        except ValueError:
            return None


def _is_empty(element: Element) -> bool:
    """Whether there is no value; binary zeros are one."""
    padding = b" " if element.vr in _BINARY or not element.vr else b"\0 "
    return not element.items and not element.value.strip(padding)


def _float(text: str) -> float:
    if "_" in text:  # Python reads 1_0 as 10; DICOM has no such numbers
        raise ValueError(text)
    return float(text)


def _decode(value: bytes, charset: str) -> str:
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # unknown sets: Latin-1 is as good a guess
        try:
            names = pydicom.charset.convert_encodings(charset.split("\\"))
            shown = pydicom.charset.decode_bytes(value, names, set())
        except (LookupError, ValueError):
            return value.decode("latin-1")
    return str(shown)
