"""A column of widgets that scrolls inside its dock instead of making it larger."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtWidgets import (
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QFrame,
    QScrollArea,
    QScrollBar,
    QWidget,
)

LEAST_HEIGHT_PX = 160
"""A dock can be made this low: napari's own docks stay whole beside it at 720 px."""
LEAST_WIDTH_PX = 170
"""And this narrow, scrolled from left to right: 500 px of canvas with its frame of 8
and napari's own docks, which take 320 and two handles of 9, have room beside it in a
window of 1024."""


class ScrolledColumn(QScrollArea):
    """Shows a widget, and scrolls it.

    The wheel scrolls it wherever the mouse is: on its way over a list of models or a
    number it would choose another one without a word. A field that has the keyboard
    takes the wheel as well.

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
        for each in content.findChildren(QWidget):
            if _is_turned_by_wheel(each):
                each.installEventFilter(self)

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        """Qt: hand the wheel of a field on to this, unless it has the keyboard."""
        is_wheel = event.type() == QEvent.Type.Wheel
        if is_wheel and _is_turned_by_wheel(watched) and not watched.hasFocus():
            event.ignore()
            return True
        return bool(super().eventFilter(watched, event))

    def sizeHint(self) -> QSize:
        """Qt: as high as the content would like to be, and as wide as it must be."""
        bar = self.verticalScrollBar().sizeHint().width()
        width = self.widget().minimumSizeHint().width() + bar
        return QSize(width, self.widget().sizeHint().height())


def _is_turned_by_wheel(widget: Any) -> bool:
    is_field = isinstance(widget, QComboBox | QAbstractSpinBox | QAbstractSlider)
    return is_field and not isinstance(widget, QScrollBar)
