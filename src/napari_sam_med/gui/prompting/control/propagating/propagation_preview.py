"""The preview in which a propagation is seen until it is accepted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from napari.layers import Image
from qtpy.QtCore import QObject

from napari_sam_med.gui.prompting.overlay import CandidateOverlay
from napari_sam_med.gui.shared.later import later
from napari_sam_med.propagation.propagated_masks import SliceMask

DRAW_WAIT_MS = 60
"""Slices that come faster than this are drawn together."""


class PropagationPreview:
    """Shows masks of an object over the image, slice by slice, in every orientation.

    Parameters
    ----------
    overlay : CandidateOverlay
        Whose layer shows them.
    parent : QObject
        Takes a timer with it when it goes.
    """

    def __init__(self, overlay: CandidateOverlay, parent: QObject) -> None:
        self._overlay = overlay
        self._begin: Callable[[], None] | None = None
        self._timer = later(parent, DRAW_WAIT_MS, overlay.draw_preview)

    def begin(
        self, image: Image, time: int | None, colour: tuple[int, int, int]
    ) -> None:
        """Preview over an image from the first slice on, which is drawn anyway."""
        self.end()
        self._begin = partial(self._overlay.begin_preview, image, time, colour)

    def put(self, axis: int, each: SliceMask) -> None:
        """Show one more slice, a little later; after the first, candidates anew."""
        if self._begin is not None:
            self._begin()
            self._begin = None
        self._overlay.put_preview(axis, each.index, each.mask)
        if not self._timer.isActive():
            self._timer.start()

    def end(self) -> None:
        """Show nothing any more."""
        self._timer.stop()
        self._begin = None
        self._overlay.end_preview()
