"""Which slice is prompted, and the button of what is seldom changed."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

NO_SLICE = "Prompt on the slice you see"
HEADING_STYLE = "font-weight: bold;"


class SliceHeading(QWidget):
    """A line of text, and a button that unfolds a widget below it.

    Parameters
    ----------
    folded : QWidget
        Hidden at first.
    tip : str
        What is in it.
    """

    def __init__(self, folded: QWidget, tip: str, parent: Any = None) -> None:
        super().__init__(parent)
        self.text = QLabel(NO_SLICE)
        self.text.setStyleSheet(HEADING_STYLE)
        ignored, fixed = QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed
        self.text.setSizePolicy(ignored, fixed)
        self.options = QToolButton()
        self.options.setText("Options")
        self.options.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.options.setCheckable(True)
        self.options.setToolTip(tip)
        self.options.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.options.toggled.connect(folded.setVisible)
        self.options.toggled.connect(self._on_toggled)
        folded.setVisible(False)
        self._on_toggled(False)  # noqa: FBT003 - Qt's way
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.options)

    def set_slice(self, axis: int, index: int, count: int) -> None:
        """Name the slice; of an image that has only one, say nothing of it."""
        text = f"Slice {index} of 0 to {count - 1}, axis {axis}"
        self._set_text(text if count > 1 else "Prompt on the image")

    def set_no_slice(self) -> None:
        """Say that none is shown."""
        self._set_text(NO_SLICE)

    def _set_text(self, text: str) -> None:
        if text != self.text.text():
            self.text.setText(text)
            self.text.setToolTip(text)

    def _on_toggled(self, is_open: bool) -> None:  # noqa: FBT001 - Qt's way
        arrow = Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow
        self.options.setArrowType(arrow)
