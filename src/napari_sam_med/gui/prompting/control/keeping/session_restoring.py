"""Puts a saved session back into the viewer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from napari.layers import Image, Labels

from napari_sam_med.errors import FileReadError
from napari_sam_med.gui.labels.label_layers import (
    grid_difference,
    is_writable,
    labels_like,
    widen_for,
)
from napari_sam_med.gui.labels.layer_edits import labels_zyx, part_change
from napari_sam_med.gui.labels.layer_lists import NEW_LABELS
from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.prompting.control.steps_elsewhere import push_at
from napari_sam_med.gui.prompting.shown_image import TIME_MARK
from napari_sam_med.gui.shared.later import paint_in_next_turn
from napari_sam_med.gui.shared.own_layers import add_quietly
from napari_sam_med.session.labelling.label_edits import LabelEdit
from napari_sam_med.session.object_steps import called
from napari_sam_med.session.objects import SessionState
from napari_sam_med.session.replay import SavedTime
from napari_sam_med.session.saved_session import (
    KINDS,
    SavedLabels,
    SavedSession,
    SavedWork,
)
from napari_sam_med.session.session_states import entry_from, state_from

NOT_KEPT = "the session was kept without them"
Works = list[tuple[int | None, SavedWork]]
"""What was kept of a layer, by time points."""


@dataclass(frozen=True, slots=True, eq=False)
class RestorePlan:
    """Where saved work may go, before its labels are looked at.

    Parameters
    ----------
    image : Image
        The image's layer.
    times : sequence of SavedTime
        Of this very image, the time point first that was shown.
    own : mapping of str to Labels
        Layers that are there and may take it, by the saved keys.
    whys : mapping of str to str
        Why other layers may not.
    mark : object
        Equal to itself until work goes on.
    """

    image: Image
    times: Sequence[SavedTime]
    own: Mapping[str, Labels]
    whys: Mapping[str, str]
    mark: object

    @classmethod
    def of(cls, parts: DockParts, times: Sequence[SavedTime]) -> RestorePlan:
        """Find layers that are there for time points; others become new layers.

        Raises
        ------
        FileReadError
            If there is no image.
        """
        image = parts.image
        if image is None:
            msg = "a session goes on its image; open that first"
            raise FileReadError(msg)
        own: dict[str, Labels] = {}
        whys: dict[str, str] = {}
        written = times[0].session.layer
        for key, works in _works_of(times).items():
            name = works[0][1].layer.name
            layer = _candidate(parts, image, (key, name), is_written=key == written)
            if layer is not None:
                whys[key] = _why_not(parts, image, layer, works)
                if not whys[key]:
                    own[key] = layer
        return cls(image, times, own, whys, _mark(parts, own))

    def holds(self, parts: DockParts) -> bool:
        """Whether all is as it was."""
        return self.mark == _mark(parts, self.own)


@dataclass(frozen=True, slots=True, eq=False)
class RestoredWork:
    """Saved work with its labels, which new layers hold already.

    Parameters
    ----------
    plan : RestorePlan
        What was asked for.
    layers : mapping of str to Labels
        Where it goes, by the saved keys.
    why_new : mapping of str to str
        Why a layer is new though another one might have taken its labels.
    made : sequence of list of LabelEdit
        For each time point, what changes; in layers that are there, not yet.
    left_out : list of str
        Which labels are left out, and why.
    present : mapping of str to set of int
        Labels that change, by the places of their layers.
    """

    plan: RestorePlan
    layers: Mapping[str, Labels]
    why_new: Mapping[str, str]
    made: Sequence[list[LabelEdit]]
    left_out: list[str]
    present: Mapping[str, set[int]]

    @classmethod
    def of(cls, plan: RestorePlan) -> RestoredWork:
        """Unpack all labels: takes 0.2 s for 26 million voxels, on another thread."""
        layers: dict[str, Labels] = {}
        why_new = {key: why for key, why in plan.whys.items() if why}
        for key, works in _works_of(plan.times).items():
            own = plan.own.get(key)
            if own is not None and _holds_labels(own, works):
                why_new[key] = f"{own.name} holds labels at that time point already"
                own = None
            layers[key] = _new_layer(plan.image, works) if own is None else own
        new = {place_of(v) for k, v in layers.items() if v is not plan.own.get(k)}
        made, left_out = [], list[str]()
        for time in plan.times:
            edits, missing = _made(time, layers, new)
            made.append(edits)
            left_out += [each for each in missing if each not in left_out]
        present: dict[str, set[int]] = {}
        for edit in (each for edits in made for each in edits):
            present.setdefault(edit.place, set()).update(edit.labels())
        return cls(plan, layers, why_new, made, left_out, present)

    @property
    def in_order(self) -> list[tuple[str, Labels]]:
        """Layers with their keys, the one that is written to at the end."""
        written = self.plan.times[0].session.layer
        return sorted(self.layers.items(), key=lambda each: each[0] == written)

    @property
    def new(self) -> list[Labels]:
        """Layers that were made for it."""
        own = list(self.plan.own.values())
        return [layer for _, layer in self.in_order if layer not in own]


def add_one(parts: DockParts, work: RestoredWork) -> bool:
    """Add a new layer, which takes 40 ms and should have its own turn; False if none.

    Nothing else is put back meanwhile.
    """
    missing = [each for each in work.new if each not in parts.viewer.layers]
    if missing:
        paint_in_next_turn(parts.view.window())
        add_quietly(parts.viewer, missing[0])
    return bool(missing)


def put_back(
    parts: DockParts,
    work: RestoredWork,
    show: Callable[[Labels, Collection[int]], None],
) -> str:
    """Take up a session on the image that is prompted, as one step of undo.

    Labels go into new layers, so that nothing that is open is overwritten; those of a
    time point into the layer that holds others of theirs, or is written to as theirs
    was, if it is empty there.

    Parameters
    ----------
    parts : DockParts
        What the dock's parts share.
    work : RestoredWork
        Its new layers have been added. Each time point becomes a step of its own
        history.
    show : callable
        Brings what is said of objects to a layer, given labels that it holds.

    Returns
    -------
    str
        Why labels are left out, or are in a new layer beside the one that is
        written to; empty if neither.

    Raises
    ------
    FileReadError
        If points and their labels are not as many.
    PromptError
        If prompts of a choice or a starting mask are damaged.
    """
    times, told = work.plan.times, list(work.left_out)
    places = {key: place_of(layer) for key, layer in work.layers.items()}
    # before anything is changed: a damaged one raises
    kept = [state_from(each.session, tuple(each.records), places) for each in times]
    # a new layer is called otherwise where one of its name is open
    states = [called(parts.lists.names, state) for state in kept]
    there = {place_of(each): each for each in work.plan.own.values()}
    for time, state, made in zip(times, states, work.made, strict=True):
        for edit in made:
            if edit.place in there:
                _make(there[edit.place], edit)
        _put_back_time(parts, time.session, state, made)
    _write_on(parts, work)
    for key, why in work.why_new.items():
        name = work.layers[key].name
        told.append(f"its labels are in the new layer {name}, since {why}")
    for layer in work.layers.values():
        show(layer, work.present.get(place_of(layer), ()))
    _show_window(parts, times[0].session)
    parts.list_layers()
    return "; ".join(told)


def _needs_layer(work: SavedWork) -> bool:
    return work.labels is not None or bool(work.objects)


def _works_of(times: Sequence[SavedTime]) -> dict[str, Works]:
    """Sort what needs a layer by the saved layers' keys."""
    found: dict[str, Works] = {}
    for each in times:
        for work in filter(_needs_layer, each.session.layers):
            at = (each.session.image.time, work)
            found.setdefault(work.layer.key, []).append(at)
    return found


def _mark(parts: DockParts, own: Mapping[str, Labels]) -> object:
    return parts.session.history_mark, [id(each.data) for each in own.values()]


def _candidate(
    parts: DockParts, image: Image, saved: tuple[str, str], *, is_written: bool
) -> Labels | None:
    """Give the layer with other time points of a saved one, or that is written to."""
    lists, (key, name) = parts.lists, saved
    layer = lists.find(lists.restored.get(key, ""))
    if layer is None:
        own = lists.labels_for(image) if is_written else None
        if own is not None and place_of(own) in lists.restored.values():
            own = None  # what went into several layers must not come into one
        alike = (each for each in lists.layers_of(image) if each.name == name)
        layer = next(alike, own)
    return layer if isinstance(layer, Labels) and layer.ndim == 4 else None


def _new_layer(image: Image, works: Works) -> Labels:
    layer = labels_like(image)
    layer.name = next((w.layer.name for _, w in works if w.layer.name), layer.name)
    for labels in (work.labels for _, work in works):
        if labels is not None and labels.dtype in KINDS:
            layer.data = layer.data.astype(labels.dtype)
            break
    return layer


def _why_not(parts: DockParts, image: Image, layer: Labels, works: Works) -> str:
    """Say why work cannot go into a layer; empty if it can."""
    state, place, name = parts.session.state, place_of(layer), layer.name
    difference = grid_difference(image, layer)
    if difference:
        return f"{name} lies on another grid than {image.name} ({difference})"
    if not is_writable(layer):
        return f"{name} is not an array in memory"
    for saved in (each for _, work in works for each in work.objects):
        if state.entry(place, saved.label).joined(entry_from(saved)) is None:
            return f"label {saved.label} has another name or colour in {name}"
    return ""


def _holds_labels(layer: Labels, works: Works) -> bool:
    """Whether a layer is not empty at one of the time points; takes 10 ms for each."""
    times = [time for time, _ in works]
    return any(time is None or np.any(labels_zyx(layer, time)) for time in times)


def _put_back_time(
    parts: DockParts,
    saved: SavedSession,
    state: SessionState,
    made: Sequence[LabelEdit],
) -> None:
    """Make a time point's work a step of its history."""
    session = parts.session
    prompted = session.image.place if session.image is not None else ""
    if saved.image.time is not None:
        prompted = f"{prompted.partition(TIME_MARK)[0]}{TIME_MARK}{saved.image.time}"
    kept = {each.place for each in made}  # none of masks that are not there
    state = replace(
        state, sources={k: v for k, v in state.sources.items() if k.place in kept}
    )
    before = session.state  # what is said at other times and of other layers stays
    said = {
        key: before.entry(*key).joined(entry) or entry
        for key, entry in state.objects.items()
    }
    state = replace(
        state,
        objects={**before.objects, **said},
        sources={**before.sources, **state.sources},
    )
    push_at(session, prompted, state, tuple(made))


def _made(
    time: SavedTime, layers: Mapping[str, Labels], new: Collection[str]
) -> tuple[list[LabelEdit], list[str]]:
    """Say what a time point's labels change, and what is left out; fill new layers."""
    saved = time.session
    made: list[LabelEdit] = []
    left_out: list[str] = []
    works = [each for each in saved.layers if _needs_layer(each)]
    kept = {each.layer.key for each in works}
    lost = {each.layer_key or saved.layer for each in time.records} - kept
    if lost and saved.layer not in kept:
        left_out.append(f"labels are left out, since {NOT_KEPT}")
    for work in works:
        layer = layers[work.layer.key]
        which = f"labels of {layer.name}" if len(works) > 1 else "labels"
        try:
            edit = _edit_of(work.labels, saved.image.time, layer)
            if edit.place in new:
                _make(layer, edit)
            made.append(edit)
        except FileReadError as error:
            left_out.append(f"{which} are left out, since {error}")
    return made, left_out


def _edit_of(saved: SavedLabels | None, time: int | None, layer: Labels) -> LabelEdit:
    """Say what saved labels change in a layer; raises if they do not fit."""
    if saved is None:
        raise FileReadError(NOT_KEPT)
    array, target = saved.array(), labels_zyx(layer, time)
    if target.shape != array.shape:
        msg = f"they have the shape {array.shape} for the image's {target.shape}"
        raise FileReadError(msg)
    return part_change(layer, [0, 0, 0], target, array, time=time)


def _make(layer: Labels, edit: LabelEdit) -> None:
    for end in (edit.after.low, edit.after.high):
        widen_for(layer, end)
    edit.apply(layer.data)


def _write_on(parts: DockParts, work: RestoredWork) -> None:
    """Count the layers as the image's, and write on into the one as before."""
    lists, image = parts.lists, work.plan.image
    own = lists.labels_for(image)
    for key, layer in work.in_order:
        layer.refresh(extent=False)
        lists.restored[key] = place_of(layer)
        lists.set_labels(image, place_of(layer))
    if work.plan.times[0].session.layer not in work.layers:
        lists.set_labels(image, NEW_LABELS if own is None else place_of(own))


def _show_window(parts: DockParts, saved: SavedSession) -> None:
    image = parts.image
    if image is None or saved.window is None:
        return
    if tuple(image.contrast_limits) != saved.window:  # which draws, in 50 ms
        image.contrast_limits = saved.window
