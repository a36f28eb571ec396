"""What a person does with candidates and labels: choose, accept, undo, go on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.shared.notes import tell_in_viewer
from napari_sam_med.session.status import Phase


class MaskActions:
    """Slots of the cards and the buttons below them, which keys share.

    Parameters
    ----------
    parts : DockParts
        What the dock's parts share.
    guard : callable
        Does something, tells of an error of ours, and draws what may have changed.
    """

    def __init__(
        self, parts: DockParts, guard: Callable[[Callable[[], None]], None]
    ) -> None:
        self._parts = parts
        self._session, self._writer = parts.session, parts.writer
        self._seen = parts.seen
        self._painter, self._view, self._guard = parts.painter, parts.view, guard
        view = parts.view
        view.write.labels_chosen.connect(self._on_labels_chosen)
        view.candidates.chosen.connect(self.choose)
        view.candidates.previewed.connect(self._on_previewed)
        view.write.label_chosen.connect(self._on_label_chosen)
        view.write.accept_requested.connect(self.accept)
        view.write.undo_requested.connect(self.undo)
        view.write.redo_requested.connect(self.redo)
        view.write.clear_requested.connect(self.clear)
        view.write.next_requested.connect(self.next_object)

    def choose(self, slot: int) -> None:
        """Choose a candidate."""
        self._guard(lambda: self._session.choose(slot))

    def accept(self) -> None:
        """Write the chosen candidate into the Labels layer."""
        self._guard(self._accept)

    def add(self) -> None:
        """Write the chosen candidate beside what the object has on the slice."""
        self._guard(partial(self._accept, adds=True))

    def leave(self) -> None:
        """Accept what was chosen before another slice is shown, if so set."""
        session = self._session
        if not self._view.kinds.on_leaving.isChecked() or not session.is_fresh:
            return
        if session.candidates is not None:
            self._guard(self._accept)
            if session.status.phase is Phase.ERROR:
                tell_in_viewer(session.status)  # the next slice clears the line

    def undo(self) -> None:
        """Go one step back, in the layers too."""
        self._guard(self._writer.undo)

    def redo(self) -> None:
        """Go one step forward, in the layers too."""
        self._guard(self._writer.redo)

    def clear(self) -> None:
        """Drop the prompts on the slice that is shown."""
        self._guard(self._session.clear)

    def next_object(self) -> None:
        """Go on under the next free label."""
        self._guard(lambda: self._writer.next_object(self._seen.layer))

    def _accept(self, *, adds: bool = False) -> None:
        image, shown = self._seen.layer, self._seen.shown
        # without a slice, as in 3-D, the line says what to do first
        if image is not None and self._session.plane is not None:
            keep_others = self._view.write.keep_others.isChecked()
            time = None if shown is None else shown.time
            self._writer.write(image, keep_others=keep_others, time=time, adds=adds)

    def _on_previewed(self, slot: int) -> None:
        self._painter.preview(slot, self._seen.layer, self._session)

    def _on_label_chosen(self, label: int) -> None:
        self._guard(lambda: self._session.set_label(label))

    def _on_labels_chosen(self, place: str) -> None:
        image = self._seen.layer
        if image is not None:
            self._guard(partial(self._writer.choose, image, place))
        self._parts.list_layers()
        self._guard(_nothing)


def _nothing() -> None:
    """Only draw."""
