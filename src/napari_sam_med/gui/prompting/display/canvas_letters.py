"""Letters at the edges of the canvas that name the patient's sides."""

from __future__ import annotations

from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QLabel, QWidget

from napari_sam_med.gui.prompting.display.orientations import Letters

STYLE = (
    "background-color: rgba(0, 0, 0, 130); color: #ffd166; font-size: 15px;"
    "font-weight: bold; border-radius: 4px; padding: 1px 5px;"
)
EDGE_PX = 6


class CanvasLetters(QObject):
    """Four labels over the canvas of the window that a widget is docked in.

    The mouse goes through them.

    Parameters
    ----------
    dock : QWidget
        The widget; this object goes with it.
    """

    def __init__(self, dock: QWidget) -> None:
        super().__init__(dock)
        self._dock = dock
        self._wanted: Letters | None = None
        self._canvas: QWidget | None = None
        self._labels: tuple[QLabel, ...] = ()
        dock.installEventFilter(self)

    def show(self, letters: Letters | None) -> None:
        """Show these, or none; in a dock that is built yet, once it is in a window."""
        self._wanted = letters
        if letters is None:
            self.clear()
            return
        if self._canvas is None or not isalive(self._canvas):
            self._make()
        sides = (letters.top, letters.bottom, letters.left, letters.right)
        for label, letter in zip(self._labels, sides, strict=False):
            label.setText(letter)
            label.adjustSize()
            label.show()
            label.raise_()
        self._place()

    def shown(self) -> tuple[str, ...]:
        """Top, bottom, left and right, as they are seen; empty if none are."""
        return tuple(label.text() for label in self._labels)

    def clear(self) -> None:
        """Take them away."""
        self._wanted = None
        if self._canvas is not None and isalive(self._canvas):
            self._canvas.removeEventFilter(self)
            for label in self._labels:
                label.setParent(None)
                label.deleteLater()
        self._canvas, self._labels = None, ()

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        """Qt: the canvas has another size, or the dock came into a window."""
        if watched is self._dock and event.type() == QEvent.Type.Show:
            self.show(self._wanted)
        elif event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _make(self) -> None:
        canvases = self._dock.window().findChildren(QOpenGLWidget)
        if not canvases:
            return
        self._canvas = canvases[0]
        self._canvas.installEventFilter(self)
        self._labels = tuple(QLabel(self._canvas) for _ in range(4))
        for label in self._labels:
            label.setStyleSheet(STYLE)
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def _place(self) -> None:
        if self._canvas is None or len(self._labels) != 4:
            return
        width, height = self._canvas.width(), self._canvas.height()
        top, bottom, left, right = self._labels
        top.move((width - top.width()) // 2, EDGE_PX)
        bottom.move((width - bottom.width()) // 2, height - bottom.height() - EDGE_PX)
        left.move(EDGE_PX, (height - left.height()) // 2)
        right.move(width - right.width() - EDGE_PX, (height - right.height()) // 2)
