"""The one hop from the model thread to the Qt thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject, Qt, Signal

from napari_sam_med.session.jobs import Answer


class Bridge(QObject):
    """Hands answers over, in order, to a callable on the thread that built this.

    Parameters
    ----------
    receive : callable
        Called on the Qt thread with each answer.
    """

    _delivered = Signal(object)

    def __init__(self, receive: Callable[[Answer], None]) -> None:
        super().__init__()
        self._receive = receive
        self._delivered.connect(self._on_delivered, Qt.ConnectionType.QueuedConnection)

    def deliver(self, answer: Answer) -> None:
        """Queue an answer, from any thread; returns at once."""
        self._delivered.emit(answer)

    def close(self) -> None:
        """Drop what is still on its way."""
        self._receive = _ignore

    def _on_delivered(self, answer: Any) -> None:
        self._receive(answer)


def _ignore(answer: Answer) -> None:
    """Take an answer for a dock that is gone."""
    del answer
