"""Listening to one layer at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from napari.layers import Layer


class LayerWatch:
    """Connects the same slots to whichever layer is of interest now.

    Parameters
    ----------
    slots : mapping
        Name of a layer's event to what is called, without arguments.
    """

    def __init__(self, slots: Mapping[str, Callable[[], None]]) -> None:
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
