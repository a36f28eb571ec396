"""One process at a time writes into a run's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from napari_sam_med.errors import FileWriteError, RunError

if TYPE_CHECKING:
    from pathlib import Path

LOCK = ".lock"


class RunLock:
    """A lock of the system's: that of a process that died is free by itself.

    Parameters
    ----------
    folder : Path
        Of the run. Nothing is made in it before ``take``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # a run in the viewer begins on one thread and may end on another
        self._lock = FileLock(folder / LOCK, thread_local=False)

    @property
    def is_held(self) -> bool:
        """Whether this process holds it, by this object."""
        return self._lock.is_locked

    @property
    def was_taken(self) -> bool:
        """Whether some process has held it, now or earlier."""
        return (self._folder / LOCK).exists()

    def take(self) -> None:
        """Take the lock, or keep it; the folder has to be there.

        Raises
        ------
        RunError
            If another process holds it.
        FileWriteError
            If the folder cannot be written.
        """
        if self.is_held:
            return
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            msg = (
                f"another process writes into {self._folder}; wait until it ends, or "
                "give a new folder"
            )
            raise RunError(msg) from error
        except (OSError, NotImplementedError) as error:
            why = getattr(error, "strerror", None) or error
            msg = f"{self._folder} cannot be locked ({why}); give another folder"
            raise FileWriteError(msg) from error

    def release(self) -> None:
        """Let others in; nothing happens if it is not held."""
        self._lock.release(force=True)
