"""Where masks are written, and the steps of the work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_sam_med.gui.prompting.views.rows.key_tips import KeyTip
from napari_sam_med.gui.shared.widgets.options import Option, OptionBox

LARGEST_LABEL = 2**31 - 1
"""What readers of files take; a Labels layer is widened for it."""
ACCEPT_STYLE = """
QPushButton { font-weight: bold; border-radius: 4px; }
QPushButton:enabled { background-color: #2271b8; color: white; }
QPushButton:enabled:hover { background-color: #2b84d3; }
"""
"""The next step stands out; greyed, it looks as napari's theme greys buttons."""
ACCEPT_PADDING = "QPushButton { padding: 7px; }"
ACCEPT_TIP = "Write the chosen mask in place of what the object has on this slice"
ADD_TIP = "Add it to what the object has there"
SWATCH_STYLE = "border: 1px solid #8a9099; border-radius: 3px;"


class LabelField(QSpinBox):
    """Takes numbers that can be written, and shows larger ones of a layer as well."""

    def __init__(self) -> None:
        super().__init__()
        self._shown = 0
        self.setRange(1, LARGEST_LABEL)

    def show_label(self, label: int) -> None:
        """Show any number; Qt's own value has but 32 bits."""
        self._shown = label
        self.setValue(max(1, min(label, LARGEST_LABEL)))
        if self.lineEdit().text() != self.textFromValue(self.value()):
            self.lineEdit().setText(self.textFromValue(self.value()))

    def textFromValue(self, value: int) -> str:
        """Qt: the text of a value; the last one stands for all that are larger."""
        is_beyond = value == LARGEST_LABEL and self._shown > LARGEST_LABEL
        return str(self._shown if is_beyond else value)


class WriteBar(QWidget):
    """Labels layer, label number, accept, and the steps back and forth."""

    labels_chosen = Signal(str)
    label_chosen = Signal(int)
    accept_requested = Signal()
    undo_requested = Signal()
    redo_requested = Signal()
    clear_requested = Signal()
    next_requested = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.labels = OptionBox()
        self.label = LabelField()
        self.label.setKeyboardTracking(False)
        self.label.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.swatch = QLabel()
        self.swatch.setFixedSize(18, 18)
        self.keep_others = QCheckBox("Preserve labels")
        self.keep_others.setChecked(True)
        self.keep_others.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.keep_others.setToolTip("Write only where no other label is")
        self.accept = _button("Accept", accept=ACCEPT_TIP, add=ADD_TIP)
        self.accept.setStyleSheet(ACCEPT_STYLE + ACCEPT_PADDING)
        self.undo = _button("Undo", undo="Take the last prompt or mask back")
        self.redo = _button("Redo", redo="Do it again")
        self.clear = _button("Clear", clear="Remove the prompts on this slice")
        self.next_object = _button(
            "Next object",
            next_object="Go on under the first number not yet used, with no prompts",
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addLayout(self._where())
        layout.addWidget(self.accept)
        steps = QHBoxLayout()
        steps.setSpacing(3)
        for button in (self.undo, self.redo, self.clear, self.next_object):
            steps.addWidget(button, 3 if button is self.next_object else 2)
        layout.addLayout(steps)
        self._connect()

    def set_labels_layers(self, options: Sequence[Option], key: str) -> None:
        """List the Labels layers of the viewer and show which one is written to."""
        self.labels.set_options(options, key)

    def set_label(self, label: int, colour: tuple[int, int, int] | None) -> None:
        """Show the number that is written, and its colour in the layer."""
        with QSignalBlocker(self.label):
            self.label.show_label(label)
        fill = "transparent" if colour is None else f"rgb{colour}"
        style = f"background-color: {fill}; {SWATCH_STYLE}"
        if style != self.swatch.styleSheet():
            self.swatch.setStyleSheet(style)

    def set_accept_key(self, key: str) -> None:
        """Name the key that accepts on the button."""
        self.accept.setText(f"Accept   {key}".rstrip())

    def set_possible(
        self, *, accept: bool, undo: bool, redo: bool, clear: bool
    ) -> None:
        """Grey out what cannot be done now."""
        self.accept.setEnabled(accept)
        self.undo.setEnabled(undo)
        self.redo.setEnabled(redo)
        self.clear.setEnabled(clear)

    def _where(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        grid.setVerticalSpacing(5)
        grid.addWidget(QLabel("Write to"), 0, 0)
        grid.addWidget(self.labels, 0, 1, 1, 3)
        grid.addWidget(QLabel("Label"), 1, 0)
        number = QHBoxLayout()
        number.addWidget(self.label, 1)
        number.addWidget(self.swatch)
        number.addSpacing(4)
        number.addWidget(self.keep_others)
        grid.addLayout(number, 1, 1, 1, 3)
        return grid

    def _connect(self) -> None:
        self.labels.chosen.connect(self.labels_chosen)
        self.label.valueChanged.connect(self.label_chosen)
        for button, signal in (
            (self.accept, self.accept_requested),
            (self.undo, self.undo_requested),
            (self.redo, self.redo_requested),
            (self.clear, self.clear_requested),
            (self.next_object, self.next_requested),
        ):
            button.clicked.connect(signal)


def _button(text: str, **tips: str) -> QPushButton:
    button = QPushButton(text)
    KeyTip(button, **tips)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys stay with the canvas
    return button
