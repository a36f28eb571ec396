"""Where a model that gives one mask is sure, and where it is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from napari_sam_med.gui.views.candidate_card import PICTURE_PX, pixmap_of
from napari_sam_med.gui.views.thumbnail import heat_of

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
        title.setStyleSheet("font-size: 11px; color: #a8adb5;")
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
