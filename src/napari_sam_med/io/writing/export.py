"""Label images and volumes to files, with the geometry of the image they belong to.

A file is written aside, read back, and then takes its place: a full disk or a killed
process leaves what was there before. Nothing but voxels, geometry and the mark of a
label file goes into it, no name of a file or patient; only DICOM-SEG carries the
patient, as its standard demands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.prompts import check_unmasked, is_other
from napari_sam_med.core.storage.atomic_files import (
    check_free,
    check_not_read,
    replacing,
)
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import FileWriteError, ImageError
from napari_sam_med.io.formats import as_path, suffix_from_path
from napari_sam_med.io.writing.export_headers import layout_of
from napari_sam_med.io.writing.export_pictures import check_one_slice, write_picture
from napari_sam_med.io.writing.packed_files import write_packed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy.typing as npt

    from napari_sam_med.core.geometry import Geometry

FLAT = (".png", ".tif", ".tiff", ".bmp")
SOLID = (".nii.gz", ".nii", ".nrrd", ".mha")
SEGMENTATION = (".dcm",)
MOST = {".bmp": 255, ".png": 65535, ".dcm": 65535}
"""Largest label of each format; of the others that of int32, which readers take."""
MOST_ELSEWHERE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a DICOM-SEG says beside voxels; other formats keep none of it.

    Parameters
    ----------
    source_files : tuple of Path
        The DICOM files of the image, in the order of its slices: ``Volume.files``.
    names : mapping of int to str
        Names of labels.
    algorithm : (name, version)
        What made the labels.
    labelmap : bool
        One image of numbers instead of one of bits for each segment. Few programs
        read it yet.
    time : int or None
        Which time point of the files the labels were drawn on: ``Volume.time``.
    """

    source_files: tuple[Path, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)
    algorithm: tuple[str, str] = ("napari-sam-med", "")
    labelmap: bool = False
    time: int | None = None


def write_labels(
    path: Path | str,
    array: npt.NDArray[np.integer | np.bool_],
    geometry: Geometry,
    *,
    overwrite: bool = False,
    provenance: Provenance | None = None,
) -> dict[int, int]:
    """Write a label image with the geometry of the image it belongs to.

    Parameters
    ----------
    path : Path or str
        Ends in .nii, .nii.gz, .nrrd or .mha, for a single slice in .png, .tif or .bmp,
        or in .dcm for a DICOM-SEG. Absent folders are made.
    array : (Z, Y, X) or (Y, X) integer or bool
        Labels from 0 to 2147483647 (65535 in PNG and DICOM-SEG, 255 in BMP); stored in
        the smallest type that holds them.
    geometry : Geometry
        Of the image; pictures cannot store it.
    overwrite : bool
        Replace an existing file.
    provenance : Provenance or None
        Needed for a DICOM-SEG.

    Returns
    -------
    dict of int to int
        From label to the number stored for it: DICOM-SEG counts from 1 without gaps.
        Empty for the other formats, which keep the labels.

    Raises
    ------
    ImageError
        If the labels are negative, too large, not whole or a masked array, or a picture
        is asked for several slices.
    GeometryError
        If the axes are not at right angles.
    FileWriteError
        If the suffix is another, the file exists already, is a source file, cannot be
        written, or the format cannot hold the geometry to 0.001 mm.
    """
    path = as_path(path, FileWriteError)
    if is_other(array, np.ndarray):
        msg = f"a {type(array).__name__} where labels are asked for; give an array"
        raise ImageError(msg)
    check_unmasked(array, "labels", ImageError)
    check_target(path, overwrite=overwrite)
    if provenance is not None:
        check_not_read([path], provenance.source_files)
    small = _smallest_type(path, array)
    solid = array[None] if array.ndim == 2 else array
    if suffix_from_path(path) in SEGMENTATION:
        return _write_segmentation(
            path,
            solid.astype(small),
            geometry,
            provenance or Provenance(),
            overwrite=overwrite,
        )
    labels = Volume(solid.astype(small), geometry)
    write_volume(path, labels, overwrite=overwrite, are_labels=True)
    return {}


def write_volume(
    path: Path | str,
    volume: Volume,
    *,
    overwrite: bool = False,
    are_labels: bool = False,
) -> None:
    """Write a volume with its geometry; the file appears only once it is whole.

    Parameters
    ----------
    path : Path or str
        Ends in .nii, .nii.gz, .nrrd or .mha (compressed but for .nii), or for a single
        slice in .png, .tif or .bmp. Absent folders are made.
    volume : Volume
        NIfTI keeps geometry as float32. Name, modality and files are not written.
    overwrite : bool
        Replace an existing file.
    are_labels : bool
        Say in the header that the voxels are labels, so that readers know.

    Raises
    ------
    ImageError
        If a picture is asked for several slices, or for numbers that it cannot hold.
    GeometryError
        If the axes are not at right angles.
    FileWriteError
        If the suffix is another, the file exists already, is one that the volume was
        read from, cannot be written, or the format cannot hold the geometry to
        0.001 mm.
    """
    path = as_path(path, FileWriteError)
    if is_other(volume, Volume):
        msg = (
            f"a {type(volume).__name__} where a volume is asked for; give "
            "napari_sam_med.core.volumes.Volume(array, geometry)"
        )
        raise ImageError(msg)
    suffix = suffix_from_path(path)
    check_target(path, overwrite=overwrite)
    check_not_read([path], volume.files)
    if suffix in SEGMENTATION:
        msg = f"{path} would be an image in DICOM; only labels are written as DICOM"
        raise FileWriteError(msg)
    if suffix in FLAT:
        write_picture(path, volume.array, overwrite=overwrite, are_labels=are_labels)
        return
    layout = layout_of(volume, suffix, are_labels=are_labels)
    with replacing(path, overwrite=overwrite) as part:
        write_packed(part, volume.array, layout)


def provenance_of(
    volume: Volume,
    names: Mapping[int, str] | None = None,
    *,
    model: str = "",
    labelmap: bool = False,
) -> Provenance:
    """Say where the labels of an image come from.

    Parameters
    ----------
    volume : Volume
        The image. Only files that are DICOM are referred to.
    names : mapping of int to str, optional
        Names of labels.
    model : str
        Name of the model that was prompted, if one was.
    labelmap : bool
        As `Provenance` has it.
    """
    from napari_sam_med.io.dicom import starts_like_dicom

    dicom = bool(volume.files) and starts_like_dicom(volume.files[0])
    return Provenance(
        volume.files if dicom else (),
        dict(names or {}),
        (f"napari-sam-med {model}".strip(), own_version()),
        labelmap,
        volume.time,
    )


def check_source(path: Path, provenance: Provenance) -> None:
    """Refuse a DICOM-SEG of an image that is not DICOM, before work is spent on it.

    Parameters
    ----------
    path : Path
        The file to be written.
    provenance : Provenance
        Of the labels.

    Raises
    ------
    FileWriteError
        If the path ends in .dcm and the image came from no DICOM file.
    """
    if suffix_from_path(path) in SEGMENTATION and not provenance.source_files:
        msg = (
            f"{path} would be a DICOM-SEG, which refers to the DICOM files of its "
            "image, and this image came from none; choose .nii.gz, .nrrd or .mha"
        )
        raise FileWriteError(msg)


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
    if suffix_from_path(path) not in (*FLAT, *SOLID, *SEGMENTATION):
        accepted = ", ".join((*SOLID, *FLAT, *SEGMENTATION))
        msg = f"{path} ends in no suffix that can be written; give one of {accepted}"
        raise FileWriteError(msg)
    check_free(path, overwrite=overwrite)


def check_labels(path: Path, image: Volume, most: int) -> None:
    """Refuse labels of an image that a format cannot hold, before they are made.

    Parameters
    ----------
    path : Path
        The file to be written; its suffix is one that can be.
    image : Volume
        What the labels will lie on.
    most : int
        The largest label.

    Raises
    ------
    ImageError, GeometryError, FileWriteError
        As ``write_labels``, of number, slices and place.
    """
    _check_range(path, 0, most)
    suffix = suffix_from_path(path)
    if suffix in FLAT:
        check_one_slice(image.shape_zyx[0])
    if suffix in SOLID:
        empty = np.broadcast_to(np.uint8(0), image.shape_zyx)
        layout_of(Volume(empty, image.geometry), suffix, are_labels=True)


def keeps_place(path: Path) -> bool:
    """Whether a file says where its voxels lie; pictures do not.

    Parameters
    ----------
    path : Path
        Looked at for its suffix only.
    """
    return suffix_from_path(path) not in FLAT


def with_suffix_of_filter(path: Path, chosen: str) -> Path:
    """Complete a name that was typed without a suffix.

    Parameters
    ----------
    path : Path
        As typed into a dialog.
    chosen : str
        The dialog's filter, such as ``NIfTI (*.nii.gz *.nii)``.

    Returns
    -------
    Path
        With the filter's first suffix, if the name ends in none of the filter's nor in
        one that can be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> with_suffix_of_filter(Path("liver.1"), "NIfTI (*.nii.gz *.nii)").name
    'liver.1.nii.gz'
    >>> with_suffix_of_filter(Path("liver.mha"), "NIfTI (*.nii.gz *.nii)").name
    'liver.mha'
    """
    offered = re.findall(r"\*(\.[\w.]+)", chosen)
    name = path.name.lower()
    written = suffix_from_path(path) in (*FLAT, *SOLID, *SEGMENTATION)
    if not offered or written or name.endswith(tuple(offered)):
        return path
    return path.with_name(f"{path.name}{offered[0]}")


def _smallest_type(
    path: Path, array: npt.NDArray[np.integer | np.bool_]
) -> type[np.unsignedinteger]:
    if array.dtype.kind not in "biu" or array.size == 0 or array.ndim not in (2, 3):
        msg = (
            f"labels of type {array.dtype}, shape {array.shape}; give integers, one "
            "slice or one volume"
        )
        raise ImageError(msg)
    most = int(array.max())
    _check_range(path, int(array.min()), most)
    if most <= np.iinfo(np.uint8).max:
        return np.uint8
    return np.uint16 if most <= np.iinfo(np.uint16).max else np.uint32


def _check_range(path: Path, least: int, most: int) -> None:
    suffix = suffix_from_path(path)
    largest = MOST.get(suffix, MOST_ELSEWHERE)
    if least < 0 or most > largest:
        msg = f"labels {least} to {most}; {suffix} holds 0 to {largest}"
        if least >= 0 and most <= MOST_ELSEWHERE:
            msg += ", so choose .nii.gz, .nrrd or .mha"
        raise ImageError(msg)


def _write_segmentation(
    path: Path,
    labels: npt.NDArray[np.unsignedinteger],
    geometry: Geometry,
    provenance: Provenance,
    *,
    overwrite: bool,
) -> dict[int, int]:
    from napari_sam_med.io.dicom import write_segmentation

    check_source(path, provenance)
    name, number = provenance.algorithm
    return write_segmentation(
        path,
        labels,
        geometry,
        source_files=provenance.source_files,
        names=dict(provenance.names),
        algorithm=(name, number or own_version()),
        overwrite=overwrite,
        labelmap=provenance.labelmap,
        time=provenance.time,
    )


def own_version() -> str:
    """Version of this package; ``unknown`` where it runs without being installed."""
    try:
        return version("napari-sam-med")
    except PackageNotFoundError:
        return "unknown"
