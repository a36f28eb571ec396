"""The header of a DICOM file, read as far as it is sound and never into the pixels."""

from __future__ import annotations

import io
import stat
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pydicom.config import IGNORE
from pydicom.uid import UID

from napari_sam_med.errors import FileReadError
from napari_sam_med.io.detect import is_dicom_file
from napari_sam_med.io.dicom.attributes import Attributes, tags
from napari_sam_med.io.dicom.elements import (
    VRS,
    DamagedElementsError,
    Element,
    ElementWalker,
    Encoding,
    PixelPlace,
)

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED, BIG = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
NATIVE = (IMPLICIT, EXPLICIT, DEFLATED, BIG)
MOST_INFLATED = 2**30
"""Bytes that a deflated file may grow to; deflate can blow 4 MB up to 4 GB."""
# Classes that hold pixels and do not say so in their name, and what only images have.
_IMAGES = (
    "Segmentation Storage",
    "Parametric Map Storage",
    "Enhanced US Volume Storage",
)
SEGMENTATIONS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
"""Segmentation Storage and Label Map Segmentation Storage."""
_OF_IMAGE = ("Rows", "Columns", "BitsAllocated", "ImagePositionPatient", "PixelSpacing")
_FIRST_GROUPS = (0x0002, 0x0008)
_META = Encoding(explicit=True)


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """What a DICOM file says before its pixels.

    Parameters
    ----------
    file : Path
        Where it was read.
    attributes : Attributes
        Of the data set.
    syntax : str
        Transfer syntax UID.
    pixels : PixelPlace or None
        Where the pixels lie; None if the file has none.
    size : int
        Bytes of the file, inflated if it is deflated.
    fault : str
        What is wrong with the file; empty if it is sound. The attributes are then
        those before the damage.
    stored_as : str
        MediaStorageSOPClassUID of the meta information; empty if there is none.
    """

    file: Path
    attributes: Attributes
    syntax: str
    pixels: PixelPlace | None
    size: int
    fault: str = ""
    stored_as: str = ""

    @property
    def is_segmentation(self) -> bool:
        """Whether it holds labels and not an image."""
        kind = self.attributes.text("SOPClassUID") or self.stored_as
        return kind in SEGMENTATIONS

    @property
    def is_image(self) -> bool:
        """Whether it holds pixels, or did before it was damaged or cut.

        A file cut between two elements looks sound. Its class still tells what it was,
        or it is cut before its class: no sound file lacks one (PS3.3, C.12.1).
        """
        held = self.attributes
        if self.pixels is not None or any(
            tags()[k] in held.elements for k in _OF_IMAGE
        ):
            return True
        kind = held.text("SOPClassUID") or self.stored_as
        name = UID(kind, validation_mode=IGNORE).name
        return not kind or "Image Storage" in name or name in _IMAGES


def starts_like_dicom(file: Path) -> bool:
    """Whether a file begins as DICOM files do, with a preamble or without.

    Parameters
    ----------
    file : Path
        A regular file; anything else is none.

    Returns
    -------
    bool
        True for ``DICM`` after 128 bytes, or for a first element of group 2 or 8.
    """
    return is_dicom_file(file)


def read_header(file: Path) -> Header:
    """Read the header of a DICOM file.

    Parameters
    ----------
    file : Path
        With a preamble or without.

    Returns
    -------
    Header
        With a ``fault`` if the file starts as DICOM and is damaged.

    Raises
    ------
    FileReadError
        If the file cannot be read, or does not start as DICOM does.
    """
    try:
        # Asked first: a pipe would be waited for when it is opened.
        if stat.S_ISREG(file.stat().st_mode):
            with file.open("rb") as opened:
                return _read(file, opened)
    except FileReadError:
        raise
    except OSError as error:
        msg = f"{file} cannot be read ({error.strerror or error}); check the file"
        raise FileReadError(msg) from error
    msg = f"{file} is no regular file; give a DICOM file or a series folder"
    raise FileReadError(msg)


def open_pixels(header: Header) -> BinaryIO:
    """Open what ``header.pixels`` counts its offset in: the file, inflated if need be.

    Parameters
    ----------
    header : Header
        Of a file with pixels.

    Returns
    -------
    BinaryIO
        To be closed by the caller.

    Raises
    ------
    FileReadError
        If the file cannot be read any more.
    """
    try:
        opened = header.file.open("rb")
        if header.syntax != DEFLATED:
            return opened
        with opened:
            _skip_preamble(opened)
            ElementWalker(opened, header.file.stat().st_size, _META, ()).walk_meta({})
            return io.BytesIO(_inflate(opened))
    except (OSError, DamagedElementsError) as error:
        msg = f"{header.file} cannot be read ({error}); check the file"
        raise FileReadError(msg) from error


def _read(file: Path, opened: BinaryIO) -> Header:
    size = opened.seek(0, io.SEEK_END)
    _skip_preamble(opened)
    meta: dict[int, Element] = {}
    found: dict[int, Element] = {}
    syntax, fault, big = "", "", False
    pixels = None
    wanted = frozenset(tags().values())
    try:
        ElementWalker(opened, size, _META, wanted).walk_meta(meta)
        syntax = Attributes(file, meta).text("TransferSyntaxUID")
        source = opened
        if syntax == DEFLATED:
            source = io.BytesIO(_inflate(opened))
            size = source.getbuffer().nbytes
        encoding = _encoding(source, syntax, file)
        big = encoding.big
        syntax = syntax or (BIG if big else EXPLICIT if encoding.explicit else IMPLICIT)
        pixels = ElementWalker(source, size, encoding, wanted).walk(found)
    except DamagedElementsError as error:
        fault = f"its header is damaged ({error})"
    charset = Attributes(file, found).text("SpecificCharacterSet")
    attributes = Attributes(file, found, big, charset)
    stored_as = Attributes(file, meta).text("MediaStorageSOPClassUID")
    header = Header(file, attributes, syntax, pixels, size, fault, stored_as)
    if not fault and pixels is None and header.is_image:
        return replace(header, fault="it ends before its pixels")
    return header


def _skip_preamble(opened: BinaryIO) -> None:
    opened.seek(0)
    if opened.read(132)[128:] != b"DICM":
        opened.seek(0)


def _encoding(opened: BinaryIO, syntax: str, file: Path) -> Encoding:
    """How the data set is written, by its first element where the syntax is wrong."""
    at = opened.tell()
    seen = _encoding_of(opened.read(8))
    opened.seek(at)
    if seen is not None:
        return seen
    if syntax:
        return Encoding(explicit=syntax != IMPLICIT, big=syntax == BIG)
    msg = f"{file} does not start as DICOM does; give a DICOM file or a series folder"
    raise FileReadError(msg)


def _encoding_of(head: bytes) -> Encoding | None:
    """Encoding of a first element (8 bytes); None if it is none of group 2 or 8."""
    if len(head) < 8:
        return None
    for big in (False, True):
        if int.from_bytes(head[:2], "big" if big else "little") not in _FIRST_GROUPS:
            continue
        if head[4:6].decode("latin-1") in VRS:
            return Encoding(explicit=True, big=big)
        # Implicit: a first element (group length, character set, image type, class
        # UID) is short; text or another format would make it thousands of bytes.
        if not big and int.from_bytes(head[4:], "little") <= 1024:
            return Encoding(explicit=False)
    return None


def _inflate(opened: BinaryIO) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflater.decompress(opened.read(), MOST_INFLATED)
    except zlib.error as error:
        msg = f"a deflated data set that does not inflate: {error}"
        raise DamagedElementsError(msg) from error
    if not inflater.eof and inflater.unconsumed_tail:
        msg = f"a deflated data set of more than {MOST_INFLATED} bytes"
        raise DamagedElementsError(msg)
    return data
