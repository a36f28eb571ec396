"""Sessions that are written while a person works, to be offered after a crash."""

from __future__ import annotations

import hashlib
import os
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_data_path

from napari_sam_med.errors import FileReadError
from napari_sam_med.models.cache_folder import FOLDER_VARIABLE
from napari_sam_med.session.replay import Record, load_session, save_records
from napari_sam_med.session.session_states import SessionSnapshot, saved_from

if TYPE_CHECKING:
    from napari_sam_med.session.saved_session import ImageIdentity, SavedSession

APP, FOLDER = "napari-sam-med", "autosave"
KEPT = 3
"""Sessions of one image that are kept: the present one, and two that crashed."""


@dataclass(frozen=True, slots=True, eq=False)
class FoundSession:
    """A session that was written before, and where it lies."""

    path: Path
    session: SavedSession
    records: tuple[Record, ...]


class Autosaves:
    """Writes the sessions of one dock, and finds those of others, by their image.

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

    @property
    def folder(self) -> Path:
        """Where they lie."""
        if self._folder is not None:
            return self._folder
        own = os.environ.get(FOLDER_VARIABLE)
        # no cache: what lies there may be deleted by anybody
        return (Path(own) if own else user_data_path(APP, appauthor=False)) / FOLDER

    def write(self, snapshot: SessionSnapshot, identity: ImageIdentity) -> Path:
        """Write a session, whole or not at all; older ones than the last three go.

        Raises
        ------
        FileWriteError
            If the disk does not take it; the file is then what it was before.
        """
        path = self._path(identity)
        save_records(path, snapshot.state.records, saved_from(snapshot, identity))
        for older in self._files(identity)[KEPT:]:
            with suppress(OSError):
                older.unlink()
        return path

    def find(self, identity: ImageIdentity) -> FoundSession | None:
        """Give the newest session of an image that holds work and can be read.

        Parameters
        ----------
        identity : ImageIdentity
            The image. The session that these autosaves write is not looked at.
        """
        for path in self._files(identity):
            if path == self._path(identity):
                continue
            with suppress(FileReadError):
                session, records = load_session(path)
                if session.image.is_same(identity) and not session.is_empty:
                    return FoundSession(path, session, records)
        return None

    def remove(self, path: Path) -> None:
        """Drop a session that is not wanted any more."""
        with suppress(OSError):
            path.unlink()

    def _path(self, identity: ImageIdentity) -> Path:
        """Name the file of the own session on an image."""
        return self.folder / f"{_key(identity)}-{self._own}.json"

    def _files(self, identity: ImageIdentity) -> list[Path]:
        """Files of an image, the newest first."""
        found = self.folder.glob(f"{_key(identity)}-*.json")
        return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def _key(identity: ImageIdentity) -> str:
    text = f"{identity.shape_zyx} {identity.digest} {identity.time}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]
