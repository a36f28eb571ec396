"""What a file is: the one rule, by its first bytes and never by its name alone."""

from __future__ import annotations

import os
import re
import stat
import zlib
from enum import Enum
from typing import TYPE_CHECKING, BinaryIO

from napari_sam_med.errors import FileReadError
from napari_sam_med.io.formats import (
    ACCEPTED,
    METAIMAGE,
    NIFTI,
    NRRD,
    PICTURES,
    shown,
    suffix_from_path,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = 1024
"""Bytes that are looked at; the longest header with a mark, NIfTI-2's, has 544."""
GZIP = b"\x1f\x8b"


class Kind(Enum):
    """What can be read, each by its own module."""

    NIFTI = "NIfTI"
    METAIMAGE = "MetaImage"
    NRRD = "NRRD"
    PNG = "PNG"
    JPEG = "JPEG"
    TIFF = "TIFF"
    BMP = "BMP"
    DICOM = "DICOM"
    DICOM_FOLDER = "a folder with DICOM"

    @property
    def is_picture(self) -> bool:
        """Whether it has pixels and no place in a patient."""
        return self in (Kind.PNG, Kind.JPEG, Kind.TIFF, Kind.BMP)


_MARKS = (
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"II*\0", Kind.TIFF), (b"MM\0*", Kind.TIFF),
    (b"II+\0", Kind.TIFF), (b"MM\0+", Kind.TIFF),
    (b"BM", Kind.BMP),
    (b"NRRD0", Kind.NRRD),
)  # fmt: skip
_OTHERS = (
    (b"%!PS", "PostScript"), (b"\xc5\xd0\xd3\xc6", "PostScript"), (b"GIF8", "GIF"),
    (b"%PDF", "PDF"), (b"\x89HDF", "HDF5"), (b"PK\x03\x04", "ZIP"), (b"RIFF", "RIFF"),
    (GZIP, "gzip of something else than NIfTI"),
)  # fmt: skip
_METAIMAGE = re.compile(rb"\A\s*(?:\w+\s*=[^\n]*\n\s*){0,20}?NDims\s*=")
_VALUE_TYPES = (
    b"AE AS AT CS DA DS DT FL FD IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM "
    b"UC UI UL UN UR US UT UV"
).split()
_LONGEST_FIRST_VALUE = 1024


def kind_of(path: Path) -> Kind:
    """Say what a file or folder is, without ever waiting for it.

    Parameters
    ----------
    path : Path
        May be anything: a pipe, a device or a broken link is refused, not opened.

    Returns
    -------
    Kind

    Raises
    ------
    FileReadError
        If it is absent, no regular file or folder, cannot be opened, or is none of
        the accepted kinds.
    """
    if _status(path, "give a file or a folder with DICOM files") == "folder":
        if is_dicom_folder(path):
            return Kind.DICOM_FOLDER
        _check_listed(path)
        msg = (
            f"{shown(path)} holds no DICOM image, and subfolders are not entered; give "
            "a file or the folder of a series"
        )
        raise FileReadError(msg)
    head = first_bytes(path)
    kind = _kind_from_bytes(head, is_picture=suffix_from_path(path) in PICTURES)
    if kind not in (None, Kind.NIFTI) and is_gzip(path):
        kind, head = None, GZIP
    if kind is None:
        raise FileReadError(_why_unknown(path, head))
    return kind


def is_dicom_folder(path: Path) -> bool:
    """Whether a folder itself holds a DICOM file, with whatever name.

    Parameters
    ----------
    path : Path
        Anything; False if it is no folder or cannot be listed.

    Returns
    -------
    bool
    """
    return next(dicom_files(path), None) is not None


def dicom_files(folder: Path) -> Iterator[Path]:
    """List the DICOM files of a folder by their first bytes, in order of names.

    Parameters
    ----------
    folder : Path
        Not searched deeper. ``DICOMDIR`` is an index and left out.

    Yields
    ------
    Path
    """
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.upper() != "DICOMDIR" and is_dicom_file(entry):
            yield entry


def is_dicom_file(path: Path) -> bool:
    """Whether a regular file starts as DICOM does, with or without its preamble.

    Parameters
    ----------
    path : Path
        Anything.

    Returns
    -------
    bool
    """
    try:
        head = first_bytes(path)
        is_dicom = _kind_from_bytes(head, is_picture=False) is Kind.DICOM
        return is_dicom and not is_gzip(path)
    except FileReadError:
        return False


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading, and nothing else.

    Parameters
    ----------
    path : Path
        Opened without blocking, then looked at, so that a pipe cannot be put in the
        file's place in between.

    Returns
    -------
    binary file

    Raises
    ------
    FileReadError
        If it is absent, something else than a regular file, or cannot be opened.
    """
    if _status(path, "check its name") == "folder":
        msg = f"{shown(path)} is a folder; give a file"
        raise FileReadError(msg)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise FileReadError(_cannot_open(path, error)) from error
    file = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise FileReadError(_not_regular(path))
    return file


def first_bytes(path: Path) -> bytes:
    """Return the start of a file, unpacked if it is a gzip.

    Parameters
    ----------
    path : Path
        A regular file.

    Returns
    -------
    bytes
        At most `HEAD`; of a damaged gzip what came out before the damage.

    Raises
    ------
    FileReadError
        As `open_regular`, or if the disk fails.
    """
    with open_regular(path) as file:
        try:
            head = file.read(HEAD)
        except OSError as error:
            raise FileReadError(_cannot_open(path, error)) from error
    if not head.startswith(GZIP):
        return head
    try:
        return zlib.decompressobj(31).decompress(head, HEAD) or head
    except zlib.error:
        return head


def is_gzip(path: Path) -> bool:
    """Whether a file starts as a gzip does, whatever its name."""
    with open_regular(path) as file:
        return file.read(len(GZIP)) == GZIP


def _status(path: Path, advice: str) -> str:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        if path.is_symlink():
            msg = f"{shown(path)} is a link to a file that does not exist; {advice}"
        else:
            msg = f"{shown(path)} does not exist; {advice}"
        raise FileReadError(msg) from error
    except (OSError, ValueError) as error:
        raise FileReadError(_cannot_open(path, error)) from error
    if stat.S_ISDIR(mode):
        return "folder"
    if not stat.S_ISREG(mode):
        raise FileReadError(_not_regular(path))
    return "file"


def _check_listed(folder: Path) -> None:
    """Refuse a folder whose files cannot be known."""
    try:
        with os.scandir(folder):
            pass
    except OSError as error:
        raise FileReadError(_cannot_open(folder, error)) from error


def _not_regular(path: Path) -> str:
    return f"{shown(path)} is no regular file but a pipe or device; give a file"


def _cannot_open(path: Path, error: OSError | ValueError) -> str:
    reason = getattr(error, "strerror", None) or error
    return f"{shown(path)!a} cannot be opened ({reason}); check its name and rights"


def _kind_from_bytes(head: bytes, *, is_picture: bool) -> Kind | None:
    """Say what the bytes are; a slide file can be TIFF and DICOM at once."""
    picture = next((kind for mark, kind in _MARKS if head.startswith(mark)), None)
    if head[128:132] == b"DICM" and not (picture and is_picture):
        return Kind.DICOM
    if picture is not None:
        return picture
    if _is_nifti(head):
        return Kind.NIFTI
    if _METAIMAGE.match(head):
        return Kind.METAIMAGE
    return Kind.DICOM if _starts_as_dicom(head) else None


def _is_nifti(head: bytes) -> bool:
    if head[344:348] in (b"n+1\0", b"ni1\0"):
        return True
    return head[4:8] in (b"n+2\0", b"ni2\0")


def _starts_as_dicom(head: bytes) -> bool:
    """Whether the first element is of group 2 or 8, as a data set's is (PS3.5, 7.1).

    Written with a value type, or short: text would make its length thousands of bytes.
    """
    if len(head) < 8:
        return False
    little, big = head[:2] in (b"\2\0", b"\10\0"), head[:2] in (b"\0\2", b"\0\10")
    if (little or big) and head[4:6] in _VALUE_TYPES:
        return True
    return little and int.from_bytes(head[4:8], "little") <= _LONGEST_FIRST_VALUE


def _why_unknown(path: Path, head: bytes) -> str:
    name, suffix = shown(path), suffix_from_path(path)
    if not head:
        return f"{name} is empty; get the whole file"
    other = next((what for mark, what in _OTHERS if head.startswith(mark)), None)
    if other is not None:
        return f"{name} is {other}; give {ACCEPTED}"
    if int.from_bytes(head[:4], "little") == 348 or int.from_bytes(head[:4]) == 348:
        return (
            f"{name} is Analyze 7.5 or a damaged NIfTI header, which does not say left "
            "from right; save it as NIfTI"
        )
    if not suffix:
        return f"{name} has no known suffix and no image's first bytes; give {ACCEPTED}"
    groups = ((NIFTI, "NIfTI"), (METAIMAGE, "MetaImage"), (NRRD, "NRRD"))
    kinds = [what for suffixes, what in groups if suffix in suffixes]
    what = kinds[0] if kinds else "picture" if suffix in PICTURES else "DICOM"
    return (
        f"{name} cannot be read: its first bytes are not those of a {what} file; check "
        f"that it is {ACCEPTED}"
    )
