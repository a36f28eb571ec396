"""Writes accepted masks into Labels layers, and takes them back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from napari.layers import Image, Labels

from napari_sam_med.errors import ImageError
from napari_sam_med.gui.layer_lists import LayerLists
from napari_sam_med.gui.layer_watch import LayerWatch
from napari_sam_med.gui.layers import (
    apply_edit,
    first_unused_label,
    revert_edit,
    write_mask,
)
from napari_sam_med.session.objects import LabelEdit
from napari_sam_med.session.session import PromptSession


class LabelsWriter:
    """Keeps the session's label and the layer's selected label the same.

    Parameters
    ----------
    lists : LayerLists
        Knows which Labels layer belongs to which image.
    session : PromptSession
        Gives the mask and keeps the history.
    changed : callable
        Called after a person selected another label in napari's own controls.
    """

    def __init__(
        self, lists: LayerLists, session: PromptSession, changed: Callable[[], None]
    ) -> None:
        self._lists = lists
        self._session = session
        self._changed = changed
        self._watch = LayerWatch({"selected_label": self._on_selected_label})
        self._labels: Labels | None = None
        self._told_label = 0

    def choose(self, image: Image, place: str) -> None:
        """Write the image's masks into another layer, under its selected label."""
        self._lists.set_labels(image, place)
        labels = self._lists.labels_for(image)
        if labels is not None:
            self._session.set_label(max(1, int(labels.selected_label)))

    def write(self, image: Image, *, keep_others: bool) -> None:
        """Write the chosen mask, into a new layer if none was chosen.

        Raises
        ------
        PromptError
            If there is no mask to accept.
        ImageError
            If the layer cannot take it, or every pixel keeps the label it has.
        """
        chosen = self._session.to_accept()
        labels = self._lists.ensure_labels(image)
        edit = write_mask(
            labels, chosen.plane, chosen.mask, chosen.label, keep_others=keep_others
        )
        if edit.before.size == 0:
            msg = (
                f"all pixels of this mask are labelled in {labels.name} already; "
                "choose another mask or untick Keep others"
            )
            raise ImageError(msg)
        self._session.record(chosen, edit)

    def next_object(self, image: Image | None) -> None:
        """Go on under the first number that the image's layer does not hold yet.

        Raises
        ------
        ImageError
            If the layer is no array in memory.
        """
        labels = self._lists.labels_for(image)
        self._session.next_object(1 if labels is None else first_unused_label(labels))

    def undo(self) -> None:
        """Go one step back, in the layers too."""
        self._each(self._session.undo().revert, revert_edit)

    def redo(self) -> None:
        """Go one step forward, in the layers too."""
        self._each(self._session.redo().apply, apply_edit)

    def follow(self, image: Image | None) -> Labels | None:
        """Bring the label number to the image's layer, and return that layer."""
        labels = self._lists.labels_for(image)
        if self._watch.watch(labels):
            self._labels, self._told_label = labels, 0
        label = self._session.moment.label
        if labels is not None and label != self._told_label:
            self._told_label = label
            labels.selected_label = label
        return labels

    def close(self) -> None:
        """Stop listening."""
        self._watch.watch(None)

    def _each(
        self, edits: Sequence[LabelEdit], change: Callable[[Labels, LabelEdit], None]
    ) -> None:
        for edit in edits:
            labels = self._lists.find(edit.place)
            if isinstance(labels, Labels):
                change(labels, edit)

    def _on_selected_label(self) -> None:
        label = 0 if self._labels is None else int(self._labels.selected_label)
        if label not in (0, self._session.moment.label):
            self._told_label = label
            self._session.set_label(label)
            self._changed()
