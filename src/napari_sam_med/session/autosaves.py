"""Sessions that are written while a person works, to be offered after a crash."""

from __future__ import annotations

import hashlib
import os
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from platformdirs import user_data_path

from napari_sam_med.errors import FileReadError
from napari_sam_med.models.cache_folder import FOLDER_VARIABLE
from napari_sam_med.session.replay import (
    Record,
    SavedTime,
    load_session,
    save_records,
)
from napari_sam_med.session.session_states import SessionSnapshot, saved_from

if TYPE_CHECKING:
    from napari_sam_med.session.saved_session import ImageIdentity, SavedSession

APP, FOLDER = "napari-sam-med", "autosave"
KEPT = 2
"""Sessions of one image that are kept of docks that are gone."""
LOCK_S = 1.0
"""Somebody who looks whether a file is in use holds its lock for an instant."""


@dataclass(frozen=True, slots=True, eq=False)
class FoundSession:
    """A session that was written before, and where it lies.

    Parameters
    ----------
    path : Path
        The file.
    session, records : SavedSession, tuple of Record
        The time point that was shown.
    others : tuple of SavedTime
        Other time points of the image.
    """

    path: Path
    session: SavedSession
    records: tuple[Record, ...]
    others: tuple[SavedTime, ...] = ()

    @property
    def times(self) -> tuple[SavedTime, ...]:
        """All time points, the one that was shown first."""
        return SavedTime(self.session, list(self.records)), *self.others


class Autosaves:
    """Writes the sessions of one dock, and finds those of others, by their image.

    A session is locked from when it is first written until ``release``; locks end with
    their program, however it ends. Others neither find nor delete what is locked.

    Parameters
    ----------
    folder : Path, optional
        Where they lie; by default with the person's data,
        or in the folder that NAPARI_SAM_MED_CACHE names.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        # two programs may begin within one tick of any clock
        self._own = uuid.uuid4().hex
        self._locks: dict[Path, FileLock] = {}

    @property
    def folder(self) -> Path:
        """Where they lie."""
        if self._folder is not None:
            return self._folder
        own = os.environ.get(FOLDER_VARIABLE)
        # no cache: what lies there may be deleted by anybody
        return (Path(own) if own else user_data_path(APP, appauthor=False)) / FOLDER

    def write(self, snapshot: SessionSnapshot, identity: ImageIdentity) -> Path:
        """Write a session, whole or not at all; old ones that nobody works on go.

        Raises
        ------
        FileWriteError
            If the disk does not take it; the file is then what it was before.
        """
        path = self._path(identity)
        self._lock(path)
        save_records(path, snapshot.state.records, saved_from(snapshot, identity))
        others = [each for each in self._files(identity) if each != path]
        for older in [each for each in others if not _is_in_use(each)][KEPT:]:
            self.remove(older)
        return path

    def release(self) -> None:
        """Let others find the own sessions: nobody works on them any more."""
        while self._locks:
            path, lock = self._locks.popitem()
            lock.release()
            with suppress(OSError):
                _lock_of(path).unlink()

    def find(self, identity: ImageIdentity) -> FoundSession | None:
        """Give the newest session of an image that holds work and can be read.

        Parameters
        ----------
        identity : ImageIdentity
            The image. Sessions on which a dock is at work, this one or another, are
            not looked at.
        """
        for path in self._files(identity):
            if path == self._path(identity) or _is_in_use(path):
                continue
            with suppress(FileReadError):
                session, records = load_session(path)
                if session.image.is_same(identity) and not session.is_empty:
                    return FoundSession(path, session, records)
        return None

    def remove(self, path: Path) -> None:
        """Drop a session that is not wanted any more, unless a dock works on it."""
        if not _is_in_use(path):
            for each in (path, _lock_of(path)):
                with suppress(OSError):
                    each.unlink()

    def _lock(self, path: Path) -> None:
        """Keep others off; where files cannot be locked, do without."""
        if path not in self._locks:
            # taken in one thread and released in another
            lock = FileLock(_lock_of(path), thread_local=False)
            with suppress(OSError, NotImplementedError):
                lock.acquire(timeout=LOCK_S)
                self._locks[path] = lock

    def _path(self, identity: ImageIdentity) -> Path:
        """Name the file of the own session on an image."""
        return self.folder / f"{_key(identity)}-{self._own}.json"

    def _files(self, identity: ImageIdentity) -> list[Path]:
        """Files of an image, the newest first."""
        found = self.folder.glob(f"{_key(identity)}-*.json")
        return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")


def _is_in_use(path: Path) -> bool:
    """Whether a dock of this or another program works on a session."""
    if not _lock_of(path).exists():
        return False
    try:
        with FileLock(_lock_of(path), blocking=False):
            return False
    except Timeout:
        return True
    except (OSError, NotImplementedError):
        return False


def _key(identity: ImageIdentity) -> str:
    text = f"{identity.shape_zyx} {identity.digest} {identity.time}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]
