"""The widget of the dock "SAM Prompts"."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QSettings, Qt
from qtpy.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from napari_sam_med.gui.shared.scrolling import ScrolledColumn
from napari_sam_med.gui.views.candidate_row import CandidateRow
from napari_sam_med.gui.views.precompute_bar import PrecomputeBar
from napari_sam_med.gui.views.source_bar import SourceBar
from napari_sam_med.gui.views.status_line import StatusLine
from napari_sam_med.gui.views.tool_row import ToolRow
from napari_sam_med.gui.views.weights_panel import WeightsPanel
from napari_sam_med.gui.views.write_bar import WriteBar

KEYS = (
    "<b>1 2 3</b> pick · <b>Enter</b> accept · <b>N</b> next object<br>"
    "<b>Ctrl-click</b> or <b>T</b> exclude · <b>B</b> box · <b>Ctrl-Z</b> undo"
)


class PromptsView(QWidget):
    """Puts the parts in their order; each part is told and asked by itself."""

    def __init__(self, settings: QSettings | None = None, parent: Any = None) -> None:
        """Build it; ``settings`` is where choices are remembered."""
        super().__init__(parent)
        self.controller: Any = None
        """Whoever is connected, kept alive for as long as the widget is."""
        self.source = SourceBar()
        self.weights = WeightsPanel()
        self.tools = ToolRow()
        self.candidates = CandidateRow()
        self.write = WriteBar()
        self.sweep = PrecomputeBar(settings)
        self.status = StatusLine()
        keys = QLabel(KEYS)
        keys.setAlignment(Qt.AlignmentFlag.AlignCenter)
        keys.setWordWrap(True)
        keys.setStyleSheet("font-size: 11px; color: #a8adb5;")
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(8, 6, 8, 8)
        layout.setSpacing(7)
        for part in (
            self.source,
            self.weights,
            _heading("Prompt on the slice you see"),
            self.tools,
            self.candidates,
            self.status,
            _heading("Write the mask"),
            self.write,
            keys,
            _rule(),
            self.sweep,
        ):
            layout.addWidget(part)
        layout.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(ScrolledColumn(content))


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setStyleSheet("font-weight: bold; padding-top: 4px;")
    return label


def _rule() -> QFrame:
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    line.setStyleSheet("color: #4a515b;")
    return line
