"""Worker processes that are started here, or a scheduler that runs already."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING

from dask.config import set as dask_set
from distributed import Client, LocalCluster
from distributed.comm.core import connect
from distributed.security import Security

from napari_sam_med.bench.run.processes.package_builds import check_build, package_build
from napari_sam_med.bench.run.processes.scratch_folders import scratch_folder
from napari_sam_med.core.signals.ctrl_c import ctrl_c_held_back, ctrl_c_taken
from napari_sam_med.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_sam_med.bench.run.cluster.workers import Workers

SECONDS_TO_CONNECT = 20  # also for a worker that is still starting; not measured
THREAD_COUNTS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Dask starts workers with 1 for each; torch counts its threads by the second."""
DEATHS_PER_SLICE = 1
"""A worker may die of other programs' need of memory; a second death on the same slice
is the slice's own doing, and ends the run."""
LOGGERS = (
    "distributed",
    "distributed.client",
    "distributed.gc",
    "tornado.application",
    "asyncio",
)
"""Those that Dask writes to, each with a level of its own. What they say of lost
connections and busy loops nobody can act on; what ends a run is a ``RunError``."""
SLOW_DISK = "Creating scratch directories is taking"
"""How a warning of Dask begins, which a busy machine brings about."""
LARGEST_JOB = "1 TB"
"""Dask warns of jobs beyond 10 MB; volumes are as large as they are."""


@contextmanager
def client_of(workers: Workers) -> Iterator[Client]:
    """Start or find workers, and let them go at the end.

    Parameters
    ----------
    workers : Workers
        Who is to compute.

    Yields
    ------
    Client

    Raises
    ------
    RunError
        If there is no scheduler at the address, or it has no worker.
    """
    cluster = None
    with (
        ctrl_c_taken(),
        scratch_folder() as scratch,
        _environment_kept(),
        _quiet(),
        dask_set(_settings(scratch)),
    ):
        try:
            if not workers.scheduler:
                # else started with the first process, and it unblocks Ctrl-C
                resource_tracker.ensure_running()
                # left half way, it would be ended with tracebacks as Python ends
                with ctrl_c_held_back():
                    cluster = _processes(workers.count)
            with _connected(cluster or workers.scheduler) as client:
                yield client
        finally:
            if cluster is not None:
                _end(cluster)


def at_once(client: Client) -> int:
    """Count what is computed at the same time."""
    return max(1, int(sum(client.nthreads().values())))


@contextmanager
def _environment_kept() -> Iterator[None]:
    """Take back the variables that Dask leaves here once a worker has died."""
    names = (*THREAD_COUNTS, "PYTHONWARNINGS")
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep off the terminal what Dask says to those who write programs with it."""
    before = {name: logging.getLogger(name).level for name in LOGGERS}
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        gc.collect()  # futures that nobody asked for their error tell it when they go
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def _settings(scratch: Path) -> dict[str, str]:
    return {
        "distributed.admin.large-graph-warning-threshold": LARGEST_JOB,
        "temporary-directory": str(scratch),  # of the scheduler too
    }


def _processes(count: int) -> LocalCluster:
    """Start worker processes; their memory is left to the system.

    Raises
    ------
    RunError
        If one ends before it works.
    """
    variables = dict.fromkeys(THREAD_COUNTS, os.environ.get("OMP_NUM_THREADS", "1"))
    rules = [os.environ.get("PYTHONWARNINGS"), f"ignore:{SLOW_DISK}"]
    variables["PYTHONWARNINGS"] = ",".join(filter(None, rules))
    with (
        dask_set({"distributed.nanny.pre-spawn-environ": variables}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", SLOW_DISK)
        try:
            return LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                processes=True,
                memory_limit=0,
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
                scheduler_kwargs={"allowed_failures": DEATHS_PER_SLICE},
                preload=["napari_sam_med.bench.run.cluster.interrupts"],
            )
        except RuntimeError as error:
            msg = (
                f"{count} workers could not be started ({error}); give fewer of them, "
                "or leave them out to compute in this process"
            )
            raise RunError(msg) from error


def _end(cluster: LocalCluster) -> None:
    """End processes at once; Dask alone asks them to, and waits for seconds.

    They write nothing: what is not here yet is computed anew when the run goes on.
    """
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        if nanny.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(nanny.pid, signal.SIGTERM)
    with suppress(TimeoutError):  # a busy machine takes longer to clear them away
        cluster.close()


@contextmanager
def _connected(where: LocalCluster | str) -> Iterator[Client]:
    if isinstance(where, str):
        _check_is_dask(where)
    try:
        client = Client(where, timeout=SECONDS_TO_CONNECT)
    except (OSError, ValueError) as error:
        msg = f"no Dask scheduler answers at {where} ({error}); give tcp://HOST:PORT"
        raise RunError(msg) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=SECONDS_TO_CONNECT)
        except TimeoutError as error:
            msg = f"the scheduler at {where} has no worker; start some"
            raise RunError(msg) from error
        _check_workers(client)
        yield client


def _check_is_dask(address: str) -> None:
    """Shake hands first: a client waits for ever for one who accepts and is silent."""

    async def greet() -> None:
        arguments = Security().get_connection_args("client")
        async with asyncio.timeout(SECONDS_TO_CONNECT):
            comm = await connect(address, timeout=SECONDS_TO_CONNECT, **arguments)
        comm.abort()

    with ThreadPoolExecutor(1) as thread:  # a caller's thread may have a loop already
        try:
            thread.submit(asyncio.run, greet()).result()
        except Exception as error:  # whatever the bytes of another protocol bring about
            why = str(error) or type(error).__name__
            msg = (
                f"no Dask scheduler answers at {address} ({why}); give tcp://HOST:PORT "
                "as the scheduler prints it"
            )
            raise RunError(msg) from error


def _check_workers(client: Client) -> None:
    """Refuse workers that run other code than this process does."""
    found = client.run(package_build, on_error="return")
    for address, build in found.items():
        who = f"the worker at {address}"
        if not isinstance(build, dict):
            msg = f"{who} cannot import this package ({build}); install the same there"
            raise RunError(msg)
        check_build(package_build(), build, who)
