"""Volumes and time series from DICOM files and folders."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam_med.core.volumes import SeriesInfo, TimeSeries, Volume, check_finite
from napari_sam_med.errors import ImageError, SamMedError
from napari_sam_med.io.dicom.pixels.lossy import check_lossless
from napari_sam_med.io.dicom.pixels.pixel_values import read_values
from napari_sam_med.io.dicom.segmentation.segmentation_reading import (
    segmentation_from_header,
)
from napari_sam_med.io.dicom.series import (
    by_series,
    choose_series,
    image_headers,
    only_file,
    stack_series,
)
from napari_sam_med.io.formats import name_from_path

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam_med.io.dicom.headers import Header
    from napari_sam_med.io.dicom.stacks import Stack


def read_dicom(
    path: Path,
    series: str | None = None,
    time: int | None = None,
    *,
    as_labels: bool = False,
) -> Volume:
    """Read one file, or one series of a folder.

    Parameters
    ----------
    path : Path
        A DICOM file, or a folder of them; its subfolders are not entered, and files
        that are no DICOM images are passed over.
    series : str or None
        SeriesInstanceUID, needed where the folder holds several. A segmentation beside
        images is passed over, and said.
    time : int or None
        Time point from 0, needed where the series has several.
    as_labels : bool
        The segmentation is meant, and not the images beside it.

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
        If pixels are of a kind that is not read or not finite, or no such time point,
        or labels were packed with loss.
    GeometryError
        If slices do not make an even stack of one kind.
    """
    found = choose_series(path, series, as_labels=as_labels)
    chosen = found.headers
    if chosen[0].is_segmentation:
        labels, _ = segmentation_from_header(only_file(chosen, path))
        return replace(labels, notes=(*found.notes, *labels.notes))
    if as_labels:
        check_lossless(chosen)
    stack = stack_series(chosen, path)
    at = _time_index(path, time, len(stack.frames))
    array, notes = read_values(stack.frames[at : at + 1], path)
    check_finite(array, str(path))
    return Volume(
        array=array[0],
        geometry=stack.geometry,
        name=name_from_path(path),
        modality=chosen[0].attributes.text("Modality"),
        files=_files(stack, at),
        notes=(*found.notes, *stack.notes, *notes),
        time=at if _hold_several(stack, at) else None,
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
    found = choose_series(path, series)
    chosen = found.headers
    if chosen[0].is_segmentation:
        volume, _ = segmentation_from_header(only_file(chosen, path))
        return TimeSeries(
            volume.array[None], volume.geometry, volume.name, volume.modality,
            volume.files, volume.notes,
        )  # fmt: skip
    stack = stack_series(chosen, path)
    array, notes = read_values(stack.frames, path)
    check_finite(array, str(path))
    return TimeSeries(
        array=array,
        geometry=stack.geometry,
        name=name_from_path(path),
        modality=chosen[0].attributes.text("Modality"),
        files=tuple(dict.fromkeys(f.header.file for t in stack.frames for f in t)),
        notes=(*found.notes, *stack.notes, *notes),
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
        for uid, headers in by_series(image_headers(path)).items()
        if uid or not all(header.fault for header in headers)
    ]


def _number_of_times(headers: list[Header], path: Path) -> int:
    if any(header.fault for header in headers) or headers[0].is_segmentation:
        return 1
    try:
        return len(stack_series(headers, path).frames)
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


def _hold_several(stack: Stack, at: int) -> bool:
    """Whether the files of a time point hold others too."""
    one = set(_files(stack, at))
    return any(one & set(_files(stack, t)) for t in range(len(stack.frames)) if t != at)


def _files(stack: Stack, at: int) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(frame.header.file for frame in stack.frames[at]))
