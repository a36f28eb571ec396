"""Bytes out of a file, unpacked piece by piece and never more than was asked for."""

from __future__ import annotations

import bz2
import zlib
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

CHUNK = 1 << 18
DEFLATE_AT_MOST = 1032
"""Deflate packs 258 bytes into 2 bits at best (zlib's technical details)."""
_BITS = {"gzip": 31, "zlib": 15}


def read_into(file: BinaryIO, room: npt.NDArray[np.uint8]) -> int:
    """Read bytes to where they shall be; fewer at the end of the file."""
    read: int = file.readinto(room.data)  # type: ignore[attr-defined]
    return read


class DamagedError(Exception):
    """Packed bytes that cannot be unpacked; caught within io."""


class ShortError(Exception):
    """Packed bytes that end before their end mark; caught within io."""


def pieces(file: BinaryIO, encoding: str) -> Iterator[bytes]:
    """Unpack a file from where it stands.

    Parameters
    ----------
    file : binary file
        At the start of the packed bytes.
    encoding : str
        ``raw``, ``gzip``, ``zlib`` or ``bzip2``. A gzip or bzip2 may have several
        members, as bgzip and pbzip2 write them.

    Yields
    ------
    bytes
        At most 256 kB, whatever the packed bytes claim.

    Raises
    ------
    ShortError
        If the end mark or the check sum is missing.
    DamagedError
        If bytes or check sum are wrong.
    """
    if encoding == "raw":
        while part := file.read(CHUNK):
            yield part
        return
    first = b""
    while True:
        engine: _Engine = _Bzip2() if encoding == "bzip2" else _Deflate(_BITS[encoding])
        yield from _member(engine, file, first)
        first = engine.rest or file.read(CHUNK)
        if encoding == "zlib" or not first.startswith((b"\x1f\x8b", b"BZh")):
            return


class _Engine:
    """One member's unpacking."""

    rest = b""
    ended = False

    def give(self, data: bytes) -> bytes:
        raise NotImplementedError

    @property
    def hungry(self) -> bool:
        raise NotImplementedError


class _Deflate(_Engine):
    def __init__(self, bits: int) -> None:
        self._engine = zlib.decompressobj(bits)

    def give(self, data: bytes) -> bytes:
        part = self._engine.decompress(self._engine.unconsumed_tail + data, CHUNK)
        self.ended, self.rest = self._engine.eof, self._engine.unused_data
        return part

    @property
    def hungry(self) -> bool:
        return not self._engine.unconsumed_tail


class _Bzip2(_Engine):
    def __init__(self) -> None:
        self._engine = bz2.BZ2Decompressor()

    def give(self, data: bytes) -> bytes:
        part = self._engine.decompress(data, CHUNK)
        self.ended, self.rest = self._engine.eof, self._engine.unused_data
        return part

    @property
    def hungry(self) -> bool:
        return self._engine.needs_input


def _member(engine: _Engine, file: BinaryIO, first: bytes) -> Iterator[bytes]:
    data = first or file.read(CHUNK)
    while True:
        try:
            part = engine.give(data)
        except (zlib.error, OSError, ValueError) as error:
            raise DamagedError(str(error)) from error
        if part:
            yield part
        if engine.ended:
            return
        data = file.read(CHUNK) if engine.hungry else b""
        if engine.hungry and not data and not part:
            raise ShortError
