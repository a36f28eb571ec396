"""Progress in napari's activity dock, beside the bars of our own docks."""

from __future__ import annotations

from io import StringIO
from typing import Any

from napari.utils import progress


class Activity:
    """One line of the activity dock, there for as long as something goes on.

    Parameters
    ----------
    words : str
        What goes on.
    """

    def __init__(self, words: str) -> None:
        self._words = words
        self._bar: Any = None

    def show(self, done: int, total: int) -> None:
        """Show how far it is; a ``total`` of 0 is one that nobody knows."""
        if self._bar is not None and (self._bar.total != total or done < self._bar.n):
            self.end()
        if self._bar is None:
            # its line in the terminal goes nowhere
            self._bar = progress(total=total, desc=self._words, file=StringIO())
        if done != self._bar.n:
            self._bar.update(done - self._bar.n)

    def end(self) -> None:
        """Take the line away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
