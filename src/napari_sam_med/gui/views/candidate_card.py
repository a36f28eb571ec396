"""One candidate: its picture, its score, the key that picks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout

from napari_sam_med.gui.views.plain_labels import PlainLabel

PICTURE_PX = 92
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
        self.score = QLabel()
        self.score.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.area = PlainLabel()
        self.area.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.area.setStyleSheet("font-size: 11px; color: #a8adb5;")
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
        self.setToolTip(
            f"Candidate {self._slot + 1}: the model expects an overlap (IoU) of "
            f"{content.score:.2f} with the object you mean; it covers {content.area}.\n"
            f"Click or press {self._slot + 1} to choose it"
        )

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
