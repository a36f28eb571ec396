"""The frames of a DICOM file: where each lies, how it is rescaled, and when."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import FileReadError, ImageError
from napari_sam_med.io.dicom.nuclear import frame_vectors
from napari_sam_med.io.dicom.pixel_format import format_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam_med.io.dicom.attributes import Attributes
    from napari_sam_med.io.dicom.headers import Header

# Where an enhanced image keeps what a classic one keeps at the top (PS3.3, C.7.6.16).
_GROUP_OF = {
    "ImagePositionPatient": "PlanePositionSequence",
    "ImageOrientationPatient": "PlaneOrientationSequence",
    "PixelSpacing": "PixelMeasuresSequence",
    "SliceThickness": "PixelMeasuresSequence",
    "SpacingBetweenSlices": "PixelMeasuresSequence",
    "RescaleSlope": "PixelValueTransformationSequence",
    "RescaleIntercept": "PixelValueTransformationSequence",
    "TemporalPositionIndex": "FrameContentSequence",
    "FrameAcquisitionNumber": "FrameContentSequence",
    "FrameAcquisitionDateTime": "FrameContentSequence",
    "TemporalPositionTimeOffset": "TemporalPositionSequence",
    "NominalCardiacTriggerDelayTime": "CardiacSynchronizationSequence",
    "EffectiveEchoTime": "MREchoSequence",
    "DiffusionBValue": "MRDiffusionSequence",
    "FrameType": "MRImageFrameTypeSequence",
    "ComplexImageComponent": "MRImageFrameTypeSequence",
    "ReferencedSegmentNumber": "SegmentIdentificationSequence",
}
KINDS = (
    "EchoTime", "EffectiveEchoTime", "DiffusionBValue", "InversionTime", "FlipAngle",
    "KVP", "ImageType", "FrameType", "ComplexImageComponent",
)  # fmt: skip
"""What kind of image it is: two kinds never belong to one time point."""
COUNTERS = (
    "TemporalPositionIdentifier", "TemporalPositionIndex", "AcquisitionNumber",
    "FrameAcquisitionNumber",
)  # fmt: skip
"""Numbers of time points, the same at every slice."""
CLOCKS = (
    "TriggerTime", "NominalCardiacTriggerDelayTime", "TemporalPositionTimeOffset",
    "FrameReferenceTime", "AcquisitionDateTime", "FrameAcquisitionDateTime",
    "AcquisitionTime",
)  # fmt: skip
"""Times, which may run on from slice to slice."""
TEXT_KEYS = (
    "ImageType", "FrameType", "ComplexImageComponent", "AcquisitionDateTime",
    "FrameAcquisitionDateTime", "AcquisitionTime",
)  # fmt: skip
NUMBER_KEYS = tuple(k for k in (*KINDS, *COUNTERS, *CLOCKS) if k not in TEXT_KEYS)


@dataclass(frozen=True, slots=True, eq=False)
class DicomFrame:
    """One image plane of a file.

    Parameters
    ----------
    header : Header
        Of its file.
    index : int
        Number of the frame in the file, from 0.
    position : (3,) float or None
        LPS position of the first pixel's centre, in millimetres.
    axes : (6,) float or None
        Directions along a row and down a column.
    spacing : (2,) float or None
        Millimetres between rows and between columns.
    thickness, between : float or None
        Slice thickness and spacing between slices, in millimetres.
    slope, intercept : float
        Value = slope * stored + intercept.
    keys : mapping of str to float or str
        What may tell frames at one position apart, by keyword.
    segment : int or None
        Number of the segment that it shows, in a segmentation.
    """

    header: Header
    index: int
    position: tuple[float, ...] | None = None
    axes: tuple[float, ...] | None = None
    spacing: tuple[float, ...] | None = None
    thickness: float | None = None
    between: float | None = None
    slope: float = 1.0
    intercept: float = 0.0
    keys: Mapping[str, float | str] = field(default_factory=dict)
    segment: int | None = None

    @property
    def name(self) -> str:
        """The file, and the frame where the file has several."""
        several = self.header.attributes.whole("NumberOfFrames", 1) > 1
        frame = f" (frame {self.index + 1})" if several else ""
        return f"{self.header.file}{frame}"


def frames_of(header: Header) -> list[DicomFrame]:
    """List the frames of a file.

    Parameters
    ----------
    header : Header
        Of an image.

    Returns
    -------
    list of DicomFrame
        In the order of the file. Frames of a classic multi-frame file have a position
        only where the file states one for each (RTDOSE, reconstructed NM).

    Raises
    ------
    FileReadError
        If an attribute is damaged, the file is shorter than its pixels, or frames and
        their descriptions differ in number.
    ImageError
        If the pixels are of a kind that is not read.
    """
    held = header.attributes
    n_frames = format_of(header).n_frames  # checked against the size of the file
    each = held.items("PerFrameFunctionalGroupsSequence")
    if each:
        if len(each) != n_frames:
            msg = (
                f"{header.file} has {n_frames} frames and describes {len(each)}; the "
                "header is damaged, so export the image again"
            )
            raise FileReadError(msg)
        shared = held.items("SharedFunctionalGroupsSequence")[:1]
        return [_frame(header, i, [e, *shared]) for i, e in enumerate(each)]
    first = _frame(header, 0, list(held.items("SharedFunctionalGroupsSequence")[:1]))
    if n_frames == 1:
        _check_no_mosaic(header)
        return [first]
    return _classic_frames(header, first, n_frames)


def _check_no_mosaic(header: Header) -> None:
    """Refuse Siemens' mosaics: many slices as tiles, placed by a private header."""
    if "MOSAIC" in header.attributes.text("ImageType").upper().split("\\"):
        msg = (
            f"{header.file} is a mosaic, which holds many slices as tiles of one; "
            "convert it to NIfTI with dcm2niix, or export it as enhanced DICOM"
        )
        raise ImageError(msg)


@dataclass(frozen=True, slots=True)
class _Groups:
    """The functional groups of one frame, its own before the shared ones."""

    header: Header
    groups: tuple[Attributes, ...]

    def holder(self, keyword: str) -> Attributes:
        """Find the group that states an attribute, else the top of the header."""
        for group in self.groups:
            for item in group.items(_GROUP_OF.get(keyword, keyword))[:1]:
                if item.data(keyword):
                    return item
        return self.header.attributes

    def number(self, keyword: str) -> float | None:
        return self.holder(keyword).number(keyword)

    def numbers(self, keyword: str, count: int) -> tuple[float, ...] | None:
        return self.holder(keyword).numbers(keyword, count)

    def keys(self) -> dict[str, float | str]:
        """Read what tells times apart; a damaged one of these tells nothing."""
        found: dict[str, float | str] = {}
        for keyword in NUMBER_KEYS:
            with suppress(FileReadError):
                value = self.number(keyword)
                if value is not None:
                    found[keyword] = value
        for keyword in TEXT_KEYS:
            text = self.holder(keyword).text(keyword)
            if text:
                found[keyword] = text
        day = self.header.attributes.text("AcquisitionDate")
        if day and "AcquisitionTime" in found:  # a scan may run past midnight
            found["AcquisitionTime"] = f"{day} {found['AcquisitionTime']}"
        return found


def _frame(header: Header, index: int, groups: list[Attributes]) -> DicomFrame:
    held = _Groups(header, tuple(groups))
    slope, intercept = held.number("RescaleSlope"), held.number("RescaleIntercept")
    slope = header.attributes.number("DoseGridScaling") if slope is None else slope
    if slope == 0:
        msg = f"{header.file}: RescaleSlope is 0, so that all values would be the same"
        raise FileReadError(msg)
    segment = held.number("ReferencedSegmentNumber") if groups else None
    return DicomFrame(
        header=header,
        index=index,
        position=held.numbers("ImagePositionPatient", 3),
        axes=held.numbers("ImageOrientationPatient", 6),
        spacing=held.holder("PixelSpacing").positive("PixelSpacing", 2),
        thickness=held.number("SliceThickness"),
        between=held.number("SpacingBetweenSlices"),
        slope=1.0 if slope is None else slope,
        intercept=intercept or 0.0,
        keys=held.keys(),
        segment=None if segment is None else int(segment),
    )


def _classic_frames(
    header: Header, first: DicomFrame, n_frames: int
) -> list[DicomFrame]:
    vectors = frame_vectors(header, n_frames)
    positions, axes = _stated_positions(header, first, vectors)
    return [
        DicomFrame(
            header, index, positions[index] if positions else None, axes,
            first.spacing, first.thickness, first.between, first.slope,
            first.intercept, vectors[index],
        )
        for index in range(n_frames)
    ]  # fmt: skip


def _stated_positions(
    header: Header, first: DicomFrame, vectors: list[dict[str, float | str]]
) -> tuple[list[tuple[float, ...]], tuple[float, ...] | None]:
    """Positions of classic frames, empty if none are stated, and their axes."""
    held = header.attributes
    position, axes = first.position, first.axes
    offsets = held.numbers("GridFrameOffsetVector", 0)
    # Where the first is not 0 they are positions themselves (PS3.3, C.8.8.3.2).
    start = offsets[0] if offsets else 0.0
    if offsets is None:
        detector = held.items("DetectorInformationSequence")[:1]
        still = vectors[0].keys() == {"TemporalPositionIndex"}  # all in one place
        if detector and (first.between or still):
            position = detector[0].numbers("ImagePositionPatient", 3) or position
            axes = detector[0].numbers("ImageOrientationPatient", 6) or axes
            step = first.between or 0.0  # may be negative: against the normal
            offsets = tuple(
                0.0 if still else step * (float(keys.get("SliceVector", i + 1)) - 1)
                for i, keys in enumerate(vectors)
            )
            start = 0.0
    if offsets is None or position is None or axes is None:
        return [], axes
    if len(offsets) != len(vectors):
        msg = (
            f"{header.file}: GridFrameOffsetVector holds {len(offsets)} numbers for "
            f"{len(vectors)} frames; the header is damaged, so export the image again"
        )
        raise FileReadError(msg)
    normal = np.cross(axes[:3], axes[3:])
    steps = np.asarray(offsets) - start
    placed = np.asarray(position) + steps[:, None] * normal
    return [tuple(float(v) for v in row) for row in placed], axes
