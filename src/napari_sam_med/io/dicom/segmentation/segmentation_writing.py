"""Labels into a DICOM segmentation that refers to the images it was drawn on."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from napari_sam_med.core.grids import on_grid, same_grid
from napari_sam_med.core.storage.atomic_files import (
    check_free,
    check_not_read,
    replacing,
)
from napari_sam_med.errors import (
    FileReadError,
    FileWriteError,
    GeometryError,
    ImageError,
    SamMedError,
)
from napari_sam_med.io.dicom.segmentation.codes import SCHEME, codes_for
from napari_sam_med.io.dicom.segmentation.segmentation_reading import read_segmentation
from napari_sam_med.io.dicom.series import source_slices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from napari_sam_med.core.geometry import Geometry
    from napari_sam_med.core.volumes import Volume
    from napari_sam_med.io.dicom.stacks import Stack

LONGEST = 64
"""Characters of a name or a version (value representation LO, PS3.5, 6.2)."""
MOST_FRAMES_BITS = 2**31
"""Up to 256 MiB all slices are written, empty ones too, so that a reader sees the
image's whole grid; beyond, only slices with something in them."""
SERIES_NUMBER = 300
"""High, so that it follows the series of the scanner in lists."""
CLOSEST_MM = 1e-3
"""What is written must lie this close to where the image lies."""
# Absent in anonymised files though the standard wants them there, empty if unknown.
_EMPTY_IF_ABSENT = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber",
    "StudyID", "StudyDate", "StudyTime",
)  # fmt: skip
_NEEDED = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
_NEEDED_IN_SPACE = (*_NEEDED, "FrameOfReferenceUID")
# What highdicom and pydicom raise on a source that lacks what a segmentation needs.
_BUILDING = (AttributeError, KeyError, TypeError, ValueError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class _Segment:
    """One label as it is written."""

    number: int
    name: str
    algorithm: tuple[str, str]


def write_segmentation(  # noqa: PLR0913  # what a segmentation holds, each by name
    path: Path,
    labels: npt.NDArray[np.integer],
    geometry: Geometry,
    *,
    source_files: Sequence[Path],
    names: Mapping[int, str],
    algorithm: tuple[str, str],
    overwrite: bool = False,
    labelmap: bool = False,
    time: int | None = None,
) -> dict[int, int]:
    """Write labels as a DICOM segmentation of a DICOM image.

    Parameters
    ----------
    path : Path
        To be made; ends in .dcm.
    labels : (Z, Y, X) integer
        From 0 (background) to 65535, on the voxels of the source image; their order
        may differ.
    geometry : Geometry
        Of ``labels``.
    source_files : sequence of Path
        Files of the image, as ``Volume.files`` has them.
    names : mapping of int to str
        Name of each label; one without is ``label N``. Codes are looked up by name.
    algorithm : (str, str)
        Name and version of what made the labels.
    overwrite : bool
        Replace an existing file.
    labelmap : bool
        Write a LABELMAP (one number for each voxel) and not BINARY (one mask for each
        segment), which more software reads.
    time : int or None
        Time point of the source that the labels were drawn on, from 0, where its files
        hold several: only its frames are referred to.

    Returns
    -------
    dict of int to int
        Segment number (from 1, without gaps) of each label that occurs.

    Raises
    ------
    ImageError
        If nothing is labelled, or a label is negative, too large or not whole.
    GeometryError
        If the source files make no stack, or the labels lie on another grid.
    FileReadError
        If a source file is damaged, or lacks what a segmentation refers to.
    FileWriteError
        If the file exists, is a source file, cannot be written, or does not read back
        as it was.

    Notes
    -----
    The file carries patient and study of the source image: DICOM requires them.
    """
    check_free(path, overwrite=overwrite)
    check_not_read([path], source_files)
    source = source_slices(source_files)
    stack = _at_time(source.stack, time)
    frames = stack.frames[0]
    shape = (len(frames), *source.shape_yx)
    numbers = _numbers(labels)
    placed = on_grid(labels, geometry, stack.geometry, shape)
    segments = [
        _Segment(number, _text(names.get(label, "")) or f"label {label}", algorithm)
        for label, number in numbers.items()
    ]
    pixels = _renumbered(placed, numbers)
    dataset = _build(stack, pixels, segments, labelmap=labelmap)
    if time is not None:
        _refer_only_to(dataset, {frame.index + 1 for frame in frames})
    with replacing(path, overwrite=overwrite) as part:
        dataset.save_as(part, enforce_file_format=True)
        _check_written(part, path, pixels, segments, stack)
    return numbers


def _at_time(stack: Stack, time: int | None) -> Stack:
    if time is None:
        return stack
    if not 0 <= time < len(stack.frames):
        msg = (
            f"time point {time} of an image with {len(stack.frames)}; give the one "
            "that the labels were drawn on"
        )
        raise ImageError(msg)
    return replace(stack, frames=(stack.frames[time],))


def _refer_only_to(dataset: pydicom.Dataset, numbers: set[int]) -> None:
    """Drop references to frames of other times, which highdicom adds by position."""
    for groups in dataset.PerFrameFunctionalGroupsSequence:
        for derived in groups.get("DerivationImageSequence", ()):
            derived.SourceImageSequence = [
                source
                for source in derived.SourceImageSequence
                if source.get("ReferencedFrameNumber") in (None, *numbers)
            ]


def _numbers(labels: npt.NDArray[np.integer]) -> dict[int, int]:
    """Segment number of each label that occurs."""
    if labels.dtype.kind not in "biu" or labels.ndim != 3 or labels.size == 0:
        msg = f"labels of type {labels.dtype}, shape {labels.shape}; give (z, y, x) "
        raise ImageError(msg + "integers")
    if int(labels.min()) < 0 or int(labels.max()) > 65535:
        msg = (
            f"labels {labels.min()} to {labels.max()}; a segmentation takes 0 to 65535"
        )
        raise ImageError(msg)
    counts = np.zeros(int(labels.max()) + 1, np.int64)
    for each in labels:  # a slice at a time: bincount makes 8-byte copies
        counts += np.bincount(each.ravel(), minlength=len(counts))
    present = [int(label) for label in np.flatnonzero(counts) if label > 0]
    if not present:
        msg = "nothing is labelled; draw or accept an object before you export"
        raise ImageError(msg)
    return {label: number for number, label in enumerate(present, start=1)}


def _renumbered(
    labels: npt.NDArray[np.generic], numbers: dict[int, int]
) -> npt.NDArray[np.unsignedinteger]:
    dtype = np.uint8 if len(numbers) < 256 else np.uint16
    table = np.zeros(max(numbers) + 1, dtype)
    for label, number in numbers.items():
        table[label] = number
    index: npt.NDArray[np.integer] = labels.astype(np.uint16, copy=False)
    renumbered: npt.NDArray[np.unsignedinteger] = table[index]
    return renumbered


def _build(
    stack: Stack,
    pixels: npt.NDArray[np.unsignedinteger],
    segments: list[_Segment],
    *,
    labelmap: bool,
) -> Any:
    import highdicom

    frames = stack.frames[0]
    sources, pixels, options = _sources(stack, pixels)
    measures = _measures(stack.geometry)
    bits = pixels.size * (8 * pixels.itemsize if labelmap else len(segments))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd values in the source
            built = highdicom.seg.Segmentation(
                source_images=sources,
                pixel_array=pixels,
                segmentation_type="LABELMAP" if labelmap else "BINARY",
                segment_descriptions=[_described(segment) for segment in segments],
                series_instance_uid=generate_uid(),
                series_number=SERIES_NUMBER,
                sop_instance_uid=generate_uid(),
                instance_number=1,
                manufacturer="napari-sam-med",
                manufacturer_model_name="napari-sam-med",
                software_versions=version("napari-sam-med"),
                device_serial_number="0",
                content_label="SEGMENTATION",
                content_description="Segmentation drawn with napari-sam-med",
                series_description="Segmentation",
                pixel_measures=measures,
                omit_empty_frames=bits > MOST_FRAMES_BITS,
                specific_character_set="ISO_IR 192",
                **options,
            )
            _say_distance(built, measures)
    except _BUILDING as error:
        reason = str(error).strip().splitlines()[0]
        msg = (
            f"{frames[0].header.file.parent} cannot be referred to by a segmentation "
            f"({reason}); save the labels as NIfTI or NRRD"
        )
        raise FileReadError(msg) from error
    return built


def _say_distance(built: Any, measures: Any) -> None:
    """State the distance of slices; highdicom writes 1 mm for a single one."""
    for shared in built.get("SharedFunctionalGroupsSequence", ()):
        for held in shared.get("PixelMeasuresSequence", ()):
            held.SpacingBetweenSlices = measures[0].SpacingBetweenSlices


def _sources(
    stack: Stack, pixels: npt.NDArray[np.unsignedinteger]
) -> tuple[list[pydicom.Dataset], npt.NDArray[np.unsignedinteger], dict[str, Any]]:
    """Source images, labels in their order, and where these lie if it must be said."""
    frames = stack.frames[0]
    files = dict.fromkeys(frame.header.file for frame in frames)
    needed = _NEEDED if frames[0].position is None else _NEEDED_IN_SPACE
    datasets = [_dataset(file, needed) for file in files]
    for dataset in datasets:
        if not dataset.get("SliceThickness"):  # highdicom asks for it
            dataset.SliceThickness = stack.geometry.spacing_xyz[2]
    if len(files) == len(frames):
        return datasets, pixels, {}
    if len(files) > 1:
        msg = (
            f"{frames[0].header.file.parent} has several files of several frames; a "
            "segmentation refers to one of them, so save the labels as NIfTI or NRRD"
        )
        raise GeometryError(msg)
    n_frames = frames[0].header.attributes.whole("NumberOfFrames", 1)
    if n_frames == len(frames):  # then each frame has its labels
        order = np.argsort([frame.index for frame in frames])
        return datasets, pixels[order], {}
    import highdicom

    positions = [
        highdicom.PlanePositionSequence("PATIENT", image_position=frame.position or ())
        for frame in frames
    ]
    return datasets, pixels, {"plane_positions": positions}


def _measures(geometry: Geometry) -> Any:
    import highdicom

    x, y, z = geometry.spacing_xyz
    return highdicom.PixelMeasuresSequence(
        pixel_spacing=(y, x), slice_thickness=z, spacing_between_slices=z
    )


def _dataset(file: Path, needed: tuple[str, ...]) -> pydicom.Dataset:
    """Header of a source file, which our own reader has found sound."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(file, stop_before_pixels=True, force=True)
            for keyword in _EMPTY_IF_ABSENT:
                if keyword not in dataset:
                    setattr(dataset, keyword, "")
            lacking = [keyword for keyword in needed if not dataset.get(keyword)]
    except (OSError, EOFError, RecursionError, *_BUILDING) as error:
        msg = f"{file} cannot be read ({error}); check the file"
        raise FileReadError(msg) from error
    if lacking:
        msg = (
            f"{file} has no {lacking[0]}, which a segmentation refers to; save the "
            "labels as NIfTI or NRRD"
        )
        raise FileReadError(msg)
    return dataset


def _described(segment: _Segment) -> Any:
    import highdicom

    codes = codes_for(segment.name)
    name, number = (_text(part) or "unknown" for part in segment.algorithm)
    return highdicom.seg.SegmentDescription(
        segment_number=segment.number,
        segment_label=segment.name,
        segmented_property_category=_code(codes.category),
        segmented_property_type=_code(codes.type),
        algorithm_type="SEMIAUTOMATIC",  # a person's prompts guide it
        algorithm_identification=highdicom.AlgorithmIdentificationSequence(
            name=name,
            version=number,
            family=Code("123110", "DCM", "Artificial Intelligence"),
        ),
        tracking_uid=generate_uid(),
        tracking_id=segment.name,
    )


def _code(coded: tuple[str, str]) -> Code:
    value, meaning = coded
    return Code(value, SCHEME, meaning)


def _text(value: str) -> str:
    """What fits into a DICOM text: no backslash, no control characters, 64 of them."""
    shown = "".join(c if c.isprintable() and c != "\\" else " " for c in value)
    return shown.strip()[:LONGEST].strip()


def _check_written(
    part: Path,
    path: Path,
    pixels: npt.NDArray[np.unsignedinteger],
    segments: list[_Segment],
    stack: Stack,
) -> None:
    """Read the file back before it takes its place."""
    try:
        volume, names = read_segmentation(part)
    except SamMedError as error:
        msg = f"{path} does not read back ({error}); nothing was kept of it"
        raise FileWriteError(msg) from error
    first = 0
    if volume.array.shape != pixels.shape:  # empty slices were left out
        first, last = np.flatnonzero(pixels.any(axis=(1, 2)))[[0, -1]]
        pixels = pixels[first : last + 1]
    same = np.array_equal(volume.array, pixels) and _lies_alike(volume, stack, first)
    if not same or names != {s.number: s.name for s in segments}:
        msg = f"{path} does not read back as it was drawn; nothing was kept of it"
        raise FileWriteError(msg)


def _lies_alike(volume: Volume, stack: Stack, first: int) -> bool:
    """Whether voxels lie, and are as large, as in the image from a slice on."""
    wanted, position = stack.geometry, stack.frames[0][first].position
    if position is not None:
        x, y, z = position
        wanted = replace(wanted, origin_xyz=(x, y, z))
    found, shape = volume.geometry, volume.array.shape
    off = np.abs(np.subtract(found.origin_xyz, wanted.origin_xyz)).max()
    return bool(off < CLOSEST_MM and same_grid(found, shape, wanted, shape))
