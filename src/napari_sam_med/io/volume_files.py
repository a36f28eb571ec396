"""Images and label images from files of every kind, as volumes with geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.prompts import is_other, is_whole
from napari_sam_med.core.volumes import TimeSeries, Volume, check_finite, slices_of
from napari_sam_med.errors import FileReadError, ImageError
from napari_sam_med.io import dicom
from napari_sam_med.io.detect import Kind, kind_of
from napari_sam_med.io.formats import as_path, name_from_path, shown
from napari_sam_med.io.label_values import labels_from_values
from napari_sam_med.io.picture_formats.pictures import read_picture
from napari_sam_med.io.stored_voxels import StoredImage, read_stored
from napari_sam_med.io.volume_formats.metaimage import open_metaimage
from napari_sam_med.io.volume_formats.nifti import open_nifti
from napari_sam_med.io.volume_formats.nrrd import open_nrrd, read_header
from napari_sam_med.io.volume_formats.segments import merged, segments_from

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from napari_sam_med.core.volumes import SeriesInfo

_OPENERS = {
    Kind.NIFTI: open_nifti, Kind.METAIMAGE: open_metaimage, Kind.NRRD: open_nrrd,
}  # fmt: skip
_DICOM = (Kind.DICOM, Kind.DICOM_FOLDER)


def read_volume(
    path: Path | str, *, series: str | None = None, time: int | None = None
) -> Volume:
    """Read an image.

    Parameters
    ----------
    path : Path or str
        NIfTI, NRRD, MHA/MHD, DICOM (one file, or a folder with a series), PNG, JPEG,
        TIFF (pages become slices) or BMP. The first bytes decide, not the name.
    series : str or None
        SeriesInstanceUID to take where there are several DICOM series.
    time : int or None
        Which time point to take, from 0, where there are several.

    Returns
    -------
    Volume
        (Z, Y, X) numbers in the file's own order of axes and in the image's own
        values (CT in Hounsfield units), or (Z, Y, X, 3) uint8. A picture has spacing
        1 mm. ``modality`` comes from DICOM; other formats do not store it, and only
        ``CT`` is recognised, by its air. ``notes`` says what had to be put right.

    Raises
    ------
    FileReadError
        If the file is absent, of an unknown format, damaged or too short, or holds
        several series and none is chosen.
    ImageError
        If there are several time points and none is chosen, NaN or infinite voxels,
        channels other than RGB, or more voxels than memory holds.
    GeometryError
        If slices do not make an even stack, or axes are not at right angles.
    """
    path = _checked(path, series, time)
    kind = kind_of(path)
    if kind in _DICOM:
        return dicom.read_dicom(path, series, time)
    _check_no_series(series, path)
    return _read(path, kind, time)


def read_labels(
    path: Path | str, *, series: str | None = None, time: int | None = None
) -> Volume:
    """Read a label image: whole numbers, 0 is background.

    Parameters
    ----------
    path, series, time
        As those of `read_volume`; DICOM also as segmentation (SEG), which is taken
        where it lies beside images. In palette pictures the index is the label, in
        grey ones of 2 or 4 bits the number stored.

    Returns
    -------
    Volume
        (Z, Y, X) integers, values kept as they are (a mask of 255 stays 255). Whole
        numbers stored as float become int32, and so do values that are scaled and lie
        within half a step of what the file can store from a whole number.

    Raises
    ------
    FileReadError, GeometryError
        As `read_volume`.
    ImageError
        As `read_volume`, or if the image is coloured or packed with loss, or a value is
        negative or not whole.
    """
    path = _checked(path, series, time)
    kind = kind_of(path)
    step = 0.0
    if kind in _DICOM:
        volume = dicom.read_dicom(path, series, time, as_labels=True)
    else:
        _check_no_series(series, path)
        volume = _read(path, kind, time, as_labels=True)
        if kind is Kind.NIFTI:
            stored = open_nifti(path)
            step = abs(stored.slope) if stored.is_scaled else 0.0
    labels = labels_from_values(volume.array, path, step=step)
    return Volume(
        labels,
        volume.geometry,
        volume.name,
        volume.modality,
        volume.files,
        volume.notes,
    )


def read_time_series(path: Path | str, *, series: str | None = None) -> TimeSeries:
    """Read all time points of an image, or its one volume as a series of one.

    Parameters
    ----------
    path, series
        As those of `read_volume`.

    Returns
    -------
    TimeSeries

    Raises
    ------
    FileReadError, ImageError, GeometryError
        As `read_volume`.
    """
    path = as_path(path, FileReadError)
    kind = kind_of(path)
    if kind in _DICOM:
        return dicom.read_dicom_times(path, series)
    _check_no_series(series, path)
    if kind.is_picture or _layers_of(path, kind):
        volume = _read(path, kind, None)
        return _series_from(volume.array[None], volume, path)
    image = _OPENERS[kind](path)
    array, notes = read_stored(image)
    place = Volume(array[0], image.geometry, name_from_path(path), "", (path,), notes)
    return _series_from(array, place, path)


def list_series(path: Path | str) -> list[SeriesInfo]:
    """List the DICOM series that a file or folder holds.

    Parameters
    ----------
    path : Path or str
        Anything that exists.

    Returns
    -------
    list of SeriesInfo
        Empty for other formats than DICOM.

    Raises
    ------
    FileReadError
        As `read_volume`.
    """
    path = as_path(path, FileReadError)
    return dicom.list_dicom_series(path) if kind_of(path) in _DICOM else []


def count_times(path: Path | str, *, series: str | None = None) -> int:
    """Count the time points that `read_volume` can choose from, without voxels.

    Parameters
    ----------
    path, series
        As those of `read_volume`.

    Returns
    -------
    int
        1 if there is nothing to choose.

    Raises
    ------
    FileReadError, ImageError, GeometryError
        As `read_volume`.
    """
    path = as_path(path, FileReadError)
    kind = kind_of(path)
    if kind in _DICOM:
        held = dicom.list_dicom_series(path)
        return max((s.n_times for s in held if series in (None, s.uid)), default=1)
    if kind.is_picture or _layers_of(path, kind):
        return 1
    return _OPENERS[kind](path).n_times


def times_shared(
    labels: Path | str, image: Path | str, time: int | None, series: str | None = None
) -> tuple[int | None, int | None]:
    """Say which time point to read of labels and which of their image.

    Parameters
    ----------
    labels, image : Path or str
        As those of `read_labels` and `read_volume`.
    time : int or None
        What was asked for of both.
    series : str or None
        SeriesInstanceUID to take of the image.

    Returns
    -------
    of_labels, of_image : int or None
        The time is of those that have several time points, and where neither has, of
        the image, which then says so when it is read.

    Raises
    ------
    FileReadError, ImageError, GeometryError
        As `count_times`.
    """
    if time is None or count_times(labels) == 1:
        return None, time
    return time, None if count_times(image, series=series) == 1 else time


def read_stored_names(path: Path | str, *, series: str | None = None) -> dict[int, str]:
    """Read the names of labels that a segmentation file itself stores.

    Parameters
    ----------
    path : Path or str
        Anything that `read_labels` reads; 3D Slicer's .seg.nrrd and DICOM-SEG have
        names.
    series : str or None
        As that of `read_labels`.

    Returns
    -------
    dict of int to str
        Name of each label, numbered as `read_labels` numbers them; empty if the file
        stores none.

    Raises
    ------
    FileReadError, ImageError, GeometryError
        As `read_labels`.
    """
    path = as_path(path, FileReadError)
    kind = kind_of(path)
    if kind is Kind.NRRD:
        return {s.label: s.name for s in segments_from(read_header(path).pairs)}
    if kind in _DICOM and any(
        held.modality == "SEG" and series in (None, held.uid)
        for held in dicom.list_dicom_series(path)
    ):
        return dicom.read_segmentation(path, series)[1]
    return {}


def _checked(path: Path | str, series: str | None, time: int | None) -> Path:
    """Refuse arguments of other types, which callers without a type checker give."""
    if series is not None and is_other(series, str):
        msg = f"series {series} is no text; give a SeriesInstanceUID, or none"
        raise FileReadError(msg)
    if time is not None and not is_whole(time):
        msg = f"time point {time!r} is no whole number; give one from 0, or none"
        raise ImageError(msg)
    return as_path(path, FileReadError)


def _read(
    path: Path, kind: Kind, time: int | None, *, as_labels: bool = False
) -> Volume:
    name = name_from_path(path)
    if kind.is_picture:
        array, notes = read_picture(path, kind, as_labels=as_labels)
        _check_time(time, 1, path)
        check_finite(array, shown(path))
        return Volume(array, name=name, files=(path,), notes=notes)
    image = _OPENERS[kind](path)
    layers = _layers_of(path, kind)
    if layers:
        array, notes = _merged_layers(image, time)
    else:
        array, notes = read_stored(image, _check_time(time, image.n_times, path))
        array = array[0]
    check_finite(array, shown(path))
    modality = "CT" if not layers and looks_like_ct(array) else ""
    return Volume(array, image.geometry, name, modality, (path,), notes)


def _layers_of(path: Path, kind: Kind) -> bool:
    """Whether the file is a segmentation with several layers."""
    if kind is not Kind.NRRD or not segments_from(read_header(path).pairs):
        return False
    return open_nrrd(path).n_times > 1


def _merged_layers(
    image: StoredImage, time: int | None
) -> tuple[npt.NDArray[np.generic], tuple[str, ...]]:
    segments = segments_from(read_header(image.path).pairs)
    if time is None:
        array, notes = read_stored(image)
        return merged(array, segments, image.path), notes
    _check_time(time, image.n_times, image.path)
    array, notes = read_stored(image, time)
    return merged(array, segments, image.path, first_layer=time), notes


def _check_time(time: int | None, n_times: int, path: Path) -> int:
    if time is None and n_times == 1:
        return 0
    if time is None or not 0 <= time < n_times:
        held = "1 time point; leave out the time or give 0"
        if n_times > 1:
            held = f"{n_times} time points; give one, 0 to {n_times - 1} (--time)"
        msg = f"{shown(path)} has {held}"
        raise ImageError(msg)
    return time


def _check_no_series(series: str | None, path: Path) -> None:
    if series:
        msg = f"{shown(path)} is no DICOM and has no series {series}; leave it out"
        raise FileReadError(msg)


def _series_from(
    array: npt.NDArray[np.generic], volume: Volume, path: Path
) -> TimeSeries:
    check_finite(array, shown(path))
    modality = "CT" if looks_like_ct(array[0]) else ""
    return TimeSeries(
        array, volume.geometry, volume.name, modality, volume.files, volume.notes
    )


def looks_like_ct(array: npt.NDArray[np.generic]) -> bool:
    """Whether at least 1 % of the voxels have the Hounsfield value of air.

    Parameters
    ----------
    array : (Z, Y, X) number
        Colours and unsigned numbers never do.

    Returns
    -------
    bool
    """
    if array.ndim != 3 or array.dtype.kind not in "if":
        return False
    air = 0
    for part in slices_of(array):
        values: npt.NDArray[np.float64] = part  # type: ignore[assignment]  # for mypy
        air += int(np.count_nonzero((values >= -1100) & (values <= -900)))
    return air >= 0.01 * array.size
