"""Sentences of any length in a place of one height, so that nothing below moves."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QFrame, QLabel, QScrollArea

ROWS = 3
"""Most of our sentences fit into them at the usual width; longer ones scroll."""


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
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Qt: perhaps another font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _fit(self) -> None:
        self.setFixedHeight(ROWS * self.fontMetrics().lineSpacing())
