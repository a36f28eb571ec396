"""The image that is prompted, and which slice of it the viewer shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtCore import QObject

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import ImageError, SamMedError
from napari_sam_med.gui.napari_io import LayerFrame, place_of, shape_of, voxels_of
from napari_sam_med.gui.shared.later import later
from napari_sam_med.gui.shared.shown_slice import (
    ShownSlice,
    shown_slice,
    voxel_from_world,
)
from napari_sam_med.gui.shared.viewer_watch import LayerWatch
from napari_sam_med.session.prompt_image import PromptImage
from napari_sam_med.session.prompt_session import PromptSession
from napari_sam_med.session.replay import name_at_time
from napari_sam_med.session.status import Phase, Status

WINDOW_WAIT_MS = 250
"""Contrast sliders send many values; only the one they rest on is embedded."""
TIME_MARK = "@"
"""Between a layer's place and a time point, which is an image of its own."""
NO_IMAGE = "Open an image (File > Open), or take one from File > Open Sample."


def prompt_image_from_layer(
    layer: Image, revision: int = 0, time: int | None = None
) -> PromptImage:
    """Take an Image layer as something to prompt on.

    Parameters
    ----------
    layer : Image
        (Z, Y, X), (Y, X) or (T, Z, Y, X), and a last axis of 3 or 4 if it is RGB.
    revision : int
        Grows whenever the layer's voxels change.
    time : int, optional
        Time point, of a layer that has several; the first by default.

    Returns
    -------
    PromptImage
        With the layer's contrast limits as window and its spacing in millimetres;
        voxels are not copied. Time points are images of their own.

    Raises
    ------
    ImageError
        If the layer has other dimensions or units, its colours are no uint8, or its
        contrast limits are no window.
    GeometryError
        If the layer is scaled by 0.
    """
    z, y, x = LayerFrame.of(layer).spacing_zyx
    geometry = Geometry((x, y, z))
    array, name, place = voxels_of(layer), layer.name, place_of(layer)
    if layer.ndim == 4:
        time = min(time or 0, len(array) - 1)
        array, name, place = (
            array[time],
            name_at_time(name, time),
            f"{place}{TIME_MARK}{time}",
        )
    array = array[None] if layer.ndim == 2 else array
    if layer.rgb:
        if array.dtype != np.uint8:
            msg = (
                f"{name} has colours of type {array.dtype}; give colours of 8 bits "
                "(uint8), or choose Split RGB in the layer's menu and prompt a channel"
            )
            raise ImageError(msg)
        volume = Volume(array[..., :3], geometry, name)
        return PromptImage(volume, None, place, revision)
    low, high = (float(limit) for limit in layer.contrast_limits)
    return PromptImage(
        Volume(array, geometry, name), Window(low, high), place, revision
    )


class ShownImage:
    """Tells a session which slice of which image is seen, and through which window.

    Parameters
    ----------
    viewer : ViewerModel
        Shows the image.
    session : PromptSession
        Is told.
    parent : QObject
        Takes a timer with it when it goes.
    rested : callable
        Called a little after the image's voxels or contrast limits changed last.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        session: PromptSession,
        parent: QObject,
        rested: Callable[[], None],
    ) -> None:
        self._viewer, self._session = viewer, session
        self._revisions: dict[str, int] = {}
        self._times: dict[str, int] = {}
        self._timer = later(parent, WINDOW_WAIT_MS, rested)
        self._watch = LayerWatch(
            {
                "contrast_limits": self._on_window_changed,
                "data": self._on_voxels_changed,
                "projection_mode": rested,
            }
        )
        self.layer: Image | None = None
        self.shown: ShownSlice | None = None

    def take(self, layer: Image | None) -> bool:
        """Prompt this image from now on; False if it is the present one."""
        if not self._watch.watch(layer):
            return False
        self.layer = layer
        return True

    def show(self) -> Status:
        """Tell the session what is seen.

        Returns
        -------
        Status
            Empty, or what to do first.

        Raises
        ------
        SamMedError
            If the image cannot be prompted, then it shows none; or if no
            slice of it is seen.
        """
        layer, session = self.layer, self._session
        if layer is None or layer not in self._viewer.layers:
            session.show(None, None)
            return Status(Phase.IDLE, NO_IMAGE)
        revision = self._revisions.get(place_of(layer), 0)
        try:
            self.shown = None
            prompt_image = prompt_image_from_layer(layer, revision, self._last_time())
        except SamMedError:
            session.show(None, None)
            raise
        try:
            shown = shown_slice(self._viewer.dims, layer)
        except SamMedError:
            session.show(prompt_image, None)
            raise
        if shown.time is not None:
            self._times[place_of(layer)] = shown.time
            prompt_image = prompt_image_from_layer(layer, revision, shown.time)
        self.shown = shown
        session.show(prompt_image, prompt_image.plane(shown.axis, shown.index))
        return Status()

    def has_moved(self) -> bool:
        """Whether the viewer shows another slice than the session was told of."""
        layer = self.layer
        if layer is None or self.shown is None or layer not in self._viewer.layers:
            return False
        try:
            return shown_slice(self._viewer.dims, layer) != self.shown
        except SamMedError:
            return True

    def forget(self, layer: Image) -> None:
        """Drop what was prompted on an image that is gone."""
        self._session.histories.forget(place_of(layer))
        for time in range(shape_of(layer)[0] if layer.ndim == 4 else 0):
            self._session.histories.forget(f"{place_of(layer)}{TIME_MARK}{time}")

    def forget_gone(self) -> None:
        """Drop what was prompted on images that went while nobody listened."""
        here = {place_of(layer) for layer in self._viewer.layers}
        for place in self._session.histories.places:
            if place.partition(TIME_MARK)[0] not in here:
                self._session.histories.forget(place)

    def add_point(self, position: Sequence[float], label: int) -> bool:
        """Give the session a point of the slice that is seen.

        Parameters
        ----------
        position : sequence of float
            World coordinates in the viewer's dimensions.
        label : int
            1 on the object, 0 on the background.

        Returns
        -------
        bool
            Whether the point lies in the image.
        """
        voxel = self.voxel_at(position)
        if voxel is not None:
            self._session.add_point(voxel, label)
        return voxel is not None

    def voxel_at(self, position: Sequence[float]) -> tuple[float, float, float] | None:
        """Find the voxel of the slice that is seen at a place of the world.

        Parameters
        ----------
        position : sequence of float
            World coordinates in the viewer's dimensions.

        Returns
        -------
        (z, y, x) or None
            None if it lies outside the image, or nothing can be prompted.
        """
        voxel = self.peek(position)
        if voxel is None and self.layer is not None and self._is_seen():
            self._session.status = Status(Phase.IDLE, f"Click on {self.layer.name}")
        return voxel

    def peek(self, position: Sequence[float]) -> tuple[float, float, float] | None:
        """As ``voxel_at``, where nobody is told that a place lies outside."""
        layer, plane = self.layer, self._session.plane
        if layer is None or plane is None or not self._is_seen():
            return None
        try:
            return voxel_from_world(self._viewer.dims, layer, position, plane)
        except SamMedError:
            return None

    def _is_seen(self) -> bool:
        """Whether the session knows what is seen; else the status says or will say."""
        layer, session = self.layer, self._session
        if layer is None or session.image is None or session.plane is None:
            return False
        try:
            return shown_slice(self._viewer.dims, layer) == self.shown
        except SamMedError:
            return False

    def close(self) -> None:
        """Stop listening."""
        self._watch.watch(None)
        self._timer.stop()

    def _last_time(self) -> int | None:
        """The time point seen last, to stay with while no slice is seen."""
        return None if self.layer is None else self._times.get(place_of(self.layer))

    def _on_window_changed(self) -> None:
        self._timer.start()

    def _on_voxels_changed(self) -> None:
        if self.layer is not None:
            place = place_of(self.layer)
            self._revisions[place] = self._revisions.get(place, 0) + 1
        self._timer.start()
