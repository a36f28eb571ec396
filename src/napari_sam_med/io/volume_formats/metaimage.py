"""MetaImage: MHA, and MHD with its voxels in other files."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import FileReadError, GeometryError, ImageError
from napari_sam_med.io.formats import shown
from napari_sam_med.io.stored_voxels import Source, StoredImage
from napari_sam_med.io.volume_formats.places import geometry_from_matrix
from napari_sam_med.io.volume_formats.text_headers import (
    affine,
    data_files,
    read_head,
    real_numbers,
    sizes_from,
    start_of_last,
    whole_numbers,
    wrong_field,
)

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam_med.core.geometry import Geometry

_TYPES = {
    "MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2",
    "MET_INT": "i4", "MET_UINT": "u4", "MET_LONG": "i4", "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8", "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}  # fmt: skip
"""Sizes are those of MetaIO's metaTypes.cxx, where MET_LONG has 4 bytes."""
_TRUE = ("t", "1", "y")
_MM = {"um": 0.001, "mm": 1.0, "cm": 10.0}
_LAST = "ElementDataFile"


def open_metaimage(path: Path) -> StoredImage:
    """Read and check a header.

    Parameters
    ----------
    path : Path
        Of a file that `io.detect` took for MetaImage.

    Returns
    -------
    StoredImage

    Raises
    ------
    FileReadError
        If a field is missing or damaged, or the voxels' file is not there.
    ImageError
        If there are other than 2 to 4 dimensions, or the type is unknown.
    GeometryError
        If a spacing is 0 or below, or the axes are not at right angles.
    """
    fields, end = _fields(path)
    n_axes = _one_number(fields, "NDims", path)
    if not 2 <= n_axes <= 4:
        msg = f"{shown(path)} has {n_axes} dimensions; 2 to 4 are accepted"
        raise ImageError(msg)
    sizes = sizes_from(fields.get("DimSize", ""), n_axes, "DimSize", path)
    shape, axes = sizes[::-1], "tzyx"[-n_axes:]
    channels = 1
    if "ElementNumberOfChannels" in fields:
        channels = _one_number(fields, "ElementNumberOfChannels", path)
        if channels < 1:
            raise FileReadError(
                wrong_field(path, "ElementNumberOfChannels", str(channels), "1 or more")
            )
    if channels > 1:
        shape, axes = (*shape, channels), axes + "c"
    geometry, notes = _geometry(fields, n_axes, (1, *sizes[::-1])[-3:], path)
    dtype = _dtype(fields, path)
    n_bytes = math.prod(shape) * dtype.itemsize
    source = _source(fields, end, n_bytes, path)
    return StoredImage(path, source, dtype, shape, axes, geometry, notes=notes)


def _fields(path: Path) -> tuple[dict[str, str], int]:
    """Fields up to the one that starts the voxels, and where these start."""
    head = read_head(path)
    fields: dict[str, str] = {}
    position = 0
    while _LAST not in fields:
        end = head.find(b"\n", position)
        line = head[position : end if end >= 0 else len(head)]
        key, equals, value = line.partition(b"=")
        if equals:
            text = value.decode("utf-8", "surrogateescape").strip()
            fields[key.strip().decode("ascii", "replace")] = text
        if end < 0:
            break
        position = end + 1
    if _LAST not in fields:
        msg = f"{shown(path)} has a header without {_LAST}; get the whole file again"
        raise FileReadError(msg)
    return fields, position


def _one_number(fields: dict[str, str], name: str, path: Path) -> int:
    numbers = whole_numbers(fields.get(name, ""), name, path)
    if len(numbers) != 1:
        raise FileReadError(wrong_field(path, name, fields.get(name, ""), "one number"))
    return numbers[0]


def _dtype(fields: dict[str, str], path: Path) -> np.dtype:
    name = fields.get("ElementType", "").removesuffix("_ARRAY")
    if name not in _TYPES:
        msg = wrong_field(path, "ElementType", name, f"one of {', '.join(_TYPES)}")
        raise ImageError(msg)
    order = fields.get("BinaryDataByteOrderMSB", fields.get("ElementByteOrderMSB", "f"))
    return np.dtype(_TYPES[name]).newbyteorder(">" if _is_true(order) else "<")


def _is_true(text: str) -> bool:
    return text.lower().startswith(_TRUE)


def _geometry(
    fields: dict[str, str], n_axes: int, shape_zyx: tuple[int, ...], path: Path
) -> tuple[Geometry, tuple[str, ...]]:
    """Geometry of the first three axes; a row of the matrix is an axis's direction."""
    n = min(n_axes, 3)
    spacing, notes = _spacing(fields, n_axes, path)
    rows = _one_of(fields, ("TransformMatrix", "Rotation", "Orientation"), path)
    rows = rows or tuple(np.eye(n_axes).ravel().tolist())
    origin = _one_of(fields, ("Offset", "Position", "Origin"), path)
    origin = origin or (0.0,) * n_axes
    if len(rows) != n_axes**2 or len(origin) != n_axes:
        msg = (
            f"{shown(path)} has {len(rows)} numbers for TransformMatrix and "
            f"{len(origin)} for Offset; {n_axes} dimensions need {n_axes**2} and "
            f"{n_axes}"
        )
        raise GeometryError(msg)
    directions = np.reshape(rows, (n_axes, n_axes))[:n, :n].T
    unit = fields.get("DistanceUnits", "mm").lower()
    scale = _MM.get(unit, 1.0)
    if unit not in _MM and unit != "?":
        notes += (f"{shown(path)} has an unknown unit of length; mm are taken",)
    matrix = affine(
        directions * np.array(spacing[:n]) * scale, np.array(origin[:n]) * scale
    )
    geometry, put_right = geometry_from_matrix(matrix, shape_zyx, path)
    return geometry, notes + put_right


def _one_of(
    fields: dict[str, str], names: tuple[str, ...], path: Path
) -> tuple[float, ...]:
    """Numbers of a field that has several names; empty if it is not there."""
    given = [name for name in names if name in fields]
    values = [real_numbers(fields[name], name, path) for name in given]
    if len(set(values)) > 1:
        msg = (
            f"{shown(path)} gives other numbers for {given[0]} than for "
            f"{' and '.join(given[1:])}, which mean the same; leave the one that holds"
        )
        raise GeometryError(msg)
    return values[0] if values else ()


def _spacing(
    fields: dict[str, str], n_axes: int, path: Path
) -> tuple[tuple[float, ...], tuple[str, ...]]:
    name = "ElementSpacing" if "ElementSpacing" in fields else "ElementSize"
    if name not in fields:
        note = f"{shown(path)} does not say how large its voxels are; 1 mm is taken"
        return (1.0,) * n_axes, (note,)
    spacing = real_numbers(fields[name], name, path)
    if len(spacing) != n_axes or min(spacing) <= 0:
        wanted = f"{n_axes} positive numbers in mm"
        raise GeometryError(wrong_field(path, name, fields[name], wanted))
    return spacing, ()


def _source(fields: dict[str, str], end: int, n_bytes: int, path: Path) -> Source:
    name = fields[_LAST]
    if name.upper() in ("LOCAL", "LOCAL\0"):
        files: tuple[Path, ...] = (path,)
    elif name.upper().startswith("LIST"):
        names = read_head(path)[end:].decode("utf-8", "surrogateescape").split("\n")
        files = data_files([each for each in names if each.strip()], path, _LAST)
    elif "%" in name:
        wanted = "a name without %, so list the files or save it as MHA"
        raise FileReadError(wrong_field(path, _LAST, name, wanted))
    else:
        files = data_files([name], path, _LAST)
    if not _is_true(fields.get("BinaryData", "true")):
        return Source(files, end if files == (path,) else 0, 0, "text")
    encoding = "zlib" if _is_true(fields.get("CompressedData", "f")) else "raw"
    skip = _one_number(fields, "HeaderSize", path) if "HeaderSize" in fields else 0
    if skip == -1 and encoding == "raw":
        least = end if files == (path,) else 0
        return Source(files, start_of_last(files, n_bytes, path, least=least), 0, "raw")
    local = files == (path,)
    if skip < 0 or (local and 0 < skip < end):
        wanted = "the bytes before the voxels, or -1 for voxels that end a raw file"
        raise FileReadError(wrong_field(path, "HeaderSize", str(skip), wanted))
    return Source(files, max(skip, end) if local else skip, 0, encoding)
