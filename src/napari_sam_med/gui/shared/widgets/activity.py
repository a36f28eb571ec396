"""Progress in napari's activity dock, beside the bars of our own docks."""

from __future__ import annotations

from io import StringIO
from typing import Any

from napari.utils import progress
from qtpy.QtCore import QObject

from napari_sam_med.gui.shared.later import later

DRAW_WAIT_MS = 100
"""As often as tqdm draws itself; steps that come faster are drawn together."""


class Activity:
    """One line of the activity dock, there for as long as something goes on.

    napari lets Qt handle all waiting events when such a line is made or moved on: it is
    done in a turn of its own, never while the caller is in the middle of a change.

    Parameters
    ----------
    words : str
        What goes on.
    parent : QObject
        Takes a timer with it when it goes.
    """

    def __init__(self, words: str, parent: QObject) -> None:
        self._words = words
        self._bar: Any = None
        self._wanted: tuple[int, int] | None = None
        self._is_drawing = False
        self._timer = later(parent, DRAW_WAIT_MS, self._draw)

    def show(self, done: int, total: int) -> None:
        """Show soon how far it is; a ``total`` of 0 is one that nobody knows."""
        self._wanted = (done, total)
        if not self._timer.isActive():
            self._timer.start()

    def end(self) -> None:
        """Take the line away."""
        self._wanted = None
        self._timer.stop()
        self._close()

    def _draw(self) -> None:
        if self._is_drawing:  # within napari's handling of events
            self._timer.start()
            return
        self._is_drawing = True
        try:
            self._move_on()
        finally:
            self._is_drawing = False
        if self._wanted is None:  # it ended meanwhile
            self._close()

    def _move_on(self) -> None:
        if self._wanted is None:
            return
        done, total = self._wanted
        if self._bar is not None and (self._bar.total != total or done < self._bar.n):
            self._close()
        if self._bar is None:
            # its line in the terminal goes nowhere
            self._bar = progress(total=total, desc=self._words, file=StringIO())
        if done != self._bar.n:
            self._bar.update(done - self._bar.n)

    def _close(self) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()
