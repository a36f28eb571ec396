"""The candidates side by side: their pictures, scores and the keys that pick them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from napari_sam_med.gui.prompting.display.thumbnail import heat_of
from napari_sam_med.gui.prompting.views.rows.key_tips import Keys
from napari_sam_med.gui.shared.widgets.plain_labels import PlainLabel

CANDIDATE_COLOURS = ((86, 180, 233), (240, 160, 40), (204, 121, 200))
"""Sky blue, orange and purple of Okabe and Ito, which colour-blind people can tell
apart; the prompts' green and red are left free."""


PICTURE_PX = 88
"""Three cards are then no wider than the dock is at first, which would else scroll."""
STYLE = """
CandidateCard {{ border: 2px solid {border}; border-radius: 6px;
                 background-color: {background}; }}
QLabel {{ background: transparent; }}
"""


@dataclass(frozen=True, slots=True, eq=False)
class CardContent:
    """What a card shows.

    Parameters
    ----------
    picture : (H, W, 3) uint8
        The mask on its slice.
    score : float
        Predicted IoU.
    area : str
        Size of the mask with its unit.
    colour : (red, green, blue)
        Of this candidate, 0 to 255.
    """

    picture: npt.NDArray[np.uint8]
    score: float
    area: str
    colour: tuple[int, int, int]


def pixmap_of(picture: npt.NDArray[np.uint8]) -> QPixmap:
    """Give Qt a (H, W, 3) uint8 picture; it is copied."""
    height, width = picture.shape[:2]
    data = np.ascontiguousarray(picture).tobytes()
    image = QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return QPixmap.fromImage(image.copy())


class CandidateCard(QFrame):
    """A click chooses, the mouse over it previews.

    Parameters
    ----------
    slot : int
        Which candidate, from 0.
    """

    clicked = Signal(int)
    entered = Signal(int)
    left = Signal(int)

    def __init__(self, slot: int, parent: Any = None) -> None:
        super().__init__(parent)
        self._slot = slot
        self._colour = (128, 128, 128)
        self._style = ""
        self.picture = QLabel()
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setMinimumSize(PICTURE_PX, PICTURE_PX)
        self.key = QLabel(str(slot + 1))
        self._told, self._choose = "", "Click"
        self.score = QLabel()
        self.score.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.area = PlainLabel()
        self.area.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.area.setStyleSheet("font-size: 11px;")
        line = QHBoxLayout()
        line.addWidget(self.key)
        line.addWidget(self.score)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(5, 5, 5, 5)
        layout.setSpacing(3)
        layout.addWidget(self.picture)
        layout.addLayout(line)
        layout.addWidget(self.area)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_content(self, content: CardContent) -> None:
        """Show a candidate."""
        self._colour = content.colour
        self.picture.setPixmap(pixmap_of(content.picture))
        self.score.setText(f"{content.score:.2f}")
        self.area.setText(content.area)
        red, green, blue = content.colour
        self.key.setStyleSheet(
            f"background-color: rgb({red},{green},{blue}); color: black;"
            "border-radius: 3px; padding: 0px 5px; font-weight: bold;"
        )
        self.key.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._told = (
            f"Candidate {self._slot + 1}: the model expects an overlap (IoU) of "
            f"{content.score:.2f} with the object you mean; it covers {content.area}.\n"
        )
        self._show_tip()

    def set_key(self, key: str) -> None:
        """Name the key that chooses it, on the card too; its number if it has none."""
        self.key.setText(key or str(self._slot + 1))
        self._choose = f"Click or press {key}" if key else "Click"
        self._show_tip()

    def set_state(self, *, chosen: bool, fresh: bool) -> None:
        """Show whether this one would be accepted, and whether it still counts."""
        red, green, blue = self._colour
        border = f"rgb({red},{green},{blue})" if chosen else "transparent"
        background = "rgba(255,255,255,28)" if chosen else "rgba(255,255,255,8)"
        style = STYLE.format(border=border, background=background)
        if style != self._style:  # Qt lays the card out anew for each one it is given
            self._style = style
            self.setStyleSheet(style)
            weight = "bold" if chosen else "normal"
            self.score.setStyleSheet(f"font-size: 14px; font-weight: {weight};")
        self.setEnabled(fresh)

    def _show_tip(self) -> None:
        self.setToolTip(f"{self._told}{self._choose} to choose it")

    def mousePressEvent(self, event: Any) -> None:
        """Tell that a person clicked."""
        self.clicked.emit(self._slot)
        event.accept()

    def enterEvent(self, event: Any) -> None:
        """Tell that the mouse came."""
        self.entered.emit(self._slot)
        super().enterEvent(event)

    def leaveEvent(self, event: Any) -> None:
        """Tell that the mouse went."""
        self.left.emit(self._slot)
        super().leaveEvent(event)


SCALE_HW = (8, 60)
TIP = (
    "How likely the model holds each pixel to be on the object.\n"
    "The mask is what lies inside the blue outline"
)


class MapCard(QFrame):
    """A picture of probabilities over its scale."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.picture = QLabel()
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setMinimumSize(PICTURE_PX, PICTURE_PX)
        ramp = np.linspace(0, 1, SCALE_HW[1], dtype=np.float32)
        colours = heat_of(np.repeat(ramp[None], SCALE_HW[0], axis=0))
        scale = QLabel()
        scale.setPixmap(pixmap_of(np.rint(colours).astype(np.uint8)))
        line = QHBoxLayout()
        line.addStretch(1)
        for part in (QLabel("0"), scale, QLabel("1")):
            line.addWidget(part)
        line.addStretch(1)
        title = QLabel("probability")
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        title.setStyleSheet("font-size: 11px;")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(5, 5, 5, 5)
        layout.setSpacing(3)
        layout.addWidget(self.picture)
        layout.addLayout(line)
        layout.addWidget(title)
        self.setToolTip(TIP)

    def set_picture(self, picture: npt.NDArray[np.uint8] | None) -> None:
        """Show (H, W, 3) uint8, or hide if there is none."""
        self.setVisible(picture is not None)
        if picture is not None:
            self.picture.setPixmap(pixmap_of(picture))


MOST = 3
PICKS = ("pick_first", "pick_second", "pick_third")
"""What the keys of the cards do, as ``Keys`` names it."""
CLICK = "Click the object in the image.\nCtrl-click what does not belong to it"
DRAG = "drag a box around it."
ONLY_DRAG = "Drag a box around the object in the image."
AGREED = "One answer:\nall masks agree.\n\nA click where it is wrong\ncorrects it"


class CandidateRow(QStackedWidget):
    """Up to three cards, or one beside its map, or a hint how to get some."""

    chosen = Signal(int)
    previewed = Signal(int)
    """Slot under the mouse; -1 once it left."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.hint = QLabel()
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setStyleSheet("border: 1px dashed #6a717b; border-radius: 6px;")
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
        self._is_one = False
        self.agreed = QLabel(AGREED)
        self.agreed.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.agreed.setVisible(False)
        layout.addWidget(self.agreed, 2)
        self.map = MapCard()
        layout.addWidget(self.map)
        self.map.set_picture(None)  # four pictures side by side would widen the dock
        self.addWidget(self.hint)
        self.addWidget(row)
        self.setFixedHeight(152)
        self.set_hint(points=True, boxes=True)

    def set_hint(self, *, points: bool, boxes: bool) -> None:
        """Say how to get candidates, with the prompts that the model takes."""
        both = f"{CLICK},\nor {DRAG}"
        text = both if points and boxes else f"{CLICK}." if points else ONLY_DRAG
        self.hint.setText(text)

    def set_keys(self, keys: Keys) -> None:
        """Name the keys that choose, each on its card."""
        for card, name in zip(self.cards, PICKS, strict=True):
            card.set_key(next(iter(keys.get(name, ())), ""))

    def set_contents(
        self,
        contents: Sequence[CardContent],
        probability: npt.NDArray[np.uint8] | None = None,
        *,
        is_one: bool = False,
    ) -> None:
        """Show these candidates; with none, the hint.

        Parameters
        ----------
        contents : sequence of CardContent
            At most three.
        probability : (H, W, 3) uint8 or None
            Picture of where a single candidate is likely.
        is_one : bool
            All are one answer: only the chosen one is shown, and that they agree.
        """
        self.map.set_picture(probability)
        self._is_one = is_one
        self.agreed.setVisible(is_one)
        for slot, card in enumerate(self.cards):
            card.setVisible(slot < len(contents))
            if slot < len(contents):
                card.set_content(contents[slot])
        self.setCurrentIndex(1 if contents else 0)

    def set_state(self, chosen: int, *, fresh: bool) -> None:
        """Show which one would be accepted, and whether they answer the last prompt."""
        for slot, card in enumerate(self.cards):
            card.set_state(chosen=slot == chosen, fresh=fresh)
            if self._is_one:
                card.setVisible(slot == chosen)
