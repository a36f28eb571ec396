"""Labels from a DICOM segmentation, on its own grid."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.geometry import Geometry, orthonormal
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import FileReadError, GeometryError, ImageError
from napari_sam_med.io.dicom.frames import frames_of
from napari_sam_med.io.dicom.oddities import turned
from napari_sam_med.io.dicom.pixel_format import allocate, format_of
from napari_sam_med.io.dicom.pixels.jpeg import JpegDecoder
from napari_sam_med.io.dicom.pixels.lossy import check_lossless
from napari_sam_med.io.dicom.pixels.stored_pixels import FrameReader
from napari_sam_med.io.dicom.series import choose_series, only_file
from napari_sam_med.io.dicom.stacks import UNEVEN, axes_of, off_grid
from napari_sam_med.io.formats import name_from_path

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from napari_sam_med.io.dicom.frames import DicomFrame
    from napari_sam_med.io.dicom.headers import Header

HALF = 0.5
"""Of a fractional segment: a voxel belongs to it from here on, as viewers show it."""


def read_segmentation(
    path: Path, series: str | None = None
) -> tuple[Volume, dict[int, str]]:
    """Read a DICOM segmentation.

    Parameters
    ----------
    path : Path
        One file (BINARY, FRACTIONAL or LABELMAP), or a folder with one.
    series : str or None
        SeriesInstanceUID, needed where the folder holds several series.

    Returns
    -------
    Volume
        (Z, Y, X) uint8 or uint16 segment numbers on the segmentation's own grid, 0 is
        background.
    dict of int to str
        Label of each segment by number.

    Raises
    ------
    FileReadError
        If it is no segmentation, or damaged.
    ImageError
        If segments overlap.
    GeometryError
        If its frames are not parallel or not on an even grid.
    """
    header = only_file(choose_series(path, series, as_labels=True).headers, path)
    if not header.is_segmentation:
        msg = f"{path} is no DICOM segmentation; give a SEG file"
        raise FileReadError(msg)
    return segmentation_from_header(header)


def segmentation_from_header(header: Header) -> tuple[Volume, dict[int, str]]:
    """Read the labels of a segmentation.

    Parameters
    ----------
    header : Header
        Of a sound segmentation.

    Returns
    -------
    Volume
        (Z, Y, X) uint8 or uint16: the number of the segment at each voxel, 0 for none.
        Slices that the file leaves out are background.
    dict of int to str
        Label of each segment by number.

    Raises
    ------
    FileReadError
        If the file is damaged.
    ImageError
        If segments overlap, or it is a segmentation of a kind that is not read.
    GeometryError
        If its frames are not parallel or not on an even grid.
    """
    frames = frames_of(header)
    held = header.attributes
    if held.data("TotalPixelMatrixRows"):
        msg = f"{header.file} segments a slide in tiles; only volumes are read"
        raise ImageError(msg)
    kind = held.text("SegmentationType") or "BINARY"
    if kind not in ("BINARY", "FRACTIONAL", "LABELMAP"):
        msg = f"{header.file} has SegmentationType {kind}; give a BINARY one"
        raise ImageError(msg)
    if kind != "FRACTIONAL":  # the others hold numbers of segments, not parts
        check_lossless([header])
    names = _names(header)
    geometry, slices, notes = _grid(frames)
    n_slices = max(slices) + 1
    rows, columns, _ = format_of(header).shape
    dtype = np.uint8 if max(names, default=0) < 256 else np.uint16
    labels = allocate((n_slices, rows, columns), dtype, str(header.file))
    if kind == "LABELMAP":
        _fill_from_map(labels, frames, slices)
    else:
        _fill_from_segments(labels, frames, slices, kind)
    if kind == "FRACTIONAL":
        notes = (
            *notes,
            f"fractional segments were cut at {HALF:g}",
        )
    name = name_from_path(header.file)
    modality = held.text("Modality") or "SEG"
    return Volume(labels, geometry, name, modality, (header.file,), notes), names


def _names(header: Header) -> dict[int, str]:
    names = {}
    for item in header.attributes.items("SegmentSequence"):
        number = item.whole("SegmentNumber", -1)
        if not 0 <= number < 2**16 or number in names:
            msg = f"{header.file} has a segment numbered {number}; the file is damaged"
            raise FileReadError(msg)
        names[number] = item.text("SegmentLabel") or f"segment {number}"
    if not names:
        msg = f"{header.file} describes no segment; the file is damaged"
        raise FileReadError(msg)
    padding = header.attributes.number("PixelPaddingValue")
    names.pop(0 if padding is None else int(padding), None)  # the background of a map
    return names


def _grid(frames: list[DicomFrame]) -> tuple[Geometry, list[int], tuple[str, ...]]:
    """Geometry, slice of each frame, and what is odd about their places."""
    first = frames[0]
    if any(f.position is None or f.axes is None for f in frames):
        segments = {frame.segment for frame in frames} - {None}
        if len(frames) == 1 or len(segments) == len(frames):  # all of one plane
            rows, columns = first.spacing or (1.0, 1.0)
            depth = abs(first.thickness or first.between or 1.0)
            return Geometry((columns, rows, depth)), [0] * len(frames), ()
        msg = f"{first.header.file} does not say where its frames lie; give a volume"
        raise GeometryError(msg)
    axes = axes_of(first)
    if any(np.abs(axes_of(frame) - axes).max() > 1e-3 for frame in frames):
        msg = f"{first.header.file} has frames that are not parallel; give a volume"
        raise GeometryError(msg)
    direction = orthonormal(np.column_stack([*axes, np.cross(*axes)]))
    unit = np.asarray(direction)
    positions = np.array([frame.position for frame in frames])
    along = (positions - positions[0]) @ unit[:, 2]
    start = positions[int(along.argmin())]
    along = along - along.min()
    step = _step(first, along)
    slices = np.rint(along / step)
    off = positions - start - slices[:, None] * step * unit[:, 2]
    uneven = off_grid(off, unit[:, 2])
    if uneven.is_uneven(step) or uneven.is_shifted or slices.max() > 65535:
        msg = (
            f"{first.header.file} has frames off a grid of {step:.4g} mm; only even "
            "stacks are read"
        )
        raise GeometryError(msg)
    n_slices = int(slices.max()) + 1
    if n_slices > 1:  # the mean is more exact than one rounded distance
        step = float(along.max()) / (n_slices - 1)
    rows, columns = first.spacing or (1.0, 1.0)
    geometry = Geometry((columns, rows, step), tuple(start.tolist()), direction)
    return (
        geometry,
        slices.astype(int).tolist(),
        (
            *uneven.notes(step),
            *turned(first, geometry, n_slices),
        ),
    )


def _step(frame: DicomFrame, along: npt.NDArray[np.float64]) -> float:
    """Distance of slices: as stated where the positions lie on it, else the least.

    A thickness is none (slices may have gaps between them), but for positions that no
    other distance explains.
    """
    gaps = np.diff(np.unique(np.round(along, 3)))
    least = float(gaps.min()) if gaps.size else 0.0
    if not least:  # a single slice is as thick as it says, as in an image
        return abs(frame.thickness or frame.between or 1.0)
    thickness = None if _are_whole(gaps / least) else frame.thickness
    for stated in (frame.between, thickness):
        step = abs(stated or 0.0)
        if step and round(least / step) >= 1 and _are_whole(least / step):
            return step
    return least


def _are_whole(steps: npt.ArrayLike) -> bool:
    return bool((np.abs(steps - np.rint(steps)) < UNEVEN).all())


def _fill_from_map(
    labels: npt.NDArray[np.generic], frames: list[DicomFrame], slices: list[int]
) -> None:
    header = frames[0].header
    names = _names(header)
    padding = header.attributes.number("PixelPaddingValue")
    # Colours are for display only: the stored indices are the labels.
    described = replace(format_of(header), photometric="MONOCHROME2")
    with JpegDecoder() as jpeg, FrameReader(header, described, jpeg) as reader:
        for frame, at in zip(frames, slices, strict=True):
            values = reader.frame(frame.index)
            if padding:
                values = np.where(values == padding, 0, values)
            most = int(np.max(values))
            if most > max(names, default=0):
                msg = f"{header.file} has voxels of segment {most}, described is none"
                raise FileReadError(msg)
            labels[at] = values


def _fill_from_segments(
    labels: npt.NDArray[np.generic],
    frames: list[DicomFrame],
    slices: list[int],
    kind: str,
) -> None:
    header = frames[0].header
    names = _names(header)
    least = 1.0
    if kind == "FRACTIONAL":
        least = HALF * header.attributes.whole("MaximumFractionalValue", 255)
    with JpegDecoder() as jpeg, FrameReader(header, format_of(header), jpeg) as reader:
        for frame, at in zip(frames, slices, strict=True):
            number = frame.segment or (next(iter(names)) if len(names) == 1 else 0)
            if number not in names:
                msg = f"{header.file} has frames of segment {number}, described is none"
                raise FileReadError(msg)
            inside = np.asarray(reader.frame(frame.index)) >= least
            before = labels[at][inside]
            if before.any():
                other = int(before[before != 0][0])
                msg = (
                    f"{header.file}: the segments {other} '{names[other]}' and "
                    f"{number} '{names[number]}' overlap; labels are one number for "
                    "each voxel, so export them apart"
                )
                raise ImageError(msg)
            labels[at][inside] = number
