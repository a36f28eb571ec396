"""Ctrl-C: it ends what goes on, wherever it arrives, and once."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
import weakref
from contextlib import contextmanager

TYPE_CHECKING = False  # as in cli.main, which takes this before anything slow
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS_UNTIL_AGAIN = 0.01
"""Enough to be out of the code that has dropped an exception; nobody notices it."""


@contextmanager
def ctrl_c_taken() -> Iterator[None]:
    """Have Ctrl-C raise KeyboardInterrupt, until one has gone its way.

    One that is dropped on its way comes again. While it goes its way, others change
    nothing: a second one would end half way what is let go at the end.

    Notes
    -----
    Python drops exceptions in callbacks of weak references, of which each import makes
    one, and in destructors; libraries do in C code that asks whether something can be
    done. Of some 220 interrupts while a benchmark began four were dropped, and the run
    went on.
    """
    before = signal.getsignal(signal.SIGINT)
    # only the main thread may set handlers, and a shell may have it ignored
    is_ours = before is signal.default_int_handler
    if not is_ours or threading.current_thread() is not threading.main_thread():
        yield
        return
    told, take = sys.unraisablehook, _Taking()

    def tell(lost: sys.UnraisableHookArgs) -> None:
        if not isinstance(lost.exc_value, _Interrupt):
            told(lost)

    sys.unraisablehook = tell
    signal.signal(signal.SIGINT, take)
    try:
        yield
    finally:
        if take.is_set:
            signal.signal(signal.SIGINT, before)
        sys.unraisablehook = told


@contextmanager
def ctrl_c_held_back() -> Iterator[None]:
    """Have Ctrl-C wait for the end of a block that cannot be left half way.

    Processes started in the block are never reached by it: a terminal sends it to all,
    and they would answer with tracebacks.
    """
    take, came = signal.getsignal(signal.SIGINT), threading.Event()
    waits = callable(take) and threading.current_thread() is threading.main_thread()
    with _blocked_for_new_processes():
        if waits:
            signal.signal(signal.SIGINT, lambda *_: came.set())
        try:
            yield
        finally:
            if waits:
                signal.signal(signal.SIGINT, take)
            if came.is_set():
                signal.raise_signal(signal.SIGINT)


@contextmanager
def _blocked_for_new_processes() -> Iterator[None]:
    """Block it in this thread; new threads, and their processes, inherit that."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Interrupt(KeyboardInterrupt):
    """Comes again if it goes before ``take`` has given way to another handler."""

    def __init__(self, take: _Taking) -> None:
        super().__init__()
        self._take = take

    def __del__(self) -> None:
        if self._take.is_set:
            # by a thread: here it would be dropped too
            _thread.start_new_thread(_send_again, (self._take,))


class _Taking:
    """Raises an interrupt where none is on its way."""

    def __init__(self) -> None:
        self._on_its_way: Callable[[], _Interrupt | None] = lambda: None

    @property
    def is_set(self) -> bool:
        """Whether Ctrl-C still comes here."""
        return signal.getsignal(signal.SIGINT) is self

    def __call__(self, *_: object) -> None:
        if self._on_its_way() is None:
            raise self._new()  # no name for it here, which would keep it alive

    def _new(self) -> _Interrupt:
        stop = _Interrupt(self)
        self._on_its_way = weakref.ref(stop)
        return stop


def _send_again(take: _Taking) -> None:
    time.sleep(SECONDS_UNTIL_AGAIN)
    if not take.is_set:
        return
    if sys.platform == "win32":
        _thread.interrupt_main()
    else:  # ends a call of the system too
        os.kill(os.getpid(), signal.SIGINT)
