"""Requests to the threads that work, and their answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam_med.errors import SamMedError
from napari_sam_med.session.kinds.questions import ObjectQuestion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.planes import SlicePlane
    from napari_sam_med.core.ports import Capabilities
    from napari_sam_med.core.prompts import Prompts
    from napari_sam_med.propagation.propagated_masks import SliceMask
    from napari_sam_med.propagation.propagation_settings import (
        PropagationSettings,
        SliceGiven,
    )
    from napari_sam_med.session.background.model_service import ModelSource
    from napari_sam_med.session.kinds.start_masks import StartMask
    from napari_sam_med.session.prompt_image import PromptImage


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """Make this the model of all later requests; loading may take long."""

    generation: int
    source: ModelSource


@dataclass(frozen=True, slots=True, eq=False)
class Predict:
    """Answer prompts on a slice; replaces an older request that has not started.

    Parameters
    ----------
    generation : int
        Comes back with the answer.
    image, plane : PromptImage, SlicePlane
        The slice.
    prompts, start, corrects : Prompts, StartMask or None, bool
        About an object, as in ``ObjectQuestion``.
    others : tuple of ObjectQuestion
        About further objects, answered in the same batch.
    """

    generation: int
    image: PromptImage
    plane: SlicePlane
    prompts: Prompts
    start: StartMask | None = None
    corrects: bool = False
    others: tuple[ObjectQuestion, ...] = ()

    @property
    def question(self) -> ObjectQuestion:
        """What is asked about the first object."""
        return ObjectQuestion(self.prompts, self.start, self.corrects)


@dataclass(frozen=True, slots=True, eq=False)
class Precompute:
    """Embed slices across an axis, nearest to this one first; replaces an older one.

    ``slices`` are the numbers of those that are wanted; None stands for all.
    """

    generation: int
    image: PromptImage
    plane: SlicePlane
    slices: range | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Prefetch:
    """Embed what is asked about next, while nobody asks for anything else.

    Every other request of this user ends it, and all other work comes before it. It
    is answered by nothing.

    Parameters
    ----------
    image, plane : PromptImage, SlicePlane
        The slice that is shown.
    around : int
        Number of its neighbours on each side to embed.
    correction : Prompts or None
        What a click that corrects the answer on the slice would bring but for its own
        point: a model that looks at crops embeds them.
    """

    image: PromptImage
    plane: SlicePlane
    around: int
    correction: Prompts | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Propagate:
    """Follow an object from slice to slice; replaces an older request of its kind.

    Parameters
    ----------
    generation : int
        Comes back with each slice.
    image : PromptImage
        The volume, and the window that it is seen through.
    given : mapping of int to Prompts or (H, W) bool
        What is known of the object, by slice.
    settings : PropagationSettings
        Axis, method, limits and stop rule.
    """

    generation: int
    image: PromptImage
    given: Mapping[int, SliceGiven]
    settings: PropagationSettings


@dataclass(frozen=True, slots=True)
class StopPropagate:
    """Follow no further, after the slice in work."""


@dataclass(frozen=True, slots=True)
class StopPrecompute:
    """Stop embedding ahead, after the slice that is being embedded."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Anything that needs no model and must not block the caller.

    Parameters
    ----------
    name : str
        Comes back with the answer. A task replaces an older one of its name that has
        not started, unless it must finish.
    call : callable
        Does it.
    must_finish : bool
        Whether it is done even if its dock is closed, such as saving.
    """

    name: str
    call: Callable[[], object]
    must_finish: bool = False


Request = (
    Load | Predict | Precompute | StopPrecompute | Prefetch | Propagate | StopPropagate
)


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
    """Candidates in the slice's own pixels; ``seconds_embed`` is 0 from the cache.

    ``others`` answers the questions about further objects.
    """

    generation: int
    plane: SlicePlane
    candidates: Candidates
    seconds_embed: float
    seconds_predict: float
    others: tuple[Candidates, ...] = ()


@dataclass(frozen=True, slots=True)
class PrecomputeStep:
    """One more slice is embedded; ``stopped`` says why no other will follow."""

    generation: int
    done: int
    total: int
    seconds_left: float
    stopped: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class PropagateStep:
    """One more slice of an object; None once there is no other."""

    generation: int
    slice: SliceMask | None


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


Answer = Started | Loaded | Predicted | PrecomputeStep | PropagateStep | Done | Failed


def failure_of(what: str, generation: int, error: Exception) -> Failed:
    """Put an error into one sentence."""
    if isinstance(error, SamMedError):
        return Failed(generation, what, str(error))
    message = f"{type(error).__name__}: {error}"
    return Failed(generation, what, message, expected=False)
