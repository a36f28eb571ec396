"""Brush, fill and eraser of napari, as steps of the session's history."""

from __future__ import annotations

import weakref
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.layers import Labels

from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.gui.shared.notes import tell_in_viewer
from napari_sam_med.session.labelling.label_edits import LabelEdit
from napari_sam_med.session.status import Phase, Status, told_unguarded

Box = tuple[slice, ...]
Stroke = Sequence[Sequence[Any]]
"""Its parts, as napari's history holds them."""


class BrushStrokes:
    """Finds what a person drew into a Labels layer since the last look.

    napari tells of a stroke as a list of what its own history keeps: where, which
    voxels of it (not in releases before 0.9), their labels before, and the label after.
    """

    def __init__(self) -> None:
        self._told: list[Sequence[Any]] = []

    def forget(self) -> None:
        """Look at another layer from now on, or at another array."""
        self._told = []

    def tell(self, parts: Sequence[Sequence[Any]]) -> None:
        """Take what napari tells of a stroke; it may be about to draw it."""
        self._told += parts

    def stroke(self, layer: Labels, locked: Iterable[int]) -> tuple[LabelEdit, int]:
        """Find what was drawn, and take back what was drawn on locked objects.

        Parameters
        ----------
        layer : Labels
            The layer that strokes were told of.
        locked : iterable of int
            Labels that neither lose nor gain voxels.

        Returns
        -------
        LabelEdit
            What stays drawn; its count is 0 if there is nothing, or not yet.
        int
            Number of voxels that were taken back.
        """
        shape, place, shut = layer.data.shape, place_of(layer), list(locked)
        box = _box_round([_box_of(part, shape) for part in self._told], shape)
        start = tuple(each.start for each in box)
        new = layer.data[box]
        old = _before(self._told, new, start)
        drawn = LabelEdit.between(place, old, new, start, shape)
        if drawn.count == 0:
            return drawn, 0
        self.forget()
        wrong = (old != new) & (np.isin(old, shut) | np.isin(new, shut))
        if wrong.any():
            new[wrong] = old[wrong]
            layer.refresh(extent=False)
            drawn = LabelEdit.between(place, old, new, start, shape)
        return drawn, int(wrong.sum())


class UnheardStrokes:
    """Finds what is drawn while the dock is closed, in napari's own history.

    That history holds the last 100; older ones stay drawn, and are no steps of ours.
    """

    def __init__(self) -> None:
        self._left: dict[str, tuple[weakref.ref[Any], list[Sequence[Any]]]] = {}
        self._unguarded: set[LabelEdit] = set()

    def leave(self, layers: Iterable[Labels]) -> None:
        """Note how far the histories of layers are, and forget all others."""
        self._left = {
            place_of(each): (weakref.ref(each.data), _parts_of(each))
            for each in layers
            if isinstance(each.data, np.ndarray)
        }

    def take(self, layer: Labels) -> list[Stroke]:
        """Give the strokes since ``leave`` that stand, the first one first, once.

        There are none if the layer holds another array now.
        """
        array, known = self._left.pop(place_of(layer), (None, []))
        if array is None or array() is not layer.data:
            return []
        # undo and redo of napari make new lists of the same parts
        old = {id(part) for part in known}
        strokes = layer._undo_history  # noqa: SLF001  # no public one
        return [each for each in strokes if not old & {id(part) for part in each}]

    def steps(self, layer: Labels, locked: Collection[int]) -> list[LabelEdit]:
        """Give what each of these strokes changed, and tell of locked objects."""
        edits = [each for each in edits_of(layer, self.take(layer)) if each.count]
        self._unguarded |= tell_of_locked(layer, edits, locked)
        return edits

    def guarded(self, edits: Iterable[LabelEdit]) -> list[LabelEdit]:
        """Leave out ``steps`` that changed locked objects: they may go back."""
        return [each for each in edits if each not in self._unguarded]


def tell_of_locked(
    layer: Labels, edits: Sequence[LabelEdit], locked: Collection[int]
) -> set[LabelEdit]:
    """Say how much of strokes lies on locked objects, and which; all stay drawn."""
    counts = {each: each.count_of(locked) for each in edits}
    changed = sum(counts.values())
    if changed:
        told = told_unguarded(changed, layer.name)
        tell_in_viewer(Status(Phase.ERROR, told))
    return {each for each in edits if counts[each]}


def edits_of(layer: Labels, strokes: Sequence[Stroke]) -> list[LabelEdit]:
    """Say what each of the last strokes changed, though others were drawn over it.

    Parameters
    ----------
    layer : Labels
        The layer.
    strokes : sequence of strokes
        As napari's history holds them, the first one first.
    """
    shape, place = layer.data.shape, place_of(layer)
    boxes = [_box_round([_box_of(p, shape) for p in each], shape) for each in strokes]
    whole = _box_round(boxes, shape)
    now, found = layer.data[whole].copy(), []
    for stroke, box in zip(reversed(strokes), reversed(boxes), strict=True):
        start = tuple(each.start for each in box)
        part = tuple(
            slice(each.start - all_.start, each.stop - all_.start)
            for each, all_ in zip(box, whole, strict=True)
        )
        old = _before(stroke, now[part], start)
        found.append(LabelEdit.between(place, old, now[part], start, shape))
        now[part] = old
    return found[::-1]


def end_stroke(layer: Labels) -> None:
    """End a stroke that napari leaves open: its mouse went to another layer meanwhile.

    The next stroke would be mixed up with it in napari's history.
    """
    ring = layer._overlays.get("brush_stroke")  # noqa: SLF001  # napari 0.9
    if ring is not None and ring.active:
        ring.active = False
        layer._commit_stroke()  # noqa: SLF001
        return
    drags = tuple(layer._mouse_drag_gen.values())  # noqa: SLF001  # no public one
    if not drags or any(each.gi_running for each in drags):
        return
    for each in drags:
        each.close()
    with layer.block_history():
        pass  # napari tells at its end of what it has gathered


def _box_of(part: Sequence[Any], shape: tuple[int, ...]) -> Box:
    """Find the voxels that a part of a stroke lies among."""
    return tuple(
        slice(*each.indices(n)[:2])
        if isinstance(each, slice)
        else slice(int(np.min(each)), int(np.max(each)) + 1)
        for each, n in zip(part[0], shape, strict=True)
    )


def _box_round(boxes: Sequence[Box], shape: tuple[int, ...]) -> Box:
    """Join boxes; without any it is empty."""
    if not boxes:
        return (slice(0, 0),) * len(shape)
    return tuple(
        slice(min(each.start for each in along), max(each.stop for each in along))
        for along in zip(*boxes, strict=True)
    )


def _before(
    parts: Sequence[Sequence[Any]],
    now: npt.NDArray[np.integer],
    start: tuple[int, ...],
) -> npt.NDArray[np.integer]:
    """Take parts of a stroke back, the last first, in a copy of their box."""
    old = now.copy()
    for part in reversed(parts):
        where = tuple(
            slice((each.start or 0) - low, each.stop and each.stop - low)
            if isinstance(each, slice)
            else np.asarray(each) - low
            for each, low in zip(part[0], start, strict=True)
        )
        if len(part) == 4 and part[1] is not None:
            old[where][part[1]] = part[2]
        else:
            old[where] = part[-2]
    return old


def _parts_of(layer: Labels) -> list[Sequence[Any]]:
    strokes = (*layer._undo_history, *layer._redo_history)  # noqa: SLF001
    return [part for stroke in strokes for part in stroke]
