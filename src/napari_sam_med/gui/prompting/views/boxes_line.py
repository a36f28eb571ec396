"""Names the boxes on a slice, of which one's candidates are shown."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLabel

from napari_sam_med.gui.prompting.views.pending_line import LINK


class BoxesLine(QLabel):
    """A line with a link for each box; hidden while there are not several."""

    box_chosen = Signal(int)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self.setVisible(False)
        self.linkActivated.connect(lambda link: self.box_chosen.emit(int(link)))

    def set_boxes(self, count: int, at: int, *, joins: bool) -> None:
        """List boxes; the one whose candidates are shown is no link."""
        self.setVisible(count > 1)
        links = [
            f"<b>{k + 1}</b>"
            if k == at
            else f'<a href="{k}" style="color: {LINK}">{k + 1}</a>'
            for k in range(count)
        ]
        what = "parts of one object" if joins else "each an object of its own"
        text = f"Candidates of box {', '.join(links)} ({what}); Accept takes all"
        if text != self.text():
            self.setText(text)
