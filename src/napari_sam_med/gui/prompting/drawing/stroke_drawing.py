"""A line that follows the mouse until it is a scribble or a lasso."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject

from napari_sam_med.errors import SamMedError
from napari_sam_med.gui.prompting.shown_image import ShownImage
from napari_sam_med.gui.shared.later import later
from napari_sam_med.gui.shared.shown_slice import voxel_under
from napari_sam_med.session.kinds.placed_strokes import PlacedStroke
from napari_sam_med.session.prompt_image import slice_mark
from napari_sam_med.session.prompt_session import PromptSession
from napari_sam_med.session.status import Phase, Status

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_sam_med.core.planes import SlicePlane


PREVIEW_WAIT_MS = 40
"""The mouse comes every 5 ms, and napari takes several times as long to draw a line."""
LEFT = "another slice or image came while the line was drawn; draw it again"


@dataclass(frozen=True, slots=True)
class StrokeSlots:
    """Who is told what.

    Parameters
    ----------
    preview : callable
        The line as far as it is drawn.
    changed : callable
        Something must be drawn anew.
    outlined : callable
        A new lasso was drawn.
    """

    preview: Callable[[PlacedStroke], None]
    changed: Callable[[], None]
    outlined: Callable[[], None]


@dataclass(slots=True, eq=False)
class _Line:
    """What is drawn now, on which slice of which image."""

    mark: object
    plane: SlicePlane
    label: int
    is_closed: bool
    path_rc: list[tuple[float, float]]


class StrokeDrawing:
    """Draws lines on the slice that is shown; each is one step of the history.

    Parameters
    ----------
    viewer : ViewerModel
        Whose canvas.
    session : PromptSession
        Takes the line.
    seen : ShownImage
        The image and the slice that is shown.
    told : StrokeSlots
        Who is told.
    parent : QObject
        Takes a timer with it when it goes.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        session: PromptSession,
        seen: ShownImage,
        told: StrokeSlots,
        parent: QObject,
    ) -> None:
        self._viewer, self._session = viewer, session
        self._seen, self._told = seen, told
        self._timer = later(parent, PREVIEW_WAIT_MS, self._preview)
        self._line: _Line | None = None

    def begin(self, position: Sequence[float], label: int, *, is_closed: bool) -> None:
        """Begin a line.

        Parameters
        ----------
        position : sequence of float
            World coordinates of the mouse.
        label : int
            1 on the object, 0 on the background.
        is_closed : bool
            Whether it becomes a lasso.
        """
        self._line, plane, image = None, self._session.plane, self._session.image
        if plane is None or image is None:
            return  # the status says why nothing can be prompted
        at = self._at(position, plane)
        if at is not None:
            self._line = _Line(slice_mark(image, plane), plane, label, is_closed, [at])

    def extend(self, position: Sequence[float]) -> None:
        """Draw on to where the mouse has come."""
        line = self._line
        at = None if line is None else self._at(position, line.plane)
        if line is None or at is None:
            return
        line.path_rc.append(at)
        if not self._timer.isActive():
            self._timer.start()

    def _preview(self) -> None:
        line = self._line
        if line is None:
            return
        axis, index, path = line.plane.axis, line.plane.index, tuple(line.path_rc)
        self._told.preview(
            PlacedStroke(axis, index, path, (), line.label, line.is_closed)
        )

    def end(self, position: Sequence[float]) -> None:
        """Take what was drawn as a prompt, or say why it is none.

        Parameters
        ----------
        position : sequence of float
            World coordinates of the mouse, of which no move may have told.
        """
        self._timer.stop()
        line, self._line = self._line, None
        image, session = self._session.image, self._session
        if line is None or image is None:
            self._told.changed()
            return
        if slice_mark(session.image, session.plane) != line.mark:
            session.status = Status(Phase.ERROR, LEFT)
            self._told.changed()
            return
        at = self._at(position, line.plane)
        if at is not None and at != line.path_rc[-1]:
            line.path_rc.append(at)
        make = PlacedStroke.lasso if line.is_closed else PlacedStroke.scribble
        try:
            stroke = make(
                np.array(line.path_rc),
                line.label,
                line.plane,
                image.shape_hw(line.plane),
            )
        except SamMedError as error:
            session.status = Status(Phase.ERROR, str(error))
            self._told.changed()
            return
        session.replace_prompts(session.state.prompts.with_stroke(stroke))
        self._told.changed()
        if line.is_closed:
            self._told.outlined()

    def _at(
        self, position: Sequence[float], plane: SlicePlane
    ) -> tuple[float, float] | None:
        """Row and column under the mouse, on the slice or beside it."""
        layer = self._seen.layer
        if layer is None:
            return None
        try:
            voxel = voxel_under(self._viewer.dims, layer, position, plane)
        except SamMedError:
            return None
        row, col = np.delete(voxel, plane.axis).tolist()
        return row, col
