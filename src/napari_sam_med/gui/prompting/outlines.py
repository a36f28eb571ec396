"""Outlines of masks, as thick on the screen whatever the voxels and the zoom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.layers import Image, Layer, Vectors

from napari_sam_med.gui.napari_io import ROLE, is_ours
from napari_sam_med.gui.shared.later import remove_layers
from napari_sam_med.gui.shared.own_layers import (
    add_quietly,
    leave_scene_alone,
    leave_sliders_alone,
)
from napari_sam_med.gui.shared.shown_slice import ShownSlice, drawn_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel

NAME = "candidates: outlines"
WIDTH_PX = 1.6
"""Two pixels hide details of small objects, one breaks where edges are blended."""
LEAST_WIDTH = 1e-6
"""In units of the world; napari refuses 0."""
ROLE_NAME = "outlines"


def sides_of(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Find the line between a mask's pixels and all others.

    Parameters
    ----------
    mask : (H, W) bool
        Of one slice.

    Returns
    -------
    (N, 2, 2) float64
        Start and end, as (row, column) with pixel centres at integers; sides of
        neighbouring pixels in one direction are joined.

    Examples
    --------
    >>> sides_of(np.array([[False, True, True]])).tolist()[0]
    [[-0.5, 0.5], [-0.5, 2.5]]
    """
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return np.zeros((0, 2, 2))
    first = np.array([rows[0], cols[0]])
    part = np.pad(mask[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1], 1)
    n_cols = part.shape[1] - 1
    is_flat, is_upright = part[1:] ^ part[:-1], part[:, 1:] ^ part[:, :-1]
    # starts and ends take turns along a line; a flat search is several times faster
    flat = np.flatnonzero(is_flat[:, 1:] != is_flat[:, :-1])
    upright = np.flatnonzero(is_upright[1:] != is_upright[:-1])
    upright = upright[np.argsort(upright % n_cols, kind="stable")]  # column by column
    places = np.stack(np.divmod(np.concatenate([flat, upright]), n_cols), axis=1)
    sides: npt.NDArray[np.float64] = places.reshape(-1, 2, 2) - 0.5 + first
    return sides


SAME_STEP = 1e-6
"""Steps that differ by less are equal but for rounding."""
Colours = tuple[npt.NDArray[np.float32], ...]


class SliceLines:
    """A layer of lines, in the viewer's world.

    In the image's own frame napari would draw them thicker along long voxels. One scale
    serves all axes, the longest step of any slider, so that no slider gets finer steps.

    Parameters
    ----------
    viewer : ViewerModel
        Gets the layer.
    name, role : str
        Of the layer.
    width_px : float
        On the screen.
    on_top : bool
        Whether it lies above all layers that are there when it is made, and not below
        those of the docks.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        name: str = NAME,
        role: str = ROLE_NAME,
        width_px: float = WIDTH_PX,
        *,
        on_top: bool = False,
    ) -> None:
        self._viewer, self._on_top = viewer, on_top
        self._name, self._role, self._width_px = name, role, width_px
        self.layer: Vectors | None = None
        self._sides: npt.NDArray[np.float64] = np.zeros((0, 2, 2))
        self._lines: tuple[tuple[npt.NDArray[np.float64], ...], Colours] = ((), ())

    def ensure(self) -> Vectors:
        """Give the layer, made anew below our other ones if it is missing."""
        dims = self._viewer.dims
        if self.layer is not None and self.layer.ndim != dims.ndim:
            remove_layers(self._viewer, self.release())
        if self.layer is None:
            self.layer = Vectors(
                ndim=dims.ndim,
                name=self._name,
                vector_style="line",
                opacity=1.0,
                metadata={ROLE: self._role},
                scale=(self._longest_step,) * dims.ndim,
                visible=False,
                **({} if dims.units is None else {"units": dims.units}),
            )
            # napari would draw its thumbnail line by line, four times a click: a third
            # of what a click costs the window (benchmarks/click_responsiveness.py)
            self.layer._max_vectors_thumbnail = 0  # noqa: SLF001
            self._add(self.layer)
            self._camera.events.zoom.connect(self._on_zoom)
        return self.layer

    def show_lines(
        self,
        image: Image,
        shown: ShownSlice,
        each: Sequence[npt.NDArray[np.float64]],
        colours: Sequence[npt.NDArray[np.float32]],
    ) -> None:
        """Draw lines on a slice of an image; the last one lies on top.

        Parameters
        ----------
        image : Image
            What they lie on.
        shown : ShownSlice
            The slice, which is the one that is seen.
        each : sequence of (N, 2, 2) float64
            Start and end of a line's pieces, as (row, column).
        colours : sequence of (4,) float32
            One for each line.
        """
        layer = self.ensure()
        self._lines = (tuple(each), tuple(colours))
        self._sides = np.concatenate([np.zeros((0, 2, 2)), *each])
        self._place(layer, image, shown)
        # each is drawn but once: a hidden layer by being shown, else by its new lines;
        # hidden, it would draw them by the old numbers once their colours are set
        if layer.visible != (len(self._sides) > 0):
            layer.visible = not layer.visible
        if len(self._sides):
            counts = [len(sides) for sides in each]
            layer.edge_color = np.repeat(np.stack(colours), counts, axis=0)
        self._on_zoom()

    @property
    def is_spare(self) -> bool:
        """Whether sliders have more axes or finer steps for it than others need."""
        if self.layer is None or not self._others:
            return False
        most = max(each.ndim for each in self._others)
        step = (1 - SAME_STEP) * self._longest_step
        return self.layer.ndim > most or self._scale < step

    @property
    def _others(self) -> list[Layer]:
        return [each for each in self._viewer.layers if not is_ours(each)]

    @property
    def _longest_step(self) -> float:
        """The longest step of any slider, as people's layers ask for it."""
        return float(max(self._viewer.layers.get_extent(self._others).step))

    def _add(self, layer: Vectors) -> None:
        add_quietly(self._viewer, layer, on_top=self._on_top)
        leave_sliders_alone(layer, "data")
        leave_scene_alone(layer)

    def follow(self, image: Image, shown: ShownSlice) -> None:
        """Lie on the image wherever that lies now."""
        if self.layer is None or not self.layer.visible:
            return
        if self.layer.ndim == self._viewer.dims.ndim:
            self._place(self.layer, image, shown)
        else:  # a layer came with another number of axes
            self.show_lines(image, shown, *self._lines)

    def hide(self) -> None:
        """Show nothing."""
        if self.layer is not None and self.layer.visible:
            self.layer.visible = False

    def detach(self) -> None:
        """Take the layer out of the viewer."""
        remove_layers(self._viewer, self.release())

    def release(self) -> list[Layer]:
        """Forget the layer, and give it to whoever takes it out."""
        layer, self.layer = self.layer, None
        if layer is None:
            return []
        self._camera.events.zoom.disconnect(self._on_zoom)
        return [layer]

    def lost(self, layer: Layer) -> bool:
        """Note that a person removed the layer; False if it is another one."""
        if layer is not self.layer:
            return False
        self.release()
        return True

    @property
    def _scale(self) -> float:
        return 1.0 if self.layer is None else float(self.layer.scale[0])

    @property
    def _camera(self) -> Any:
        return getattr(self._viewer, "scene", self._viewer).camera

    def _on_zoom(self, _event: Any = None) -> None:
        if self.layer is not None and self.layer.visible:
            width = self._width_px / float(self._camera.zoom) / self._scale
            width = max(width, LEAST_WIDTH)
            if self.layer.edge_width != width:  # which draws all anew
                self.layer.edge_width = width

    def _place(self, layer: Vectors, image: Image, shown: ShownSlice) -> None:
        """Give the layer starts and directions, (N, 2, D), in the viewer's world."""
        dims, sides = self._viewer.dims, self._sides
        voxels = np.insert(sides.reshape(-1, 2), shown.axis, shown.index, axis=1)
        drawn = drawn_at(dims, image, voxels).reshape(-1, 2, 2)
        placed = np.tile(np.asarray(dims.point, dtype=float), (len(sides), 2, 1))
        placed[..., list(dims.displayed)] = drawn
        placed[:, 1] -= placed[:, 0]
        layer.data = placed / self._scale


class MaskOutlines(SliceLines):
    """The outlines of masks."""

    def show(
        self,
        image: Image,
        shown: ShownSlice,
        masks: Sequence[npt.NDArray[np.bool_]],
        colours: Sequence[npt.NDArray[np.float32]],
    ) -> None:
        """Draw masks (H, W) of a slice of an image; the last one lies on top."""
        self.show_lines(image, shown, [sides_of(mask) for mask in masks], colours)
