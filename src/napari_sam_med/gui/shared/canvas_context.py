"""The OpenGL context in which a viewer lets go of layers."""

from __future__ import annotations

import weakref
from typing import Any

from napari.components import ViewerModel
from qtpy.compat import isalive
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QWidget

from napari_sam_med.gui.shared.later import soon


class CanvasContext:
    """Makes the canvas's own context the current one before a layer goes.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers go.

    Notes
    -----
    napari 0.9 frees what a layer has on the graphics card while it is removed, and not
    while it draws. In whichever context is current then, the buffers of other layers
    may carry the same numbers: the next drawing ends the program. Three images of which
    the lowest is removed, twice, with a drawing after each, are enough.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._window: weakref.ref[QWidget] | None = None
        self._found: list[QOpenGLWidget] = []
        self._current: list[QOpenGLWidget] = []

    def open(self, window: QWidget | None) -> None:
        """Follow the canvas in this window from now on."""
        self.close()
        if window is not None:
            self._window = weakref.ref(window)
            self._viewer.layers.events.removing.connect(self._on_removing)

    def close(self) -> None:
        """Stop following."""
        if self._window is not None:
            self._window = None
            self._found = []
            self._viewer.layers.events.removing.disconnect(self._on_removing)

    def _on_removing(self, _event: Any) -> None:
        is_current = bool(self._current)
        self._current = self._canvases()
        for canvas in self._current:
            canvas.makeCurrent()
        if self._current and not is_current:
            # where napari removes several together, it frees them after the last one
            soon(self._let_go)

    def _let_go(self) -> None:
        canvases, self._current = self._current, []
        for canvas in filter(isalive, canvases):
            canvas.doneCurrent()

    def _canvases(self) -> list[QOpenGLWidget]:
        window = None if self._window is None else self._window()
        if window is None or not isalive(window):
            return []
        # walking the whole window takes longer than all else that a layer's going does
        if not self._found or not all(map(isalive, self._found)):
            self._found = window.findChildren(QOpenGLWidget)
        return [each for each in self._found if each.isValid()]
