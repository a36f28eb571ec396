"""What Ctrl-C does while workers compute; Dask calls ``dask_setup`` in each of them."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from distributed import Worker


def dask_setup(worker: Worker) -> None:  # noqa: ARG001
    """Leave Ctrl-C to the process that started the worker, and that ends it.

    A terminal sends the interrupt to all processes; a worker would answer with a
    traceback.

    Parameters
    ----------
    worker : Worker
        In its own process's main thread.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def interrupted_once() -> Iterator[None]:
    """Take one Ctrl-C, and ignore others until workers are let go.

    A second one would end that half way: Dask then waits ten seconds for them when
    Python ends, and writes a traceback.
    """
    before = signal.getsignal(signal.SIGINT)
    # only the main thread may set handlers, and a shell may have it ignored
    is_ours = before is signal.default_int_handler
    if not is_ours or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
