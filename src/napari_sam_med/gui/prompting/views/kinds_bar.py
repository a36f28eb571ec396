"""What a further box is, and whether prompts start from the object's mask."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QLabel, QWidget

from napari_sam_med.gui.shared.widgets.options import Option, OptionBox

RULES = (
    Option(
        "object",
        "is another object",
        "Each box is an object; Accept writes them all, each under a label of its own",
    ),
    Option(
        "part",
        "is a part of this object",
        "What the boxes hold is written together, under one label",
    ),
    Option("replace", "replaces the first", "A slice holds one box"),
)
START = "Start from this object's mask"
START_TIP = (
    "Where the object has a mask on the slice you see, clicks correct that mask: the\n"
    "model is shown it, and it changes only where you click. Untick to begin afresh"
)


class KindsBar(QWidget):
    """A list and a switch."""

    second_box_chosen = Signal(str)
    start_changed = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.second_box = OptionBox()
        self.second_box.set_options(RULES, "object")
        self.second_box.setToolTip("What a second box on the same slice means")
        self.start = QCheckBox(START)
        self.start.setChecked(True)
        self.start.setToolTip(START_TIP)
        self.start.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(4)
        layout.setColumnStretch(1, 1)
        layout.addWidget(QLabel("A second box"), 0, 0)
        layout.addWidget(self.second_box, 0, 1)
        layout.addWidget(self.start, 1, 0, 1, 2)
        self.second_box.chosen.connect(self.second_box_chosen)
        self.start.clicked.connect(lambda _=False: self.start_changed.emit())

    def set_second_box(self, key: str) -> None:
        """Show which rule holds."""
        self.second_box.set_options(RULES, key)

    def set_start_refused(self, why: str) -> None:
        """Grey the switch out with a reason; an empty one lets it be used."""
        self.start.setEnabled(not why)
        self.start.setToolTip(f"{START_TIP}\n{why}" if why else START_TIP)
