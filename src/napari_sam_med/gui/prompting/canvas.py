"""The mouse over the canvas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.components import ViewerModel

from napari_sam_med.core.prompts import NEGATIVE, POSITIVE
from napari_sam_med.gui.prompting.drawing.stroke_drawing import StrokeDrawing
from napari_sam_med.gui.prompting.prompt_grips import PromptGrips
from napari_sam_med.gui.shared.prompt_layers import PAN, Held

LEFT_BUTTON = 1
DRAG_PX = 5.0
"""napari's own limit between a click and a drag in a Points layer."""
TURN_MODIFIER = "Control"


class Tool(StrEnum):
    """What a left click on the canvas does."""

    INCLUDE = "include"
    EXCLUDE = "exclude"
    BOX = "box"
    SCRIBBLE = "scribble"
    LASSO = "lasso"
    NAVIGATE = "navigate"


DRAWN = (Tool.SCRIBBLE, Tool.LASSO)
LABELLING = (Tool.INCLUDE, Tool.EXCLUDE, *DRAWN)
"""Tools of which Control makes the other label."""


class CanvasClicks:
    """Turns clicks into points, unless another tool of napari is in use.

    A click counts while no layer is active or the active one is in pan and zoom mode:
    the brush, the eraser and napari's own tools keep the mouse for themselves. With
    Control, include and exclude change places, and a line is on the background. A
    double click is one click. A press on a prompt takes hold of that instead; with the
    tools for boxes, scribbles and lassos one is drawn.

    Parameters
    ----------
    viewer : ViewerModel
        Whose canvas.
    clicked : callable
        Called with the world position and 1 (on the object) or 0 (background).
    grips : PromptGrips, optional
        The prompts that can be taken hold of.
    strokes : StrokeDrawing, optional
        Draws scribbles and lassos.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        clicked: Callable[[Sequence[float], int], None],
        grips: PromptGrips | None = None,
        strokes: StrokeDrawing | None = None,
    ) -> None:
        self._viewer = viewer
        self._clicked = clicked
        self._grips, self._strokes = grips, strokes
        self._zooming: list[Callable[..., Any]] = []
        self.tool = Tool.NAVIGATE
        self.open()

    def open(self) -> None:
        """Hear the mouse; again after ``close``."""
        if self._on_press not in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.append(self._on_press)

    def set_tool(self, tool: Tool) -> None:
        """Choose what a click does; while it prompts, a double click does not zoom."""
        self.tool = tool
        callbacks = self._viewer.mouse_double_click_callbacks
        if tool is Tool.NAVIGATE:
            callbacks.extend(self._zooming)
            self._zooming = []
        elif not self._zooming:
            self._zooming = list(callbacks)
            callbacks.clear()

    def close(self) -> None:
        """Leave the canvas as it was."""
        self.set_tool(Tool.NAVIGATE)
        if self._on_press in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._on_press)

    def _on_press(self, _viewer: ViewerModel, event: Any) -> Iterator[None]:
        held = self._held_by(event)
        if self._grips is not None and (held or self._begins_box(event)):
            yield from self._drag(event, held, self._grips)
            return
        label = self._label_for(event)
        if label is None:
            return
        if self._strokes is not None and self.tool in DRAWN:
            yield from self._draw(event, label, self._strokes)
            return
        start = np.asarray(event.pos)
        yield
        while event.type == "mouse_move":
            if not _is_drag(event, start):
                event.handled = True  # a hand is not that still: no panning yet
            yield
        if not _is_drag(event, start):
            self._clicked(tuple(event.position), label)

    def _drag(
        self, event: Any, held: Held | None, grips: PromptGrips
    ) -> Iterator[None]:
        """Follow the mouse with a prompt in hand; the camera stays."""
        start = np.asarray(event.pos)
        event.handled, was_moved = True, False
        grips.take(held, tuple(event.position))
        yield
        while event.type == "mouse_move":
            event.handled = True
            was_moved = was_moved or _is_drag(event, start)
            if was_moved:
                grips.move(tuple(event.position))
            yield
        # napari leaves the last moves out if the button follows at once
        was_moved = was_moved or _is_drag(event, start)
        grips.drop(tuple(event.position), was_moved=was_moved)

    def _draw(self, event: Any, label: int, strokes: StrokeDrawing) -> Iterator[None]:
        """Follow the mouse with a line; the camera stays."""
        event.handled = True
        is_closed = self.tool is Tool.LASSO
        strokes.begin(tuple(event.position), label, is_closed=is_closed)
        yield
        while event.type == "mouse_move":
            event.handled = True
            strokes.extend(tuple(event.position))
            yield
        strokes.end(tuple(event.position))

    def _is_free(self, event: Any) -> bool:
        """Whether a press with no key held is ours, and no tool of napari's."""
        active = self._viewer.layers.selection.active
        is_left = event.button == LEFT_BUTTON and not event.modifiers
        return is_left and (active is None or active.mode == PAN)

    def _begins_box(self, event: Any) -> bool:
        return self.tool is Tool.BOX and self._is_free(event)

    def _held_by(self, event: Any) -> Held | None:
        if self._grips is None or self.tool is Tool.NAVIGATE:
            return None
        if not self._is_free(event):
            return None
        return self._grips.at(event.position, event.camera_zoom)

    def _label_for(self, event: Any) -> int | None:
        if self.tool not in LABELLING or event.button != LEFT_BUTTON:
            return None
        active = self._viewer.layers.selection.active
        modifiers = set(event.modifiers)
        if (active is not None and active.mode != PAN) or (modifiers - {TURN_MODIFIER}):
            return None
        includes = (self.tool is not Tool.EXCLUDE) != (TURN_MODIFIER in modifiers)
        return POSITIVE if includes else NEGATIVE


def _is_drag(event: Any, start: npt.NDArray[np.float64]) -> bool:
    """Whether the mouse is farther from a press than a hand trembles."""
    return bool(np.linalg.norm(event.pos - start) >= DRAG_PX)
