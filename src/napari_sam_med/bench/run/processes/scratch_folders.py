"""Folders for what worker processes put aside, and those that a kill has left."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "napari-sam-med-workers-"
LOCK_SUFFIX = ".lock"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder that goes at the end, or with the next run if this one is killed.

    Yields
    ------
    Path
        Empty, in the system's folder for such things.
    """
    remove_abandoned()
    folder = Path(tempfile.gettempdir()) / f"{PREFIX}{uuid4().hex}"
    lock = FileLock(_lock_of(folder), thread_local=False)
    try:
        # before there is a folder, so that no other run takes it for a dead one
        with lock:
            folder.mkdir(mode=0o700)
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    finally:
        _lock_of(folder).unlink(missing_ok=True)


def remove_abandoned() -> None:
    """Remove the folders of processes that have died, whose locks the system let go."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*{LOCK_SUFFIX}"):
        with suppress(Timeout, OSError):  # in use, or another person's
            with FileLock(path, timeout=0, thread_local=False):
                shutil.rmtree(path.with_suffix(""), ignore_errors=True)
            path.unlink(missing_ok=True)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + LOCK_SUFFIX)
