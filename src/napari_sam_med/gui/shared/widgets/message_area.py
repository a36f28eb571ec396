"""Sentences of any length in a place of one height, so that nothing below moves."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QFrame, QLabel, QScrollArea

ROWS = 3
"""Most of our sentences fit into them at the usual width; longer ones scroll."""

PADDING_PX = 10
"""What napari's style puts above and below the text of a label, together."""
WHEN = (QEvent.Type.FontChange, QEvent.Type.StyleChange, QEvent.Type.Polish)


class MessageArea(QScrollArea):
    """Shows a label that wraps, always in the same number of rows.

    Parameters
    ----------
    label : QLabel
        Set its text and colour as those of any label.
    """

    def __init__(self, label: QLabel, parent: Any = None) -> None:
        super().__init__(parent)
        self._label = label
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setStyleSheet("MessageArea { background: transparent; }")
        self.viewport().setAutoFillBackground(False)
        label.setAutoFillBackground(False)
        self.setWidget(label)
        label.installEventFilter(self)
        self._fit()

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        """Qt: the label has perhaps another font."""
        if watched is self._label and event.type() in WHEN:
            self._fit()
        return bool(super().eventFilter(watched, event))

    def _fit(self) -> None:
        rows = ROWS * self._label.fontMetrics().lineSpacing()
        self.setFixedHeight(rows + PADDING_PX)
