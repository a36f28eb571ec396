"""The candidates side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QWidget

from napari_sam_med.gui.views.candidate_card import CandidateCard, CardContent
from napari_sam_med.gui.views.map_card import MapCard

MOST = 3
CLICK = "Click the object in the image.\nCtrl-click what does not belong to it"
DRAG = "drag a box round it."
ONLY_DRAG = "Drag a box round the object in the image."


class CandidateRow(QStackedWidget):
    """Up to three cards, or one beside its map, or a hint how to get some."""

    chosen = Signal(int)
    previewed = Signal(int)
    """Slot under the mouse; -1 once it left."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.hint = QLabel()
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setStyleSheet(
            "border: 1px dashed #6a717b; border-radius: 6px; color: #a8adb5;"
        )
        self.cards = [CandidateCard(slot) for slot in range(MOST)]
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for card in self.cards:
            layout.addWidget(card)
            card.clicked.connect(self.chosen)
            card.entered.connect(self.previewed)
            card.left.connect(lambda _slot: self.previewed.emit(-1))
        self.map = MapCard()
        layout.addWidget(self.map)
        self.map.set_picture(None)  # four pictures side by side would widen the dock
        self.addWidget(self.hint)
        self.addWidget(row)
        self.setFixedHeight(160)
        self.set_hint(points=True, boxes=True)

    def set_hint(self, *, points: bool, boxes: bool) -> None:
        """Say how to get candidates, with the prompts that the model takes."""
        both = f"{CLICK},\nor {DRAG}"
        text = both if points and boxes else f"{CLICK}." if points else ONLY_DRAG
        self.hint.setText(text)

    def set_contents(
        self,
        contents: Sequence[CardContent],
        probability: npt.NDArray[np.uint8] | None = None,
    ) -> None:
        """Show these candidates; with none, the hint.

        Parameters
        ----------
        contents : sequence of CardContent
            At most three.
        probability : (H, W, 3) uint8 or None
            Picture of where a single candidate is likely.
        """
        self.map.set_picture(probability)
        for slot, card in enumerate(self.cards):
            card.setVisible(slot < len(contents))
            if slot < len(contents):
                card.set_content(contents[slot])
        self.setCurrentIndex(1 if contents else 0)

    def set_state(self, chosen: int, *, fresh: bool) -> None:
        """Show which one would be accepted, and whether they answer the last prompt."""
        for slot, card in enumerate(self.cards):
            card.set_state(chosen=slot == chosen, fresh=fresh)
