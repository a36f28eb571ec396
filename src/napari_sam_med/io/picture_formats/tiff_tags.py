"""The directories of a TIFF: which pages there are, and whether all of them are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Literal

import numpy as np

from napari_sam_med.errors import FileReadError
from napari_sam_med.io.formats import shown

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

_WIDTH, _HEIGHT, _BITS, _PACKED, _PHOTOMETRIC, _DESCRIPTION = (
    256,
    257,
    258,
    259,
    262,
    270,
)
_STRIPS, _STRIP_BYTES, _ROWS, _CHANNELS, _PLANES = 273, 279, 278, 277, 284
_TILES, _TILE_BYTES, _TILE_WIDTH, _TILE_HEIGHT = 324, 325, 322, 323
_ORIENTATION, _PREDICTOR, _FORMAT, _FILL_ORDER, _SUBFILE = 274, 317, 339, 266, 254
_TYPES = {1: "u1", 2: "u1", 3: "u2", 4: "u4", 6: "i1", 7: "u1", 8: "i2", 9: "i4",
          11: "f4", 12: "f8", 13: "u4", 16: "u8", 17: "i8", 18: "u8"}  # fmt: skip
"""Types of values by their codes (TIFF 6.0, section 2; 16 to 18 BigTIFF); without 5
and 10, pairs of numbers, which no tag used here has."""
_ASCII = 2
MOST_PAGES = 1 << 16
_LARGEST = 1 << 31
_FAR = np.uint64(1 << 61)
"""Behind the end of any file, and twice of it is still an int64."""


ByteOrder = Literal["<", ">"]


@dataclass(frozen=True, slots=True)
class TiffPage:
    """What one directory says.

    Parameters
    ----------
    shape : (Y, X, C)
    block : (Y, X)
        Of a strip or tile.
    offsets, counts : (N,) int64
        Where the blocks are, and their packed bytes.
    bits : tuple of int
        For each channel.
    sample_format : int
        1 unsigned, 2 signed, 3 float.
    packed, photometric, predictor, planes, orientation, fill_order, subfile : int
        As the tags' own numbers.
    description : bytes
    is_tiled : bool
    """

    shape: tuple[int, int, int]
    block: tuple[int, int]
    offsets: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    bits: tuple[int, ...]
    sample_format: int
    packed: int
    photometric: int
    predictor: int
    planes: int
    orientation: int
    fill_order: int
    subfile: int
    description: bytes
    is_tiled: bool

    @property
    def kind(self) -> tuple[object, ...]:
        """What must be the same in all pages of a stack."""
        return (self.shape, self.bits, self.sample_format)


def tiff_pages(file: BinaryIO, path: Path) -> tuple[ByteOrder, list[TiffPage]]:
    """Read all directories, and compare what they promise with the file's size.

    Parameters
    ----------
    file : binary file
        A TIFF or BigTIFF.
    path : Path
        For messages.

    Returns
    -------
    order : str
        ``<`` or ``>``.
    pages : list of TiffPage

    Raises
    ------
    FileReadError
        If a directory or its pixels lie behind the end of the file, or are damaged.
    """
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(16)
    order: ByteOrder = "<" if head[:2] == b"II" else ">"
    big = head[2:4] in (b"+\0", b"\0+")
    wide = "u8" if big else "u4"
    place = 8 if big else 4
    reader = _Reader(file, size, order, path)
    at = int(np.frombuffer(head.ljust(16, b"\0"), order + wide, 1, place)[0])
    pages: list[TiffPage] = []
    seen: set[int] = set()
    while at:
        if at in seen or len(pages) >= MOST_PAGES:
            raise FileReadError(reader.damaged("its pages go round in a circle"))
        seen.add(at)
        tags, at = reader.directory(at, big=big)
        pages.append(reader.page(tags))
    if not pages:
        raise FileReadError(reader.damaged("it has no pages"))
    return order, pages


class _Reader:
    """Values out of one file, none from behind its end."""

    def __init__(self, file: BinaryIO, size: int, order: ByteOrder, path: Path) -> None:
        self._file = file
        self._size = size
        self._order = order
        self._path = path

    def damaged(self, reason: str) -> str:
        """Build the sentence."""
        return f"{shown(self._path)} is damaged ({reason}); get the whole file again"

    def read(self, at: int, code: str, count: int) -> npt.NDArray[np.generic]:
        """Read ``count`` numbers."""
        dtype = np.dtype(self._order + code)
        if not 0 <= at <= self._size - count * dtype.itemsize:
            msg = (
                f"{shown(self._path)} ends too early: a page lies behind its end; get "
                "the whole file again"
            )
            raise FileReadError(msg)
        self._file.seek(at)
        return np.frombuffer(self._file.read(count * dtype.itemsize), dtype)

    def directory(
        self, at: int, *, big: bool
    ) -> tuple[dict[int, npt.NDArray[np.generic]], int]:
        """Read a directory's tags, and where the next one is."""
        counter, wide, inline = ("u8", "u8", 8) if big else ("u2", "u4", 4)
        n = int(self.read(at, counter, 1)[0])
        start = at + np.dtype(counter).itemsize
        length = 4 + 2 * inline
        if n > self._size // length:
            raise FileReadError(self.damaged("a page has too many tags"))
        layout = [
            ("tag", "u2"),
            ("type", "u2"),
            ("count", wide),
            ("value", f"V{inline}"),
        ]
        fields = np.dtype([(name, _ordered(self._order, t)) for name, t in layout])
        raw = self.read(start, "u1", n * length).view(fields)
        tags: dict[int, npt.NDArray[np.generic]] = {}
        for i, entry in enumerate(raw):
            code, count = _TYPES.get(int(entry["type"])), int(entry["count"])
            is_text = int(entry["type"]) == _ASCII
            if code is None or int(entry["tag"]) not in _USED:
                continue
            if is_text and int(entry["tag"]) != _DESCRIPTION:
                continue
            value = start + i * length + length - inline
            if count * np.dtype(code).itemsize > inline:
                value = int(self.read(value, wide, 1)[0])
            tags[int(entry["tag"])] = self.read(value, code, count)
        following = start + n * length
        return tags, int(self.read(following, wide, 1)[0])

    def page(self, tags: dict[int, npt.NDArray[np.generic]]) -> TiffPage:
        """Check one directory."""

        def one(tag: int, default: int = 0) -> int:
            values = tags.get(tag)
            if values is None or not len(values):
                return default
            number = float(values[0])
            return int(number) if abs(number) < _LARGEST else -1

        height, width, channels = one(_HEIGHT), one(_WIDTH), one(_CHANNELS, 1)
        if min(height, width, channels) < 1 or channels > MOST_PAGES:
            raise FileReadError(self.damaged("a page has no size"))
        tiled = _TILES in tags
        offsets, counts = (_TILES, _TILE_BYTES) if tiled else (_STRIPS, _STRIP_BYTES)
        block = (
            (one(_TILE_HEIGHT), one(_TILE_WIDTH))
            if tiled
            else (min(height, one(_ROWS, height)) or height, width)
        )
        if min(block) < 1:
            block = (height, width) if not tiled else (0, 0)
        starts = self._whole(tags, offsets)
        if counts not in tags and len(starts) == 1:  # older files leave it out
            tags[counts] = np.array([max(0, self._size - int(starts[0]))])
        lengths = self._whole(tags, counts)
        self._check_blocks(starts, lengths)
        bits = tags.get(_BITS, np.ones(1, np.uint16))[:channels]
        return TiffPage(
            (height, width, channels), block, starts, lengths,
            tuple(int(b) for b in np.asarray(bits, np.float64)) or (1,),
            one(_FORMAT, 1), one(_PACKED, 1), one(_PHOTOMETRIC, 1), one(_PREDICTOR, 1),
            one(_PLANES, 1), one(_ORIENTATION, 1), one(_FILL_ORDER, 1), one(_SUBFILE),
            tags.get(_DESCRIPTION, np.zeros(0, np.uint8)).tobytes(),
            tiled,
        )  # fmt: skip

    def _whole(
        self, tags: dict[int, npt.NDArray[np.generic]], tag: int
    ) -> npt.NDArray[np.int64]:
        values = tags.get(tag)
        if values is None or values.dtype.kind not in "iu":
            raise FileReadError(
                self.damaged("a page does not say where its pixels are")
            )
        return values.astype(np.uint64).clip(max=_FAR).astype(np.int64)

    def _check_blocks(
        self, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
    ) -> None:
        if len(starts) == 0 or len(starts) != len(lengths):
            raise FileReadError(
                self.damaged("a page does not say where its pixels are")
            )
        if starts.min() < 0 or lengths.min() < 0:
            raise FileReadError(self.damaged("pixels lie before the file's start"))
        missing = int((starts + lengths > self._size).sum())
        if missing:
            msg = (
                f"{shown(self._path)} ends too early: {missing} of {len(starts)} parts "
                "of a page lie behind its end; get the whole file again"
            )
            raise FileReadError(msg)


def _ordered(order: str, code: str) -> str:
    return code if code.startswith("V") else order + code


_USED = {
    _WIDTH, _HEIGHT, _BITS, _PACKED, _PHOTOMETRIC, _DESCRIPTION, _STRIPS, _STRIP_BYTES,
    _ROWS, _CHANNELS, _PLANES, _TILES, _TILE_BYTES, _TILE_WIDTH, _TILE_HEIGHT,
    _ORIENTATION, _PREDICTOR, _FORMAT, _FILL_ORDER, _SUBFILE,
}  # fmt: skip
