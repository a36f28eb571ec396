"""The data elements of a DICOM file, walked with bounds on everything it claims."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container
    from typing import BinaryIO

PIXEL_DATA = 0x7FE00010
PIXELS = {0x7FE00008: "float32", 0x7FE00009: "float64", PIXEL_DATA: "integer"}
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
LONG_VRS = frozenset(
    ["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"]
)
VRS = LONG_VRS | frozenset(
    [
        "AE",
        "AS",
        "AT",
        "CS",
        "DA",
        "DS",
        "DT",
        "FD",
        "FL",
        "IS",
        "LO",
        "LT",
        "PN",
        "SH",
        "SL",
        "SS",
        "ST",
        "TM",
        "UI",
        "UL",
        "US",
    ]
)
MOST_ELEMENTS = 1_000_000
"""Enough for 8,000 frames with a hundred attributes each; read in about four seconds,
so that a header of nothing but elements ends before anybody waits for long."""
MOST_DEPTH = 16
"""Sequences in sequences; the deepest of the standard's images have about six."""
MOST_KEPT = 4 * 2**20
"""Bytes of one value; the longest that we use is a lookup table of 128 KiB."""


class DamagedElementsError(Exception):
    """The elements contradict the file; says what and where."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How elements are written: with a VR or without, and in which byte order."""

    explicit: bool
    big: bool = False


@dataclass(frozen=True, slots=True)
class Element:
    """One attribute as it lies in the file.

    Parameters
    ----------
    vr : str
        Value representation as written; empty if the encoding writes none.
    value : bytes
        Empty for a sequence.
    items : tuple of dict
        Of a sequence: the elements of each item by tag.
    """

    vr: str
    value: bytes = b""
    items: tuple[dict[int, Element], ...] = ()


@dataclass(frozen=True, slots=True)
class PixelPlace:
    """Where the pixel data lie: offset, bytes (None if encapsulated) and VR."""

    tag: int
    offset: int
    length: int | None
    vr: str = ""


class ElementWalker:
    """Reads the elements that are wanted and steps over the others.

    Parameters
    ----------
    file : BinaryIO
        Seekable, positioned at the first element.
    size : int
        Bytes of the file.
    encoding : Encoding
        Of the elements.
    wanted : container of int
        Tags to keep, at every depth.
    """

    def __init__(
        self, file: BinaryIO, size: int, encoding: Encoding, wanted: Container[int]
    ) -> None:
        self._file = file
        self._size = size
        self._wanted = wanted
        self._count = 0
        self._set_encoding(encoding)

    def walk(self, found: dict[int, Element]) -> PixelPlace | None:
        """Fill ``found`` up to the pixel data, which are never entered.

        Parameters
        ----------
        found : dict of int to Element
            Keeps what was read before damage was met.

        Returns
        -------
        PixelPlace or None
            None if the file ends without pixel data.

        Raises
        ------
        DamagedElementsError
            If an element is longer than the file, or nested or numerous beyond use.
        """
        while self._file.tell() < self._size:
            tag, vr, length = self._head()
            if tag in PIXELS:
                undefined = length == UNDEFINED
                at = self._file.tell()
                return PixelPlace(tag, at, None if undefined else length, vr)
            if tag >> 16 == 0:
                self._fail(f"the element ({tag >> 16:04X},{tag & 0xFFFF:04X})")
            self._element((tag, vr, length), self._size, 0, found)
        return None

    def walk_meta(self, found: dict[int, Element]) -> None:
        """Fill ``found`` with the file meta information, group 2."""
        while self._file.tell() + 8 <= self._size:
            start = self._file.tell()
            tag, vr, length = self._head()
            if tag >> 16 != 2:
                self._file.seek(start)
                return
            self._element((tag, vr, length), self._size, 0, found)

    def _set_encoding(self, encoding: Encoding) -> None:
        self._encoding = encoding
        order = ">" if encoding.big else "<"
        self._tag = struct.Struct(order + "HH")
        self._short = struct.Struct(order + "H")
        self._long = struct.Struct(order + "L")

    def _read(self, length: int) -> bytes:
        data = self._file.read(length)
        if len(data) != length:
            self._fail("an element that the end of the file cuts")
        return data

    def _fail(self, what: str) -> None:
        msg = f"{what} at byte {self._file.tell()}"
        raise DamagedElementsError(msg)

    def _head(self) -> tuple[int, str, int]:
        """Tag, VR and length; the file then stands at the value."""
        self._count += 1
        if self._count > MOST_ELEMENTS:
            self._fail(f"more than {MOST_ELEMENTS} elements")
        head = self._read(8)
        group, element = self._tag.unpack_from(head)
        tag = group << 16 | element
        if not self._encoding.explicit or group == 0xFFFE:
            return tag, "", self._long.unpack_from(head, 4)[0]
        letters = head[4:6].decode("latin-1")
        if letters in LONG_VRS:
            return tag, letters, self._long.unpack(self._read(4))[0]
        if letters.isascii() and letters.isalpha() and letters.isupper():
            return tag, letters, self._short.unpack_from(head, 6)[0]
        return tag, "", self._long.unpack_from(head, 4)[0]  # some write one like that

    def _element(
        self,
        head: tuple[int, str, int],
        end: int,
        depth: int,
        found: dict[int, Element],
    ) -> None:
        tag, vr, length = head
        keep = tag in self._wanted
        at = self._file.tell()
        if length == UNDEFINED:
            items = self._items_of(vr, end, depth, keep=keep)
            if keep:
                found[tag] = Element("SQ", items=items)
        elif length > end - at:
            self._fail(f"a value of {length} bytes where {end - at} are left")
        elif not keep:
            self._file.seek(at + length)
        elif vr == "SQ" or (vr in ("", "UN") and self._starts_item(at, length)):
            items = self._items_of(vr, at + length, depth, keep=True)
            found[tag] = Element("SQ", items=items)
        elif length > MOST_KEPT:
            self._fail(f"a value of {length} bytes for an attribute that is short")
        else:
            found[tag] = Element(vr, self._read(length))

    def _starts_item(self, at: int, length: int) -> bool:
        """Whether a value without VR is a sequence."""
        if length < 8:
            return False
        group, element = self._tag.unpack(self._read(4))
        self._file.seek(at)
        return bool(group << 16 | element == ITEM)

    def _items_of(
        self, vr: str, end: int, depth: int, *, keep: bool
    ) -> tuple[dict[int, Element], ...]:
        """Items of a sequence; under UN they are implicit (PS3.5, 6.2.2)."""
        before = self._encoding
        if vr == "UN":
            self._set_encoding(Encoding(explicit=False))
        items = self._items(end, depth + 1, keep=keep)
        self._set_encoding(before)
        return items

    def _items(
        self, end: int, depth: int, *, keep: bool
    ) -> tuple[dict[int, Element], ...]:
        if depth > MOST_DEPTH:
            self._fail(f"sequences nested deeper than {MOST_DEPTH}")
        items: list[dict[int, Element]] = []
        while self._file.tell() < end:
            tag, _, length = self._head()
            if tag == SEQUENCE_END:
                break
            at = self._file.tell()
            undefined = length == UNDEFINED
            if tag != ITEM or (not undefined and length > end - at):
                self._fail("a sequence whose items do not fit")
            if keep or undefined:
                items.append(self._item(end if undefined else at + length, depth))
            else:
                self._file.seek(at + length)
        return tuple(items) if keep else ()

    def _item(self, end: int, depth: int) -> dict[int, Element]:
        found: dict[int, Element] = {}
        while self._file.tell() < end:
            head = self._head()
            if head[0] == ITEM_END:
                break
            if head[0] >> 16 == 0:
                self._fail("an element of group 0 in a sequence")
            self._element(head, end, depth, found)
        return found
