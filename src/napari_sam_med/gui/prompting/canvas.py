"""Mouse and keys over the canvas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer
from napari.utils.key_bindings import KeymapProvider

from napari_sam_med.core.prompts import NEGATIVE, POSITIVE

LEFT_BUTTON = 1
DRAG_PX = 5.0
"""napari's own limit between a click and a drag in a Points layer."""
TURN_MODIFIER = "Control"


class Tool(StrEnum):
    """What a left click on the canvas does."""

    INCLUDE = "include"
    EXCLUDE = "exclude"
    BOX = "box"
    NAVIGATE = "navigate"


class CanvasClicks:
    """Turns clicks into points, unless another tool of napari is in use.

    A click counts while no layer is active or the active one is in pan and zoom mode:
    the brush, the eraser and napari's own tools keep the mouse for themselves. With
    Control, include and exclude change places. A double click is one click.

    Parameters
    ----------
    viewer : ViewerModel
        Whose canvas.
    clicked : callable
        Called with the world position and 1 (on the object) or 0 (background).
    """

    def __init__(
        self, viewer: ViewerModel, clicked: Callable[[Sequence[float], int], None]
    ) -> None:
        self._viewer = viewer
        self._clicked = clicked
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
        label = self._label_for(event)
        if label is None:
            return
        start = np.asarray(event.pos)
        yield
        while event.type == "mouse_move":
            if np.linalg.norm(event.pos - start) < DRAG_PX:
                event.handled = True  # a hand is not that still: no panning yet
            yield
        if np.linalg.norm(event.pos - start) < DRAG_PX:
            self._clicked(tuple(event.position), label)

    def _label_for(self, event: Any) -> int | None:
        if self.tool not in (Tool.INCLUDE, Tool.EXCLUDE) or event.button != LEFT_BUTTON:
            return None
        active = self._viewer.layers.selection.active
        modifiers = set(event.modifiers)
        if (active is not None and active.mode != "pan_zoom") or (
            modifiers - {TURN_MODIFIER}
        ):
            return None
        includes = (self.tool is Tool.INCLUDE) != (TURN_MODIFIER in modifiers)
        return POSITIVE if includes else NEGATIVE


class KeyBindings:
    """Keys on some layers and on the viewer, taken back on ``close``.

    napari asks the active layer before the viewer. Bound to our own layers and the
    image, keys win there over napari's; in a Labels layer the brush keeps its keys.

    Parameters
    ----------
    keys : mapping, optional
        Key in napari's words to what it does; see ``set``.
    """

    def __init__(self, keys: Mapping[str, Callable[[], None]] | None = None) -> None:
        self._actions: dict[str, Callable[[Layer | ViewerModel], None]] = {}
        self._bound: list[tuple[KeymapProvider, dict[str, Any]]] = []
        self.set(keys or {})

    def set(self, keys: Mapping[str, Callable[[], None]]) -> None:
        """Say which keys there are, before any is bound."""
        self._actions = {key: _ignoring_parent(do) for key, do in keys.items()}

    def bind(self, provider: KeymapProvider) -> None:
        """Bind all keys; binding twice does no harm."""
        if any(each is provider for each, _ in self._bound):
            return
        replaced = {
            key: provider.bind_key(key, action, overwrite=True)
            for key, action in self._actions.items()
        }
        self._bound.append((provider, replaced))

    def unbind(self, provider: KeymapProvider) -> None:
        """Give a layer or the viewer its own keys back."""
        for each, replaced in self._bound:
            if each is provider:
                for key, action in replaced.items():
                    provider.bind_key(key, action, overwrite=True)
        self._bound = [pair for pair in self._bound if pair[0] is not provider]

    def close(self) -> None:
        """Unbind everywhere."""
        for provider, _ in list(self._bound):
            self.unbind(provider)


def _ignoring_parent(do: Callable[[], None]) -> Callable[[Layer | ViewerModel], None]:
    def act(_parent: Layer | ViewerModel) -> None:
        """Bound key: napari gives the layer or viewer, which is of no concern."""
        do()

    return act
