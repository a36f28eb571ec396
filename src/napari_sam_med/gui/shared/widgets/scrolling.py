"""A column of widgets that scrolls inside its dock instead of making it higher."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QWidget

LEAST_HEIGHT_PX = 160
"""A dock can be made this low: napari's own docks stay whole beside it at 720 px."""


class ScrolledColumn(QScrollArea):
    """Shows a widget in its full width, and scrolls it up and down.

    Parameters
    ----------
    content : QWidget
        What is scrolled; its width is never cut.
    """

    def __init__(self, content: QWidget, parent: Any = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys stay with the canvas
        self.setWidget(content)
        content.installEventFilter(self)
        self._follow_width()

    def sizeHint(self) -> QSize:
        """Qt: as high as the content would like to be."""
        return QSize(self.minimumWidth(), self.widget().sizeHint().height())

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        """Qt: the content may need another width after it was laid out anew."""
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self._follow_width()
        return bool(super().eventFilter(watched, event))

    def _follow_width(self) -> None:
        bar = self.verticalScrollBar().sizeHint().width()
        least = self.widget().minimumSizeHint().width()
        self.setMinimumSize(least + bar, LEAST_HEIGHT_PX)
