"""A serial worker that several users share, and that lives as long as one of them."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from napari_sam_med.session.background.serial_worker import (
    JobNews,
    SerialWorker,
    WorkerJob,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class SharedWorker:
    """Starts its thread for the first user and ends it after the last one.

    Parameters
    ----------
    name : str
        Of the thread.
    drains_at_exit : bool
        As ``SerialWorker`` takes it.
    """

    def __init__(self, name: str, *, drains_at_exit: bool = False) -> None:
        self._name, self._drains_at_exit = name, drains_at_exit
        self._lock = threading.Lock()
        self._users: set[WorkerClient] = set()
        self._worker: SerialWorker | None = None

    @property
    def is_alive(self) -> bool:
        """Whether its latest thread still runs."""
        return self._worker is not None and self._worker.is_alive

    @property
    def n_users(self) -> int:
        """How many clients are open."""
        return len(self._users)

    def join(self, user: WorkerClient) -> SerialWorker:
        """Count one more user."""
        with self._lock:
            if self._worker is None or not self._users:
                self._worker = SerialWorker(
                    self._name, drains_at_exit=self._drains_at_exit
                )
            self._users.add(user)
            return self._worker

    def leave(self, user: WorkerClient) -> None:
        """Count one user less; after the last one, the thread does what waits."""
        with self._lock:
            self._users.discard(user)
            if self._worker is not None and not self._users:
                self._worker.close(drain=True)

    def wait_for_end(self, wait_s: float) -> bool:
        """Wait for the thread after its last user left; False if it still runs."""
        if self._worker is not None and not self._users:
            self._worker.close(drain=True, wait_s=wait_s)
        return not self.is_alive


class WorkerClient:
    """One user of a shared worker: kinds of jobs are its own.

    It can be opened again after it was closed.

    Parameters
    ----------
    shared : SharedWorker
        Does the jobs.
    deliver : callable
        Called on the thread with all news; must return at once and not raise.
    """

    def __init__(
        self, shared: SharedWorker, deliver: Callable[[JobNews], None]
    ) -> None:
        self._shared, self._deliver = shared, deliver
        self._worker: SerialWorker | None = None
        self._kinds: set[str] = set()
        self._finishing: frozenset[str] = frozenset()

    @property
    def is_open(self) -> bool:
        """Whether jobs are taken."""
        return self._worker is not None

    def open(self) -> None:
        """Take jobs from now on."""
        if self._worker is None:
            self._worker = self._shared.join(self)

    def submit(
        self,
        call: Callable[[], object],
        kind: str,
        *,
        generation: int = 0,
        rank: int = 0,
        replaces: bool = False,
    ) -> None:
        """Queue a job, see ``WorkerJob``; after ``close`` it is dropped."""
        if self._worker is not None:
            self._kinds.add(kind)
            tell = partial(self._on_news, kind)
            own = (self, kind)
            self._worker.submit(WorkerJob(call, tell, own, generation, rank, replaces))

    def cancel(self, kind: str) -> None:
        """Drop what waits of a kind, and stop one job after its present step."""
        if self._worker is not None:
            self._worker.cancel((self, kind))

    def has_waiting(self, kind: str) -> bool:
        """Whether a job of this kind waits."""
        worker = self._worker
        return worker is not None and worker.has_waiting((self, kind))

    def close(self, finish: frozenset[str] = frozenset()) -> None:
        """Cancel everything and hear no more of it.

        Parameters
        ----------
        finish : frozenset of str
            Kinds that are done and told of nevertheless.
        """
        worker, self._worker = self._worker, None
        if worker is None:
            return
        self._finishing = finish
        for kind in self._kinds - finish:
            worker.cancel((self, kind))
        self._shared.leave(self)

    def _on_news(self, kind: str, news: JobNews) -> None:
        if self.is_open or kind in self._finishing:
            self._deliver(replace(news, kind=kind))
