"""Names the slices whose prompts have no accepted mask yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLabel, QSizePolicy

LINK = "#6cb8f0"
"""Qt's own dark blue cannot be read on napari's dark theme; this can on both."""

SHOWN = 6
"""More slices than this would not fit into one line; the rest is counted."""


class PendingLine(QLabel):
    """A line with a link for each slice; hidden while there is none.

    Its place stays free then, so that nothing below moves under the mouse.
    """

    slice_chosen = Signal(int)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.RichText)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)
        self.setText("Not accepted yet")  # as high as it will be
        self.setVisible(False)
        self.linkActivated.connect(lambda link: self.slice_chosen.emit(int(link)))

    def set_slices(self, slices: Sequence[int], shown: int) -> None:
        """List slices; the one that is shown is no link."""
        self.setVisible(bool(slices))
        links = [
            f"<b>{each}</b>"
            if each == shown
            else f'<a href="{each}" style="color: {LINK}">{each}</a>'
            for each in slices[:SHOWN]
        ]
        self.setToolTip(f"Slices {', '.join(map(str, slices))}")
        more = f" and {len(slices) - SHOWN} more" if len(slices) > SHOWN else ""
        self.setText(f"Not accepted yet: slice {', '.join(links)}{more}")
