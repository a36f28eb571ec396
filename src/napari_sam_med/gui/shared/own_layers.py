"""How the docks' own layers come into a viewer, at little cost to its window."""

from __future__ import annotations

from typing import Any

from napari.components import ViewerModel
from napari.components.overlays import Overlay
from napari.layers import Labels, Layer
from napari.utils.events import EventEmitter
from qtpy.QtCore import QTimer

from napari_sam_med.gui.napari_io import is_ours
from napari_sam_med.gui.shared.later import soon
from napari_sam_med.gui.shared.notes import tell_in_viewer
from napari_sam_med.session.status import Phase, Status

ON_CHANGE = "_on_layers_change"
"""The method of napari's viewer that works the sliders out."""
ON_CHILD = "_reemit_child_event"
"""The method of napari's list of layers that tells of each change of a layer."""
LISTED = ("name", "visible", "locked")
"""What of a layer is to be seen in the list of layers, but for its thumbnail."""
PAINTED_MS = 50
"""A painting of the window takes up to 40 ms without a graphics card."""
ON_VISIBLE = "_update_scenegraph"
"""The method of napari's canvas that puts all layers into the scene."""
DRAWS_NOT = ("pan_zoom", "transform", "pick")
"""The modes of a Labels layer in which the mouse changes no voxel."""
UNDRAWN = (
    "shows what the model answers and cannot be drawn on; accept the mask and correct "
    "it in its Labels layer"
)


def add_quietly(viewer: ViewerModel, layer: Layer, *, on_top: bool = False) -> None:
    """Add a layer, and leave the selection and the list of layers alone.

    Nobody hears of the selection: it would be drawn twice, a third of what adding a
    layer costs the window (benchmarks/responsiveness.py). The list hears of what it
    shows but for thumbnails: napari paints all of it after each change of a layer,
    twice a click and 17 ms each time (benchmarks/click_responsiveness.py). What napari
    draws over a layer for its tools, such as the brush's circle, comes in turns of its
    own: a third of what a Labels layer costs at once (benchmarks/responsiveness.py).

    Parameters
    ----------
    viewer : ViewerModel
        Gets the layer.
    layer : Layer
        What comes.
    on_top : bool
        Whether it lies above all others, and not below those that the docks made.
    """
    layers = viewer.layers
    above = [] if on_top else [i for i, each in enumerate(layers) if is_ours(each)]
    index, active = min(above, default=len(layers)), layers.selection.active
    overlays = layer._overlays.values()  # noqa: SLF001  # napari has no public name
    shown_later = [overlay for overlay in overlays if overlay.visible]
    for overlay in shown_later:
        overlay.visible = False
    if active is None:
        layers.insert(index, layer)
    else:
        with layers.selection.events.blocker_all():
            layers.insert(index, layer)
            layers.selection.active = active
    _show_in_turn(shown_later)
    for listener in _leave_out(layer.events, ON_CHILD):
        for name in LISTED:
            if name in layer.events.emitters:
                layer.events[name].connect(listener)


def _show_in_turn(overlays: list[Overlay]) -> None:
    """Show what lies over a layer, one after the other, once the layer is painted."""
    if overlays:

        def show() -> None:
            overlays[0].visible = True
            _show_in_turn(overlays[1:])

        QTimer.singleShot(PAINTED_MS, show)


def leave_sliders_alone(layer: Layer, *names: str) -> None:
    """Let a layer that never leaves its image change without touching the sliders.

    After each such change napari works out the ranges of all sliders from all layers:
    10 ms of the GUI thread, four times a click (benchmarks/click_responsiveness.py).

    Parameters
    ----------
    layer : Layer
        One of a viewer.
    *names : str
        Its events after which the sliders stay as they are.
    """
    for name in names:
        _leave_out(layer.events[name], ON_CHANGE)


def leave_scene_alone(layer: Layer) -> None:
    """Let a layer that lies above an image come into sight and go, and no more.

    napari puts all layers into the scene anew each time: 10 ms of the GUI thread, for
    what only the lowest layer needs (benchmarks/click_responsiveness.py).

    Parameters
    ----------
    layer : Layer
        One of a viewer.
    """
    _leave_out(layer.events["visible"], ON_VISIBLE)


def leave_undrawn(layer: Labels) -> None:
    """Let napari's brush, fill and eraser leave a layer alone that a model fills.

    What a person drew there would be seen, and be in no mask that is accepted.

    Parameters
    ----------
    layer : Labels
        One of the docks' own.
    """

    def stop() -> None:
        if layer.mode not in DRAWS_NOT:
            layer.mode = "pan_zoom"
            tell_in_viewer(Status(Phase.ERROR, f"{layer.name} {UNDRAWN}"))

    # napari's buttons still follow the mode that was chosen
    layer.events.mode.connect(lambda: soon(stop))


def _leave_out(event: EventEmitter, method: str) -> list[Any]:
    """Let methods of this name hear of an event no longer; gives them."""
    told = [each for each in event.callbacks if isinstance(each, tuple)]
    out = [each for each in told if each[1] == method]
    for callback in out:
        event.disconnect(callback)
    return out
