"""What a click on the canvas does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QWidget

TOOLS = {
    "include": ("+  Include", "Click: this is on the object"),
    "exclude": ("-  Exclude", "Click: this is not on the object (or Ctrl-click)"),
    "box": ("▢ Box", "Drag a rectangle round the object (B)"),
    "navigate": ("Off", "Clicks do nothing; drag to move, roll to zoom"),
}
CHECKED = {"include": "#1f8f68", "exclude": "#b04141", "box": "#95711f"}
STYLE = """
QPushButton {{ padding: 5px 2px; border-radius: 3px; }}
QPushButton:checked {{ background-color: {colour}; color: white; font-weight: bold; }}
"""


class ToolRow(QWidget):
    """Four buttons of which one is down."""

    tool_chosen = Signal(str)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QPushButton] = {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        for name, (text, tip) in TOOLS.items():
            button = QPushButton(text)
            button.setCheckable(True)
            button.setToolTip(tip)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setStyleSheet(STYLE.format(colour=CHECKED.get(name, "#5a626c")))
            button.clicked.connect(lambda _=False, name=name: self._on_clicked(name))
            self._group.addButton(button)
            self.buttons[name] = button
            layout.addWidget(button, 2 if name in ("include", "exclude") else 1)

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
