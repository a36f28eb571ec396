"""Getting a file while everything else goes on."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from napari_sam_med.errors import DownloadCancelledError
from napari_sam_med.session.background.messages import failure_of
from napari_sam_med.session.background.serial_worker import SharedWorker, WorkerClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam_med.session.background.serial_worker import JobNews

FETCH = "fetch"
STEP_S = 0.1
"""Pieces come by the hundred in a second; the news of them less often."""


@dataclass(frozen=True, slots=True)
class FetchStep:
    """How far it is.

    Parameters
    ----------
    name : str
        Of what is fetched.
    done, total : int
        Bytes that are here, and bytes in all; ``total`` is 0 while nobody knows.
    seconds_left : float or None
        None as long as nobody can know.
    """

    name: str
    done: int
    total: int
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class FetchEnd:
    """It is over.

    Parameters
    ----------
    name : str
        Of what was fetched.
    error : str
        Why it is not here, in one sentence; empty if all went well.
    cancelled : bool
        Whether its user stopped it.
    """

    name: str
    error: str = ""
    cancelled: bool = False


FetchNews = FetchStep | FetchEnd


class Fetching:
    """Gets one file at a time, on a worker that other docks may share.

    Parameters
    ----------
    shared : SharedWorker
        Does the work.
    deliver : callable
        Called on its thread with all news; must return at once and not raise.
    """

    def __init__(
        self, shared: SharedWorker, deliver: Callable[[FetchNews], None]
    ) -> None:
        self._client = WorkerClient(shared, self._on_news)
        self._deliver = deliver
        self._name = ""
        self._stop = threading.Event()

    def open(self) -> None:
        """Take orders from now on."""
        self._client.open()

    def close(self) -> None:
        """Cancel, and tell nothing more."""
        self._stop.set()
        self._client.close()

    def start(
        self,
        name: str,
        get: Callable[[Callable[[int, int], None], Callable[[], bool]], object],
    ) -> None:
        """Get a file once those that were asked for earlier are here.

        Parameters
        ----------
        name : str
            Of what is fetched.
        get : callable
            Takes a callable for the bytes done and in all, and one that says whether
            to stop; returns when the file is here.
        """
        self._name, self._stop = name, threading.Event()
        tell = _Steps(name, self._tell)
        self._client.submit(partial(get, tell, self._stop.is_set), FETCH)

    def cancel(self) -> None:
        """Stop after the present piece; what came is kept by whoever writes it."""
        self._stop.set()
        self._client.cancel(FETCH)

    def _tell(self, step: FetchStep) -> None:
        if self._client.is_open:
            self._deliver(step)

    def _on_news(self, news: JobNews) -> None:
        error = news.error
        if news.is_cancelled:
            msg = f"the download of {self._name} was stopped before it began"
            end = FetchEnd(self._name, msg, cancelled=True)
        elif error is None:
            end = FetchEnd(self._name)
        else:
            cancelled = isinstance(error, DownloadCancelledError)
            message = failure_of(FETCH, 0, error).message
            end = FetchEnd(self._name, message, cancelled=cancelled)
        self._deliver(end)


class _Steps:
    """Tells of pieces, with the time left, but not of each."""

    def __init__(self, name: str, tell: Callable[[FetchStep], None]) -> None:
        self._name, self._tell = name, tell
        self._pace = Pace()
        self._told_s = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        left = self._pace.seconds_left(done, total, now)
        if now - self._told_s >= STEP_S:
            self._told_s = now
            self._tell(FetchStep(self._name, done, total, left))


class Pace:
    """Tells how long the rest takes, from how fast bytes came since the first news.

    Examples
    --------
    >>> pace = Pace()
    >>> pace.seconds_left(100, 500, now_s=0.0) is None
    True
    >>> pace.seconds_left(200, 500, now_s=2.0)
    6.0
    """

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None

    def seconds_left(self, done: int, total: int, now_s: float) -> float | None:
        """Say how many seconds are left.

        Parameters
        ----------
        done, total : int
            Bytes here, those of an earlier attempt among them, and in all.
        now_s : float
            Time on any steady clock, in seconds.

        Returns
        -------
        float or None
            None if it cannot be known yet.
        """
        if self._first is None:
            self._first = (done, now_s)
        came, seconds = done - self._first[0], now_s - self._first[1]
        if total <= 0 or came <= 0 or seconds <= 0:
            return None
        return max(0, total - done) * seconds / came
