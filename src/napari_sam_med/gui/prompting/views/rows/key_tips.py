"""Tooltips that name the keys which do the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QWidget

Keys = Mapping[str, Sequence[str]]
"""Keys by the name of what they do; what has none may be missing."""


class KeyTip(QObject):
    """The tooltip of one widget.

    Parameters
    ----------
    widget : QWidget
        Gets the tooltip.
    **lines : str
        Its lines by what the keys do; all but the first are shown only with a key.
    """

    def __init__(self, widget: QWidget, **lines: str) -> None:
        super().__init__(widget)
        self._widget, self._lines = widget, lines
        self._keys: Keys = {}
        self._reason = ""
        self._show()

    def set_keys(self, keys: Keys) -> None:
        """Name these keys from now on."""
        self._keys = keys
        self._show()

    def set_reason(self, reason: str) -> None:
        """Add why the widget cannot be used; empty if it can."""
        if reason != self._reason:
            self._reason = reason
            self._show()

    def _show(self) -> None:
        shown: list[str] = []
        for action, line in self._lines.items():
            keys = " or ".join(self._keys.get(action, ()))
            if keys or not shown:
                shown.append(f"{line} ({keys})" if keys else line)
        self._widget.setToolTip("\n".join([*shown, self._reason]).rstrip())
