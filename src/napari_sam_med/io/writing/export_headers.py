"""Headers of NIfTI, NRRD and MetaImage that say where the voxels lie, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nibabel
import numpy as np

from napari_sam_med.core.geometry import MOST_SKEW, corners_zyx, skew_of
from napari_sam_med.errors import FileWriteError, GeometryError, ImageError
from napari_sam_med.io.label_marks import MARK
from napari_sam_med.io.volume_formats.nifti import LABEL_INTENT
from napari_sam_med.io.writing.packed_files import GZIP, ZLIB, Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from napari_sam_med.core.volumes import Volume

NRRD_TYPES = {
    "u1": "uint8",
    "i1": "int8",
    "u2": "uint16",
    "i2": "int16",
    "u4": "uint32",
    "i4": "int32",
    "u8": "uint64",
    "i8": "int64",
    "f4": "float",
    "f8": "double",
}
META_TYPES = {
    "u1": "MET_UCHAR",
    "i1": "MET_CHAR",
    "u2": "MET_USHORT",
    "i2": "MET_SHORT",
    "u4": "MET_UINT",
    "i4": "MET_INT",
    "u8": "MET_ULONG_LONG",
    "i8": "MET_LONG_LONG",
    "f4": "MET_FLOAT",
    "f8": "MET_DOUBLE",
}
RAS_FROM_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
FARTHEST_MM = 1e-3
"""What a header's rounding may move a voxel; a hundredth of the finest CT voxel."""
LONGEST_NIFTI = 32767
SCANNER = 1
_KEY = "napari_sam_med"
VOXELS_AT = 352
"""Where a NIfTI file's voxels begin: 348 bytes of header, four that say there is no
extension."""
RGB = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])


def layout_of(volume: Volume, suffix: str, *, are_labels: bool = False) -> Layout:
    """Lay a volume out in a format.

    Parameters
    ----------
    volume : Volume
        The voxels and where they lie.
    suffix : {".nii", ".nii.gz", ".nrrd", ".mha"}
        The format.
    are_labels : bool
        Whether the header says that the voxels are labels, see ``io.label_marks``.

    Returns
    -------
    Layout
        Of the file.

    Raises
    ------
    GeometryError
        If the axes are not at right angles.
    ImageError
        If the numbers are of a type that the formats lack.
    FileWriteError
        If NIfTI cannot hold the size, or would move a voxel by its rounding.
    """
    if skew_of(volume.geometry.direction) > MOST_SKEW:
        msg = "the axes are not at right angles; no format holds that, so resample it"
        raise GeometryError(msg)
    dtype = _stored_type(volume.array.dtype)
    if suffix in (".nii", ".nii.gz"):
        header = _nifti_header(volume, dtype, are_labels=are_labels)
        packed = suffix == ".nii.gz"
        return Layout(lambda _: header, dtype, GZIP if packed else None, whole=packed)
    if suffix == ".nrrd":
        marked = [f"{_KEY}:={MARK}"] if are_labels else []
        header = _nrrd_header(volume, dtype, marked)
        return Layout(lambda _: header, dtype, GZIP)
    marked = [f"Comment = {MARK}"] if are_labels else []
    return Layout(lambda size: _meta_header(volume, dtype, size, marked), dtype, ZLIB)


def _stored_type(dtype: np.dtype[np.generic]) -> np.dtype[np.generic]:
    if dtype.kind == "b":
        return np.dtype("u1")
    if dtype == np.float16:
        return np.dtype("<f4")
    if dtype.str[1:] not in NRRD_TYPES:
        msg = f"numbers of type {dtype}; give integers or floats of at most 64 bits"
        raise ImageError(msg)
    return dtype.newbyteorder("<")


def _nifti_header(
    volume: Volume, dtype: np.dtype[np.generic], *, are_labels: bool
) -> bytes:
    shape_xyz = volume.shape_zyx[::-1]
    if max(shape_xyz) > LONGEST_NIFTI:
        msg = (
            f"{' x '.join(map(str, shape_xyz))} voxels; NIfTI holds {LONGEST_NIFTI} "
            "along an axis, so choose .nrrd or .mha"
        )
        raise FileWriteError(msg)
    make: Any = nibabel.Nifti1Header  # nibabel has no types
    header = make()
    header.set_data_shape(shape_xyz)
    header.set_data_dtype(RGB if volume.array.ndim == 4 else dtype)
    header.set_xyzt_units("mm")
    header["magic"] = b"n+1"
    header["vox_offset"] = VOXELS_AT
    header["scl_slope"], header["scl_inter"] = 1, 0
    if are_labels:
        header["intent_code"], header["descrip"] = LABEL_INTENT, MARK.encode()
    affine = RAS_FROM_LPS @ volume.geometry.matrix
    header.set_sform(affine, SCANNER)
    header.set_qform(affine, SCANNER, strip_shears=True)
    moved = _farthest_moved(header.get_sform(), affine, volume)
    if moved > FARTHEST_MM:
        msg = (
            f"NIfTI keeps positions as float32, which would move a voxel by {moved:.3g}"
            " mm; choose .nrrd or .mha"
        )
        raise FileWriteError(msg)
    # near half a turn the quaternion's first number is lost to rounding: its square is
    # what is left of 1, so that 6e-8 in the others becomes 2e-4 in the rotation
    if _farthest_moved(header.get_qform(), affine, volume) > FARTHEST_MM:
        header.set_qform(affine, 0, strip_shears=True)
    return bytes(header.binaryblock) + b"\0\0\0\0"


def _farthest_moved(
    found: npt.NDArray[np.float64], exact: npt.NDArray[np.float64], volume: Volume
) -> float:
    corners = corners_zyx(volume.shape_zyx)[:, ::-1]
    off = corners @ (found - exact)[:3, :3].T + (found - exact)[:3, 3]
    return float(np.linalg.norm(off, axis=1).max())


def _nrrd_header(
    volume: Volume, dtype: np.dtype[np.generic], marked: Sequence[str]
) -> bytes:
    colour = volume.array.ndim == 4
    steps = [_vector(step) for step in volume.geometry.matrix[:3, :3].T]
    sizes = [str(n) for n in volume.shape_zyx[::-1]]
    kinds = ["domain"] * 3
    if colour:
        steps, sizes = ["none", *steps], ["3", *sizes]
        kinds = ["RGB-color", *kinds]
    lines = [
        "NRRD0004",
        *marked,
        f"type: {NRRD_TYPES[dtype.str[1:]]}",
        f"dimension: {len(sizes)}",
        "space: left-posterior-superior",
        f"sizes: {' '.join(sizes)}",
        f"space directions: {' '.join(steps)}",
        f"kinds: {' '.join(kinds)}",
        "endian: little",
        "encoding: gzip",
        'space units: "mm" "mm" "mm"',
        f"space origin: {_vector(volume.geometry.origin_xyz)}",
    ]
    return ("\n".join(lines) + "\n\n").encode("ascii")


def _meta_header(
    volume: Volume, dtype: np.dtype[np.generic], packed: int, marked: Sequence[str]
) -> bytes:
    geometry = volume.geometry
    colour = volume.array.ndim == 4
    lines = [
        "ObjectType = Image",
        *marked,
        "NDims = 3",
        "BinaryData = True",
        "BinaryDataByteOrderMSB = False",
        "CompressedData = True",
        # padded, for the number is known only once the voxels are written
        f"CompressedDataSize = {packed:<20}",
        f"TransformMatrix = {_numbers(np.transpose(geometry.direction))}",
        f"Offset = {_numbers(geometry.origin_xyz)}",
        "CenterOfRotation = 0 0 0",
        f"ElementSpacing = {_numbers(geometry.spacing_xyz)}",
        f"DimSize = {' '.join(str(n) for n in volume.shape_zyx[::-1])}",
        *(["ElementNumberOfChannels = 3"] if colour else []),
        f"ElementType = {META_TYPES[dtype.str[1:]]}",
        "ElementDataFile = LOCAL",
    ]
    return ("\n".join(lines) + "\n").encode("ascii")


def _vector(values: npt.ArrayLike) -> str:
    return f"({_numbers(values).replace(' ', ',')})"


def _numbers(values: npt.ArrayLike) -> str:
    """All digits that a double has."""
    return " ".join(repr(float(value)) for value in np.ravel(np.asarray(values)))
