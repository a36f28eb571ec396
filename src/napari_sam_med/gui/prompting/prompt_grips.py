"""Points and boxes that a person takes hold of on the canvas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_sam_med.errors import SamMedError
from napari_sam_med.gui.prompting.shown_image import ShownImage
from napari_sam_med.gui.shared.prompt_layers import OUTSIDE, Held, PromptLayers
from napari_sam_med.gui.shared.prompt_vertices import (
    box_from_corners,
    clipped,
    distance_to,
    line_from_stroke,
    rectangle_from_box,
)
from napari_sam_med.gui.shared.shown_slice import drawn_at, voxel_under
from napari_sam_med.session.prompt_image import slice_mark
from napari_sam_med.session.prompt_session import PromptSession
from napari_sam_med.session.status import Phase, Status
from napari_sam_med.session.volume_prompts import ObjectPrompts, PlacedBox

if TYPE_CHECKING:
    from napari.components import ViewerModel

LEFT = "another slice or image came while the mouse was pressed; do it again"
REACH_PX = 8.0
"""The radius of a point's mark, and one pixel; corners and edges of boxes alike."""


@dataclass(frozen=True, slots=True, eq=False)
class _Drag:
    """Where a movement began: the slice, the prompts, the voxel under the mouse."""

    mark: object
    held: Held | None
    prompts: ObjectPrompts
    start_zyx: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GripSlots:
    """Who is told what.

    Parameters
    ----------
    changed : callable
        Something must be drawn.
    boxed : callable
        A new box was drawn.
    """

    changed: Callable[[], None]
    boxed: Callable[[], None]


class PromptGrips:
    """Draws boxes, and selects, moves and removes prompts on the slice that is shown.

    Parameters
    ----------
    viewer : ViewerModel
        Whose canvas.
    session : PromptSession
        Holds the prompts; each movement is one step of its history.
    seen : ShownImage
        The image and the slice that is shown.
    layers : PromptLayers
        Where prompts are drawn.
    told : GripSlots
        Who is told.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        session: PromptSession,
        seen: ShownImage,
        layers: PromptLayers,
        told: GripSlots,
    ) -> None:
        self._viewer, self._session = viewer, session
        self._seen, self._layers, self._told = seen, layers, told
        self._drag: _Drag | None = None
        self._held_of: ObjectPrompts | None = None

    def at(self, position: Sequence[float], zoom: float) -> Held | None:
        """Find the prompt under the mouse.

        Parameters
        ----------
        position : sequence of float
            World coordinates in the viewer's dimensions.
        zoom : float
            Pixels of the canvas for a unit of the world.

        Returns
        -------
        Held or None
            A point before a box, a corner before an edge, a line last; None if nothing
            is near.
        """
        layer, plane = self._seen.layer, self._session.plane
        if layer is None or plane is None or self._session.image is None:
            return None
        prompts, reach = self._session.state.prompts, REACH_PX / zoom
        try:
            mouse = np.asarray(position)[list(self._viewer.dims.displayed)]
            points = self._drawn(prompts.points_zyx)
            boxes = [self._drawn(rectangle_from_box(b, 3)) for b in prompts.boxes]
            lines = [self._drawn(line_from_stroke(s)) for s in prompts.strokes]
        except SamMedError:
            return None
        here = np.rint(prompts.points_zyx[:, plane.axis]) == plane.index
        far = np.linalg.norm(points - mouse, axis=1)
        far[~here] = np.inf
        if far.size and far.min() <= reach:
            return Held(int(far.argmin()))
        near = (
            Held(k, is_box=True, corner=part)
            for k, (box, corners) in enumerate(zip(prompts.boxes, boxes, strict=True))
            if box.lies_on(plane)
            and (part := _part_near(corners, mouse, reach)) is not None
        )
        crossed = (
            Held(k, is_stroke=True)
            for k, (line, path) in enumerate(zip(prompts.strokes, lines, strict=True))
            if line.lies_on(plane) and distance_to(path, mouse) <= reach
        )
        return next(near, None) or next(crossed, None)

    def take(self, held: Held | None, position: Sequence[float]) -> None:
        """Select a prompt, from where it may be moved; or begin a new box.

        Parameters
        ----------
        held : Held or None
            None for a new box.
        position : sequence of float
            World coordinates of the mouse.
        """
        session = self._session
        mark = slice_mark(session.image, session.plane)
        self._drag = _Drag(mark, held, session.state.prompts, self._voxel(position))
        if held is not None:
            self._select(held)

    def move(self, position: Sequence[float]) -> None:
        """Show the prompt where the mouse has come to."""
        session = self._session
        here = slice_mark(session.image, session.plane)
        if self._drag is not None and self._drag.mark == here:
            self._layers.preview(self._moved(self._drag, position))

    def drop(self, position: Sequence[float], *, was_moved: bool) -> None:
        """Leave the prompt where the mouse is; it stays selected."""
        drag, self._drag = self._drag, None
        if drag is None:
            return
        if drag.mark != slice_mark(self._session.image, self._session.plane):
            # fresh images share their prompts, but not their slices
            self._session.status = Status(Phase.ERROR, LEFT)
            self._told.changed()
            return
        if drag.prompts is not self._session.state.prompts:
            return
        moved = self._moved(drag, position) if was_moved else drag.prompts
        if drag.held is not None:
            self._session.replace_prompts(moved)
            self._select(drag.held)
        elif was_moved:
            self._take_box(drag.prompts, moved)

    def _take_box(self, before: ObjectPrompts, after: ObjectPrompts) -> None:
        if after is before:
            self._session.status = Status(Phase.ERROR, OUTSIDE)
            self._told.changed()
            return
        self._session.replace_prompts(after)
        self._told.boxed()

    def remove(self) -> None:
        """Remove the selected prompt, or what napari's own tool has selected."""
        held = self._layers.held
        prompts = self._session.state.prompts
        if self._layers.remove_selected() or held is None:
            return
        self._layers.held = None
        if prompts is not self._held_of:
            return
        self._session.replace_prompts(_without(prompts, held))
        self._told.changed()

    def forget_old(self) -> None:
        """Leave the selection once the prompts are others than it was made among."""
        if self._session.state.prompts is not self._held_of and self._drag is None:
            self._layers.held = None

    def _select(self, held: Held) -> None:
        prompts, plane = self._session.state.prompts, self._session.plane
        self._layers.held, self._held_of = held, prompts
        if held.is_box and plane is not None:
            before = prompts.boxes[: held.index]
            self._session.look_at(sum(each.lies_on(plane) for each in before))
        self._told.changed()

    def _drawn(self, voxels_zyx: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        image = self._seen.layer
        if image is None:
            return np.zeros((0, 2))
        return drawn_at(self._viewer.dims, image, voxels_zyx)

    def _voxel(self, position: Sequence[float]) -> npt.NDArray[np.float64]:
        image, plane = self._seen.layer, self._session.plane
        if image is None or plane is None:
            return np.zeros(3)
        return voxel_under(self._viewer.dims, image, position, plane)

    def _moved(self, drag: _Drag, position: Sequence[float]) -> ObjectPrompts:
        """Give the prompts with one of them elsewhere, inside the image."""
        held, prompts, image = drag.held, drag.prompts, self._session.image
        if image is None:
            return prompts
        shape = np.array(image.volume.shape_zyx)
        voxel = self._voxel(position)
        if held is None:
            drawn = box_from_corners([drag.start_zyx, voxel])
            box = None if drawn is None else clipped(drawn, image.volume.shape_zyx)
            rule = self._session.second_box
            return prompts if box is None else prompts.with_box(box, rule)
        step = voxel - drag.start_zyx
        if held.is_stroke:
            return _stroke_moved(prompts, held.index, step, shape)
        if held.is_point:
            points = prompts.points_zyx.copy()
            points[held.index] = np.clip(points[held.index] + step, 0, shape - 1)
            return replace(prompts, points_zyx=np.round(points, 4))
        boxes = list(prompts.boxes)
        at = held.index
        boxes[at] = _box_moved(boxes[at], held.corner, voxel, step, shape)
        return replace(prompts, boxes=tuple(boxes))


def _without(prompts: ObjectPrompts, held: Held) -> ObjectPrompts:
    at = held.index
    if held.is_box:
        boxes = prompts.boxes[:at] + prompts.boxes[at + 1 :]
        return replace(prompts, boxes=boxes)
    if held.is_stroke:
        strokes = prompts.strokes[:at] + prompts.strokes[at + 1 :]
        return replace(prompts, strokes=strokes)
    return prompts.without_point(at)


def _stroke_moved(
    prompts: ObjectPrompts,
    at: int,
    step: npt.NDArray[np.float64],
    shape: npt.NDArray[np.intp],
) -> ObjectPrompts:
    """Shift a line within its slice; it stays inside the image."""
    strokes = list(prompts.strokes)
    row, col = np.delete(step, strokes[at].axis).tolist()
    height, width = np.delete(shape, strokes[at].axis).tolist()
    strokes[at] = strokes[at].shifted((row, col), (height, width))
    return replace(prompts, strokes=tuple(strokes))


def _part_near(
    corners: npt.NDArray[np.float64], mouse: npt.NDArray[np.float64], reach: float
) -> int | None:
    """Which corner is near, 0 to 3; -1 for an edge; None for neither."""
    far = np.linalg.norm(corners - mouse, axis=1)
    if far.min() <= reach:
        return int(far.argmin())
    closed = np.concatenate([corners, corners[:1]])
    return -1 if distance_to(closed, mouse) <= reach else None


def _box_moved(
    box: PlacedBox,
    corner: int,
    voxel: npt.NDArray[np.float64],
    step: npt.NDArray[np.float64],
    shape: npt.NDArray[np.intp],
) -> PlacedBox:
    """Shift a box, or pull one of its corners; it stays inside the image."""
    size = np.delete(shape, box.axis)
    if corner < 0:
        low, high = np.array(box.box_rc[:2]), np.array(box.box_rc[2:])
        shift = np.clip(np.delete(step, box.axis), -low, size - 1 - high)
        moved = np.round(np.concatenate([low + shift, high + shift]), 4)
        row0, col0, row1, col1 = (float(each) for each in moved)
        return replace(box, box_rc=(row0, col0, row1, col1))
    corners = rectangle_from_box(box, 3)
    opposite = corners[(corner + 2) % 4]
    pulled = np.clip(voxel, -0.5, shape - 0.5)
    pulled[box.axis] = box.index
    return box_from_corners([opposite, pulled]) or box
