"""Volumes and label images into files, whole or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import FileWriteError, ImageError
from napari_sam_med.io.formats import suffix_from_path

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.core.geometry import Geometry

FLAT = (".png", ".tif", ".tiff", ".bmp")
SOLID = (".nii.gz", ".nii", ".nrrd", ".mha")


def write_labels(
    path: Path | str,
    array: npt.NDArray[np.integer | np.bool_],
    geometry: Geometry,
    *,
    overwrite: bool = False,
) -> None:
    """Write a label image with the geometry of the image it belongs to.

    Parameters
    ----------
    path : Path or str
        Ends in .nii, .nii.gz, .nrrd or .mha, or for a single slice in .png, .tif or
        .bmp. Absent folders are made.
    array : (Z, Y, X) or (Y, X) integer or bool
        Labels from 0 to 65535 (255 in BMP); stored in the smallest type that holds
        them.
    geometry : Geometry
        Of the image; pictures cannot store it.
    overwrite : bool
        Replace an existing file.

    Raises
    ------
    ImageError
        If the labels are negative, too large or not whole, or a picture is asked for
        several slices.
    FileWriteError
        If the suffix is another, the file exists already, or it cannot be written.
    """
    path = Path(path)
    if array.dtype.kind not in "biu" or array.size == 0:
        msg = f"labels of type {array.dtype}, shape {array.shape}; give integers"
        raise ImageError(msg)
    largest = 255 if suffix_from_path(path) == ".bmp" else 65535
    if array.min() < 0 or array.max() > largest:
        msg = f"labels {array.min()} to {array.max()}; {path} holds 0 to {largest}"
        raise ImageError(msg)
    small = np.uint8 if array.max() <= 255 else np.uint16
    solid = array[None] if array.ndim == 2 else array
    write_volume(path, Volume(solid.astype(small), geometry), overwrite=overwrite)


def write_volume(path: Path | str, volume: Volume, *, overwrite: bool = False) -> None:
    """Write a volume with its geometry; the file appears only once it is whole.

    Parameters
    ----------
    path : Path or str
        Ends in .nii, .nii.gz, .nrrd or .mha (compressed), or for a single slice in
        .png, .tif or .bmp. Absent folders are made.
    volume : Volume
        NIfTI keeps geometry as float32.
    overwrite : bool
        Replace an existing file.

    Raises
    ------
    ImageError
        If a picture is asked for several slices.
    FileWriteError
        If the suffix is another, the file exists already, or it cannot be written.
    """
    path = Path(path)
    suffix = suffix_from_path(path)
    check_target(path, overwrite=overwrite)
    image = _image_from_volume(volume, flat=suffix in FLAT)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".part-") as folder:
            part = Path(folder) / f"part{suffix}"
            sitk.WriteImage(image, str(part), useCompression=True)
            part.replace(path)
    except (OSError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[-1].strip()
        msg = f"{path} cannot be written ({reason}); choose another place or type"
        raise FileWriteError(msg) from error


def check_target(path: Path, *, overwrite: bool = False) -> None:
    """Refuse a file that could not be written, before work is spent on it.

    Parameters
    ----------
    path : Path
        The file to be written.
    overwrite : bool
        Whether it may exist.

    Raises
    ------
    FileWriteError
        If the suffix cannot be written, or the path is a folder or an existing file.
    """
    if suffix_from_path(path) not in (*FLAT, *SOLID):
        accepted = ", ".join((*SOLID, *FLAT))
        msg = f"{path} ends in no suffix that can be written; give one of {accepted}"
        raise FileWriteError(msg)
    if path.is_dir():
        msg = f"{path} is a folder; give the name of a file"
        raise FileWriteError(msg)
    if path.exists() and not overwrite:
        msg = f"{path} exists already; choose another name or ask to overwrite it"
        raise FileWriteError(msg)


def _image_from_volume(volume: Volume, *, flat: bool) -> sitk.Image:
    array = volume.array
    if array.dtype == bool:
        array = array.astype(np.uint8)
    colour = array.ndim == 4
    if flat:
        if len(array) != 1:
            msg = f"{len(array)} slices for a picture; choose .nii.gz, .nrrd or .mha"
            raise ImageError(msg)
        return sitk.GetImageFromArray(array[0], isVector=colour)
    image = sitk.GetImageFromArray(array, isVector=colour)
    image.SetSpacing(volume.geometry.spacing_xyz)
    image.SetOrigin(volume.geometry.origin_xyz)
    image.SetDirection(np.ravel(volume.geometry.direction).tolist())
    return image
