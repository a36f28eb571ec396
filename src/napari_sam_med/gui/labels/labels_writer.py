"""Writes accepted masks into Labels layers, and takes them back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import cast

import numpy as np
import numpy.typing as npt
from napari.components import ViewerModel
from napari.layers import Image, Labels
from napari.utils.events import Event

from napari_sam_med.core.storage.plain_text import printable
from napari_sam_med.errors import ImageError, PromptError
from napari_sam_med.gui.labels.brush_strokes import BrushStrokes, UnheardStrokes
from napari_sam_med.gui.labels.file_records import name_in_file
from napari_sam_med.gui.labels.label_layers import (
    check_same_grid,
    check_writable,
    first_unused_label,
    free_labels,
    holds,
    labels_like,
    labels_onto,
    told_hidden,
)
from napari_sam_med.gui.labels.label_steps import check_locks, take_step
from napari_sam_med.gui.labels.layer_edits import make_edit, mask_change
from napari_sam_med.gui.labels.layer_lists import RESAMPLED, LayerLists
from napari_sam_med.gui.labels.object_looks import said_of
from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.gui.shared.later import soon
from napari_sam_med.gui.shared.notes import tell_in_viewer
from napari_sam_med.gui.shared.own_keys import FollowedKeys
from napari_sam_med.gui.shared.own_layers import add_quietly
from napari_sam_med.gui.shared.viewer_watch import LayerWatch
from napari_sam_med.session.background.messages import Answer, Done, Failed, Task
from napari_sam_med.session.consents import Consents
from napari_sam_med.session.labelling.label_edits import LabelEdit
from napari_sam_med.session.labelling.write_rules import WriteRules
from napari_sam_med.session.object_steps import (
    drawn_over,
    told_kept,
    told_losses,
    told_replaced,
)
from napari_sam_med.session.prompt_session import PromptSession
from napari_sam_med.session.saved_session import SavedLayer
from napari_sam_med.session.status import Chosen, Phase, Status, counted, told_refused

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
        self._strokes, self._consents = BrushStrokes(), Consents()
        self._unheard = UnheardStrokes()
        self._watch = LayerWatch(
            {
                "selected_label": self._on_selected_label,
                "paint": self._on_painted,
                "data": self._strokes.forget,
            }
        )
        self.undo_keys = FollowedKeys(lists.is_current)
        self._labels: Labels | None = None
        self._told_label, self._is_leaving = 0, False

    def choose(self, image: Image, place: str) -> None:
        """Write the image's masks into another one that takes them, under its label."""
        if place.startswith(RESAMPLED):
            self._resample(image, place.removeprefix(RESAMPLED))
            return
        chosen = self._lists.find(place)
        if isinstance(chosen, Labels):
            check_writable(chosen)
        self._lists.set_labels(image, place)
        labels = self._lists.labels_for(image)
        if labels is not None:
            self._session.set_label(max(1, int(labels.selected_label)))

    def write(
        self,
        image: Image,
        *,
        keep_others: bool,
        time: int | None = None,
        adds: bool = False,
    ) -> None:
        """Write what was chosen, into a new layer if none was chosen.

        A mask replaces what the object has on the slice; of several objects, all but
        the first get the next free labels. What other objects would lose is told
        first, and taken the second time this is called.

        Parameters
        ----------
        image : Image
            What the mask was drawn on.
        keep_others : bool
            Leave voxels of other labels as they are.
        time : int, optional
            Time point, of an image that has several.
        adds : bool
            Keep what the object has on the slice as well.

        Raises
        ------
        PromptError
            If there is no mask to accept, the object is locked, or others would lose
            voxels that a person has not given up yet.
        ImageError
            If the layer lies on another grid or cannot take the mask, or has no room.
        """
        chosen = self._session.to_accept()
        labels = self._lists.ensure_labels(image)
        self._watch_layer(labels)
        check_same_grid(image, labels)
        rules = replace(self.rules(labels, keep_others=keep_others), adds=adds)
        layer = SavedLayer(place_of(labels), printable(labels.name))
        name = name_in_file(image, time)
        chosen = tuple(
            replace(each, time=time, rules=rules, layer=layer, image_name=name)
            for each in self._labelled(chosen, labels)
        )
        change = mask_change(
            labels,
            chosen[0].plane,
            {each.label: each.mask for each in chosen},
            rules,
            time=time,
        )
        if change.written == 0 or change.left_out:
            missing = ", ".join(str(n) for n in change.left_out) or "this"
            which = f"of box {missing}" if len(chosen) > 1 else "of this mask"
            msg = (
                f"all pixels {which} are labelled in {labels.name} already; "
                "choose another mask or untick Preserve labels"
            )
            raise ImageError(msg)
        known = (self._session.state, place_of(labels))
        lost, kept = told_losses(*known, change.lost), told_kept(*known, change.kept)
        answers = self._session.answers
        about = (id(self._session.candidates), answers and answers.slots, adds)
        if lost and not self._consents.given("losses", *about):
            msg = f"{lost}; accept again to take them, or tick Preserve labels"
            raise PromptError(msg)
        self.make(labels, change.edit)
        own = told_replaced(*known, change.replaced)
        others = (own, lost, kept, told_hidden(labels))
        self._session.record(chosen, change.edit, change.written, *others)

    def _labelled(self, chosen: Sequence[Chosen], labels: Labels) -> tuple[Chosen, ...]:
        """Give each object a label: the present one, and the next free ones."""
        place, state = place_of(labels), self._session.state
        known = {label for where, label in state.objects if where == place}
        own = [chosen[0].label]
        if len(chosen) > 1:
            check_writable(labels)
            own += free_labels(labels.data, len(chosen) - 1, known | set(own))
        pairs = zip(chosen, own, strict=True)
        return tuple(replace(each, label=label) for each, label in pairs)

    def rules(self, labels: Labels, *, keep_others: bool) -> WriteRules:
        """Say what may be written into a layer now."""
        return WriteRules(keep_others, self._session.state.locked(place_of(labels)))

    def make(self, labels: Labels, edit: LabelEdit) -> None:
        """Write an edit into its layer; the session is told by the caller.

        Raises
        ------
        PromptError
            If it changes an object that is locked, or the layer went or was replaced,
            perhaps since it was prepared.
        """
        self.take_begun_stroke()
        check_locks(self._session.state, (edit,))
        if self._lists.find(place_of(labels)) is None or not make_edit(labels, edit):
            msg = (
                f"{labels.name} was removed, cropped or replaced meanwhile; "
                "choose a layer under Write to and do it again"
            )
            raise PromptError(msg)

    def next_object(self, image: Image | None) -> None:
        """Go on under the first number that the image's layer does not hold yet.

        In a large layer it is searched for on another thread, and comes as an answer.

        Raises
        ------
        ImageError
            If the layer is no array in memory.
        PromptError
            If prompts whose masks were not accepted would be dropped; the second time
            they are.
        """
        self._check_given_up()
        labels = self._lists.labels_for(image)
        if labels is None:
            self._session.next_object(1)
            return
        check_writable(labels)
        if labels.data.size <= AT_ONCE:
            self._session.next_object(first_unused_label(labels.data))
            return
        self._session.status = Status(Phase.BUSY, "Looking for the next free label ...")
        # images that are fresh share one state, but not their mark
        present = (self._session.history_mark, self._session.state)
        asked = (place_of(labels), present)
        search = partial(first_unused_label, labels.data)
        self._post(Task(NEXT_LABEL, lambda: (*asked, search())))

    def take(self, viewer: ViewerModel, answer: Answer) -> Status | None:
        """Take over what another thread has found; None for any other answer."""
        if isinstance(answer, Failed) and answer.what in (RESAMPLE, NEXT_LABEL):
            return Status(Phase.ERROR, answer.message)
        if not isinstance(answer, Done) or answer.name not in (RESAMPLE, NEXT_LABEL):
            return None
        if answer.name == NEXT_LABEL:
            place, present, label = cast("tuple[str, object, int]", answer.value)
            here = (self._session.history_mark, self._session.state)
            if here != present or self._lists.find(place) is None:
                text = "The work went on before a free label was found; ask again"
                return Status(Phase.IDLE, text)
            self._session.next_object(label)
            return Status(Phase.READY, f"Label {label} is the next free one")
        return self._add_resampled(viewer, *cast("Resampled", answer.value))

    def _check_given_up(self) -> None:
        """Ask once before prompts are dropped whose masks were not accepted."""
        session = self._session
        prompts = session.state.prompts
        if prompts.is_empty or self._consents.given("next object", id(prompts)):
            return
        slices = ", ".join(str(each) for each in session.pending) or "other slices"
        msg = (
            f"the prompts on slice {slices} have no accepted mask; accept it, or ask "
            "for the next object again to drop them"
        )
        raise PromptError(msg)

    def _resample(self, image: Image, place: str) -> None:
        labels = self._lists.find(place)
        if isinstance(labels, Labels):
            text = f"Resampling {labels.name} onto {image.name} ..."
            self._session.status = Status(Phase.BUSY, text)
            onto = partial(labels_onto, labels, image)  # reads the layers only
            self._post(Task(RESAMPLE, lambda: (labels, image, onto())))

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
        layer.metadata.update(said_of(source))
        add_quietly(viewer, layer)
        source.visible = False
        self._lists.set_labels(image, place_of(layer))
        shown = self._session.image
        if shown is not None and shown.place == place_of(image):
            self._session.set_label(max(1, int(source.selected_label)))
        text = f"{layer.name} holds the labels of {source.name}; masks go there now"
        return Status(Phase.READY, text)

    def undo(self) -> None:
        """Go one step back, in the layers too."""
        self.take_begun_stroke()
        state = self._session.state
        made = self._unheard.guarded(state.made)
        check_locks(state, made, but=state.said.locking)
        take_step(self._lists, self._session, "Undid", self._session.undo())

    def redo(self) -> None:
        """Go one step forward, in the layers too."""
        self.take_begun_stroke()
        check_locks(self._session.state, self._unheard.guarded(self._session.undone))
        take_step(self._lists, self._session, "Redid", self._session.redo())

    def follow(self, image: Image | None) -> Labels | None:
        """Bring the label number to the image's layer, and return that layer."""
        labels = self._lists.labels_for(image)
        self._watch_layer(labels)
        label = self._session.state.label
        if labels is None or label == self._told_label:
            return labels
        if holds(labels, label):  # else the layer is widened on writing
            self._told_label = label
            labels.selected_label = label
        return labels

    def close(self) -> None:
        """Stop listening, until ``follow`` is called again."""
        self._unheard.leave(() if self._labels is None else (self._labels,))
        self._watch_layer(None)

    def _watch_layer(self, labels: Labels | None) -> None:
        if labels is not None and labels is not self._labels and not self._is_leaving:
            self._is_leaving = True  # a step that is taken draws, which comes here
            self.take_begun_stroke()
            self._is_leaving = False
        if self._watch.watch(labels):
            self._labels, self._told_label = labels, 0
            self._strokes.forget()
            self.undo_keys.follow(labels)
            if labels is not None:
                locked = self._session.state.locked(place_of(labels))
                for edit in self._unheard.steps(labels, locked):
                    self._push(edit)

    def _on_painted(self, event: Event) -> None:
        """Look now and in the next turn: napari tells of polygons before it fills."""
        if self._labels is not None and isinstance(self._labels.data, np.ndarray):
            self._strokes.tell(event.value)
            self._take_stroke()
            soon(self._take_late)

    def _take_late(self) -> None:
        self._take_stroke()
        self._strokes.forget()  # what is told is old once the session writes here

    def take_begun_stroke(self) -> None:
        """Make a step of what was drawn so far, though the mouse may draw on.

        What comes between would else be in the middle of the stroke's step.
        """
        if self._labels is not None:
            with self._labels.block_history():
                pass  # napari tells at its end of what it has gathered
        self._take_stroke()

    def _take_stroke(self) -> None:
        """Take what a person drew over as a step of the one history."""
        labels = self._labels
        if labels is None:
            return
        locked = self._session.state.locked(place_of(labels))
        edit, refused = self._strokes.stroke(labels, locked)
        if edit.count:
            self._push(edit)
            text = f"Drew {counted(edit.count, 'voxel')} in {labels.name}"
            self._session.status = Status(Phase.READY, text)
        if not edit.count and not refused:
            return
        if refused:
            self._session.status = Status(Phase.ERROR, told_refused(refused))
            if not self._lists.is_current():  # drawn in a viewer that shares the layer
                tell_in_viewer(self._session.status)
        self._changed()

    def _push(self, edit: LabelEdit) -> None:
        plane = self._session.plane
        axis = 0 if plane is None else plane.axis
        self._session.push(drawn_over(self._session.state, edit, axis), (edit,))

    def _on_selected_label(self) -> None:
        label = 0 if self._labels is None else int(self._labels.selected_label)
        if label > 0 and label != self._session.state.label:
            self._told_label = label
            self._session.set_label(label)
            self._changed()
