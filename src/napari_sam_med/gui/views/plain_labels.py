"""Texts that came with data, shown by Qt as they stand.

Left to itself it takes what looks like HTML for pictures, links and headings.
"""

from __future__ import annotations

from html import escape

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

from napari_sam_med.core.plain_text import printable


class PlainLabel(QLabel):
    """A label without markup, entities or control characters."""

    def __init__(self, text: str = "", parent: object = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)

    def setText(self, text: str | None) -> None:
        """Qt: show a text as it stands."""
        super().setText(printable(text or ""))


def plain_tip(text: str) -> str:
    """Make a tooltip, or a notification, that shows a text as it stands.

    Parameters
    ----------
    text : str
        With names of layers, labels or files.

    Returns
    -------
    str
        The text itself, unless Qt would take it for HTML.
    """
    text = printable(text)
    if not Qt.mightBeRichText(text):
        return text
    return "<qt>" + escape(text).replace("\n", "<br>") + "</qt>"
