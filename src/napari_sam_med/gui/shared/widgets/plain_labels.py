"""Texts that came with data, shown by Qt as they stand.

Left to itself it takes what looks like HTML for pictures, links and headings.
"""

from __future__ import annotations

from html import escape

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QSizePolicy

from napari_sam_med.core.storage.plain_text import printable


class PlainLabel(QLabel):
    """A label without markup, entities or control characters."""

    def __init__(self, text: str = "", parent: object = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)

    def setText(self, text: str | None) -> None:
        """Qt: show a text as it stands."""
        super().setText(printable(text or ""))


class WrappedLabel(PlainLabel):
    """A text of several lines, which never makes its window wider.

    A word that is too long for a line, such as a path, is cut; the tooltip shows all.
    """

    def __init__(self, text: str = "", parent: object = None) -> None:
        super().__init__(text, parent)
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)

    def setText(self, text: str | None) -> None:
        """Qt: show a text as it stands."""
        super().setText(text)
        self.setToolTip(plain_tip(text or ""))


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
