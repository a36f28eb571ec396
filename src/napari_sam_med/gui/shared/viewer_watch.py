"""Listening to a viewer: its layers, their names, and the slice that it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from napari.components import ViewerModel
from napari.components.grid import GridCanvas
from napari.layers import Layer

from napari_sam_med.gui.napari_io import is_ours

PLACE_EVENTS = ("scale", "translate", "rotate", "shear", "affine", "units")


@dataclass(frozen=True, slots=True)
class ViewerSlots:
    """Who is told what.

    Parameters
    ----------
    inserted : callable
        A person's layer came.
    removing : callable
        Takes the layer that is about to go, a person's or one of our own.
    removed : callable
        Takes the layer that went, a person's or one of our own. napari is still inside
        the removal then.
    renamed : callable
        A person's layer has another name.
    moved : callable
        Another slice, orientation or kind of view is shown.
    placed : callable
        A person's layer, or the viewer's world, has other places or units, or another
        slice is shown because a layer comes or goes. napari has perhaps not followed
        yet, and no layer may come or go before the next turn.
    """

    inserted: Callable[[], None]
    removing: Callable[[Layer], None]
    removed: Callable[[Layer], None]
    renamed: Callable[[], None]
    moved: Callable[[], None]
    placed: Callable[[], None]


class ViewerWatch:
    """Tells of changes while it is open.

    Parameters
    ----------
    viewer : ViewerModel
        What is watched.
    slots : ViewerSlots
        Who is told.
    """

    def __init__(self, viewer: ViewerModel, slots: ViewerSlots) -> None:
        self._viewer, self._slots = viewer, slots
        self._is_changing = False

    def open(self) -> None:
        """Listen from now on."""
        viewer = self._viewer
        for event, slot in self._of_list():
            event.connect(slot)
        for event in self._of_dims():
            event.connect(self._on_moved)
        viewer.dims.events.units.connect(self._on_placed)
        grid_of(viewer).events.enabled.connect(self._on_moved)
        for layer in self._of_people():
            self._listen(layer)

    def close(self) -> None:
        """Stop listening."""
        for event, slot in self._of_list():
            event.disconnect(slot)
        for event in self._of_dims():
            event.disconnect(self._on_moved)
        self._viewer.dims.events.units.disconnect(self._on_placed)
        grid_of(self._viewer).events.enabled.disconnect(self._on_moved)
        for layer in self._of_people():
            self._leave(layer)

    def _of_list(self) -> tuple[tuple[Any, Callable[[Any], None]], ...]:
        events = self._viewer.layers.events
        return (
            (events.inserting, self._on_changing),
            (events.removing, self._on_removing),
            (events.inserted, self._on_inserted),
            (events.removed, self._on_removed),
        )

    def _of_dims(self) -> tuple[Any, ...]:
        dims = self._viewer.dims.events
        thick = (dims.margin_left, dims.margin_right)
        return (dims.point, dims.order, dims.ndisplay, dims.ndim, *thick)

    def _of_people(self) -> list[Layer]:
        return [layer for layer in self._viewer.layers if not is_ours(layer)]

    def _listen(self, layer: Layer) -> None:
        layer.events.name.connect(self._on_renamed)
        for name in PLACE_EVENTS:
            getattr(layer.events, name).connect(self._on_placed)

    def _leave(self, layer: Layer) -> None:
        layer.events.name.disconnect(self._on_renamed)
        for name in PLACE_EVENTS:
            getattr(layer.events, name).disconnect(self._on_placed)

    def _on_changing(self, _event: Any) -> None:
        self._is_changing = True

    def _on_removing(self, event: Any) -> None:
        self._slots.removing(self._viewer.layers[event.index])
        self._on_changing(event)

    def _on_inserted(self, event: Any) -> None:
        self._is_changing = False
        if not is_ours(event.value):
            self._listen(event.value)
            self._slots.inserted()

    def _on_removed(self, event: Any) -> None:
        self._is_changing = False
        if not is_ours(event.value):
            self._leave(event.value)
        self._slots.removed(event.value)

    def _on_placed(self, _event: Any) -> None:
        self._slots.placed()

    def _on_renamed(self, _event: Any) -> None:
        self._slots.renamed()

    def _on_moved(self, _event: Any) -> None:
        # napari moves its sliders before its window hears of the layer
        told = self._slots.placed if self._is_changing else self._slots.moved
        told()


class LayerWatch:
    """Connects the same slots to whichever layer is of interest now.

    Parameters
    ----------
    slots : mapping
        Name of a layer's event to what is called, with the event or without arguments.
    """

    def __init__(self, slots: Mapping[str, Callable[..., None]]) -> None:
        self._slots = dict(slots)
        self._layer: Layer | None = None

    def watch(self, layer: Layer | None) -> bool:
        """Listen to this layer from now on, or to none; False if nothing changes."""
        if layer is self._layer:
            return False
        old, self._layer = self._layer, layer
        for name, slot in self._slots.items():
            if old is not None:
                getattr(old.events, name).disconnect(slot)
            if layer is not None:
                getattr(layer.events, name).connect(slot)
        return True


def grid_of(viewer: ViewerModel) -> GridCanvas:
    """Give the model of napari's grid mode, which has moved with release 0.9."""
    grid: GridCanvas = getattr(viewer, "canvas", viewer).grid
    return grid
