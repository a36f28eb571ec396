"""What reading a file had to put right, told to the person."""

from __future__ import annotations

from collections.abc import Iterable

from napari.utils.notifications import show_warning


def tell_notes(notes: Iterable[str]) -> None:
    """Show each sentence as a notification of napari's.

    Parameters
    ----------
    notes : iterable of str
        ``Volume.notes``.
    """
    for note in notes:
        show_warning(note)
