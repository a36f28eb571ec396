"""Rules of prompting and writing that stay the same over many objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QSettings, Qt, Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QLabel, QWidget

from napari_sam_med.core.storage.documents import OPEN
from napari_sam_med.gui.shared.widgets.forms import FormMemory
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
KINDS_TIP = "A second box, the object's own mask, and accepting on leaving a slice"
MEMORY_KEY = "prompts/kinds"


@dataclass(frozen=True, slots=True)
class KindChoices:
    """What a person chose, as it is remembered.

    Parameters
    ----------
    second_box : str
        Key of one of ``RULES``.
    starts : bool
        Whether prompts start from the object's mask.
    """

    __pydantic_config__ = OPEN

    second_box: str = "object"
    starts: bool = True


class KindsBar(QWidget):
    """A list and two switches; what is chosen in the first two is remembered.

    Parameters
    ----------
    settings : QSettings, optional
        Where.
    """

    second_box_chosen = Signal(str)
    start_changed = Signal()

    def __init__(self, settings: QSettings | None = None, parent: Any = None) -> None:
        super().__init__(parent)
        self._memory = None if settings is None else FormMemory(settings, MEMORY_KEY)
        self.choices = self._recalled()
        self.second_box = OptionBox()
        self.second_box.set_options(RULES, self.choices.second_box)
        self.second_box.setToolTip("What a second box on the same slice means")
        self.start = QCheckBox(START)
        self.start.setChecked(self.choices.starts)
        self.start.setToolTip(START_TIP)
        self.on_leaving = QCheckBox("Accept on leaving a slice")
        self.on_leaving.setToolTip(
            "Write the chosen mask when you go to another slice, as Accept does"
        )
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(4)
        layout.setColumnStretch(1, 1)
        layout.addWidget(QLabel("A second box"), 0, 0)
        layout.addWidget(self.second_box, 0, 1)
        for row, switch in enumerate((self.start, self.on_leaving), start=1):
            switch.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            layout.addWidget(switch, row, 0, 1, 2)
        self.second_box.chosen.connect(self._on_second_box)
        self.start.clicked.connect(self._on_start)

    def set_second_box(self, key: str) -> None:
        """Show which rule holds."""
        self.second_box.set_options(RULES, key)

    def set_start_refused(self, why: str) -> None:
        """Grey the switch out with a reason; an empty one lets it be used."""
        self.start.setEnabled(not why)
        self.start.setToolTip(f"{START_TIP}\n{why}" if why else START_TIP)

    def _on_second_box(self, key: str) -> None:
        self._keep(KindChoices(key, self.choices.starts))
        self.second_box_chosen.emit(key)

    def _on_start(self) -> None:
        self._keep(KindChoices(self.choices.second_box, self.start.isChecked()))
        self.start_changed.emit()

    def _keep(self, choices: KindChoices) -> None:
        self.choices = choices
        if self._memory is not None:
            self._memory.keep(choices)

    def _recalled(self) -> KindChoices:
        found = None if self._memory is None else self._memory.recall(KindChoices)
        known = [rule.key for rule in RULES]
        if found is None or found.second_box not in known:
            return KindChoices()
        return found
