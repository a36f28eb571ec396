"""How the session stands, in one sentence."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel

from napari_sam_med.gui.shared.widgets.message_area import MessageArea
from napari_sam_med.gui.shared.widgets.plain_labels import WrappedLabel

DOTS = {"idle": "#8a9099", "busy": "#f0a028", "ready": "#2ee6a6", "error": "#ff5c5c"}


class StatusLine(QFrame):
    """A coloured dot and the sentence, in a place that never grows."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.phase = ""
        self._dot = QLabel("●")
        self._dot.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.text = WrappedLabel()
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 5, 6, 5)
        layout.addWidget(self._dot)
        layout.addWidget(MessageArea(self.text), 1)
        self.setStyleSheet(
            "StatusLine { background-color: rgba(0,0,0,50); border-radius: 4px; }"
            "QLabel { background: transparent; }"
        )
        self.set_status("idle", "")

    def set_status(self, phase: str, text: str) -> None:
        """Show a sentence; phase is idle, busy, ready or error."""
        self.text.setText(text)
        if phase == self.phase:
            return
        self.phase = phase
        self._dot.setStyleSheet(f"color: {DOTS[phase]};")
        self.text.setStyleSheet("color: #ff9b9b;" if phase == "error" else "")
