"""Puts a saved session back into the viewer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

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
from napari_sam_med.gui.prompting.shown_image import TIME_MARK
from napari_sam_med.gui.shared.own_layers import add_quietly
from napari_sam_med.session.labelling.label_edits import LabelEdit
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


def put_back(
    parts: DockParts,
    times: Sequence[SavedTime],
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
    times : sequence of SavedTime
        Of this very image, the time point first that was shown; each becomes a step
        of its own history.
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
        If there is no image, or points and their labels are not as many.
    PromptError
        If prompts of a choice or a starting mask are damaged.
    """
    image, told = parts.image, []
    if image is None:
        msg = "a session goes on its image; open that first"
        raise FileReadError(msg)
    first = times[0].session
    found = _layers_for(parts, image, times)
    layers = {key: layer for key, (layer, _) in found.items()}
    places = {key: place_of(layer) for key, layer in layers.items()}
    # before anything is changed: a damaged one raises
    states = [state_from(each.session, tuple(each.records), places) for each in times]
    edits: list[LabelEdit] = []
    for each, state in zip(times, states, strict=True):
        made, left_out = _put_back_time(parts, each, state, layers)
        edits += made
        told += [text for text in left_out if text not in told]
    _add_layers(parts, image, layers, written=first.layer)
    for layer, why_new in found.values():
        if why_new:
            told.append(
                f"its labels are in the new layer {layer.name}, since {why_new}"
            )
    for layer in layers.values():
        own = [each for each in edits if each.place == place_of(layer)]
        show(layer, {label for each in own for label in each.labels()})
    _show_window(parts, first)
    parts.list_layers()
    return "; ".join(told)


def _needs_layer(work: SavedWork) -> bool:
    return work.labels is not None or bool(work.objects)


def _layers_for(
    parts: DockParts, image: Image, times: Sequence[SavedTime]
) -> dict[str, tuple[Labels, str]]:
    """Give the layers that work goes into, by its saved keys, and why one is new."""
    needed: dict[str, Works] = {}
    for each in times:
        for work in filter(_needs_layer, each.session.layers):
            at = (each.session.image.time, work)
            needed.setdefault(work.layer.key, []).append(at)
    written, found = times[0].session.layer, {}
    for key, works in needed.items():
        name, why = works[0][1].layer.name, ""
        own = _candidate(parts, image, (key, name), is_written=key == written)
        if own is not None:
            why = _why_not(parts, image, own, works)
        layer = _new_layer(image, works) if own is None or why else own
        found[key] = (layer, why)
    return found


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
    for time, work in works:
        if time is None or np.any(labels_zyx(layer, time)):
            return f"{name} holds labels at that time point already"
        for saved in work.objects:
            if state.entry(place, saved.label).joined(entry_from(saved)) is None:
                return f"label {saved.label} has another name or colour in {name}"
    return ""


def _put_back_time(
    parts: DockParts,
    time: SavedTime,
    state: SessionState,
    layers: Mapping[str, Labels],
) -> tuple[list[LabelEdit], list[str]]:
    """Make a time point's work a step of its history; say what is left out."""
    session, saved = parts.session, time.session
    prompted = session.image.place if session.image is not None else ""
    if saved.image.time is not None:
        prompted = f"{prompted.partition(TIME_MARK)[0]}{TIME_MARK}{saved.image.time}"
    made, left_out = _made(time, layers)
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
    if session.image is not None and prompted == session.image.place:
        session.push(state, tuple(made))
    else:
        session.histories.of(prompted).push(replace(state, made=tuple(made)))
    return made, left_out


def _made(
    time: SavedTime, layers: Mapping[str, Labels]
) -> tuple[list[LabelEdit], list[str]]:
    """Write a time point's labels into their layers; say what is left out."""
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
            made.append(_written(work.labels, saved.image.time, layer))
        except FileReadError as error:
            left_out.append(f"{which} are left out, since {error}")
    return made, left_out


def _written(saved: SavedLabels | None, time: int | None, layer: Labels) -> LabelEdit:
    """Write saved labels where a layer is empty; raises if they do not fit."""
    if saved is None:
        raise FileReadError(NOT_KEPT)
    array = saved.array()
    wanted = labels_zyx(layer, time).shape
    if wanted != array.shape:
        msg = f"they have the shape {array.shape} for the image's {wanted}"
        raise FileReadError(msg)
    for end in (array.min(initial=0), array.max(initial=0)):
        widen_for(layer, int(end))
    target = labels_zyx(layer, time)
    edit = part_change(layer, [0, 0, 0], np.array(target), array, time=time)
    edit.apply(layer.data)
    return edit


def _add_layers(
    parts: DockParts, image: Image, layers: Mapping[str, Labels], *, written: str
) -> None:
    """Bring layers into the viewer, and write on into the one that was written to."""
    lists = parts.lists
    own = lists.labels_for(image)
    for key in sorted(layers, key=lambda key: key == written):
        layer = layers[key]
        if layer not in parts.viewer.layers:
            add_quietly(parts.viewer, layer)
        lists.restored[key] = place_of(layer)
        lists.set_labels(image, place_of(layer))
        layer.refresh(extent=False)
    if written not in layers:
        lists.set_labels(image, NEW_LABELS if own is None else place_of(own))


def _show_window(parts: DockParts, saved: SavedSession) -> None:
    image = parts.image
    if image is not None and saved.window is not None:
        image.contrast_limits = saved.window
