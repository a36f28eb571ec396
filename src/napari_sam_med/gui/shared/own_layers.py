"""How the docks' own layers come into a viewer, at little cost to its window."""

from __future__ import annotations

from napari.components import ViewerModel
from napari.layers import Layer

from napari_sam_med.gui.napari_io import is_ours

ON_CHANGE = "_on_layers_change"
"""The method of napari's viewer that works the sliders out."""


def add_quietly(viewer: ViewerModel, layer: Layer, *, on_top: bool = False) -> None:
    """Add a layer, and leave the selection alone.

    Nobody hears of the selection: it would be drawn twice, a third of what adding a
    layer costs the window (benchmarks/responsiveness.py).

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
    if active is None:
        layers.insert(index, layer)
        return
    with layers.selection.events.blocker_all():
        layers.insert(index, layer)
        layers.selection.active = active


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
        event = getattr(layer.events, name)
        for callback in list(event.callbacks):
            if isinstance(callback, tuple) and callback[1] == ON_CHANGE:
                event.disconnect(callback)
