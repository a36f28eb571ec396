"""The layer in which a propagation is seen until it is accepted."""

from __future__ import annotations

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import DirectLabelColormap
from qtpy.QtCore import QObject

from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.gui.labels.label_layers import add_quietly
from napari_sam_med.gui.napari_io import ROLE, shape_of
from napari_sam_med.gui.shared.later import later, remove_layers
from napari_sam_med.gui.shared.shown_slice import placement_over
from napari_sam_med.propagation.propagated_masks import SliceMask

NAME = "propagation preview"
OPACITY = 0.45
DRAW_WAIT_MS = 60
"""Slices that come faster than this are drawn together."""


class PreviewLayer:
    """Shows masks of an object over the image, slice by slice, in every orientation.

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

    def begin(
        self, image: Image, time: int | None, colour: tuple[int, int, int]
    ) -> None:
        """Show an empty preview over an image."""
        self.end()
        self._time = time
        self.layer = Labels(
            np.zeros(shape_of(image), dtype=np.uint8),
            name=NAME,
            opacity=OPACITY,
            colormap=_colormap(colour),
            metadata={ROLE: "preview"},
            **placement_over(self._viewer.dims, image),
        )
        add_quietly(self._viewer, self.layer)

    def put(self, axis: int, each: SliceMask) -> None:
        """Show one more slice, a little later."""
        if self.layer is None:
            return
        array = self.layer.data
        array = array[None] if array.ndim == 2 else array
        array = array if self._time is None else array[self._time]
        SlicePlane(axis, each.index).take(array)[...] = each.mask
        if not self._timer.isActive():
            self._timer.start()

    def end(self) -> None:
        """Show nothing any more."""
        remove_layers(self._viewer, self.release())

    def release(self) -> list[Layer]:
        """Forget the layer, and give it to whoever takes it out."""
        self._timer.stop()
        layer, self.layer = self.layer, None
        return [] if layer is None else [layer]

    def lost(self, layer: Layer) -> bool:
        """Note that a person removed the layer; False if it is another one."""
        if layer is not self.layer:
            return False
        self.layer = None
        return True

    def _draw(self) -> None:
        if self.layer is not None:
            self.layer.refresh(extent=False)


def _colormap(colour: tuple[int, int, int]) -> DirectLabelColormap:
    clear = np.zeros(4, dtype=np.float32)
    shown = np.array([*np.divide(colour, 255), 1.0], dtype=np.float32)
    return DirectLabelColormap(color_dict={None: clear, 0: clear, 1: shown})
