"""Turns the view, sets windows, and shows in the dock how the image is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image

from napari_sam_med.errors import SamMedError
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.prompting.display.canvas_letters import CanvasLetters
from napari_sam_med.gui.prompting.display.intensity_windows import (
    key_of,
    show_through,
    widen_range,
    window_of,
    window_options,
)
from napari_sam_med.gui.prompting.display.orientations import (
    is_in_patient,
    letters_of,
    order_of,
    upright,
    view_of_dims,
)
from napari_sam_med.gui.prompting.display.value_readout import ValueReadout
from napari_sam_med.gui.shared.viewer_watch import LayerWatch
from napari_sam_med.session.status import Phase, Status


class DisplayActions:
    """Slots of the views and windows in the dock.

    Parameters
    ----------
    parts : DockParts
        What the dock's parts share.
    turned : callable
        Called after the canvas was turned, upside down or mirrored.
    """

    def __init__(self, parts: DockParts, turned: Callable[[], None]) -> None:
        self._parts, self._turned = parts, turned
        self._letters = CanvasLetters(parts.view)
        self.readout = ValueReadout(parts.viewer, parts.view, parts.seen)
        self._watch = LayerWatch({"contrast_limits": self._show_window})
        self._found: tuple[Any, ...] = ()
        self._turned_by: str | None = None
        bar = parts.view.display
        bar.view_chosen.connect(self.turn_to)
        bar.window_chosen.connect(self.use_window)

    def open(self) -> None:
        """Listen to the viewer's axes and camera."""
        dims = self._parts.viewer.dims.events
        for event in (dims.order, dims.ndim, dims.ndisplay):
            event.connect(self._on_turned)
        self.camera.events.orientation.connect(self._on_camera)
        self.readout.open()
        self._on_turned()

    def close(self) -> None:
        """Stop listening, and leave the canvas as it is without a dock."""
        dims = self._parts.viewer.dims.events
        for event in (dims.order, dims.ndim, dims.ndisplay):
            event.disconnect(self._on_turned)
        self.camera.events.orientation.disconnect(self._on_camera)
        self.readout.close()
        self._watch.watch(None)
        self._letters.clear()

    @property
    def camera(self) -> Any:
        """The viewer's; napari before 0.9 has it elsewhere."""
        viewer: ViewerModel = self._parts.viewer
        return getattr(viewer, "scene", viewer).camera

    def follow(self, image: Image | None) -> None:
        """Show how this image is looked at; its slider reaches all its values."""
        if self._watch.watch(image):
            self._found = () if image is None else tuple(window_options(image))
            if image is not None and image.ndim >= 2:
                widen_range(image)
            self._turned_by = None
            self._on_turned()
            self._show_window()

    def draw(self) -> None:
        """Say which slice is prompted."""
        session, heading = self._parts.session, self._parts.view.heading
        if session.image is None or session.plane is None:
            heading.set_no_slice()
        else:
            axis, index = session.plane.axis, session.plane.index
            heading.set_slice(axis, index, session.image.volume.shape_zyx[axis])

    def turn_to(self, view: str) -> None:
        """Show the slices of a view, at the place that is shown."""
        dims = self._parts.viewer.dims
        if dims.ndim >= 3:
            dims.ndisplay = 2
            dims.order = order_of(dims, view)
            self._parts.viewer.reset_view()

    def use_window(self, key: str) -> None:
        """Look at the image through another window."""
        image = self._parts.image
        if image is None:
            return
        try:
            show_through(image, window_of(image, key))
        except SamMedError as error:
            self._parts.session.status = Status(Phase.ERROR, str(error))

    def _on_turned(self, _event: Any = None) -> None:
        """Turn a patient the right way up, once for each view."""
        view = view_of_dims(self._parts.viewer.dims)
        image = self._parts.image
        if image is not None and is_in_patient(image) and view != self._turned_by:
            self._turned_by = view
            if view:
                self.camera.orientation2d = upright(view)
        self._show_view()

    def _on_camera(self, _event: Any = None) -> None:
        self._show_view()
        self._turned()

    def _show_view(self, _event: Any = None) -> None:
        dims, image = self._parts.viewer.dims, self._parts.image
        bar = self._parts.view.display
        bar.set_view(view_of_dims(dims))
        bar.set_possible(views=image is not None and image.ndim >= 3)
        letters = None
        if image is not None and is_in_patient(image):
            directions = tuple(str(each) for each in self.camera.orientation2d)
            letters = letters_of(dims, (directions[0], directions[1]))
        self._letters.show(letters)

    def _show_window(self) -> None:
        image = self._parts.image
        key = "" if image is None or not self._found else key_of(image)
        self._parts.view.display.set_windows(self._found, key)
