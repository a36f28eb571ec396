"""Puts a saved session back into the viewer."""

from __future__ import annotations

import numpy as np

from napari_sam_med.errors import FileReadError
from napari_sam_med.gui.labels.label_layers import labels_like
from napari_sam_med.gui.labels.layer_edits import labels_zyx, part_change
from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.shared.own_layers import add_quietly
from napari_sam_med.session.replay import Record
from napari_sam_med.session.saved_session import SavedSession
from napari_sam_med.session.session_states import state_from


def put_back(
    parts: DockParts, saved: SavedSession, records: tuple[Record, ...]
) -> None:
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

    Raises
    ------
    FileReadError
        If the labels are damaged or of another shape than the image.
    """
    image = parts.image
    if image is None:
        msg = "a session goes on its image; open that first"
        raise FileReadError(msg)
    if saved.labels is None:
        parts.session.push(state_from(saved, records, ""))
        _show_window(parts, saved)
        return
    array = saved.labels.array()
    layer = labels_like(image)
    layer.name = saved.labels.name
    layer.metadata["label_names"] = {
        each.label: each.name for each in saved.objects if each.name
    }
    layer.data = layer.data.astype(array.dtype)
    target = labels_zyx(layer, saved.image.time)
    if target.shape != array.shape:
        msg = f"labels of shape {array.shape} for an image of shape {target.shape}"
        raise FileReadError(msg)
    edit = part_change(layer, [0, 0, 0], np.array(target), array, time=saved.image.time)
    edit.apply(layer.data)
    add_quietly(parts.viewer, layer)
    parts.lists.set_labels(image, place_of(layer))
    parts.session.push(state_from(saved, records, place_of(layer)), (edit,))
    _show_window(parts, saved)
    parts.list_layers()


def _show_window(parts: DockParts, saved: SavedSession) -> None:
    image = parts.image
    if image is not None and saved.window is not None:
        image.contrast_limits = saved.window
