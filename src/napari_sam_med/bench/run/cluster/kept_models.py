"""Jobs that workers answer in order, each worker with a model that it loads once."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar, cast

from distributed import Client, Future, WorkerPlugin, get_worker

from napari_sam_med.bench.run.processes.package_builds import check_build, package_build
from napari_sam_med.errors import RunError, SamMedError
from napari_sam_med.models.weight_files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from distributed import Worker

    from napari_sam_med.bench.protocol.run_settings import ModelSpec
    from napari_sam_med.core.ports import Segmenter

Job = TypeVar("Job")


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
