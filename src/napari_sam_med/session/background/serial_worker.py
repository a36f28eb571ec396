"""The one thread design: jobs one after the other, for one user or for several."""

from __future__ import annotations

import atexit
import itertools
import logging
import threading
import weakref
from collections import deque
from collections.abc import Callable, Generator, Hashable
from dataclasses import dataclass, replace
from functools import partial

EXIT_WAIT_S = 10.0
"""What the end of the interpreter waits for a job that is not wanted any more: a slice
of a large model on a slow processor. A thread that is inside torch when the interpreter
goes down crashes; one that never ends must not keep the program from ending."""
STILL_WRITING = "napari-sam-med ends once files that were asked for are written"


@dataclass(frozen=True, slots=True, eq=False)
class JobNews:
    """What came of a job, or of one step of it.

    Parameters
    ----------
    kind : hashable
        The job's.
    generation : int
        The job's.
    value : object
        What the job returned, or the step gave; None if it failed or was cancelled.
    error : Exception or None
        Why it failed.
    is_last : bool
        Whether no other news of this job will come.
    is_cancelled : bool
        Whether it was ended before its end.
    """

    kind: Hashable
    generation: int
    value: object = None
    error: Exception | None = None
    is_last: bool = False
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class WorkerJob:
    """Something to be done on the worker's thread.

    Parameters
    ----------
    call : callable
        Does it. If it returns a generator, each step of that is done by itself, and
        more urgent jobs get in between two steps.
    deliver : callable
        Called on the thread with all news; must return at once and not raise.
    kind : hashable
        What is cancelled, or replaced, together.
    generation : int
        Comes back with all news.
    rank : int
        The lower, the sooner; jobs of one rank take turns in the order they came in.
    replaces : bool
        Whether it cancels older jobs of its kind.
    """

    call: Callable[[], object]
    deliver: Callable[[JobNews], None]
    kind: Hashable = ""
    generation: int = 0
    rank: int = 0
    replaces: bool = False


class SerialWorker:
    """Does jobs on one thread of its own.

    One thread for good: cuDNN and oneDNN keep caches for each thread, and a fresh one
    for each job would pay for them again and again. Every job ends in exactly one last
    news, unless it is silenced by ``close``.

    Parameters
    ----------
    name : str
        Of the thread.
    drains_at_exit : bool
        Whether what waits is still done when the interpreter ends, however long it
        takes; else only the present job, or step, is waited for, 10 s at most.
    """

    def __init__(self, name: str, *, drains_at_exit: bool = False) -> None:
        self._drains_at_exit = drains_at_exit
        self._condition = threading.Condition()
        self._numbers = itertools.count()
        self._waiting: list[_Entry] = []
        self._cancelled: deque[_Entry] = deque()
        self._running: _Entry | None = None
        self._is_closed = self._is_silent = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        # not taken back on close: what is drained then must be waited for as well
        atexit.register(_end_at_exit, weakref.ref(self))

    @property
    def is_alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def submit(self, job: WorkerJob) -> None:
        """Queue a job, from any thread; after ``close`` it is left undone."""
        with self._condition:
            if self._is_closed:
                return
            if job.replaces:
                self._cancel(job.kind)
            self._waiting.append(_Entry(job, next(self._numbers)))
            self._condition.notify()

    def cancel(self, kind: Hashable) -> None:
        """Drop the jobs of a kind that wait, and stop one after its present step.

        A job that is no generator and runs already goes on to its end.
        """
        with self._condition:
            self._cancel(kind)
            self._condition.notify()

    @property
    def is_cancelled(self) -> bool:
        """Whether the job in work is not wanted any more; asked from inside a step."""
        running = self._running
        return running is not None and running.is_cancelled

    def has_waiting(self, kind: Hashable) -> bool:
        """Whether a job of this kind waits, so that an older one need not finish."""
        with self._condition:
            return any(entry.job.kind == kind for entry in self._waiting)

    def close(self, *, drain: bool = False, wait_s: float = 0.0) -> None:
        """Take no more jobs, and end.

        Parameters
        ----------
        drain : bool
            Do first what waits, and tell of it; else end after the present step and
            tell nothing more.
        wait_s : float
            Seconds to wait for the end; 0 returns at once.
        """
        with self._condition:
            self._is_closed = True
            if not drain:
                self._is_silent = True
                for entry in (*self._waiting, self._running):
                    if entry is not None:
                        self._drop(entry)
            self._condition.notify()
        if wait_s > 0:
            self._thread.join(wait_s)

    def close_at_exit(self) -> None:
        """Close as the interpreter ends, which waits for what is still to be done."""
        self.close(drain=self._drains_at_exit, wait_s=EXIT_WAIT_S)
        if self._has_to_do:
            logging.getLogger(__name__).warning(STILL_WRITING)
        while self._has_to_do:
            self._thread.join(EXIT_WAIT_S)

    @property
    def _has_to_do(self) -> bool:
        """Whether a job that is still wanted is not done yet."""
        with self._condition:
            running = self._running
            is_wanted = running is not None and not running.is_cancelled
            return self.is_alive and (is_wanted or bool(self._waiting))

    def _cancel(self, kind: Hashable) -> None:
        for entry in (*self._waiting, self._running):
            if entry is not None and entry.job.kind == kind:
                self._drop(entry)

    def _drop(self, entry: _Entry) -> None:
        entry.is_cancelled = True
        if entry is not self._running:
            self._waiting.remove(entry)
            self._cancelled.append(entry)

    def _run(self) -> None:
        while (entry := self._take()) is not None:
            news = entry.go_on()
            if not self._is_silent:
                entry.job.deliver(news)
            self._put_back(entry, is_done=news.is_last)

    def _take(self) -> _Entry | None:
        with self._condition:
            self._condition.wait_for(
                lambda: self._is_closed or self._cancelled or self._waiting
            )
            if self._cancelled:
                return self._cancelled.popleft()
            if not self._waiting:
                return None
            entry = min(self._waiting, key=lambda each: (each.job.rank, each.number))
            self._waiting.remove(entry)
            self._running = entry
            return entry

    def _put_back(self, entry: _Entry, *, is_done: bool) -> None:
        with self._condition:
            self._running = None
            if is_done:
                return
            entry.number = next(self._numbers)  # others of its rank have their turn
            (self._cancelled if entry.is_cancelled else self._waiting).append(entry)


class _Entry:
    """A job in the queue, and how far it is."""

    def __init__(self, job: WorkerJob, number: int) -> None:
        self.job = job
        self.number = number
        self.is_cancelled = False
        self._steps: Generator[object, None, object] | None = None

    def go_on(self) -> JobNews:
        """Do the job or its next step, or leave it if it was cancelled."""
        kind, generation = self.job.kind, self.job.generation
        try:
            if self.is_cancelled:
                self._leave()
                return JobNews(kind, generation, is_last=True, is_cancelled=True)
            value, is_last = self._step()
        except Exception as error:  # noqa: BLE001 - the bridge from worker to user
            return JobNews(kind, generation, error=error, is_last=True)
        return JobNews(kind, generation, value, is_last=is_last)

    def _step(self) -> tuple[object, bool]:
        """Give what came, and whether it was the last."""
        if self._steps is None:
            value = self.job.call()
            if not isinstance(value, Generator):
                return value, True
            self._steps = value
        try:
            return next(self._steps), False
        except StopIteration as end:
            return end.value, True

    def _leave(self) -> None:
        if self._steps is not None:
            self._steps.close()


def _end_at_exit(worker: weakref.ref[SerialWorker]) -> None:
    """End a worker whose thread still runs; a thread keeps its worker alive."""
    alive = worker()
    if alive is not None and alive.is_alive:
        alive.close_at_exit()


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

    @property
    def is_cancelled(self) -> bool:
        """Whether the job in work is not wanted any more; asked from inside a step."""
        worker = self._worker
        return worker is None or worker.is_cancelled

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
