"""The layer in which a propagation is seen until it is accepted."""

from __future__ import annotations

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import DirectLabelColormap
from qtpy.QtCore import QObject

from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.gui.labels.label_layers import add_quietly
from napari_sam_med.gui.napari_io import ROLE, place_of, shape_of
from napari_sam_med.gui.shared.later import later, remove_layers
from napari_sam_med.gui.shared.prompt_layers import place_again
from napari_sam_med.gui.shared.shown_slice import placement_over
from napari_sam_med.propagation.propagated_masks import SliceMask

NAME = "propagation preview"
OPACITY = 0.45
DRAW_WAIT_MS = 60
"""Slices that come faster than this are drawn together."""


class PreviewLayer:
    """Shows masks of an object over the image, slice by slice, in every orientation.

    The layer stays, invisible and empty, while there is nothing to show: taking one out
    stops the window for .4 s with two volumes open, in which napari collects garbage.

    Parameters
    ----------
    viewer : ViewerModel
        Gets the layer.
    parent : QObject
        Takes a timer with it when it goes.
    """

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        self._viewer = viewer
        self._timer = later(parent, DRAW_WAIT_MS, self._draw)
        self.layer: Labels | None = None
        self._time: int | None = None
        self._place = ""

    @property
    def is_shown(self) -> bool:
        """Whether a preview is to be seen."""
        return self.layer is not None and self.layer.visible

    def begin(
        self, image: Image, time: int | None, colour: tuple[int, int, int]
    ) -> None:
        """Show an empty preview over an image."""
        self._time = time
        if self.layer not in self._viewer.layers or self._place != place_of(image):
            self.detach()
        self._place = place_of(image)
        empty = np.zeros(shape_of(image), dtype=np.uint8)
        placement = placement_over(self._viewer.dims, image)
        if self.layer is not None:
            self.layer.data, self.layer.colormap = empty, _colormap(colour)
            place_again(self.layer, placement)
            self.layer.visible = True
            return
        self.layer = Labels(
            empty,
            name=NAME,
            opacity=OPACITY,
            colormap=_colormap(colour),
            metadata={ROLE: "preview"},
            **placement,
        )
        add_quietly(self._viewer, self.layer)

    def put(self, axis: int, each: SliceMask) -> None:
        """Show one more slice, a little later."""
        if self.layer is None or not self.is_shown:
            return
        array = self.layer.data
        array = array[None] if array.ndim == 2 else array
        array = array if self._time is None else array[self._time]
        SlicePlane(axis, each.index).take(array)[...] = each.mask
        if not self._timer.isActive():
            self._timer.start()

    def end(self) -> None:
        """Show nothing any more."""
        self._timer.stop()
        if self.layer is not None and self.layer.visible:
            self.layer.visible = False
            self.layer.data = np.zeros((1,) * self.layer.ndim, dtype=np.uint8)

    def follow(self, image: Image | None) -> None:
        """Leave the viewer with the image that the preview lies on."""
        if self.layer is not None and (image is None or place_of(image) != self._place):
            self.detach()

    def detach(self) -> None:
        """Take the layer out of the viewer."""
        remove_layers(self._viewer, self.release())

    def release(self) -> list[Layer]:
        """Forget the layer, and give it to whoever takes it out."""
        self._timer.stop()
        layer, self.layer = self.layer, None
        return [] if layer is None else [layer]

    def _draw(self) -> None:
        if self.layer is not None:
            self.layer.refresh(extent=False)


def _colormap(colour: tuple[int, int, int]) -> DirectLabelColormap:
    clear = np.zeros(4, dtype=np.float32)
    shown = np.array([*np.divide(colour, 255), 1.0], dtype=np.float32)
    return DirectLabelColormap(color_dict={None: clear, 0: clear, 1: shown})
