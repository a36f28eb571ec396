"""Images and label images from files, as volumes with geometry."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume, check_finite
from napari_sam_med.errors import FileReadError, GeometryError, ImageError
from napari_sam_med.io.dicom import read_dicom
from napari_sam_med.io.formats import (
    ACCEPTED,
    DICOM,
    PICTURES,
    name_from_path,
    suffix_from_path,
)
from napari_sam_med.io.nifti import NIFTI, check_finite_nifti
from napari_sam_med.io.pictures import read_picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt


def read_volume(
    path: Path | str, *, series: str | None = None, time: int | None = None
) -> Volume:
    """Read an image.

    Parameters
    ----------
    path : Path or str
        NIfTI, NRRD, MHA/MHD, DICOM (one file, or a folder with one series), PNG, JPEG,
        TIFF (pages become slices) or BMP.
    series : str or None
        SeriesInstanceUID to take from a folder with several DICOM series.
    time : int or None
        Time point of a DICOM series that has several, from 0.

    Returns
    -------
    Volume
        (Z, Y, X) numbers with the file's type, CT in Hounsfield units, or (Z, Y, X, 3)
        uint8. A picture has spacing 1 mm. ``modality`` comes from DICOM; other
        formats do not store it, and only ``CT`` is recognised, by its air.

    Raises
    ------
    FileReadError
        If the file is absent, of an unknown format, damaged, or a folder with several
        series.
    ImageError
        If it is 4-D, has NaN or infinite voxels, or channels other than RGB.
    GeometryError
        If slices do not make an even stack, or directions are not orthogonal.

    Notes
    -----
    DICOM pictures stored with inverted grey (MONOCHROME1, common in radiography) are
    turned round by SimpleITK, within the bits stored, so that bright means dense as in
    all other files.
    """
    path = Path(path)
    _check_there(path)
    suffix = suffix_from_path(path)
    if suffix in PICTURES:
        array = read_picture(path)
        check_finite(array, str(path))
        return Volume(array, Geometry(), name_from_path(path))
    if path.is_dir() or suffix in DICOM or (not suffix and _has_dicom_mark(path)):
        return read_dicom(path, series, time)
    if not suffix:
        msg = f"{path} has no known suffix; give {ACCEPTED}"
        raise FileReadError(msg)
    array, geometry = _array_and_geometry(_read_itk(path, [path]), path)
    if suffix in NIFTI:
        check_finite_nifti(path)
    modality = "CT" if _looks_like_ct(array) else ""
    return Volume(array, geometry, name_from_path(path), modality)


def read_labels(path: Path | str) -> Volume:
    """Read a label image: whole numbers, 0 is background.

    Parameters
    ----------
    path : Path or str
        Any format of ``read_volume`` but DICOM objects of their own kind (SEG,
        RTSTRUCT). In palette pictures the index is the label.

    Returns
    -------
    Volume
        (Z, Y, X) integers, values kept as they are (a mask of 255 stays 255). Whole
        numbers stored as float become int32.

    Raises
    ------
    FileReadError
        As ``read_volume``.
    ImageError
        If the image is coloured, or a value is negative or not whole.
    GeometryError
        As ``read_volume``.
    """
    path = Path(path)
    _check_there(path)
    if suffix_from_path(path) in PICTURES:
        array = read_picture(path, palette_as_labels=True)
        volume = Volume(array, Geometry(), name_from_path(path))
    else:
        volume = read_volume(path)
    labels = _as_labels(volume.array, path)
    return Volume(labels, volume.geometry, volume.name, volume.modality)


def _as_labels(
    array: npt.NDArray[np.generic], path: Path
) -> npt.NDArray[np.signedinteger | np.unsignedinteger]:
    if array.ndim == 4:
        msg = (
            f"{path} is a colour image; labels are one number for each pixel, so save "
            "it as greyscale or with a palette"
        )
        raise ImageError(msg)
    check_finite(array, str(path))
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if float(array.min()) < 0 or float(array.max()) > np.iinfo(np.int32).max:
        msg = (
            f"{path} has values from {array.min()} to {array.max()}; labels are whole "
            "numbers from 0 (background), so is this perhaps the image?"
        )
        raise ImageError(msg)
    if array.dtype.kind == "f" and not np.array_equal(array, np.rint(array)):
        msg = (
            f"{path} has values that are not whole numbers; labels are 0 (background), "
            "1, 2, ..., so is this perhaps the image or a probability map?"
        )
        raise ImageError(msg)
    whole = array.dtype.kind in "iu"
    return array if whole else array.astype(np.int32)  # type: ignore[return-value]


def _check_there(path: Path) -> None:
    if not path.exists():
        msg = f"{path} does not exist; give a file or a folder with one DICOM series"
        raise FileReadError(msg)


def _has_dicom_mark(path: Path) -> bool:
    """Whether the file carries ``DICM`` after its preamble; many have no suffix."""
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def _read_itk(path: Path, files: Sequence[Path]) -> sitk.Image:
    """Read one file, or a stack in the order given, without ITK's own warnings."""
    names = [str(file) for file in files]
    with _quiet_itk():
        try:
            return sitk.ReadImage(names[0] if len(names) == 1 else names)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1].strip()
            if "orthonormal" in str(error):
                msg = f"{path} has axes that are not at right angles; resample it first"
                raise GeometryError(msg) from error
            msg = f"{path} cannot be read ({reason}); check that it is {ACCEPTED}"
            raise FileReadError(msg) from error


@contextmanager
def _quiet_itk() -> Iterator[None]:
    shown = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.GlobalWarningDisplayOff()
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(shown)


def _array_and_geometry(
    image: sitk.Image, path: Path
) -> tuple[npt.NDArray[np.generic], Geometry]:
    image = _as_three_d(image, path)
    array: npt.NDArray[np.generic] = sitk.GetArrayFromImage(image)
    channels = image.GetNumberOfComponentsPerPixel()
    if channels == 4 and array.dtype == np.uint8:
        array = array[..., :3]
    elif channels != 1 and not (channels == 3 and array.dtype == np.uint8):
        msg = (
            f"{path} has {channels} channels of {array.dtype}; give one channel, or "
            "8-bit RGB"
        )
        raise ImageError(msg)
    check_finite(array, str(path))
    flat = image.GetDirection()
    x, y, z = ((flat[i], flat[i + 1], flat[i + 2]) for i in (0, 3, 6))
    return array, Geometry(image.GetSpacing(), image.GetOrigin(), (x, y, z))


def _as_three_d(image: sitk.Image, path: Path) -> Any:
    if image.GetDimension() == 2:
        return sitk.JoinSeries(image)
    size = image.GetSize()
    if image.GetDimension() == 4 and size[3] == 1:
        return image[:, :, :, 0]
    if image.GetDimension() != 3:
        shown = " x ".join(str(n) for n in size)
        msg = (
            f"{path} has {image.GetDimension()} dimensions ({shown}); slices and "
            "volumes (2-D, 3-D) are accepted, so save one time point or channel"
        )
        raise ImageError(msg)
    return image


def _looks_like_ct(array: npt.NDArray[np.generic]) -> bool:
    """Whether at least 1 % of the voxels have the Hounsfield value of air."""
    if array.ndim != 3 or array.dtype.kind not in "if":
        return False
    values: npt.NDArray[np.float64] = array  # type: ignore[assignment]  # for mypy only
    air = (values >= -1100) & (values <= -900)
    return bool(np.mean(air) >= 0.01)
