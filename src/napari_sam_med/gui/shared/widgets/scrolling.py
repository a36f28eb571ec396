"""A column of widgets that scrolls inside its dock instead of making it larger."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QWidget

LEAST_HEIGHT_PX = 160
"""A dock can be made this low: napari's own docks stay whole beside it at 720 px."""
LEAST_WIDTH_PX = 170
"""And this narrow, scrolled from left to right: 500 px of canvas with its frame of 8
and napari's own docks, which take 320 and two handles of 9, have room beside it in a
window of 1024."""


class ScrolledColumn(QScrollArea):
    """Shows a widget, and scrolls it.

    Parameters
    ----------
    content : QWidget
        What is scrolled; in a narrow window from left to right as well.
    """

    def __init__(self, content: QWidget, parent: Any = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys stay with the canvas
        self.setWidget(content)
        self.setMinimumSize(LEAST_WIDTH_PX, LEAST_HEIGHT_PX)

    def sizeHint(self) -> QSize:
        """Qt: as high as the content would like to be, and as wide as it must be."""
        bar = self.verticalScrollBar().sizeHint().width()
        width = self.widget().minimumSizeHint().width() + bar
        return QSize(width, self.widget().sizeHint().height())
