"""Tools on the present object's mask: keep a part, fill, remove specks, smooth."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from napari_sam_med.core.storage.documents import OPEN
from napari_sam_med.gui.shared.widgets.forms import Choice, form_of, setting


class ToolScope(StrEnum):
    """On what a tool works."""

    SLICE = "slice"
    VOLUME = "volume"


SCOPES = {ToolScope.SLICE: Choice("this slice"), ToolScope.VOLUME: Choice("volume")}


@dataclass(frozen=True, slots=True)
class MaskToolForm:
    """How the tools work; a field with a `setting` is a line of the form."""

    __pydantic_config__ = OPEN

    scope: ToolScope = field(
        default=ToolScope.SLICE,
        metadata=setting("Work on", "The present object's mask", choices=SCOPES),
    )
    specks: float = field(
        default=20.0,
        metadata=setting(
            "Specks below",
            "Square millimetres on a slice, cubic ones in the volume",
            most=100_000,
            step=5,
            unit="mm²/mm³",
        ),
    )
    sigma: float = field(
        default=1.0,
        metadata=setting(
            "Smooth by", "Details smaller than this go", most=50, step=0.5, unit="mm"
        ),
    )


BUTTONS = {
    "keep": ("Keep part", "Then click on the part of the object that is to stay"),
    "fill": ("Fill holes", "Fill what the object encloses"),
    "specks": ("No specks", "Remove the object's small parts"),
    "smooth": ("Smooth", "Round the object's outline off"),
}


class MaskToolBar(QWidget):
    """Four buttons and a form."""

    tool_requested = Signal(str)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.buttons: dict[str, QPushButton] = {}
        line = QHBoxLayout()
        line.setSpacing(3)
        for name, (text, tip) in BUTTONS.items():
            button = QPushButton(text)
            button.setToolTip(tip)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setStyleSheet("padding: 4px 2px; font-size: 11px;")
            button.clicked.connect(lambda _=False, name=name: self._on_clicked(name))
            self.buttons[name] = button
            line.addWidget(button, 1)
        self.form = form_of(MaskToolForm)
        self.options = QToolButton()
        self.options.setArrowType(Qt.ArrowType.DownArrow)
        self.options.setCheckable(True)
        self.options.setToolTip("Slice or volume, and sizes")
        self.options.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.options.toggled.connect(self.form.native.setVisible)
        self.form.native.setVisible(False)
        line.addWidget(self.options)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(line)
        layout.addWidget(self.form.native)

    @property
    def settings(self) -> MaskToolForm:
        """How the tools work."""
        return self.form.get_value()

    def set_possible(self, *, has_object: bool) -> None:
        """Grey all out while there are no labels."""
        for button in self.buttons.values():
            button.setEnabled(has_object)

    def _on_clicked(self, name: str) -> None:
        self.tool_requested.emit(name)
