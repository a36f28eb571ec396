"""Marks, on request, where the next click would decide most."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from napari.layers import Layer, Points

from napari_sam_med.core.candidates import Candidates, most_disputed
from napari_sam_med.errors import PromptError
from napari_sam_med.gui.napari_io import ROLE
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.shared.later import remove_layers
from napari_sam_med.gui.shared.own_layers import add_quietly
from napari_sam_med.gui.shared.point_marks import limit_marks
from napari_sam_med.gui.shared.prompt_vertices import data_from_points
from napari_sam_med.gui.shared.shown_slice import placement_over
from napari_sam_med.session.status import Phase, Status

NAME = "next click"
COLOUR = "#ffffff"
SIZE_PX = (18, 18)


class NextClick:
    """A ring on the place about which the candidates disagree most.

    It goes with the candidates that it was made of.

    Parameters
    ----------
    parts : DockParts
        What the dock's parts share.
    guard : callable
        Does something, tells of an error of ours, and draws what may have changed.
    """

    def __init__(
        self, parts: DockParts, guard: Callable[[Callable[[], None]], None]
    ) -> None:
        self._parts, self._guard = parts, guard
        self._layer: Points | None = None
        self._of: Candidates | None = None
        parts.view.next_click.clicked.connect(self.mark)

    def mark(self) -> None:
        """Mark it on the slice that is shown."""
        self._guard(self._mark)

    def draw(self) -> None:
        """Take the ring away once other candidates, or none, are there."""
        candidates = self._parts.session.candidates
        is_several = candidates is not None and len(candidates) > 1
        self._parts.view.next_click.setEnabled(is_several)
        if self._layer is not None and candidates is not self._of:
            remove_layers(self._parts.viewer, self.release())

    def release(self) -> list[Layer]:
        """Forget the layer, and give it to whoever takes it out."""
        layer, self._layer, self._of = self._layer, None, None
        return [] if layer is None else [layer]

    def _mark(self) -> None:
        parts, session = self._parts, self._parts.session
        image, plane, candidates = parts.image, session.plane, session.candidates
        if image is None or plane is None or candidates is None:
            msg = "there are no masks yet; click on the object first"
            raise PromptError(msg)
        found = most_disputed(candidates.masks, plane.spacing_rc)
        if found is None:
            msg = "the masks are all the same; click where they are wrong"
            raise PromptError(msg)
        remove_layers(parts.viewer, self.release())
        shown = parts.seen.shown
        voxel = np.insert(np.array([found], dtype=float), plane.axis, plane.index, 1)
        time = None if shown is None else shown.time
        self._layer = Points(
            data_from_points(voxel, image.ndim, time),
            name=NAME,
            symbol="ring",
            size=1,
            face_color=COLOUR,
            border_color=COLOUR,  # of so small a mark nothing but the border is drawn
            border_width=0,
            metadata={ROLE: NAME},
            **placement_over(parts.viewer.dims, image),
        )
        self._of = candidates
        limit_marks(self._layer, SIZE_PX)
        add_quietly(parts.viewer, self._layer)
        layers = parts.viewer.layers
        layers.move(layers.index(self._layer), len(layers))  # above all outlines
        text = "The masks disagree most at the ring: click there, or Ctrl-click"
        session.status = Status(Phase.READY, text)
