"""Voxel files as a header and packed voxels, checked on the disk before they count."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import FileWriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy.typing as npt

LEVEL = 4
"""Of zlib; level 6 takes twice the time on CT and saves 2 %."""
STEP_BYTES = 1 << 20
GZIP, ZLIB = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS
"""Window sizes that make zlib write its two wrappings. Neither gets a name or a time:
gzip would keep the name of the file, which may be a patient's."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """How a format lays out a volume.

    Parameters
    ----------
    header_of : callable
        From the bytes of the packed voxels to the header; always of the same length.
    dtype : numpy.dtype
        Type of the stored numbers, little-endian.
    wrapping : GZIP, ZLIB or None
        How the voxels are packed; None leaves them as they are.
    whole : bool
        Whether the header is packed too.
    """

    header_of: Callable[[int], bytes]
    dtype: np.dtype[np.generic]
    wrapping: int | None
    whole: bool = False


def write_packed(part: Path, array: npt.NDArray[np.generic], layout: Layout) -> None:
    """Write a file and read it back.

    Parameters
    ----------
    part : Path
        A new file.
    array : (Z, Y, X) or (Z, Y, X, 3) number
        The voxels; converted a slice at a time.
    layout : Layout
        Of the format.

    Raises
    ------
    FileWriteError
        If what lies on the disk is not what was written.
    OSError
        If the disk does not take it.
    """
    packed, summed = _write(part, array, layout)
    header = layout.header_of(packed)
    if not layout.whole:
        with part.open("r+b") as file:
            file.write(header)
    _check(part, layout, header, (array.size * layout.dtype.itemsize, summed))


def _write(
    part: Path, array: npt.NDArray[np.generic], layout: Layout
) -> tuple[int, int]:
    """Bytes of the packed voxels, and the checksum of the voxels."""
    packer = _packer(layout.wrapping)
    header, summed = layout.header_of(0), 0
    with part.open("wb") as file:
        file.write(packer.compress(header) if layout.whole else header)
        start = file.tell()
        for plane in array:
            voxels = np.ascontiguousarray(plane, layout.dtype).tobytes()
            summed = zlib.crc32(voxels, summed)
            file.write(packer.compress(voxels))
        file.write(packer.flush())
        return file.tell() - start, summed


def _check(
    part: Path, layout: Layout, header: bytes, expected: tuple[int, int]
) -> None:
    pieces = _unpacked(part, layout, 0 if layout.whole else len(header))
    if layout.whole:
        start = b""
        while len(start) < len(header) and (piece := next(pieces, b"")):
            start += piece
        found, first = start[: len(header)], start[len(header) :]
    else:
        with part.open("rb") as file:
            found, first = file.read(len(header)), b""
    size, summed = len(first), zlib.crc32(first)
    for piece in pieces:
        size, summed = size + len(piece), zlib.crc32(piece, summed)
    if found != header or (size, summed) != expected:
        msg = (
            f"{part.name} came back from the disk with other bytes than were written; "
            "the disk may be failing, so choose another place"
        )
        raise FileWriteError(msg)


def _unpacked(part: Path, layout: Layout, skip: int) -> Iterator[bytes]:
    unpacker = None if layout.wrapping is None else zlib.decompressobj(layout.wrapping)
    with part.open("rb") as file:
        file.seek(skip)
        while piece := file.read(STEP_BYTES):
            try:
                yield unpacker.decompress(piece) if unpacker else piece
            except zlib.error as error:
                msg = f"{part.name} came back from the disk damaged ({error})"
                raise FileWriteError(msg) from error


class _Plain:
    """Packs nothing."""

    @staticmethod
    def compress(data: bytes) -> bytes:
        return data

    @staticmethod
    def flush() -> bytes:
        return b""


def _packer(wrapping: int | None) -> _Plain | zlib._Compress:
    return _Plain() if wrapping is None else zlib.compressobj(LEVEL, wbits=wrapping)
