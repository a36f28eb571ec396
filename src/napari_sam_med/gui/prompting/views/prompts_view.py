"""The widget of the dock "SAM Prompts": image, model, tools, status and their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtCore import QSettings, Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QButtonGroup,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_sam_med.gui.prompting.views.boxes_line import BoxesLine
from napari_sam_med.gui.prompting.views.candidate_cards import CandidateRow
from napari_sam_med.gui.prompting.views.display_bar import DisplayBar
from napari_sam_med.gui.prompting.views.kinds_bar import KindsBar
from napari_sam_med.gui.prompting.views.mask_tool_bar import MaskToolBar
from napari_sam_med.gui.prompting.views.object_table import ObjectTable
from napari_sam_med.gui.prompting.views.pending_line import PendingLine
from napari_sam_med.gui.prompting.views.precompute_bar import PrecomputeBar
from napari_sam_med.gui.prompting.views.propagate_bar import PropagateBar
from napari_sam_med.gui.prompting.views.session_bar import SessionBar, SessionOffer
from napari_sam_med.gui.prompting.views.start_steps import StartSteps
from napari_sam_med.gui.prompting.views.write_bar import WriteBar
from napari_sam_med.gui.shared.widgets.message_area import MessageArea
from napari_sam_med.gui.shared.widgets.options import Option, OptionBox
from napari_sam_med.gui.shared.widgets.plain_labels import WrappedLabel
from napari_sam_med.gui.shared.widgets.scrolling import ScrolledColumn
from napari_sam_med.gui.shared.widgets.weights_panel import WeightsPanel


class SourceBar(QWidget):
    """Two lists, a switch that keeps the image, and a button for a model's weights."""

    image_chosen = Signal(str)
    pin_changed = Signal()
    model_chosen = Signal(str)
    weights_requested = Signal()
    labels_requested = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.images = OptionBox()
        self.images.setPlaceholderText("open an image first")
        self.pin = QToolButton()
        self.pin.setText("Pin")
        self.pin.setCheckable(True)
        self.pin.setToolTip(
            "Go on prompting this image, whichever image is selected or on top"
        )
        self.pin.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.models = OptionBox()
        self.weights = QToolButton()
        self.weights.setText("…")
        self.weights.setToolTip("Load this model from a weights file of your own")
        self.weights.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.to_labels = QPushButton("Turn into labels")
        self.to_labels.setToolTip(
            "This image holds few different whole numbers, as label images do.\n"
            "If it is one, it becomes a Labels layer, and is prompted no more"
        )
        self.to_labels.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.to_labels.setVisible(False)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(5)
        layout.setColumnStretch(1, 1)
        layout.addWidget(QLabel("Image"), 0, 0)
        layout.addWidget(self.images, 0, 1)
        layout.addWidget(self.pin, 0, 2)
        layout.addWidget(self.to_labels, 1, 1)
        layout.addWidget(QLabel("Model"), 2, 0)
        layout.addWidget(self.models, 2, 1)
        layout.addWidget(self.weights, 2, 2)
        self.images.chosen.connect(self.image_chosen)
        self.models.chosen.connect(self.model_chosen)
        self.weights.clicked.connect(self.weights_requested)
        self.pin.toggled.connect(self.pin_changed)
        self.to_labels.clicked.connect(self.labels_requested)

    @property
    def is_pinned(self) -> bool:
        """Whether the image stays the one that is prompted."""
        return bool(self.pin.isChecked())

    def set_images(self, options: Sequence[Option], key: str) -> None:
        """List the images of the viewer and show which one is prompted."""
        self.images.set_options(options, key)

    def set_models(self, options: Sequence[Option], key: str) -> None:
        """List the models and show which one answers."""
        self.models.set_options(options, key)


TOOLS = {
    "include": ("+  Include", "Click: this is on the object"),
    "exclude": ("-  Exclude", "Click: this is not on the object (or Ctrl-click)"),
    "navigate": ("Off", "Clicks do nothing; drag to move, roll to zoom"),
    "box": ("▢ Box", "Drag a rectangle round the object (B)"),
    "scribble": (
        "∿ Scribble",
        "Drag a line over the object (S); with Ctrl over what is not the object",
    ),
    "lasso": (
        "◯ Lasso",
        "Drag a line round the object (O); with Ctrl round what is not the object",
    ),
}
DRAWN_COLOUR = "#95711f"
CHECKED = {"include": "#1f8f68", "exclude": "#b04141"}
CHECKED |= dict.fromkeys(("box", "scribble", "lasso"), DRAWN_COLOUR)
IN_A_ROW = 3
STYLE = """
QPushButton {{ padding: 5px 2px; border-radius: 3px; }}
QPushButton:checked {{ background-color: {colour}; color: white; font-weight: bold; }}
"""


class ToolRow(QWidget):
    """Two rows of buttons of which one is down."""

    tool_chosen = Signal(str)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QPushButton] = {}
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        for place, (name, (text, tip)) in enumerate(TOOLS.items()):
            button = QPushButton(text)
            button.setCheckable(True)
            button.setToolTip(tip)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setStyleSheet(STYLE.format(colour=CHECKED.get(name, "#5a626c")))
            button.clicked.connect(lambda _=False, name=name: self._on_clicked(name))
            self._group.addButton(button)
            self.buttons[name] = button
            layout.addWidget(button, *divmod(place, IN_A_ROW))

    def set_tool(self, name: str) -> None:
        """Show which tool is in use."""
        self.buttons[name].setChecked(True)

    def set_refusals(self, refusals: Mapping[str, str]) -> None:
        """Grey out the tools that are named, each with the reason in its tooltip."""
        for name, button in self.buttons.items():
            why = refusals.get(name, "")
            button.setEnabled(not why)
            button.setToolTip(f"{TOOLS[name][1]}\n{why}" if why else TOOLS[name][1])

    def _on_clicked(self, name: str) -> None:
        self.tool_chosen.emit(name)


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


CONTROL = Qt.KeyboardModifier.ControlModifier
KEYS = (
    "<b>1 2 3</b> pick · <b>Enter</b> accept · <b>N</b> next object<br>"
    "<b>Ctrl-click</b> or <b>T</b> exclude · <b>B</b> box · <b>Ctrl-Z</b> undo<br>"
    "<b>S</b> scribble · <b>O</b> lasso, with <b>Ctrl</b> on what to exclude<br>"
    "<b>P</b> propagate · <b>[ ]</b> objects · <b>L</b> lock · <b>V</b> review"
)


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
        self.kinds, self.boxes = KindsBar(), BoxesLine()
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
        keys = QLabel(KEYS)
        keys.setAlignment(Qt.AlignmentFlag.AlignCenter)
        keys.setWordWrap(True)
        keys.setStyleSheet("font-size: 11px;")
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(8, 6, 8, 8)
        layout.setSpacing(7)
        for part in (
            self.start,
            self.source,
            self.weights,
            self.offer,
            self.display,
            _heading("Prompt on the slice you see"),
            self.tools,
            self.kinds,
            self.candidates,
            self.boxes,
            self.status,
            _side_by_side(self.pending, self.next_click),
            _heading("Write the mask"),
            self.write,
            _heading("Through the volume"),
            self.propagate,
            _heading("Objects"),
            self.objects,
            self.mask_tools,
            keys,
            _rule(),
            self.outputs,
            self.session,
        ):
            layout.addWidget(part)
        layout.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(ScrolledColumn(content))

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
    label.setStyleSheet("font-weight: bold; padding-top: 4px;")
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
