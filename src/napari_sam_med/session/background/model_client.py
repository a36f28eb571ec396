"""One user of the model service: what a session asks, and what it is answered."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from napari_sam_med.core.candidates import agreement_of
from napari_sam_med.core.slice_view import EmbeddedSlice
from napari_sam_med.errors import ModelError
from napari_sam_med.session.background.messages import (
    Answer,
    Load,
    Loaded,
    Precompute,
    Predict,
    Predicted,
    Prefetch,
    Propagate,
    PropagateStep,
    Request,
    Started,
    StopPrecompute,
    StopPropagate,
    failure_of,
)
from napari_sam_med.session.background.precompute import (
    SLOWEST_S,
    LookedAhead,
    precompute_steps,
    prefetch_steps,
)
from napari_sam_med.session.background.serial_worker import WorkerClient
from napari_sam_med.session.kinds.questions import answers_to

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from napari_sam_med.core.ports import Segmenter
    from napari_sam_med.core.slice_view import SliceView
    from napari_sam_med.session.background.messages import PrecomputeStep
    from napari_sam_med.session.background.model_service import ModelService
    from napari_sam_med.session.background.serial_worker import JobNews

# What a person waits for comes before what goes on in the background, whose steps take
# turns: precomputing, propagation and benchmarks. What nobody asked for comes last.
LOAD, PREDICT, SHOW, BACKGROUND, IDLE = range(5)


class ModelClient:
    """Loads, embeds and predicts through the service; answers through ``deliver``.

    Parameters
    ----------
    service : ModelService
        Holds the models and their thread.
    deliver : callable
        Called on that thread with each answer; must return at once and not raise.
    """

    def __init__(
        self, service: ModelService, deliver: Callable[[Answer], None]
    ) -> None:
        self._service, self._deliver = service, deliver
        self._client = WorkerClient(service.worker, self._on_news)
        self._model: Segmenter | None = None
        self._ahead = LookedAhead()
        self._seconds: float | None = None
        """The least that a slice took to be embedded; the first one takes longer."""

    def open(self) -> None:
        """Take requests from now on."""
        self._service.add_user(self)
        self._client.open()

    def close(self) -> None:
        """Let go of the model, and deliver nothing more."""
        self._client.close()
        self._model, self._ahead = None, LookedAhead()
        self._service.remove_user(self)

    def post(self, request: Request) -> None:
        """Queue a request, from any thread; while this is closed it is dropped."""
        self._client.cancel("prefetch")
        match request:
            case Load():
                self._submit("load", partial(self._load, request), LOAD, request)
            case Predict():
                predict = partial(self._predict, request)
                self._submit("predict", predict, PREDICT, request)
            case Precompute():
                steps = partial(self._precompute, request)
                self._submit("precompute", steps, BACKGROUND, request)
            case StopPrecompute():
                self._client.cancel("precompute")
            case Prefetch():
                embed = partial(self._prefetch, request)
                self._client.submit(embed, "prefetch", rank=IDLE)
            case Propagate():
                follow = partial(self._propagate, request)
                self._submit("propagate", follow, BACKGROUND, request)
            case StopPropagate():
                self._client.cancel("propagate")

    def _submit(
        self,
        kind: str,
        act: Callable[[], object],
        rank: int,
        request: Load | Predict | Precompute | Propagate,
    ) -> None:
        generation = request.generation
        self._client.submit(act, kind, generation=generation, rank=rank, replaces=True)

    def _on_news(self, news: JobNews) -> None:
        if news.error is not None:
            self._deliver(failure_of(str(news.kind), news.generation, news.error))
        elif isinstance(news.value, Answer):
            self._deliver(news.value)

    def _tell(self, answer: Answer) -> None:
        """Deliver something before the end of a job."""
        if self._client.is_open:
            self._deliver(answer)

    def _load(self, request: Load) -> Loaded:
        name = request.source.name
        self._tell(Started(request.generation, f"Loading {name} ..."))
        start = time.perf_counter()
        self._model = self._seconds = None  # the old one may have to go first
        self._ahead = LookedAhead()
        model = self._model = self._service.take(self, request.source)
        if not self._client.is_open:
            self._model = None
        seconds = time.perf_counter() - start
        return Loaded(
            request.generation, model.name, model.sha256, model.capabilities, seconds
        )

    def _predict(self, request: Predict) -> Predicted | None:
        start = time.perf_counter()
        seen = self._embedded(request)
        if self._client.has_waiting("predict"):
            return None
        middle = time.perf_counter()
        questions = (request.question, *request.others)
        answers = [
            replace(each, agreement=agreement_of(each.masks))
            for each in answers_to(questions, seen)
        ]
        end = time.perf_counter()
        return Predicted(
            request.generation,
            request.plane,
            answers[0],
            middle - start,
            end - middle,
            tuple(answers[1:]),
        )

    def _embedded(self, request: Predict) -> EmbeddedSlice:
        model, view = self._ready_model(), request.image.view(request.plane)
        known = self._known(model, view)
        if known is not None:
            return known
        what = f"Computing embedding of slice {request.plane.index} with {model.name}"
        self._tell(Started(request.generation, f"{what} ..."))
        return self._seen(model, view)

    def _known(self, model: Segmenter, view: SliceView) -> EmbeddedSlice | None:
        embedding = self._service.cache.find(view, model)
        return None if embedding is None else EmbeddedSlice(model, view.grid, embedding)

    def _seen(self, model: Segmenter, view: SliceView) -> EmbeddedSlice:
        known = self._known(model, view)
        if known is not None:
            return known
        seen = EmbeddedSlice.of(model, view)
        known_s = seen.seconds if self._seconds is None else self._seconds
        self._seconds = min(known_s, seen.seconds)
        self._service.cache.keep(view, model, seen.embedding)
        return seen

    def _propagate(
        self, request: Propagate
    ) -> Generator[PropagateStep, None, PropagateStep]:
        from napari_sam_med.propagation import iterate_propagation

        model, image, axis = self._ready_model(), request.image, request.settings.axis
        found = iterate_propagation(
            model,
            image.volume,
            request.given,
            request.settings,
            lambda index: self._seen(model, image.view(image.plane(axis, index))),
            lambda: self._client.is_cancelled,
        )
        for each in found:
            yield PropagateStep(request.generation, each)
        return PropagateStep(request.generation, None)

    def _precompute(self, request: Precompute) -> Generator[PrecomputeStep, None, None]:
        return precompute_steps(request, self._ready_model(), self._service.cache)

    def _prefetch(self, request: Prefetch) -> Generator[None, None, None] | None:
        if self._model is None or self._seconds is None or self._seconds > SLOWEST_S:
            return None
        cache = self._service.cache
        return prefetch_steps(request, self._model, cache, self._ahead)

    def _ready_model(self) -> Segmenter:
        if self._model is None:
            msg = "no model is loaded; choose one from the list of models first"
            raise ModelError(msg)
        return self._model
