"""Writes accepted masks into Labels layers, and takes them back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

import numpy as np
import numpy.typing as npt
from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_sam_med.errors import ImageError
from napari_sam_med.gui.labels.label_layers import (
    add_quietly,
    apply_edit,
    check_same_grid,
    check_writable,
    first_unused_label,
    holds,
    labels_like,
    labels_onto,
    revert_edit,
    write_mask,
)
from napari_sam_med.gui.labels.layer_lists import RESAMPLED, LayerLists
from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.gui.shared.layer_watch import LayerWatch
from napari_sam_med.session.background.messages import Answer, Done, Failed, Task
from napari_sam_med.session.objects import LabelEdit, SessionState
from napari_sam_med.session.prompt_session import PromptSession
from napari_sam_med.session.status import Phase, Status

Resampled = tuple[Labels, Image, npt.NDArray[np.generic]]
RESAMPLE, NEXT_LABEL = "resample", "next label"
AT_ONCE = 2**21
"""Voxels that are searched in about 30 ms; more would stop the window, so that another
thread searches them."""


class LabelsWriter:
    """Keeps the session's label and the layer's selected label the same.

    Parameters
    ----------
    lists : LayerLists
        Knows which Labels layer belongs to which image.
    session : PromptSession
        Gives the mask and keeps the history.
    post : callable
        Takes what is too slow for the window, for another thread.
    changed : callable
        Called after a person selected another label in napari's own controls.
    """

    def __init__(
        self,
        lists: LayerLists,
        session: PromptSession,
        post: Callable[[Task], None],
        changed: Callable[[], None],
    ) -> None:
        self._lists = lists
        self._session = session
        self._post = post
        self._changed = changed
        self._watch = LayerWatch({"selected_label": self._on_selected_label})
        self._labels: Labels | None = None
        self._told_label = 0

    def choose(self, image: Image, place: str) -> None:
        """Write the image's masks into another layer, under its selected label."""
        if place.startswith(RESAMPLED):
            self._resample(image, place.removeprefix(RESAMPLED))
            return
        self._lists.set_labels(image, place)
        labels = self._lists.labels_for(image)
        if labels is not None:
            self._session.set_label(max(1, int(labels.selected_label)))

    def write(
        self, image: Image, *, keep_others: bool, time: int | None = None
    ) -> None:
        """Write the chosen mask, into a new layer if none was chosen.

        Raises
        ------
        PromptError
            If there is no mask to accept.
        ImageError
            If the layer lies on another grid or cannot take the mask, or every pixel
            keeps the label it has.
        """
        chosen = self._session.to_accept()
        labels = self._lists.ensure_labels(image)
        check_same_grid(image, labels)
        edit = write_mask(
            labels,
            chosen.plane,
            chosen.mask,
            chosen.label,
            keep_others=keep_others,
            time=time,
        )
        if edit.before.size == 0:
            msg = (
                f"all pixels of this mask are labelled in {labels.name} already; "
                "choose another mask or untick Preserve labels"
            )
            raise ImageError(msg)
        self._session.record(chosen, edit)

    def next_object(self, image: Image | None) -> None:
        """Go on under the first number that the image's layer does not hold yet.

        In a large layer it is searched for on another thread, and comes as an answer.

        Raises
        ------
        ImageError
            If the layer is no array in memory.
        """
        labels = self._lists.labels_for(image)
        if labels is None:
            self._session.next_object(1)
            return
        check_writable(labels)
        if labels.data.size <= AT_ONCE:
            self._session.next_object(first_unused_label(labels.data))
            return
        self._session.status = Status(Phase.BUSY, "Looking for the next free label ...")
        asked = (place_of(labels), self._session.state)
        search = partial(first_unused_label, labels.data)
        self._post(Task(NEXT_LABEL, lambda: (*asked, search())))

    def take(self, viewer: ViewerModel, answer: Answer) -> Status | None:
        """Take over what another thread has found; None for any other answer."""
        if isinstance(answer, Failed) and answer.what in (RESAMPLE, NEXT_LABEL):
            return Status(Phase.ERROR, answer.message)
        if not isinstance(answer, Done) or answer.name not in (RESAMPLE, NEXT_LABEL):
            return None
        if answer.name == NEXT_LABEL:
            place, state, label = cast("tuple[str, SessionState, int]", answer.value)
            if self._session.state is state and self._lists.find(place) is not None:
                self._session.next_object(label)
            return Status(Phase.READY, f"Label {label} is the next free one")
        return self._add_resampled(viewer, *cast("Resampled", answer.value))

    def _resample(self, image: Image, place: str) -> None:
        labels = self._lists.find(place)
        if isinstance(labels, Labels):
            text = f"Resampling {labels.name} onto {image.name} ..."
            self._session.status = Status(Phase.BUSY, text)
            self._post(Task(RESAMPLE, partial(_resampled, labels, image)))

    def _add_resampled(
        self,
        viewer: ViewerModel,
        source: Labels,
        image: Image,
        array: npt.NDArray[np.generic],
    ) -> Status:
        if image not in viewer.layers:
            return Status(Phase.IDLE, f"{image.name} is gone")
        layer = labels_like(image, array)
        layer.name = f"{source.name} on {image.name}"
        if "label_names" in source.metadata:
            layer.metadata["label_names"] = dict(source.metadata["label_names"])
        add_quietly(viewer, layer)
        source.visible = False
        self._lists.set_labels(image, place_of(layer))
        self._session.set_label(max(1, int(source.selected_label)))
        text = f"{layer.name} holds the labels of {source.name}; masks go there now"
        return Status(Phase.READY, text)

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
        label = self._session.state.label
        if labels is None or label == self._told_label:
            return labels
        if holds(labels, label):  # else the layer is widened on writing
            self._told_label = label
            labels.selected_label = label
        return labels

    def close(self) -> None:
        """Stop listening, until ``follow`` is called again."""
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
        if label not in (0, self._session.state.label):
            self._told_label = label
            self._session.set_label(label)
            self._changed()


def _resampled(labels: Labels, image: Image) -> Resampled:
    """Run on another thread; the layers are only read."""
    return labels, image, labels_onto(labels, image)
