"""What a click or a drag on the canvas does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QButtonGroup, QGridLayout, QPushButton, QWidget

from napari_sam_med.gui.prompting.views.rows.key_tips import KeyTip

TOOLS = {
    "include": ("+  Include", "Click: this is on the object"),
    "exclude": ("-  Exclude", "Click, or Ctrl-click: this is not on the object"),
    "navigate": ("Off", "Clicks do nothing; drag to move, roll to zoom"),
    "box": ("▢ Box", "Drag a rectangle round the object"),
    "scribble": (
        "∿ Scribble",
        "Drag a line over the object; with Ctrl over what is not the object",
    ),
    "lasso": (
        "◯ Lasso",
        "Drag a line round the object; with Ctrl round what is not the object",
    ),
}
KEYED = {"exclude": "turn"}
"""What the key does that changes to a tool, where it has another name."""
DRAWN_COLOUR = "#95711f"
CHECKED = {"include": "#1f8f68", "exclude": "#b04141"}
CHECKED |= dict.fromkeys(("box", "scribble", "lasso"), DRAWN_COLOUR)
IN_A_ROW = 3
STYLE = """
QPushButton {{ padding: 4px 2px; border-radius: 3px; }}
QPushButton:checked {{ background-color: {colour}; color: white; font-weight: bold; }}
"""


class ToolRow(QWidget):
    """Two rows of buttons of which one is down."""

    tool_chosen = Signal(str)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QPushButton] = {}
        self._tips: dict[str, KeyTip] = {}
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        for place, (name, (text, tip)) in enumerate(TOOLS.items()):
            button = QPushButton(text)
            button.setCheckable(True)
            self._tips[name] = KeyTip(button, **{KEYED.get(name, name): tip})
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
            self._tips[name].set_reason(why)

    def _on_clicked(self, name: str) -> None:
        self.tool_chosen.emit(name)
