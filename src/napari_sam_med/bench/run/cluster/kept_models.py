"""Jobs that workers answer in order, each worker with a model that it loads once."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from distributed import Client, Future, KilledWorker, WorkerPlugin, get_worker

from napari_sam_med.bench.run.processes.package_builds import check_build, package_build
from napari_sam_med.errors import RunError, SamMedError
from napari_sam_med.models.weight_files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from distributed import Worker

    from napari_sam_med.bench.protocol.run_settings import ModelSpec
    from napari_sam_med.core.ports import Segmenter

Job = TypeVar("Job")

SECONDS_BETWEEN_LOOKS = 5.0  # whether there still is a worker; not measured
SECONDS_ALONE = 300.0
"""After as long Dask gives up a silent worker; one that died is back long before."""


def in_order(
    client: Client,
    choice: ModelSpec,
    jobs: Iterable[Job],
    send: Callable[[Job, str], Future | None],
    most: int,
) -> Generator[tuple[Job, Future | None], None, None]:
    """Have jobs computed by workers that load a model once.

    Parameters
    ----------
    client : Client
        Of a cluster with at least one worker.
    choice : ModelSpec
        The model.
    jobs : iterable
        Read ahead of the answers.
    send : callable
        Sends a job, with the name of the workers' plugin that ``model_on_worker``
        takes; None where nothing is left to compute.
    most : int
        How many jobs are under way.

    Yields
    ------
    job, Future or None
        In the order of the jobs, whichever worker was first.

    Raises
    ------
    RunError
        If a worker has another build of the package or other weights, or the
        connection to the scheduler is lost.
    """
    keeper = f"napari-sam-med {choice.name}"
    expected = sha256_of(choice.weights) if choice.weights is not None else ""
    plugin = _ModelKeeper(choice.load, expected, package_build())
    with _connection(client, choice.name):
        client.register_plugin(plugin, name=keeper)
    waiting: deque[tuple[Job, Future | None]] = deque()
    try:
        for job in jobs:
            with _connection(client, choice.name):
                waiting.append((job, send(job, keeper)))
            if len(waiting) >= most:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
    finally:
        if client.status == "running":
            # a scheduler that was started anew meanwhile knows of neither
            with suppress(OSError, ValueError):
                client.cancel([future for _, future in waiting if future])
                client.unregister_worker_plugin(keeper)


def result_of(future: Future, where: str) -> Any:
    """Wait for what a worker computes.

    Parameters
    ----------
    future : Future
        As ``in_order`` gives it.
    where : str
        What was computed, for the message.

    Raises
    ------
    RunError
        If workers died of it or all are gone, the scheduler is gone, or a worker has
        another build of the package or other weights.
    """
    seen = time.monotonic()
    while True:
        try:
            return future.result(timeout=SECONDS_BETWEEN_LOOKS)
        except SamMedError:
            raise
        except Exception as error:
            if not isinstance(error, TimeoutError) or future.status == "error":
                raise RunError(_fault(error, future, where)) from error
        if _has_workers(future.client):
            seen = time.monotonic()
        elif time.monotonic() - seen > SECONDS_ALONE:
            msg = (
                f"there was no worker for {SECONDS_ALONE:.0f} seconds at {where}; "
                "start some, and give the same command again to go on from there"
            )
            raise RunError(msg)


def _has_workers(client: Client) -> bool:
    try:
        return bool(client.nthreads(callback_timeout=SECONDS_BETWEEN_LOOKS))
    except OSError:  # no answer in time, or a connection that is lost
        return False


def _fault(error: Exception, future: Future, where: str) -> str:
    """Say why nothing came back."""
    reason = getattr(error, "reason", "")
    on_the_way = isinstance(error, OSError) and future.status != "error"
    if on_the_way or reason == "scheduler-connection-lost":
        return _lost(future.client, where)
    if isinstance(error, KilledWorker):
        why = f"{error.allowed_failures + 1} died while they computed it"
    else:
        why = f"{type(error).__name__}: {error}"
    return (
        f"the workers gave up at {where} ({why}); run it again, with fewer of "
        "them if memory was short, to go on from there"
    )


def _lost(client: Client, where: str) -> str:
    address = getattr(client.scheduler, "address", "") or "the workers"
    return (
        f"the connection to the scheduler at {address} was lost at {where}; see that "
        "it runs, and give the same command again to go on from there"
    )


@contextmanager
def _connection(client: Client, where: str) -> Iterator[None]:
    """Say in a sentence that a scheduler is gone."""
    try:
        yield
    except Exception as error:
        if client.status == "running":
            raise
        raise RunError(_lost(client, where)) from error


def model_on_worker(keeper: str) -> Segmenter:
    """Give the model of the worker that asks, loaded when it is first asked for."""
    return cast("_ModelKeeper", get_worker().plugins[keeper]).model()


class _ModelKeeper(WorkerPlugin):
    """Loads a model when a worker's first slice comes, and keeps it for the others.

    A worker that came late shows here what it has, before it computes anything.
    """

    def __init__(
        self, load: Callable[[], Segmenter], sha256: str, build: dict[str, str]
    ) -> None:
        self._load, self._sha256, self._build = load, sha256, build
        self._model: Segmenter | None = None

    def setup(self, worker: Worker) -> None:  # noqa: ARG002
        """Prepare a worker that may have several threads."""
        self._lock = threading.Lock()

    def model(self) -> Segmenter:
        with self._lock:
            if self._model is None:
                who = f"the worker at {get_worker().address}"
                check_build(self._build, package_build(), who)
                model = self._load()
                if self._sha256 and model.sha256 != self._sha256:
                    msg = (
                        f"{who} has other weights of {model.name} than this process; "
                        "give it the same file"
                    )
                    raise RunError(msg)
                self._model = model
            return self._model
