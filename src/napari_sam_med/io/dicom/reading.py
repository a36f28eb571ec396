"""Volumes and time series from DICOM files and folders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam_med.core.volumes import SeriesInfo, TimeSeries, Volume, check_finite
from napari_sam_med.errors import FileReadError, ImageError, SamMedError
from napari_sam_med.io.dicom.frames import frames_of
from napari_sam_med.io.dicom.headers import Header, read_header, starts_like_dicom
from napari_sam_med.io.dicom.pixels.values import read_values
from napari_sam_med.io.dicom.segmentation.reading import (
    is_segmentation,
    segmentation_from_header,
)
from napari_sam_med.io.dicom.stacks import Stack, stack_frames
from napari_sam_med.io.formats import name_from_path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

HOW_TO_CHOOSE = "keep one in the folder or choose one by its UID (--series UID)"


def read_dicom(
    path: Path, series: str | None = None, time: int | None = None
) -> Volume:
    """Read one file, or one series of a folder.

    Parameters
    ----------
    path : Path
        A DICOM file, or a folder of them; its subfolders are not entered, and files
        that are no DICOM images are passed over.
    series : str or None
        SeriesInstanceUID, needed where the folder holds several.
    time : int or None
        Time point from 0, needed where the series has several.

    Returns
    -------
    Volume
        (Z, Y, X) values (CT in Hounsfield units) or (Z, Y, X, 3) uint8. Of a
        segmentation the labels.

    Raises
    ------
    FileReadError
        If there is no image, several series and no choice, not that series, or a
        file of the series is damaged.
    ImageError
        If pixels are of a kind that is not read or not finite, or no such time point.
    GeometryError
        If slices do not make an even stack of one kind.
    """
    chosen = _choose(path, series)
    if is_segmentation(chosen[0]):
        return segmentation_from_header(_only(chosen, path))[0]
    stack = _stack(chosen, path)
    at = _time_index(path, time, len(stack.frames))
    array, notes = read_values(stack.frames[at : at + 1], path)
    check_finite(array, str(path))
    return Volume(
        array=array[0],
        geometry=stack.geometry,
        name=name_from_path(path),
        modality=chosen[0].attributes.text("Modality"),
        files=_files(stack, at),
        notes=(*stack.notes, *notes),
    )


def read_dicom_times(path: Path, series: str | None = None) -> TimeSeries:
    """Read all time points of one file or one series.

    Parameters
    ----------
    path, series
        As `read_dicom`.

    Returns
    -------
    TimeSeries
        (T, Z, Y, X) values; one time point where positions do not repeat.

    Raises
    ------
    FileReadError, ImageError, GeometryError
        As `read_dicom`.
    """
    chosen = _choose(path, series)
    if is_segmentation(chosen[0]):
        volume, _ = segmentation_from_header(_only(chosen, path))
        return TimeSeries(
            volume.array[None], volume.geometry, volume.name, volume.modality,
            volume.files, volume.notes,
        )  # fmt: skip
    stack = _stack(chosen, path)
    array, notes = read_values(stack.frames, path)
    check_finite(array, str(path))
    return TimeSeries(
        array=array,
        geometry=stack.geometry,
        name=name_from_path(path),
        modality=chosen[0].attributes.text("Modality"),
        files=tuple(dict.fromkeys(f.header.file for t in stack.frames for f in t)),
        notes=(*stack.notes, *notes),
    )


def list_dicom_series(path: Path) -> list[SeriesInfo]:
    """List the image series of a file or folder.

    Parameters
    ----------
    path : Path
        A DICOM file, or a folder of them.

    Returns
    -------
    list of SeriesInfo
        In the order of their first files; empty if there is none. A series that
        cannot be stacked counts as one time point.

    Raises
    ------
    FileReadError
        If the path cannot be read.
    """
    return [
        SeriesInfo(
            uid=uid,
            description=headers[0].attributes.text("SeriesDescription"),
            modality=headers[0].attributes.text("Modality"),
            n_files=len(headers),
            n_times=_number_of_times(headers, path),
        )
        for uid, headers in _by_series(_image_headers(path)).items()
    ]


@dataclass(frozen=True, slots=True)
class SourceSlices:
    """Where the slices of a volume come from, for a segmentation to refer to.

    Parameters
    ----------
    stack : Stack
        Of one time point or more.
    shape_yx : (rows, columns)
    """

    stack: Stack
    shape_yx: tuple[int, int]


def source_slices(files: Iterable[Path]) -> SourceSlices:
    """Order the files of a volume again, without reading pixels.

    Parameters
    ----------
    files : iterable of Path
        ``Volume.files``.

    Returns
    -------
    SourceSlices

    Raises
    ------
    FileReadError, GeometryError
        As `read_dicom`.
    """
    headers = [read_header(file) for file in files]
    if not headers:
        msg = "no source files; give the DICOM files that the image was read from"
        raise FileReadError(msg)
    _check_sound(headers)
    held = headers[0].attributes
    frames = [frame for header in headers for frame in frames_of(header)]
    stack = stack_frames(frames, headers[0].file.parent)
    return SourceSlices(stack, (held.whole("Rows", 0), held.whole("Columns", 0)))


def read_segmentation(path: Path) -> tuple[Volume, dict[int, str]]:
    """Read a DICOM segmentation.

    Parameters
    ----------
    path : Path
        One file (BINARY, FRACTIONAL or LABELMAP).

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
    header = _only(_choose(path, None), path)
    if not is_segmentation(header):
        msg = f"{path} is no DICOM segmentation; give a SEG file"
        raise FileReadError(msg)
    return segmentation_from_header(header)


def _image_headers(path: Path) -> list[Header]:
    """Headers of all images; a file that only starts like DICOM is among them."""
    if path.is_dir():
        try:
            files = sorted(path.iterdir())
        except OSError as error:
            msg = f"{path} cannot be read ({error.strerror or error}); check the folder"
            raise FileReadError(msg) from error
        files = [file for file in files if file.name.upper() != "DICOMDIR"]
    else:
        files = [path]
    headers = [read_header(file) for file in files if starts_like_dicom(file)]
    return [header for header in headers if header.is_image or header.fault]


def _by_series(headers: list[Header]) -> dict[str, list[Header]]:
    groups: dict[str, list[Header]] = {}
    for header in headers:
        uid = header.attributes.text("SeriesInstanceUID")
        groups.setdefault(uid, []).append(header)
    return groups


def _choose(path: Path, uid: str | None) -> list[Header]:
    headers = _image_headers(path)
    if not headers:
        what = "holds no" if path.is_dir() else "is no readable"
        msg = f"{path} {what} DICOM image; give a DICOM file or a series folder"
        if path.is_dir():
            msg += " (subfolders are not entered)"
        raise FileReadError(msg)
    unknown = [
        header
        for header in headers
        if header.fault and not header.attributes.text("SeriesInstanceUID")
    ]
    _check_sound(unknown)
    groups = _by_series(headers)
    if uid is None and len(groups) == 1:
        chosen = headers
    elif uid is not None and uid in groups:
        chosen = groups[uid]
    else:
        held = "; ".join(f"{_describe(g)}, UID {key}" for key, g in groups.items())
        asked = f"has no series {uid}" if uid else "holds several DICOM series"
        msg = f"{path} {asked} ({held}); {HOW_TO_CHOOSE}"
        raise FileReadError(msg)
    _check_sound(chosen)
    return chosen


def _check_sound(headers: list[Header]) -> None:
    for header in headers:
        if header.fault:
            msg = (
                f"{header.file} cannot be read: {header.fault}; copy it again, or take "
                "it out of the folder"
            )
            raise FileReadError(msg)


def _describe(group: list[Header]) -> str:
    held = group[0].attributes
    title = held.text("SeriesDescription") or "without description"
    number = held.text("SeriesNumber") or "?"
    return f"series {number} '{title}' of {len(group)} files"


def _only(headers: list[Header], path: Path) -> Header:
    if len(headers) > 1:
        msg = f"{path} holds {len(headers)} segmentations; give one of the files"
        raise FileReadError(msg)
    return headers[0]


def _stack(headers: list[Header], path: Path) -> Stack:
    frames = [frame for header in headers for frame in frames_of(header)]
    return stack_frames(frames, path)


def _number_of_times(headers: list[Header], path: Path) -> int:
    if any(header.fault for header in headers) or is_segmentation(headers[0]):
        return 1
    try:
        return len(_stack(headers, path).frames)
    except SamMedError:
        return 1


def _time_index(path: Path, time: int | None, n_times: int) -> int:
    if time is None and n_times == 1:
        return 0
    if time is not None and 0 <= time < n_times:
        return time
    asked = "" if time is None else f" and no time point {time}"
    if n_times == 1:
        msg = f"{path} has 1 time point{asked}; leave it out, or give 0 (--time)"
    else:
        msg = (
            f"{path} has {n_times} time points{asked}; give one, 0 to {n_times - 1} "
            "(--time)"
        )
    raise ImageError(msg)


def _files(stack: Stack, at: int) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(frame.header.file for frame in stack.frames[at]))
