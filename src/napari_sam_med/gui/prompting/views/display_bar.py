"""How the image is looked at: from which side, and through which window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QWidget,
)

from napari_sam_med.gui.shared.widgets.options import Option, OptionBox

VIEW_TIPS = {
    "axial": "Slices from foot to head, seen from the feet, nose up",
    "coronal": "Slices from front to back, seen from the front, head up",
    "sagittal": "Slices from right to left, head up and face to the left",
}


class DisplayBar(QWidget):
    """Three buttons for views, and a list of windows."""

    view_chosen = Signal(str)
    window_chosen = Signal(str)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.views: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(3)
        for name, tip in VIEW_TIPS.items():
            button = QPushButton(name.capitalize())
            button.setCheckable(True)
            button.setToolTip(tip)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(
                lambda _=False, name=name: self.view_chosen.emit(name)
            )
            self._group.addButton(button)
            self.views[name] = button
            row.addWidget(button, 1)
        self.windows = OptionBox()
        self.windows.setPlaceholderText("as the sliders stand")
        self.windows.chosen.connect(self.window_chosen)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(4)
        layout.setColumnStretch(1, 1)
        layout.addWidget(QLabel("View"), 0, 0)
        layout.addLayout(row, 0, 1)
        layout.addWidget(QLabel("Window"), 1, 0)
        layout.addWidget(self.windows, 1, 1)

    def set_view(self, name: str) -> None:
        """Show which view is seen; an empty name for none of the three."""
        for each, button in self.views.items():
            # in an exclusive group the last button cannot be let go of otherwise
            self._group.setExclusive(False)
            button.setChecked(each == name)
            self._group.setExclusive(True)

    def set_possible(self, *, views: bool) -> None:
        """Grey the views out where there is one slice only."""
        for button in self.views.values():
            button.setEnabled(views)

    def set_windows(self, options: Sequence[Option], key: str) -> None:
        """List the windows of the image, and show which one it is seen through."""
        self.windows.set_options(options, key)
        self.windows.setEnabled(bool(options))
