"""What is said of the objects of Labels layers, whichever image is prompted."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from napari_sam_med.session.histories.history import Histories, History
from napari_sam_med.session.histories.relabellings import Relabellings
from napari_sam_med.session.objects import (
    MaskPlace,
    MaskSource,
    NoteChanges,
    ObjectEntry,
    SessionState,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Key = TypeVar("Key")
Value = TypeVar("Value")


class ObjectNotes:
    """Owns names, colours, locks and sources, which several histories share.

    They belong to Labels layers. Images that write into one layer, and time points of
    an image, have histories of their own, but a lock holds in all of them, in each
    viewer that shows the layer.
    """

    def __init__(self) -> None:
        self._objects: Mapping[tuple[str, int], ObjectEntry] = {}
        self._sources: Mapping[MaskPlace, MaskSource] = {}
        self._steps: Counter[str] = Counter()
        self.relabellings = Relabellings()
        self.n_strokes = 0
        """How often napari drew into layers that no history keeps the strokes of."""

    def brought_to(self, state: SessionState) -> SessionState:
        """Give a state with what is said now; itself if that is in it."""
        if state.objects is self._objects and state.sources is self._sources:
            return state
        return replace(state, objects=self._objects, sources=self._sources)

    def locked(self, place: str) -> frozenset[int]:
        """The locked objects of a Labels layer."""
        return SessionState(objects=self._objects).locked(place)

    def holds_work(self, place: str) -> bool:
        """Whether steps that stand have changed a Labels layer, or what is said there.

        What ``learn`` took over is no work of a person.
        """
        return self._steps[place] > 0

    def count(self, state: SessionState, by: int = 1) -> None:
        """Count the step that led to a state, or with -1 count it no more."""
        places = {each.place for each in state.made}
        places |= {place for (place, _), _, _ in state.said.objects}
        places |= {here.place for here, _, _ in state.said.sources}
        self._steps.update(dict.fromkeys(places, by))

    def count_stroke(self, place: str) -> None:
        """Count what napari drew into a layer that no history keeps the strokes of."""
        self._steps[place] += 1
        self.n_strokes += 1

    def learn(
        self, place: str, changed: Mapping[int, tuple[ObjectEntry, ObjectEntry]]
    ) -> None:
        """Take over what was said of a Labels layer elsewhere, before and now.

        It is no step that is taken back.
        """
        objects = dict(self._objects)
        for label, (before, after) in changed.items():
            entry = objects.pop((place, label), ObjectEntry())
            entry = replace(entry, **_differing(before, after))
            if entry != ObjectEntry():
                objects[place, label] = entry
        self._objects = objects

    def take(self, state: SessionState) -> NoteChanges:
        """Take over what a new state says, and tell what it changes."""
        objects = _changes(self._objects, state.objects)
        sources = _changes(self._sources, state.sources)
        self._objects, self._sources = state.objects, state.sources
        none = ObjectEntry()
        entries = tuple((key, old or none, new or none) for key, old, new in objects)
        return NoteChanges(entries, tuple(sources))

    def apply(self, changes: NoteChanges) -> None:
        """Make changes again, but for what was changed otherwise since."""
        if changes.objects:
            objects = dict(self._objects)
            for key, before, after in changes.objects:
                entry = _moved(objects.pop(key, ObjectEntry()), before, after)
                if entry != ObjectEntry():
                    objects[key] = entry
            self._objects = objects
        if changes.sources:
            sources = dict(self._sources)
            for here, old, new in changes.sources:
                if sources.get(here) != old:
                    continue
                sources.pop(here, None)
                if new is not None:
                    sources[here] = new
            self._sources = sources


class NotedHistory(History[SessionState]):
    """The history of an image, of which what is said of objects is shared with others.

    Parameters
    ----------
    notes : ObjectNotes
        What is said; a step back takes back only what that step has changed.
    """

    def __init__(self, notes: ObjectNotes) -> None:
        super().__init__(SessionState())
        self._notes = notes

    @property
    def present(self) -> SessionState:
        """The state that counts now, with what was said in other histories since."""
        self.amend(self._notes.brought_to(super().present))
        return super().present

    def push(self, state: SessionState) -> None:
        """Make a new state the present one; what was undone is gone."""
        state = replace(state, said=self._notes.take(state))
        state = self._notes.relabellings.numbered(state)
        self._notes.relabellings.add(state)
        self._notes.count(state)
        super().push(state)

    def undo(self) -> SessionState | None:
        """Go one state back and return it; None if there is none."""
        gone = super().present
        if super().undo() is None:
            return None
        self._notes.relabellings.drop(gone)
        self._notes.count(gone, -1)
        self._notes.apply(gone.said.reversed)
        return self.present

    def redo(self) -> SessionState | None:
        """Go one state forward again and return it; None if there is none."""
        state = super().redo()
        if state is None:
            return None
        self._notes.relabellings.add(state)
        self._notes.count(state)
        self._notes.apply(state.said)
        return self.present


class NotedHistories(Histories[SessionState]):
    """Histories of images that share what is said of objects.

    Parameters
    ----------
    notes : ObjectNotes
        What is said.
    """

    def __init__(self, notes: ObjectNotes) -> None:
        super().__init__(partial(NotedHistory, notes))
        self.notes = notes

    def noted(self, state: SessionState, time: int | None) -> SessionState:
        """Give a state as it is saved, see ``Relabellings.noted``."""
        return self.notes.relabellings.noted(state, time)


def _changes(
    before: Mapping[Key, Value], after: Mapping[Key, Value]
) -> list[tuple[Key, Value | None, Value | None]]:
    if before is after:
        return []
    keys = before.keys() | after.keys()
    found = ((key, before.get(key), after.get(key)) for key in keys)
    return [each for each in found if each[1] is not each[2] and each[1] != each[2]]


def _moved(entry: ObjectEntry, before: ObjectEntry, after: ObjectEntry) -> ObjectEntry:
    """Change what differs from before to after, where it still is as before."""
    changed = _differing(before, after)
    still = {k for k in changed if getattr(entry, k) == getattr(before, k)}
    return replace(entry, **{k: changed[k] for k in still})


def _differing(before: ObjectEntry, after: ObjectEntry) -> dict[str, Any]:
    """Give what is said otherwise after than before."""
    said = {each.name: getattr(after, each.name) for each in fields(ObjectEntry)}
    return {k: value for k, value in said.items() if value != getattr(before, k)}
