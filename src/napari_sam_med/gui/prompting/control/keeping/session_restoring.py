"""Puts a saved session back into the viewer."""

from __future__ import annotations

from collections.abc import Sequence
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
from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.prompting.shown_image import TIME_MARK
from napari_sam_med.gui.shared.own_layers import add_quietly
from napari_sam_med.session.labelling.label_edits import LabelEdit
from napari_sam_med.session.objects import SessionState
from napari_sam_med.session.replay import SavedTime
from napari_sam_med.session.saved_session import SavedSession
from napari_sam_med.session.session_states import entry_from, state_from

NOT_KEPT = "the session was kept without them"


def put_back(parts: DockParts, times: Sequence[SavedTime]) -> str:
    """Take up a session on the image that is prompted, as one step of undo.

    Labels go into a new layer, so that nothing that is open is overwritten; those of a
    time point into the one that is written to, if that is empty there.

    Parameters
    ----------
    parts : DockParts
        What the dock's parts share.
    times : sequence of SavedTime
        Of this very image, the time point first that was shown; each becomes a step
        of its own history.

    Returns
    -------
    str
        Why the labels are left out, or are in a new layer beside the one that is
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
    needed = [each for each in times if _needs_layer(each.session)]
    layer, why_new = _layer_for(parts, image, needed) if needed else (None, "")
    place = "" if layer is None else place_of(layer)
    # before anything is changed: a damaged one raises
    states = [state_from(each.session, tuple(each.records), place) for each in times]
    for each, state in zip(times, states, strict=True):
        left_out = _put_back_time(parts, each.session, state, layer)
        if left_out and left_out not in told:
            told.append(left_out)
    if layer is not None and layer not in parts.viewer.layers:
        add_quietly(parts.viewer, layer)
        if why_new:
            told.append(
                f"its labels are in the new layer {layer.name}, since {why_new}"
            )
    if layer is not None:
        parts.lists.set_labels(image, place_of(layer))
        layer.refresh(extent=False)
    _show_window(parts, times[0].session)
    parts.list_layers()
    return "; ".join(told)


def _needs_layer(saved: SavedSession) -> bool:
    return saved.labels is not None or bool(saved.objects)


def _layer_for(
    parts: DockParts, image: Image, times: Sequence[SavedTime]
) -> tuple[Labels, str]:
    """Give the layer that is written to if all fits in it; or a new one, and why."""
    own, why = parts.lists.labels_for(image), ""
    if own is not None and own.ndim == 4:
        why = _why_not(parts, image, own, times)
        if not why:
            return own, ""
    layer = labels_like(image)
    for saved in (each.session.labels for each in times):
        if saved is not None:
            layer.name = saved.name
            layer.data = layer.data.astype(saved.dtype)
            break
    return layer, why


def _why_not(
    parts: DockParts, image: Image, layer: Labels, times: Sequence[SavedTime]
) -> str:
    """Say why these times cannot go into a layer; empty if they can."""
    state, place, name = parts.session.state, place_of(layer), layer.name
    difference = grid_difference(image, layer)
    if difference:
        return f"{name} lies on another grid than {image.name} ({difference})"
    if not is_writable(layer):
        return f"{name} is not an array in memory"
    for each in times:
        time = each.session.image.time
        if time is None or np.any(labels_zyx(layer, time)):
            return f"{name} holds labels at that time point already"
        for saved in each.session.objects:
            if state.entry(place, saved.label).joined(entry_from(saved)) is None:
                return f"label {saved.label} has another name or colour in {name}"
    return ""


def _put_back_time(
    parts: DockParts, saved: SavedSession, state: SessionState, layer: Labels | None
) -> str:
    """Make a time point's work a step of its history; say what is left out."""
    session = parts.session
    prompted = session.image.place if session.image is not None else ""
    if saved.image.time is not None:
        prompted = f"{prompted.partition(TIME_MARK)[0]}{TIME_MARK}{saved.image.time}"
    made: tuple[LabelEdit, ...] = ()
    left_out = ""
    if layer is None or not _needs_layer(saved):
        left_out = f"labels are left out, since {NOT_KEPT}" if state.records else ""
        state = replace(state, sources={})
    else:
        try:
            made = (_written(saved, layer),)
        except FileReadError as error:
            left_out = f"labels are left out, since {error}"
            state = replace(state, sources={})  # of masks that are not there
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
        session.push(state, made)
    else:
        session.histories.of(prompted).push(replace(state, made=made))
    return left_out


def _written(saved: SavedSession, layer: Labels) -> LabelEdit:
    """Write a session's labels where a layer is empty; raises if they do not fit."""
    if saved.labels is None:
        raise FileReadError(NOT_KEPT)
    array = saved.labels.array()
    wanted = labels_zyx(layer, saved.image.time).shape
    if wanted != array.shape:
        msg = f"they have the shape {array.shape} for the image's {wanted}"
        raise FileReadError(msg)
    for end in (array.min(initial=0), array.max(initial=0)):
        widen_for(layer, int(end))
    target = labels_zyx(layer, saved.image.time)
    edit = part_change(layer, [0, 0, 0], np.array(target), array, time=saved.image.time)
    edit.apply(layer.data)
    return edit


def _show_window(parts: DockParts, saved: SavedSession) -> None:
    image = parts.image
    if image is not None and saved.window is not None:
        image.contrast_limits = saved.window
