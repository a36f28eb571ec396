"""Locks in Labels layers that are drawn on while masks go to another layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils.events import Event

from napari_sam_med.gui.labels.brush_strokes import (
    BrushStrokes,
    Stroke,
    UnheardStrokes,
    edits_of,
    end_stroke,
    tell_of_locked,
)
from napari_sam_med.gui.labels.layer_lists import LayerLists
from napari_sam_med.gui.labels.object_looks import ObjectLooks
from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.gui.shared.later import soon
from napari_sam_med.gui.shared.notes import tell_in_viewer
from napari_sam_med.gui.shared.own_keys import FollowedKeys
from napari_sam_med.gui.shared.viewer_watch import LayerWatch
from napari_sam_med.session.histories.object_notes import ObjectNotes
from napari_sam_med.session.labelling.label_edits import LabelEdit
from napari_sam_med.session.status import Phase, Status, told_refused


class LockGuard:
    """Takes back what brush, undo and redo of napari do to locked objects.

    Of the layer that masks go to, ``LabelsWriter`` does that. Strokes end when another
    layer becomes active: napari would leave them open, and tell of them much later.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers.
    lists : LayerLists
        Knows the viewer's Labels layers.
    looks : ObjectLooks
        Knows what is locked.
    changed : callable
        Called after a layer was drawn on.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        lists: LayerLists,
        looks: ObjectLooks,
        changed: Callable[[], None],
    ) -> None:
        self._active = viewer.layers.selection.events.active
        self._lists, self._looks, self._changed = lists, looks, changed
        self._guarded: dict[str, GuardedLabels] = {}
        self._unheard = UnheardStrokes()

    def follow(self, written: Labels | None) -> None:
        """Look after all Labels layers but the one that masks go to."""
        self._active.connect(self._on_active)  # once, however often it is asked for
        others = {
            place_of(each): each for each in self._lists.labels() if each is not written
        }
        for place in self._guarded.keys() - others.keys():
            self._guarded.pop(place).close()
        for place, layer in others.items():
            self._looks.learn(layer)
            if place not in self._guarded:
                drawn = self._unheard.take(layer)
                self._guarded[place] = GuardedLabels(
                    layer,
                    self._looks.notes,
                    self._lists.is_current,
                    self._changed,
                    drawn,
                )
        self._unheard.leave(())

    def close(self) -> None:
        """Look after none."""
        self._unheard.leave(self._lists.labels())
        self._active.disconnect(self._on_active)
        while self._guarded:
            self._guarded.popitem()[1].close()

    def _on_active(self, event: Event) -> None:
        for each in self._lists.labels():
            if each is not event.value:
                end_stroke(each)


class GuardedLabels:
    """One layer whose locked objects stay what they are.

    Parameters
    ----------
    layer : Labels
        Masks go to another one.
    notes : ObjectNotes
        What is locked.
    is_here : callable
        Whether keys that are pressed now are meant for this viewer.
    changed : callable
        Called after the layer was drawn on.
    drawn : sequence of strokes
        Those from while the dock was closed, over locked objects too.
    """

    def __init__(
        self,
        layer: Labels,
        notes: ObjectNotes,
        is_here: Callable[[], bool],
        changed: Callable[[], None],
        drawn: Sequence[Stroke] = (),
    ) -> None:
        self._layer, self._notes, self._drawn = layer, notes, drawn
        self._changed = changed
        self._strokes = BrushStrokes()
        self._watch = LayerWatch(
            {"paint": self._on_painted, "data": self._strokes.forget}
        )
        self._watch.watch(layer)
        self._keys = FollowedKeys(is_here)
        self._keys.set(
            {
                "Control-Z": partial(self._step, layer.undo),
                "Control-Shift-Z": partial(self._step, layer.redo),
            }
        )
        self._keys.follow(layer)
        if drawn:
            notes.count_stroke(place_of(layer))
            tell_of_locked(layer, edits_of(layer, drawn), self._locked)

    def close(self) -> None:
        """Leave the layer alone."""
        self._watch.watch(None)
        self._keys.follow(None)

    @property
    def _locked(self) -> frozenset[int]:
        in_memory = isinstance(self._layer.data, np.ndarray)
        return self._notes.locked(place_of(self._layer)) if in_memory else frozenset()

    def _on_painted(self, event: Event) -> None:
        """Look now and in the next turn: napari tells of polygons before it fills."""
        self._count()
        if self._locked:
            self._strokes.tell(event.value)
            self._take_back()
            soon(self._take_late)

    def _count(self) -> None:
        self._notes.count_stroke(place_of(self._layer))
        self._changed()

    def _take_late(self) -> None:
        self._take_back()
        self._strokes.forget()

    def _take_back(self) -> None:
        _, refused = self._strokes.stroke(self._layer, self._locked)
        self._tell(refused)

    def _step(self, step: Callable[[], None]) -> None:
        """Let napari go a step back or forward, but for what is locked."""
        before = len(self._layer._undo_history)  # noqa: SLF001  # no public one
        self._guarded_step(step)
        if len(self._layer._undo_history) != before:  # noqa: SLF001
            self._count()

    def _guarded_step(self, step: Callable[[], None]) -> None:
        locked, past = list(self._locked), self._layer._undo_history  # noqa: SLF001
        is_unguarded = bool(past) and any(past[-1] is each for each in self._drawn)
        if not locked or (is_unguarded and step == self._layer.undo):
            step()
            return
        old: npt.NDArray[np.integer] = self._layer.data.copy()
        step()
        new = self._layer.data
        start = (0,) * new.ndim
        box = LabelEdit.between("", old, new, start, new.shape).box
        was, now = old[box], new[box]
        wrong = (was != now) & (np.isin(was, locked) | np.isin(now, locked))
        if wrong.any():
            now[wrong] = was[wrong]
            self._layer.refresh(extent=False)
        self._tell(int(wrong.sum()))

    def _tell(self, refused: int) -> None:
        if refused:
            told = told_refused(refused, self._layer.name)
            tell_in_viewer(Status(Phase.ERROR, told))
