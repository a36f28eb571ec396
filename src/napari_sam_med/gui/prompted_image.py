"""The image that is prompted, and which slice of it the viewer shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtCore import QObject

from napari_sam_med.errors import ImageError
from napari_sam_med.gui.later import later
from napari_sam_med.gui.layer_watch import LayerWatch
from napari_sam_med.gui.layers import (
    place_of,
    shown_slice,
    target_from_layer,
    voxel_from_world,
)
from napari_sam_med.session.session import PromptSession
from napari_sam_med.session.status import Phase, Status

WINDOW_WAIT_MS = 250
"""Contrast sliders send many values; only the one they rest on is embedded."""
NO_IMAGE = "Open an image (File > Open), or take one from File > Open Sample."


class PromptedImage:
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
        self._timer = later(parent, WINDOW_WAIT_MS, rested)
        self._watch = LayerWatch(
            {
                "contrast_limits": self._on_window_changed,
                "data": self._on_voxels_changed,
            }
        )
        self.layer: Image | None = None

    @property
    def is_settling(self) -> bool:
        """Whether ``rested`` is still to be called."""
        return bool(self._timer.isActive())

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
        ImageError
            If the image cannot be prompted, then the session has no target; or if no
            slice of it is seen.
        """
        layer, session = self.layer, self._session
        if layer is None or layer not in self._viewer.layers:
            session.show(None, None)
            return Status(Phase.IDLE, NO_IMAGE)
        try:
            target = target_from_layer(layer, self._revisions.get(place_of(layer), 0))
        except ImageError:
            session.show(None, None)
            raise
        try:
            axis, index = shown_slice(self._viewer.dims, layer)
        except ImageError:
            session.show(target, None)
            raise
        session.show(target, target.plane(axis, index))
        return Status()

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
        layer, session = self.layer, self._session
        if layer is None or session.target is None or session.plane is None:
            return False  # the status says why nothing can be prompted
        voxel = voxel_from_world(layer, position, session.plane)
        if voxel is None:
            session.status = Status(Phase.IDLE, f"Click on {layer.name}")
            return False
        session.add_point(voxel, label)
        return True

    def close(self) -> None:
        """Stop listening."""
        self._watch.watch(None)
        self._timer.stop()

    def _on_window_changed(self) -> None:
        self._timer.start()

    def _on_voxels_changed(self) -> None:
        if self.layer is not None:
            place = place_of(self.layer)
            self._revisions[place] = self._revisions.get(place, 0) + 1
        self._timer.start()
