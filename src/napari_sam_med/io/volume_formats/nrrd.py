"""NRRD: header and voxels in one file, or NHDR with its voxels in others."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_sam_med.errors import FileReadError, ImageError
from napari_sam_med.io.detect import open_regular
from napari_sam_med.io.formats import shown
from napari_sam_med.io.stored_voxels import Source, StoredImage
from napari_sam_med.io.volume_formats.nrrd_axes import NrrdAxes, nrrd_axes
from napari_sam_med.io.volume_formats.text_headers import (
    MOST_AXES,
    data_files,
    read_head,
    sizes_from,
    start_of_last,
    whole_numbers,
    wrong_field,
)

if TYPE_CHECKING:
    from pathlib import Path

_TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16",
           "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "signed long long",
           "signed long long int", "int64", "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64",
           "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}  # fmt: skip
"""Names of types as the NRRD definition lists them (teem.sourceforge.net/nrrd)."""
_CODE_OF_TYPE = {name: code for code, names in _TYPES.items() for name in names}
_ENCODINGS = {
    "raw": "raw", "gzip": "gzip", "gz": "gzip", "bzip2": "bzip2", "bz2": "bzip2",
    "ascii": "text", "txt": "text", "text": "text",
}  # fmt: skip
_RENAMED = {
    "datafile": "data file", "lineskip": "line skip", "byteskip": "byte skip",
    "sample units": "sampleunits", "axismins": "axis mins", "axismaxs": "axis maxs",
    "centerings": "centers", "blocksize": "block size",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NrrdHeader:
    """The lines of a header, unchecked.

    Parameters
    ----------
    fields : dict
        By name, in lower case.
    pairs : dict
        Key/value pairs (``key:=value``) by their own names. They are the writer's own
        and say nothing about the image, whatever they are called.
    listed : str
        The lines with file names that follow ``data file: LIST``.
    end : int
        Where attached voxels start.
    """

    fields: dict[str, str] = field(default_factory=dict)
    pairs: dict[str, str] = field(default_factory=dict)
    listed: str = ""
    end: int = 0


def read_header(path: Path) -> NrrdHeader:
    """Read an NRRD header's lines.

    Parameters
    ----------
    path : Path
        Of a file that `io.detect` took for NRRD.

    Returns
    -------
    NrrdHeader

    Raises
    ------
    FileReadError
        If a field is given twice: nobody knows which of the two is meant.
    """
    head = read_head(path)
    header = NrrdHeader()
    listed = ""
    position, size = head.find(b"\n") + 1, len(head)
    while 0 < position < size:
        end = head.find(b"\n", position)
        end = size if end < 0 else end
        line = head[position:end].rstrip(b"\r").decode("utf-8", "surrogateescape")
        position = min(end + 1, size)
        if not line:
            break
        _take(line, header, path)
        if header.fields.get("data file", "").upper().startswith("LIST"):
            listed = head[position:].decode("utf-8", "surrogateescape")
            break
    return replace(header, listed=listed, end=position)


def open_nrrd(path: Path) -> StoredImage:
    """Read and check a header.

    Parameters
    ----------
    path : Path
        Of a file that `io.detect` took for NRRD.

    Returns
    -------
    StoredImage
        With ``t`` for a list axis: time points, or the layers of a segmentation.

    Raises
    ------
    FileReadError
        If a field is missing or damaged, or the voxels' file is not there.
    ImageError
        If type, encoding or axes are not accepted.
    GeometryError
        If the axes are not at right angles or a spacing is not positive.
    """
    header = read_header(path)
    fields = header.fields
    dimensions = whole_numbers(fields.get("dimension", ""), "dimension", path)
    if len(dimensions) != 1 or not 2 <= dimensions[0] <= MOST_AXES:
        text, wanted = fields.get("dimension", ""), f"a number from 2 to {MOST_AXES}"
        raise FileReadError(wrong_field(path, "dimension", text, wanted))
    sizes = sizes_from(fields.get("sizes", ""), dimensions[0], "sizes", path)
    axes: NrrdAxes = nrrd_axes(fields, sizes, path)
    encoding = _ENCODINGS.get(fields.get("encoding", "").lower(), "")
    if not encoding:
        text, wanted = fields.get("encoding", ""), "raw, gzip, bzip2 or ascii"
        raise ImageError(wrong_field(path, "encoding", text, wanted))
    dtype = _dtype(fields, encoding, path)
    source = _source(header, encoding, math.prod(sizes) * dtype.itemsize, path)
    return StoredImage(
        path, source, dtype, axes.shape, axes.axes, axes.geometry, notes=axes.notes
    )


def _take(line: str, header: NrrdHeader, path: Path) -> None:
    """Take one line; a comment and a line without colon say nothing."""
    if line.startswith("#"):
        return
    key, pair, value = line.partition(":=")
    if pair and ": " not in key:
        header.pairs[key] = value
        return
    key, colon, value = line.partition(":")
    if not colon:
        return
    name = key.strip().lower()
    name = _RENAMED.get(name, name)
    if name in header.fields:
        msg = (
            f"{shown(path)} gives the field {shown(name)!a} twice; leave the one "
            "that holds in its header"
        )
        raise FileReadError(msg)
    header.fields[name] = value.strip()


def _dtype(fields: dict[str, str], encoding: str, path: Path) -> np.dtype:
    name = fields.get("type", "").lower()
    if name not in _CODE_OF_TYPE:
        raise ImageError(wrong_field(path, "type", name, "whole or real numbers"))
    dtype = np.dtype(_CODE_OF_TYPE[name])
    orders: dict[str, Literal["<", ">"]] = {"little": "<", "big": ">"}
    order = orders.get(fields.get("endian", "").lower())
    if order is None and dtype.itemsize > 1 and encoding != "text":
        text = fields.get("endian", "")
        raise FileReadError(wrong_field(path, "endian", text, "little or big"))
    return dtype.newbyteorder(order or "=")


def _source(header: NrrdHeader, encoding: str, n_bytes: int, path: Path) -> Source:
    fields, end = header.fields, header.end
    name = fields.get("data file")
    files: tuple[Path, ...] = (path,)
    if name is None:
        start = end
    elif name.upper().startswith("LIST"):
        names = [each for each in header.listed.splitlines() if each.strip()]
        files, start = data_files(names, path, "data file"), 0
    elif "%" in name:
        wanted = "a name without %, so list the files or save it as one NRRD"
        raise FileReadError(wrong_field(path, "data file", name, wanted))
    else:
        files, start = data_files([name], path, "data file"), 0
    start = _after_lines(fields, start, files[0])
    skip = _one(fields, "byte skip", files[0])
    if skip == -1 and encoding == "raw":
        least = start if name is None else 0
        return Source(files, start_of_last(files, n_bytes, path, least=least), 0, "raw")
    if skip < 0:
        wanted = "0 or more, or -1 where the encoding is raw"
        raise FileReadError(wrong_field(path, "byte skip", str(skip), wanted))
    if encoding in ("raw", "text"):
        return Source(files, start + skip, 0, encoding)
    return Source(files, start, skip, encoding)


def _after_lines(fields: dict[str, str], start: int, file: Path) -> int:
    """Pass over the lines that ``line skip`` counts."""
    n_lines = _one(fields, "line skip", file)
    if n_lines == 0:
        return start
    with open_regular(file) as opened:
        opened.seek(start)
        for _ in range(min(n_lines, MOST_LINES)):
            opened.readline()
        return opened.tell()


MOST_LINES = 1 << 16
"""More than any header in front of the voxels has."""


def _one(fields: dict[str, str], name: str, path: Path) -> int:
    numbers = whole_numbers(fields.get(name, "0"), name, path)
    if len(numbers) != 1:
        raise FileReadError(wrong_field(path, name, fields[name], "one number"))
    return numbers[0]
