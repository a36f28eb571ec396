"""Slices computed by Dask workers: the one place that knows Dask.

The client sends slices and collects rows in the order of the run; nothing but rows
comes back, and only the client's process writes.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

import dask
from distributed import Client, Future, LocalCluster, WorkerPlugin, get_worker
from distributed.comm.core import connect
from distributed.security import Security

from napari_sam_med.bench.protocol.random_streams import RandomStreams
from napari_sam_med.bench.run.executors import Computed, computed_slice
from napari_sam_med.bench.run.processes.package_builds import check_build, package_build
from napari_sam_med.bench.run.processes.scratch_folders import scratch_folder
from napari_sam_med.errors import RunError, SamMedError
from napari_sam_med.models.weight_files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from distributed import Worker

    from napari_sam_med.bench.protocol.cases import CaseSlice
    from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
    from napari_sam_med.bench.run.executors import Answers
    from napari_sam_med.bench.run.executors import Job as SliceJob
    from napari_sam_med.bench.run.stored_prompts import StoredPrompts
    from napari_sam_med.bench.run.workers import Workers
    from napari_sam_med.core.ports import Segmenter

Job = TypeVar("Job")

SECONDS_TO_CONNECT = 20  # also for a worker that is still starting; not measured
SLICES_PER_THREAD = 3  # one computed, one on its way, one read; not measured
THREAD_COUNTS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Dask starts workers with 1 for each; torch counts its threads by the second."""
DEATHS_PER_SLICE = 1
"""A worker may die of other programs' need of memory; a second death on the same slice
is the slice's own doing, and ends the run."""


@contextmanager
def executors_on(
    workers: Workers,
) -> Iterator[Callable[[ModelSpec, RunSettings, StoredPrompts | None], DaskExecutor]]:
    """Start or find workers, and let them go at the end.

    Parameters
    ----------
    workers : Workers
        Who is to compute.

    Yields
    ------
    callable
        Makes an ``DaskExecutor`` for a model, the run's settings and prompts.

    Raises
    ------
    RunError
        If there is no scheduler at the address, or it has no worker.
    """
    with client_of(workers) as client:
        yield lambda choice, settings, prompts_from: DaskExecutor(
            client, choice, settings, prompts_from
        )


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
        As ``executors_on``.
    """
    with scratch_folder() as scratch, _environment_kept():
        here = not workers.scheduler
        cluster = _processes(workers.count, str(scratch)) if here else None
        try:
            with _connected(cluster or workers.scheduler) as client:
                yield client
        finally:
            if cluster is not None:
                cluster.close()


def at_once(client: Client) -> int:
    """Count what is computed at the same time."""
    return max(1, int(sum(client.nthreads().values())))


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
        If a worker has another build of the package or other weights.
    """
    keeper = f"napari-sam-med {choice.name}"
    expected = sha256_of(choice.weights) if choice.weights is not None else ""
    plugin = _ModelKeeper(choice.load, expected, package_build())
    client.register_plugin(plugin, name=keeper)
    waiting: deque[tuple[Job, Future | None]] = deque()
    try:
        for job in jobs:
            waiting.append((job, send(job, keeper)))
            if len(waiting) >= most:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
    finally:
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
        If the worker died, or has another build of the package or other weights.
    """
    try:
        return future.result()
    except SamMedError:
        raise
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        msg = (
            f"the workers gave up at {where} ({why}); run it again, with fewer of "
            "them if memory was short, to go on from there"
        )
        raise RunError(msg) from error


def model_on_worker(keeper: str) -> Segmenter:
    """Give the model of the worker that asks, loaded when it is first asked for."""
    return cast("_ModelKeeper", get_worker().plugins[keeper]).model()


class DaskExecutor:
    """Sends one model's slices to workers.

    Parameters
    ----------
    client : Client
        Of a cluster with at least one worker.
    choice : ModelSpec
        The model; each worker loads it once.
    settings : RunSettings
        What to do; its profile seeds each case apart.
    prompts_from : StoredPrompts or None
        Prompts of another run.
    """

    def __init__(
        self,
        client: Client,
        choice: ModelSpec,
        settings: RunSettings,
        prompts_from: StoredPrompts | None,
    ) -> None:
        self._client, self._choice = client, choice
        self._settings, self._prompts_from = settings, prompts_from

    @property
    def at_once(self) -> int:
        """How many slices are computed at the same time."""
        return at_once(self._client)

    def answers(self, jobs: Iterable[SliceJob]) -> Answers:
        """Compute slices.

        Parameters
        ----------
        jobs : iterable of Job
            Read a few slices ahead of the answers.

        Yields
        ------
        Job, list of Computed
            In the order of the jobs, whichever worker was first.

        Raises
        ------
        RunError
            If a worker died, or has another build of the package or other weights.
        """
        most = SLICES_PER_THREAD * self.at_once
        sent = in_order(self._client, self._choice, jobs, self._sent, most)
        with closing(sent):
            for job, future in sent:
                yield self._received(job, future)

    def _sent(self, job: SliceJob, keeper: str) -> Future | None:
        if job.is_done:
            return None
        # as data of its own: in the graph, large slices would go through the scheduler
        one_slice = self._client.scatter(job.one_slice, hash=False)
        cases = {case.case_id for case in job.one_slice.cases} if job.one_slice else ()
        prompts_from = self._prompts_from.only(cases) if self._prompts_from else None
        return self._client.submit(
            _compute, keeper, one_slice, self._settings, dict(job.known), prompts_from,
            pure=False,
        )  # fmt: skip

    def _received(
        self, job: SliceJob, future: Future | None
    ) -> tuple[SliceJob, Iterable[Computed]]:
        if future is None:
            cases = job.one_slice.cases if job.one_slice else ()
            return job, [Computed(case.case_id) for case in cases]
        first = job.one_slice.cases[0].case_id if job.one_slice else ""
        return job, result_of(future, first)


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


def _compute(
    keeper: str,
    one_slice: CaseSlice,
    settings: RunSettings,
    known: dict,
    prompts_from: StoredPrompts | None,
) -> list[Computed]:
    """Compute a slice, on a worker."""
    model = model_on_worker(keeper)
    streams = RandomStreams(sequential=False, seed=settings.seed)
    found = computed_slice(
        lambda: model, one_slice, settings, streams, known, prompts_from
    )
    return list(found)


@contextmanager
def _environment_kept() -> Iterator[None]:
    """Take back the numbers of threads that Dask leaves here once a worker has died."""
    before = {name: os.environ.get(name) for name in THREAD_COUNTS}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _processes(count: int, scratch: str) -> LocalCluster:
    """Start worker processes; their memory is left to the system."""
    threads = dict.fromkeys(THREAD_COUNTS, os.environ.get("OMP_NUM_THREADS", "1"))
    with dask.config.set({"distributed.nanny.pre-spawn-environ": threads}):
        return LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            memory_limit=0,
            dashboard_address="127.0.0.1:0",
            local_directory=scratch,
            silence_logs=logging.CRITICAL,
            scheduler_kwargs={"allowed_failures": DEATHS_PER_SLICE},
            preload=["napari_sam_med.bench.run.processes.interrupts"],
        )


@contextmanager
def _connected(where: LocalCluster | str) -> Iterator[Client]:
    try:
        if isinstance(where, str):
            _check_is_dask(where)
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
