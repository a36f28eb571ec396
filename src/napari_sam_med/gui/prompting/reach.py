"""Sliders that reach every slice of a layer that is turned out of the plane."""

from __future__ import annotations

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer, Points

from napari_sam_med.errors import ImageError
from napari_sam_med.gui.napari_io import ROLE, shape_of
from napari_sam_med.gui.shared.later import remove_layers
from napari_sam_med.gui.shared.own_layers import add_quietly
from napari_sam_med.gui.shared.shown_slice import (
    ShownSlice,
    go_to_slice,
    points_of_slices,
    shown_slice,
)

NAME = "all slices"


class SliceReach:
    """Holds an empty, hidden layer as long as the sliders need it.

    napari gives a slider the range of the layers' corners. It finds the slice of a
    turned layer from the slider alone, as if the canvas were looked at in the middle
    of the world; far from there its first or last slices lie outside that range.

    Parameters
    ----------
    viewer : ViewerModel
        Gets the layer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._layer: Points | None = None

    def follow(self, image: Image | None) -> None:
        """Reach all slices of this image from now on."""
        wanted = None if image is None else _missing(self._viewer, image)
        if wanted is None:
            return
        if self._layer is not None and self._layer in self._viewer.layers:
            self._layer.data = wanted
            return
        self._layer = Points(
            wanted,
            name=NAME,
            visible=False,
            metadata={ROLE: "reach"},
            units=self._viewer.dims.units,
        )
        add_quietly(self._viewer, self._layer)

    def drop_axes(self, most: int) -> None:
        """Go, until it is needed again, if no layer of a person's has as many axes."""
        if self._layer is not None and self._layer.ndim > most:
            remove_layers(self._viewer, self.release())

    def release(self) -> list[Layer]:
        """Forget the layer, and give it to whoever takes it out."""
        layer, self._layer = self._layer, None
        return [] if layer is None else [layer]

    def take(self, image: Image) -> None:
        """Reach all slices of another image; go to its middle if none is shown."""
        self.follow(image)
        dims = self._viewer.dims
        try:
            shown_slice(dims, image)
        except ImageError:
            if dims.ndisplay == 2 and len(self._viewer.layers) and image.ndim == 3:
                middle = shape_of(image)[0] // 2
                go_to_slice(dims, image, ShownSlice(0, middle))


def _missing(viewer: ViewerModel, image: Image) -> np.ndarray | None:
    """(2, n) corners that the sliders should reach; None if they do."""
    if image.ndim < 3:
        return None
    try:
        ends = points_of_slices(viewer.dims, image)
    except ImageError:
        return None
    dims = viewer.dims
    low, high = (np.array([r[i] for r in dims.range]) for i in (0, 1))
    first = dims.ndim - image.ndim
    wide_low, wide_high = low.copy(), high.copy()
    wide_low[first:] = np.minimum(low[first:], ends.min(axis=0))
    wide_high[first:] = np.maximum(high[first:], ends.max(axis=0))
    step = np.array([r[2] for r in dims.range])
    if (wide_low >= low - step / 2).all() and (wide_high <= high + step / 2).all():
        return None
    return np.stack([wide_low, wide_high])
