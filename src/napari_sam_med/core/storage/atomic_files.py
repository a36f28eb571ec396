"""Files that appear whole or not at all, and never take an older one with them."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam_med.core.storage.plain_text import unicode_text
from napari_sam_med.errors import FileExistsAlreadyError, FileWriteError, SamMedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PREFIX = ".part-"
REMAINS_AFTER_SECONDS = 24 * 3600
"""Nothing of ours takes a day to write: what is older was left by a kill."""
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""A full disk, a used-up quota, and a limit on the size of files."""


@contextmanager
def replacing(
    path: Path, *, overwrite: bool = True, follow_links: bool = True
) -> Iterator[Path]:
    """Give a place to write to, and rename it once it is written and on the disk.

    Parameters
    ----------
    path : Path
        The file to be made or replaced. Absent folders are made. A link is followed,
        so that the file it names is replaced and not the link.
    overwrite : bool
        Whether an existing file may be replaced.
    follow_links : bool
        False replaces a link itself: for a folder of our own, where a link can only
        have been planted.

    Yields
    ------
    Path
        A path with the same suffixes in a new folder beside ``path``, for the block to
        write to. It may be read back there, to check it.

    Raises
    ------
    FileWriteError
        If the file exists and may not be replaced, is a folder, or the disk does not
        take it; ``path`` is then what it was before.
    """
    check_free(path, overwrite=overwrite)
    real = _resolved(path) if follow_links else _resolved(path.parent) / path.name
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        _clear_remains(real)
        with tempfile.TemporaryDirectory(dir=real.parent, prefix=PREFIX) as folder:
            part = Path(folder) / real.name
            yield part
            _flush(part)
            if real.is_file() and not real.is_symlink():
                # what only some may read stays so
                part.chmod(stat.S_IMODE(real.stat().st_mode))
            check_free(path, overwrite=overwrite)
            part.replace(real)
    except SamMedError:  # some of ours are OSErrors too
        raise
    except OSError as error:
        msg = (
            f"{path} cannot be written ({error.strerror or error}); what was there is "
            f"unchanged, so {remedy_of(error)}"
        )
        raise FileWriteError(msg) from error


def remedy_of(error: OSError, otherwise: str = "choose another place") -> str:
    """Say what helps where a file could not be written.

    Parameters
    ----------
    error : OSError
        What the system said.
    otherwise : str
        What helps where the disk is not full.
    """
    if error.errno in FULL:
        return "free space"
    return f"free space or {otherwise}" if error.errno is None else otherwise


def write_text(
    path: Path, text: str, *, overwrite: bool = True, follow_links: bool = True
) -> None:
    """Write a whole text file in UTF-8.

    Parameters
    ----------
    path : Path
        The file to be made or replaced.
    text : str
        Written as it is, line ends too; names of files that are not UTF-8 as escapes.
    overwrite : bool
        Whether an existing file may be replaced.
    follow_links : bool
        As `replacing` takes it.

    Raises
    ------
    FileWriteError
        See `replacing`.
    """
    with replacing(path, overwrite=overwrite, follow_links=follow_links) as part:
        part.write_bytes(unicode_text(text).encode())


def check_free(path: Path, *, overwrite: bool) -> None:
    """Refuse a place that could not be written to, before work is spent on it.

    Parameters
    ----------
    path : Path
        The file to be made.
    overwrite : bool
        Whether it may exist.

    Raises
    ------
    FileWriteError
        If it is a folder or something other than a file, a link that leads to itself,
        exists and may not, or lies where nothing may be written.
    """
    real = _resolved(path)
    try:
        _refuse_taken(path, overwrite=overwrite)
        fault = _why_closed(real.parent)
    except SamMedError:  # some of ours are OSErrors too
        raise
    except OSError as error:
        fault = error.strerror or str(error)
    if fault:
        msg = f"{path} cannot be written ({fault}); choose another place"
        raise FileWriteError(msg)


def _refuse_taken(path: Path, *, overwrite: bool) -> None:
    """Refuse what is no file, or exists and may not."""
    if path.is_dir():
        msg = f"{path} is a folder; give the name of a file"
        raise FileWriteError(msg)
    if path.exists() and not path.is_file():
        msg = f"{path} is no regular file; give the name of a file"
        raise FileWriteError(msg)
    if path.exists() and not overwrite:
        msg = f"{path} exists already; choose another name"
        raise FileExistsAlreadyError(msg)


def _why_closed(folder: Path) -> str:
    """Say why nothing can be written in a folder, which may have to be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        return f"{folder} is no folder"
    if os.access(folder, os.W_OK | os.X_OK):
        return ""
    return f"nothing may be written in {folder}"


def check_not_read(outputs: Iterable[Path | None], read: Iterable[Path]) -> None:
    """Refuse to replace what is read, whatever may be overwritten.

    Parameters
    ----------
    outputs : iterable of Path or None
        The files to be written.
    read : iterable of Path
        Files of the input; looked at only where an output exists.

    Raises
    ------
    FileWriteError
        If one is among them, by any of its names: links, hard ones too, are followed.
    """
    places = {_identity(path): path for path in outputs if path is not None}
    places.pop(None, None)
    for source in read if places else ():
        same = places.get(_identity(source))
        if same is not None:
            msg = (
                f"{same} is a file of the input, which is never overwritten; give "
                "another name"
            )
            raise FileWriteError(msg)


def files_in(*places: Path | None) -> Iterator[Path]:
    """Give files as they are named, and of folders all that they hold.

    Parameters
    ----------
    places : Path or None
        None for what was not given.

    Yields
    ------
    Path
    """
    for place in places:
        if place is not None and place.is_dir():
            yield from (file for file in place.rglob("*") if file.is_file())
        elif place is not None:
            yield place


def _identity(path: Path) -> tuple[int, int] | None:
    """What all names of a file have in common; None if there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _clear_remains(real: Path) -> None:
    """Remove what a kill while this file was written has left beside it."""
    before = time.time() - REMAINS_AFTER_SECONDS
    for folder in real.parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another's, or it holds other things: it stays
            status = folder.lstat()
            if stat.S_ISDIR(status.st_mode) and status.st_mtime < before:
                (folder / real.name).unlink(missing_ok=True)
                folder.rmdir()


def _resolved(path: Path) -> Path:
    """Follow links; Python raises a RuntimeError for a ring of them up to 3.12."""
    msg = f"{path} is a link that leads to itself; give the name of a file"
    try:
        real = path.resolve()
    except (OSError, RuntimeError) as error:
        raise FileWriteError(msg) from error
    if real.is_symlink():  # from 3.13 on a ring is returned as it stands
        raise FileWriteError(msg)
    return real


def _flush(part: Path) -> None:
    """Have the disk take the bytes, so that a full one is noticed here."""
    with part.open("rb") as file, suppress(PermissionError):
        os.fsync(file.fileno())
