"""A combo box over values, which tells apart what a person chose and what code set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QSizePolicy


@dataclass(frozen=True, slots=True)
class Option:
    """One line of a list.

    Parameters
    ----------
    key : str
        What a signal carries.
    text : str
        What a person reads.
    tooltip : str
        More of it.
    """

    key: str
    text: str
    tooltip: str = ""


class OptionBox(QComboBox):
    """Signals ``chosen`` with a key only when a person chose another line."""

    chosen = Signal(str)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._options: tuple[Option, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.setMinimumContentsLength(8)
        # Left on the combo box, the keyboard would pick lines by their first letter.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.activated.connect(self._on_activated)

    @property
    def key(self) -> str:
        """Key of the current line; empty if there is none."""
        return str(self.currentData() or "")

    def set_options(self, options: Sequence[Option], key: str) -> None:
        """Replace all lines and show the one with ``key``, or none."""
        if tuple(options) != self._options:
            self._options = tuple(options)
            self.clear()
            for option in options:
                self.addItem(option.text, option.key)
                tip = option.tooltip or option.text
                self.setItemData(self.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.setCurrentIndex(self.findData(key))

    def _on_activated(self, index: int) -> None:
        self.chosen.emit(str(self.itemData(index)))
