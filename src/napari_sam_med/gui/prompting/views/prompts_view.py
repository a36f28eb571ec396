"""The widget of the dock "SAM Prompts": its parts in their order."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QSettings, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_sam_med.gui.prompting.views.boxes_line import BoxesLine
from napari_sam_med.gui.prompting.views.candidate_cards import CandidateRow
from napari_sam_med.gui.prompting.views.display_bar import DisplayBar
from napari_sam_med.gui.prompting.views.kinds_bar import KINDS_TIP, KindsBar
from napari_sam_med.gui.prompting.views.mask_tool_bar import MaskToolBar
from napari_sam_med.gui.prompting.views.object_table import ObjectTable
from napari_sam_med.gui.prompting.views.pending_line import PendingLine
from napari_sam_med.gui.prompting.views.precompute_bar import PrecomputeBar
from napari_sam_med.gui.prompting.views.propagate_bar import PropagateBar
from napari_sam_med.gui.prompting.views.rows.key_line import KeyLine
from napari_sam_med.gui.prompting.views.rows.key_tips import Keys, KeyTip
from napari_sam_med.gui.prompting.views.rows.slice_heading import (
    HEADING_STYLE,
    SliceHeading,
)
from napari_sam_med.gui.prompting.views.rows.source_bar import SourceBar
from napari_sam_med.gui.prompting.views.rows.status_line import StatusLine
from napari_sam_med.gui.prompting.views.rows.tool_row import ToolRow
from napari_sam_med.gui.prompting.views.session_bar import SessionBar, SessionOffer
from napari_sam_med.gui.prompting.views.start_steps import StartSteps
from napari_sam_med.gui.prompting.views.write_bar import WriteBar
from napari_sam_med.gui.shared.widgets.scrolling import ScrolledColumn
from napari_sam_med.gui.shared.widgets.weights_panel import WeightsPanel

CONTROL = Qt.KeyboardModifier.ControlModifier


class PromptsView(QWidget):
    """Puts the parts in their order; each part is told and asked by itself."""

    def __init__(self, settings: QSettings | None = None, parent: Any = None) -> None:
        """Build it; ``settings`` is where choices are remembered."""
        super().__init__(parent)
        self.controller: Any = None
        """Whoever is connected, kept alive for as long as the widget is."""
        self.source = SourceBar()
        self.start = StartSteps()
        self.weights = WeightsPanel()
        self.display = DisplayBar()
        self.tools = ToolRow()
        self.kinds, self.boxes = KindsBar(settings), BoxesLine()
        self.heading = SliceHeading(self.kinds, KINDS_TIP)
        self.candidates = CandidateRow()
        self.write = WriteBar()
        self.outputs = PrecomputeBar(settings)
        self.pending = PendingLine()
        self.next_click = _next_click()
        self.objects = ObjectTable()
        self.propagate = PropagateBar()
        self.mask_tools = MaskToolBar()
        self.offer, self.session = SessionOffer(), SessionBar()
        self.status = StatusLine()
        self.keys = KeyLine()
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(8, 2, 8, 8)
        layout.setSpacing(5)
        for part in (
            self.start,
            self.source,
            self.weights,
            self.offer,
            self.display,
            self.heading,
            self.kinds,
            self.tools,
            self.candidates,
            self.boxes,
            self.status,
            _side_by_side(self.pending, self.next_click),
            self.write,
            _heading("Through the volume"),
            self.propagate,
            _heading("Objects"),
            self.objects,
            self.mask_tools,
            self.keys,
            _rule(),
            self.outputs,
            self.session,
        ):
            layout.addWidget(part)
        layout.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(ScrolledColumn(content))

    def set_keys(self, keys: Keys) -> None:
        """Name these keys in tooltips, on cards and in the line of keys."""
        self.keys.set_keys(keys)
        self.candidates.set_keys(keys)
        self.write.set_accept_key(next(iter(keys.get("accept", ())), ""))
        for tip in self.findChildren(KeyTip):
            tip.set_keys(keys)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keep what is typed into a field here from the keys of the canvas."""
        field = self.focusWidget()
        is_typed = bool(event.text()) and not event.modifiers() & CONTROL
        if not isinstance(field, QAbstractSpinBox | QLineEdit) or not is_typed:
            super().keyPressEvent(event)
            return
        event.accept()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            field.clearFocus()


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setStyleSheet(f"{HEADING_STYLE} padding-top: 4px;")
    return label


def _next_click() -> QToolButton:
    button = QToolButton()
    button.setText("Next click?")
    button.setToolTip("Mark where the masks disagree most")
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button


def _side_by_side(wide: QWidget, narrow: QWidget) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(wide, 1)
    layout.addWidget(narrow)
    return row


def _rule() -> QFrame:
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    line.setStyleSheet("color: #4a515b;")
    return line
