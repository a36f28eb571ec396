"""What is told to a person beside the docks, by notifications of napari's."""

from __future__ import annotations

from collections.abc import Iterable

from napari.utils.notifications import show_error, show_info, show_warning

from napari_sam_med.gui.shared.widgets.plain_labels import plain_tip
from napari_sam_med.session.status import Phase, Status


def tell_notes(notes: Iterable[str]) -> None:
    """Show each sentence as a notification of napari's.

    Parameters
    ----------
    notes : iterable of str
        ``Volume.notes``.
    """
    for note in notes:
        show_warning(note)


def tell_in_viewer(status: Status) -> None:
    """Show what a dock has no room for, or would say if it were not closed."""
    tell = show_error if status.phase is Phase.ERROR else show_info
    tell(plain_tip(status.text))
