"""What to do first, while no image is open."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

STEPS = (
    "<b>1</b>&nbsp; Open an image, or take the sample.<br>"
    "<b>2</b>&nbsp; Click the object: three masks are offered.<br>"
    "<b>3</b>&nbsp; Choose one and accept it; it becomes a label."
)


class StartSteps(QFrame):
    """Three steps, and two buttons for the first of them."""

    files_requested = Signal()
    sample_requested = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        steps = QLabel(STEPS)
        steps.setTextFormat(Qt.TextFormat.RichText)
        steps.setWordWrap(True)
        self.open = QPushButton("Open image …")
        self.sample = QPushButton("Open the sample")
        self.sample.setToolTip("A CT-like phantom of the abdomen with its labels")
        row = QHBoxLayout()
        for button, act in (
            (self.open, self.files_requested),
            (self.sample, self.sample_requested),
        ):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(act)
            row.addWidget(button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.addWidget(steps)
        layout.addLayout(row)
