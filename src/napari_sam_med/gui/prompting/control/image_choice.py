"""Which image is prompted: the one that a person looks at, or the one they pinned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from qtpy.QtCore import QObject

from napari_sam_med.gui.labels.label_layers import grid_difference
from napari_sam_med.gui.labels.layer_lists import LayerLists
from napari_sam_med.gui.napari_io import is_ours
from napari_sam_med.gui.shared.later import later

OPAQUE = ("opaque", "translucent", "translucent_no_depth")
"""How napari draws a layer that hides what lies below it."""


def wanted_image(
    viewer: ViewerModel, present: Image | None, *, pinned: bool
) -> Image | None:
    """Choose the image to prompt.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers.
    present : Image or None
        The one that is prompted now.
    pinned : bool
        Whether a person wants it to stay.

    Returns
    -------
    Image or None
        The present one if it is pinned; else the active layer if that is a visible
        image; else the present one while it is visible, or the topmost visible one.
    """
    images = [each for each in viewer.layers if isinstance(each, Image)]
    if present not in images:
        present = None
    if present is not None and pinned:
        return present
    active = viewer.layers.selection.active
    if active in images and active.visible:
        return active
    seen = [each for each in images if each.visible]
    if present is not None and (present.visible or not seen):
        return present
    return (seen or images or [None])[-1]


def bring_to_sight(viewer: ViewerModel, image: Image, lists: LayerLists) -> None:
    """Show an image with its labels, select it, and hide what else covers it.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers.
    image : Image
        The one that a person asked for.
    lists : LayerLists
        Which labels belong to which image.
    """
    image.visible = True
    own = lists.labels_for(image)
    if own is not None:
        own.visible = True
    others = [lists.labels_for(each) for each in lists.images() if each is not image]
    above = viewer.layers[viewer.layers.index(image) + 1 :]
    for layer in above:
        if isinstance(layer, Image) and str(layer.blending) in OPAQUE:
            layer.visible = False
        elif isinstance(layer, Labels) and not is_ours(layer) and layer is not own:
            of_another = layer in others or bool(grid_difference(image, layer))
            layer.visible = layer.visible and not of_another
    viewer.layers.selection.active = image


def raise_own_layers(viewer: ViewerModel) -> None:
    """Put the layers that docks made above those of people, in the order they have."""
    layers = viewer.layers
    order = sorted(layers, key=is_ours)
    for place, layer in enumerate(order):
        at = layers.index(layer)
        if at != place:
            layers.move(at, place)


class ImageChoice:
    """Tells when another image may be the one to prompt; keeps our layers on top.

    Parameters
    ----------
    viewer : ViewerModel
        What is watched.
    parent : QObject
        Takes timers with it when it goes.
    changed : callable
        Called a turn after layers were selected, shown, hidden or moved.
    """

    def __init__(
        self, viewer: ViewerModel, parent: QObject, changed: Callable[[], None]
    ) -> None:
        self._viewer = viewer
        self._changed = changed
        self._opened: Image | None = None
        self._timer = later(parent, 0, self._on_turn)

    @property
    def opened(self) -> Image | None:
        """The visible image that was opened in this turn, perhaps below its labels."""
        image = self._opened
        return image if image is not None and image.visible else None

    def open(self) -> None:
        """Listen from now on."""
        for emitter in self._emitters():
            emitter.connect(self._on_event)
        for layer in self._viewer.layers:
            self._listen(layer)
        self._viewer.layers.events.inserted.connect(self._on_inserted)
        self._viewer.layers.events.removed.connect(self._on_removed)

    def close(self) -> None:
        """Stop listening."""
        self._timer.stop()
        self._opened = None
        for emitter in self._emitters():
            emitter.disconnect(self._on_event)
        for layer in self._viewer.layers:
            self._leave(layer)
        self._viewer.layers.events.inserted.disconnect(self._on_inserted)
        self._viewer.layers.events.removed.disconnect(self._on_removed)

    def _emitters(self) -> tuple[Any, ...]:
        layers = self._viewer.layers
        return (layers.events.reordered, layers.selection.events.active)

    def _on_inserted(self, event: Any) -> None:
        self._listen(event.value)
        if isinstance(event.value, Image):
            self._opened = event.value
        self._timer.start()

    def _on_removed(self, event: Any) -> None:
        self._leave(event.value)
        if event.value is self._opened:
            self._opened = None

    def _listen(self, layer: Layer) -> None:
        if isinstance(layer, Image):
            layer.events.visible.connect(self._on_event)

    def _leave(self, layer: Layer) -> None:
        if isinstance(layer, Image):
            layer.events.visible.disconnect(self._on_event)

    def _on_event(self, _event: Any = None) -> None:
        self._timer.start()

    def _on_turn(self) -> None:
        raise_own_layers(self._viewer)
        self._changed()
        self._opened = None
