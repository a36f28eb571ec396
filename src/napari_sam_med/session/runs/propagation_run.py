"""A propagation as the session sees it: a preview until it is accepted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_sam_med.session.background.messages import (
    Failed,
    Propagate,
    PropagateStep,
    StopPropagate,
)
from napari_sam_med.session.objects import EDITED, PROMPTED, MaskPlace, MaskSource
from napari_sam_med.session.runs.generations import Generations
from napari_sam_med.session.status import Phase, Status, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from napari_sam_med.propagation.propagated_masks import SliceMask
    from napari_sam_med.propagation.propagation_settings import (
        PropagationSettings,
        SliceGiven,
    )
    from napari_sam_med.session.background.messages import Request
    from napari_sam_med.session.objects import SessionState
    from napari_sam_med.session.prompt_image import PromptImage

KIND = "propagate"
OWN = frozenset({PROMPTED, EDITED})
"""Masks that a person made or corrected; nothing else overwrites them."""


@dataclass(frozen=True, slots=True, eq=False)
class PropagationTarget:
    """What a propagation is of.

    Parameters
    ----------
    image : PromptImage
        The volume.
    label : int
        The object.
    settings : PropagationSettings
        Axis, method and limits.
    time : int or None
        Time point, of an image that has several.
    """

    image: PromptImage
    label: int
    settings: PropagationSettings
    time: int | None = None


class PropagationRun:
    """Asks for a propagation and keeps its slices until they are accepted or dropped.

    Parameters
    ----------
    post : callable
        Takes each request for the model thread.
    """

    def __init__(self, post: Callable[[Request], None]) -> None:
        self._post, self._generations = post, Generations()
        self.target: PropagationTarget | None = None
        self.slices: dict[int, SliceMask] = {}
        self.is_running = False

    @property
    def waits(self) -> bool:
        """Whether there is a preview to accept or to drop."""
        return bool(self.slices) and not self.is_running

    def start(self, target: PropagationTarget, given: Mapping[int, SliceGiven]) -> None:
        """Begin anew; an older preview is dropped."""
        self.drop()
        self.target, self.is_running = target, True
        generation = self._generations.next(KIND)
        self._post(Propagate(generation, target.image, given, target.settings))

    def stop(self) -> None:
        """Follow no further; what is there stays as a preview."""
        if self.is_running:
            self._generations.next(KIND)
            self.is_running = False
            self._post(StopPropagate())

    def drop(self) -> None:
        """Throw away what is there."""
        self.stop()
        self.target, self.slices = None, {}

    def take(self, answer: PropagateStep | Failed) -> Status | None:
        """Take one more slice, the end or a failure; None if it came too late."""
        if not self._generations.is_wanted(KIND, answer.generation):
            return None
        if isinstance(answer, Failed):
            self.is_running = False
            return Status(Phase.ERROR, answer.message)
        if answer.slice is None:
            self.is_running = False
            return Status(Phase.READY, told_of_slices(self.slices.values()))
        self.slices[answer.slice.index] = answer.slice
        so_far = counted(len(self.slices), "slice")
        return Status(Phase.BUSY, f"Slice {answer.slice.index}: {so_far} so far")


def told_of_slices(slices: Iterable[SliceMask]) -> str:
    """Say how many slices were found, and which one to look at first."""
    found = [each for each in slices if each.area_px]
    if not found:
        return "Nothing was found; give another prompt"
    indices = [each.index for each in found]
    them, told = "it", f"Slice {indices[0]} alone"
    if len(found) > 1:
        count = counted(len(found), "slice")
        them, told = "them", f"{count}, {min(indices)} to {max(indices)}"
    followed = [each for each in found if each.origin != PROMPTED]
    if followed:  # what was prompted has a score of its own, in the table of objects
        low = min(followed, key=lambda each: each.score)
        score = f"{low.score:.2f} on slice {low.index}"
        told += f"; lowest score among those followed {score}"
    return f"{told}. Accept {them} or discard {them}"


def what_is_lost(slices: Mapping[int, SliceMask]) -> str:
    """Name what goes if a propagation is dropped."""
    found = sum(1 for each in slices.values() if each.area_px)
    plural = "" if found == 1 else "s"
    return f"the preview of {found} slice{plural}" if found else "the propagation"


def kept_slices(
    state: SessionState, place: str, label: int, axis: int, time: int | None
) -> set[int]:
    """List the slices of an object that a person made or corrected."""
    return {
        key.index
        for key, source in state.sources.items()
        if source.origin in OWN
        and (key.place, key.label, key.axis, key.time) == (place, label, axis, time)
    }


def followed_slices(
    state: SessionState, place: str, label: int, axis: int, time: int | None
) -> set[int]:
    """List the slices of an object that an earlier propagation wrote."""
    return {
        key.index
        for key, source in state.sources.items()
        if source.origin not in OWN
        and (key.place, key.label, key.axis, key.time) == (place, label, axis, time)
    }


def propagated(
    state: SessionState,
    place: str,
    target: PropagationTarget,
    written: Mapping[int, SliceMask],
    cleared: Iterable[int],
) -> SessionState:
    """Give the state after a propagation was accepted; its prompts have served.

    Parameters
    ----------
    state : SessionState
        The one before.
    place : str
        The label array.
    target : PropagationTarget
        What was followed.
    written : mapping of int to SliceMask
        Slices that were written.
    cleared : iterable of int
        Slices of an earlier propagation that hold nothing any more.
    """
    axis, sources = target.settings.axis, dict(state.sources)
    prompts, here = state.prompts, partial_place(place, target)
    for index in cleared:
        sources.pop(replace(here, index=index), None)
    for index, each in written.items():
        sources[replace(here, index=index)] = MaskSource(each.score, str(each.origin))
        if each.origin == PROMPTED:
            prompts = prompts.without(target.image.plane(axis, index))
    return replace(state, prompts=prompts, sources=sources)


def partial_place(place: str, target: PropagationTarget) -> MaskPlace:
    """Name slice 0 of what a propagation writes; the others differ by their index."""
    return MaskPlace(place, target.label, target.settings.axis, 0, target.time)
