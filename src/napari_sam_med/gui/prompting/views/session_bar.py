"""Save and open sessions, and the offer to go on with one that was interrupted."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_sam_med.gui.shared.widgets.plain_labels import WrappedLabel

OFFER_STYLE = """
QFrame#offer { background-color: rgba(240, 160, 40, 60); border-radius: 4px; }
"""


class SessionOffer(QFrame):
    """One sentence and two buttons; hidden while there is nothing to offer."""

    restore_requested = Signal()
    forget_requested = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.setObjectName("offer")
        self.setStyleSheet(OFFER_STYLE)
        self.text = WrappedLabel()
        self.restore = _button("Go on with it", "Take up prompts, labels and objects")
        self.forget = _button("Forget it", "Delete what was kept of it")
        buttons = QHBoxLayout()
        buttons.addWidget(self.restore)
        buttons.addWidget(self.forget)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addLayout(buttons)
        self.restore.clicked.connect(self.restore_requested)
        self.forget.clicked.connect(self.forget_requested)
        self.set_text("")

    def set_text(self, text: str) -> None:
        """Offer something; empty hides it."""
        self.text.setText(text)
        self.setVisible(bool(text))


class SessionBar(QWidget):
    """Two buttons."""

    save_requested = Signal()
    open_requested = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.save = _button(
            "Save session …", "Prompts, labels and objects, to go on another day"
        )
        self.open = _button("Open session …", "Go on where a saved session ended")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.save)
        layout.addWidget(self.open)
        self.save.clicked.connect(self.save_requested)
        self.open.clicked.connect(self.open_requested)

    def set_possible(self, *, has_image: bool) -> None:
        """Grey both out while no image is prompted."""
        self.save.setEnabled(has_image)
        self.open.setEnabled(has_image)


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
