"""Puts a saved session back into the viewer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from napari.layers import Labels

from napari_sam_med.errors import FileReadError
from napari_sam_med.gui.labels.label_layers import labels_like
from napari_sam_med.gui.labels.layer_edits import labels_zyx, part_change
from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.shared.own_layers import add_quietly
from napari_sam_med.session.labelling.label_edits import LabelEdit
from napari_sam_med.session.replay import Record
from napari_sam_med.session.saved_session import SavedSession
from napari_sam_med.session.session_states import state_from

NOT_KEPT = "the session was kept without them"


def put_back(parts: DockParts, saved: SavedSession, records: tuple[Record, ...]) -> str:
    """Take up a session on the image that is prompted, as one step of undo.

    Labels go into a new layer, so that nothing that is open is overwritten.

    Parameters
    ----------
    parts : DockParts
        What the dock's parts share.
    saved : SavedSession
        Of this very image.
    records : tuple of Record
        Accepted prompts of the session.

    Returns
    -------
    str
        Why the labels are left out; empty if they are there, or none were made.

    Raises
    ------
    FileReadError
        If there is no image.
    """
    image = parts.image
    if image is None:
        msg = "a session goes on its image; open that first"
        raise FileReadError(msg)
    if saved.labels is None and not saved.objects:
        before = parts.session.state
        state = state_from(saved, records, "")
        parts.session.push(
            replace(state, objects=before.objects, sources=before.sources)
        )
        _show_window(parts, saved)
        return f"labels are left out, since {NOT_KEPT}" if records else ""
    layer = labels_like(image)
    if saved.labels is not None:
        layer.name = saved.labels.name
    layer.metadata["label_names"] = {
        each.label: each.name for each in saved.objects if each.name
    }
    state = state_from(saved, records, place_of(layer))
    made: tuple[LabelEdit, ...] = ()
    left_out = ""
    try:
        made = (_written(saved, layer),)
    except FileReadError as error:
        left_out = f"labels are left out, since {error}"
        state = replace(state, sources={})  # of masks that are not there
    before = parts.session.state  # other Labels layers keep what is said of theirs
    state = replace(
        state,
        objects={**before.objects, **state.objects},
        sources={**before.sources, **state.sources},
    )
    add_quietly(parts.viewer, layer)
    parts.lists.set_labels(image, place_of(layer))
    parts.session.push(state, made)
    _show_window(parts, saved)
    parts.list_layers()
    return left_out


def _written(saved: SavedSession, layer: Labels) -> LabelEdit:
    """Write the labels of a session into an empty layer; raises if they do not fit."""
    if saved.labels is None:
        raise FileReadError(NOT_KEPT)
    array = saved.labels.array()
    wanted = labels_zyx(layer, saved.image.time).shape
    if wanted != array.shape:
        msg = f"they have the shape {array.shape} for the image's {wanted}"
        raise FileReadError(msg)
    layer.data = layer.data.astype(array.dtype)
    target = labels_zyx(layer, saved.image.time)
    edit = part_change(layer, [0, 0, 0], np.array(target), array, time=saved.image.time)
    edit.apply(layer.data)
    return edit


def _show_window(parts: DockParts, saved: SavedSession) -> None:
    image = parts.image
    if image is not None and saved.window is not None:
        image.contrast_limits = saved.window
