"""The one hop from a thread that works to the Qt thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject, Qt, Signal

from napari_sam_med.session.background.fetching import FetchNews
from napari_sam_med.session.background.messages import Answer


class Bridge(QObject):
    """Hands news over, in order, to a callable on the thread that built this.

    Parameters
    ----------
    receive : callable
        Called on the Qt thread with each answer, or each news of a file.
    """

    _delivered = Signal(object)

    def __init__(self, receive: Callable[[Any], None]) -> None:
        super().__init__()
        self._receive = receive
        self._delivered.connect(self._on_delivered, Qt.ConnectionType.QueuedConnection)

    def deliver(self, news: Answer | FetchNews) -> None:
        """Queue news, from any thread; returns at once."""
        self._delivered.emit(news)

    def close(self) -> None:
        """Drop what is still on its way."""
        self._receive = _ignore

    def _on_delivered(self, news: Any) -> None:
        self._receive(news)


def _ignore(news: object) -> None:
    """Take news for a dock that is gone."""
    del news
