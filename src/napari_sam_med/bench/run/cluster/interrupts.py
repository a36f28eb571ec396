"""What Ctrl-C does in a worker; Dask calls ``dask_setup`` in each of them."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
