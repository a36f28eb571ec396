"""Getting a file while everything else goes on, in a thread of its own."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam_med.errors import DownloadCancelledError, SamMedError

if TYPE_CHECKING:
    from collections.abc import Callable

THREAD_NAME = "napari-sam-med fetch"
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


class Fetch:
    """One file on its way.

    Parameters
    ----------
    name : str
        Of what is fetched.
    get : callable
        Takes a callable for the bytes done and in all, and one that says whether to
        stop; returns when the file is here.
    deliver : callable
        Called on the thread with all news; must return at once and not raise.
    """

    def __init__(
        self,
        name: str,
        get: Callable[[Callable[[int, int], None], Callable[[], bool]], object],
        deliver: Callable[[FetchNews], None],
    ) -> None:
        self.name = name
        self._get = get
        self._deliver = deliver
        self._stop = threading.Event()
        self._pace = Pace()
        self._told_s = 0.0
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def cancel(self) -> None:
        """Stop after the present piece; what came is kept by whoever writes it."""
        self._stop.set()

    def _run(self) -> None:
        try:
            self._get(self._on_progress, self._stop.is_set)
        except DownloadCancelledError as error:
            end = FetchEnd(self.name, str(error), cancelled=True)
        except SamMedError as error:
            end = FetchEnd(self.name, str(error))
        except Exception as error:  # noqa: BLE001 - the bridge from worker to user
            end = FetchEnd(self.name, f"{type(error).__name__}: {error}")
        else:
            end = FetchEnd(self.name)
        self._deliver(end)

    def _on_progress(self, done: int, total: int) -> None:
        now = time.monotonic()
        left = self._pace.seconds_left(done, total, now)
        if now - self._told_s >= STEP_S:
            self._told_s = now
            self._deliver(FetchStep(self.name, done, total, left))


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
