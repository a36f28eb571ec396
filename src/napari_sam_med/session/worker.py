"""The one thread that ever touches a model."""

from __future__ import annotations

import atexit
import threading
import time
from typing import TYPE_CHECKING

from napari_sam_med.core.slice_view import EmbeddedSlice
from napari_sam_med.errors import ModelError, SamMedError
from napari_sam_med.session.embeddings import EmbeddingCache, EmbeddingKey
from napari_sam_med.session.jobs import (
    Answer,
    Done,
    Failed,
    JobQueue,
    Load,
    Loaded,
    Predict,
    Predicted,
    Request,
    Started,
    Sweep,
    Task,
)
from napari_sam_med.session.sweep import sweep_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_sam_med.core.ports import Segmenter
    from napari_sam_med.session.jobs import SweepStep

THREAD_NAME = "napari-sam-med model"
EXIT_WAIT_S = 10.0


class ModelThread:
    """Loads, embeds and predicts; answers through ``deliver``.

    One thread for the whole session: cuDNN and oneDNN keep caches for each thread, and
    a fresh thread for each call would pay for them again and again.

    Parameters
    ----------
    deliver : callable
        Called on this thread with each answer; must return at once and not raise.
    cache : EmbeddingCache or None
        Where embeddings are kept; None makes one of the default size.
    """

    def __init__(
        self, deliver: Callable[[Answer], None], cache: EmbeddingCache | None = None
    ) -> None:
        self._deliver = deliver
        self._cache = EmbeddingCache() if cache is None else cache
        self._queue = JobQueue()
        self._model: Segmenter | None = None
        self._sweep: tuple[Sweep, Iterator[SweepStep]] | None = None
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
        self._thread.start()
        # A daemon thread inside a torch call while the interpreter goes down crashes.
        atexit.register(self.close, wait_s=EXIT_WAIT_S)

    @property
    def is_alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def post(self, request: Request) -> None:
        """Queue a request, from any thread."""
        self._queue.put(request)

    def close(self, *, wait_s: float = 0.0) -> None:
        """Deliver nothing more and end after what runs at present.

        Parameters
        ----------
        wait_s : float
            Seconds to wait for that end; 0 returns at once.
        """
        self._queue.close()
        atexit.unregister(self.close)
        if wait_s > 0:
            self._thread.join(wait_s)

    def _run(self) -> None:
        while (job := self._queue.take()) is not None:
            try:
                self._do(job)
            except SamMedError as error:
                self._fail(job, str(error), expected=True)
            except Exception as error:  # noqa: BLE001 - the bridge from worker to user
                message = f"{type(error).__name__}: {error}"
                self._fail(job, message, expected=False)

    def _do(self, job: Load | Predict | Task | Sweep) -> None:
        match job:
            case Load():
                self._load(job)
            case Predict():
                self._predict(job)
            case Task():
                self._answer(Done(job.name, job.call(self._model)))
            case Sweep():
                self._step(job)

    def _answer(self, answer: Answer) -> None:
        if not self._queue.is_closed:
            self._deliver(answer)

    def _fail(
        self, job: Load | Predict | Task | Sweep, message: str, *, expected: bool
    ) -> None:
        if isinstance(job, Sweep):
            self._queue.drop(job)
        generation = 0 if isinstance(job, Task) else job.generation
        what = job.name if isinstance(job, Task) else type(job).__name__.lower()
        self._answer(Failed(generation, what, message, expected=expected))

    def _load(self, job: Load) -> None:
        self._answer(Started(job.generation, f"Loading {job.name} ..."))
        self._model = None  # never two models in memory
        start = time.perf_counter()
        model = self._model = job.load()
        seconds = time.perf_counter() - start
        self._answer(
            Loaded(
                job.generation, model.name, model.sha256, model.capabilities, seconds
            )
        )

    def _predict(self, job: Predict) -> None:
        start = time.perf_counter()
        seen = self._embedded(job)
        if self._queue.has_newer_prediction():
            return
        middle = time.perf_counter()
        candidates = seen.predict(job.prompts)
        seconds_predict = time.perf_counter() - middle
        self._answer(
            Predicted(
                job.generation, job.plane, candidates, middle - start, seconds_predict
            )
        )

    def _embedded(self, job: Predict) -> EmbeddedSlice:
        model = self._ready_model()
        view = job.target.view(job.plane)
        key = EmbeddingKey.of(view, model)
        embedding = self._cache.get(key)
        if embedding is not None:
            return EmbeddedSlice(model, view.grid, embedding)
        what = f"Reading slice {job.plane.index} with {model.name} ..."
        self._answer(Started(job.generation, what))
        seen = EmbeddedSlice.of(model, view)
        self._cache.put(key, seen.embedding)
        return seen

    def _step(self, job: Sweep) -> None:
        if self._sweep is None or self._sweep[0] is not job:
            steps = sweep_steps(job, self._ready_model(), self._cache)
            self._sweep = (job, steps)
        step = next(self._sweep[1], None)
        if step is None or step.stopped or step.done == step.total:
            self._queue.drop(job)
            self._sweep = None
        if step is not None:
            self._answer(step)

    def _ready_model(self) -> Segmenter:
        if self._model is None:
            msg = "no model is loaded; choose one from the list of models first"
            raise ModelError(msg)
        return self._model
