"""Weight files as bytes: their hash, their notes, and whether they can be weights."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open

from napari_sam_med.errors import CheckpointError

if TYPE_CHECKING:
    from pathlib import Path

SPARE_BYTES = 100_000_000
UNITS = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))
SAFE = ".safetensors"
# What a safetensors file of ours may say of itself.
STAND_IN_NOTE, SOURCE_NOTE = "stand_in", "source_sha256"
PAGE_STARTS = (b"<!doctype", b"<html", b"<head", b"<?xml")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes.

    Parameters
    ----------
    path : Path
        An existing file; it is read in pieces.

    Returns
    -------
    str
        64 lower-case hexadecimal digits.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def notes_of(path: Path) -> dict[str, str]:
    """Read what a weights file says of itself.

    Parameters
    ----------
    path : Path
        A checkpoint; of a safetensors file the head is read, of others nothing.

    Returns
    -------
    dict of str to str
        ``stand_in`` is ``true`` for untrained placeholder weights; ``source_sha256`` is
        the hash of the file that this one was converted from.

    Raises
    ------
    CheckpointError
        If it is named as a safetensors file and is none.
    """
    if path.suffix != SAFE:
        return {}
    try:
        with safe_open(path, framework="np") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        msg = (
            f"{path} cannot be read as a safetensors file ({error}); download or copy "
            "it again"
        )
        raise CheckpointError(msg) from error


def is_stand_in(path: Path) -> bool:
    """Whether a weights file says that it holds untrained placeholder weights.

    Parameters
    ----------
    path : Path
        A checkpoint.

    Raises
    ------
    CheckpointError
        As ``notes_of``.
    """
    return notes_of(path).get(STAND_IN_NOTE) == "true"


def size_in_words(size: int) -> str:
    """Bytes in units of a thousand, as in ``375 MB``."""
    unit, step = next((u for u in UNITS if size >= u[1]), UNITS[-1])
    digits = 2 if unit == "GB" else 0
    return f"{size / step:.{digits}f} {unit}"


def make_room(folder: Path, size: int) -> None:
    """Make a folder, and refuse to begin what its disk cannot hold.

    Parameters
    ----------
    folder : Path
        Where a file is to be written.
    size : int
        Its bytes; 100 MB are left free beside them.

    Raises
    ------
    CheckpointError
        If the folder cannot be made, or its disk is too full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        msg = (
            f"{folder} cannot be used for checkpoints ({error.strerror}); set "
            "NAPARI_SAM_MED_CACHE to a folder that can be written"
        )
        raise CheckpointError(msg) from error
    if size > 0 and size + SPARE_BYTES > free:
        msg = (
            f"{size_in_words(size)} are to come and {folder} has "
            f"{size_in_words(free)} free; make room, or set NAPARI_SAM_MED_CACHE to a "
            "folder on another disk"
        )
        raise CheckpointError(msg)


def check_weight_file(path: Path) -> None:
    """Refuse what cannot hold weights, whoever made them.

    Parameters
    ----------
    path : Path
        A checkpoint.

    Raises
    ------
    CheckpointError
        If there is no such file, or it cannot be read or is empty, or it starts as HTML
        or XML does: a web page that was saved under a checkpoint's name; or an archive
        that unpacks to more than its own size, which what ``torch.save`` writes never
        does.
    """
    if not path.is_file():
        msg = f"there is no checkpoint {path}; give the path of an existing file"
        raise CheckpointError(msg)
    try:
        with path.open("rb") as file:
            start = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror or error}); check its rights"
        raise CheckpointError(msg) from error
    if not start:
        msg = f"{path} is empty; download or copy the checkpoint again"
        raise CheckpointError(msg)
    if start.startswith(PAGE_STARTS):
        msg = (
            f"{path} is a web page, not a checkpoint: the download was answered with a "
            "page; fetch the file itself, in a browser if need be"
        )
        raise CheckpointError(msg)
    if start.startswith(b"pk"):
        _refuse_bomb(path)


def _refuse_bomb(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return  # torch says what is wrong with it
    if unpacked > path.stat().st_size:
        msg = (
            f"{path} unpacks to {size_in_words(unpacked)}, more than its own size; no "
            "published checkpoint does, so get it again from its authors"
        )
        raise CheckpointError(msg)
