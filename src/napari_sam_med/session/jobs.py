"""Requests to the model thread, its answers, and the order in which it takes them."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.planes import SlicePlane
    from napari_sam_med.core.ports import Capabilities, Segmenter
    from napari_sam_med.core.prompts import Prompts
    from napari_sam_med.session.targets import Target


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """Make ``name`` the model of all later requests; ``load`` may take long."""

    generation: int
    name: str
    load: Callable[[], Segmenter]


@dataclass(frozen=True, slots=True, eq=False)
class Predict:
    """Answer prompts on a slice; replaces an older request that has not started."""

    generation: int
    target: Target
    plane: SlicePlane
    prompts: Prompts


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """Embed slices across an axis, nearest to this one first; replaces an older one.

    ``slices`` are the numbers of those that are wanted; None stands for all.
    """

    generation: int
    target: Target
    plane: SlicePlane
    slices: range | None = None


@dataclass(frozen=True, slots=True)
class StopSweep:
    """Stop embedding ahead, after the slice that is being embedded."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Anything else that must not block the caller; all tasks run, in order.

    ``call`` is given the model that is loaded, or None.
    """

    name: str
    call: Callable[[Segmenter | None], object]


Request = Load | Predict | Sweep | StopSweep | Task


@dataclass(frozen=True, slots=True)
class Started:
    """The thread has begun something that may take long."""

    generation: int
    what: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model is ready."""

    generation: int
    name: str
    sha256: str
    capabilities: Capabilities
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """Candidates in the slice's own pixels; ``seconds_embed`` is 0 from the cache."""

    generation: int
    plane: SlicePlane
    candidates: Candidates
    seconds_embed: float
    seconds_predict: float


@dataclass(frozen=True, slots=True)
class SweepStep:
    """One more slice is embedded; ``stopped`` says why no other will follow."""

    generation: int
    done: int
    total: int
    seconds_left: float
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """A task has ended; ``value`` is what it returned."""

    name: str
    value: object


@dataclass(frozen=True, slots=True)
class Failed:
    """A request that could not be answered, and why, in one sentence.

    ``expected`` is False for an error that this package did not raise on purpose.
    """

    generation: int
    what: str
    message: str
    expected: bool = True


Answer = Started | Loaded | Predicted | SweepStep | Done | Failed


class JobQueue:
    """What the model thread takes next: load, predict, tasks, then a sweep's step.

    A new ``Load``, ``Predict`` or ``Sweep`` replaces an older one that waits. A sweep
    stays and is taken again and again, one slice each time, until it is dropped, so
    that everything else gets in between two slices.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._load: Load | None = None
        self._predict: Predict | None = None
        self._tasks: deque[Task] = deque()
        self._sweep: Sweep | None = None
        self._closed = False

    def put(self, request: Request) -> None:
        """Add a request, from any thread."""
        with self._condition:
            match request:
                case Load():
                    self._load = request
                case Predict():
                    self._predict = request
                case Sweep():
                    self._sweep = request
                case StopSweep():
                    self._sweep = None
                case Task():
                    self._tasks.append(request)
            self._condition.notify()

    def take(self) -> Load | Predict | Task | Sweep | None:
        """Wait for what is next; None once the queue is closed."""
        with self._condition:
            self._condition.wait_for(self._has_any)
            return None if self._closed else self._next()

    def drop(self, sweep: Sweep) -> None:
        """Take a sweep off the queue, if it has not been replaced."""
        with self._condition:
            if self._sweep is sweep:
                self._sweep = None

    def has_newer_prediction(self) -> bool:
        """Whether a prediction waits, so that an older one need not be finished."""
        with self._condition:
            return self._predict is not None

    @property
    def is_closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed

    def close(self) -> None:
        """Forget what waits and let ``take`` return None from now on."""
        with self._condition:
            self._closed = True
            self._condition.notify()

    def _has_any(self) -> bool:
        single = (self._load, self._predict, self._sweep)
        return self._closed or bool(self._tasks) or any(j is not None for j in single)

    def _next(self) -> Load | Predict | Task | Sweep | None:
        if self._load is not None:
            load, self._load = self._load, None
            return load
        if self._predict is not None:
            predict, self._predict = self._predict, None
            return predict
        return self._tasks.popleft() if self._tasks else self._sweep
