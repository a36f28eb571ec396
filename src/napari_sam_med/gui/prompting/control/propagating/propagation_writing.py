"""Writes a propagation that was accepted into the labels, as one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import cast

from napari.layers import Image, Labels

from napari_sam_med.errors import PromptError, SamMedError
from napari_sam_med.gui.labels.label_layers import (
    check_same_grid,
    labels_like,
    no_labels,
    told_hidden,
    widen_for,
)
from napari_sam_med.gui.labels.layer_edits import labels_zyx, part_change
from napari_sam_med.gui.napari_io import place_of, shape_of
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.prompting.control.propagating.propagation_requests import (
    told_corrected,
)
from napari_sam_med.gui.prompting.control.steps_elsewhere import push_at
from napari_sam_med.gui.shared.later import paint_in_next_turn
from napari_sam_med.propagation.propagated_masks import SliceMask
from napari_sam_med.session.background.messages import Answer, Done, Failed, Task
from napari_sam_med.session.background.tasks import AwaitedTask
from napari_sam_med.session.consents import Consents
from napari_sam_med.session.labelling.label_edits import LabelEdit
from napari_sam_med.session.labelling.volume_writing import (
    VolumeMasks,
    with_masks,
    withheld_from,
)
from napari_sam_med.session.labelling.write_rules import losses
from napari_sam_med.session.object_steps import told_kept, told_losses
from napari_sam_med.session.objects import SessionState
from napari_sam_med.session.runs.propagation_run import (
    PropagationRun,
    PropagationTarget,
    followed_slices,
    kept_slices,
    propagated,
)
from napari_sam_med.session.status import Phase, Status, counted

EMPTY, WRITE = "make labels", "write propagation"


@dataclass(frozen=True, slots=True, eq=False)
class PropagationWrite:
    """What another thread found out about accepting a propagation."""

    labels: Labels
    target: PropagationTarget
    written: Mapping[int, SliceMask]
    cleared: tuple[int, ...]
    edit: LabelEdit
    lost: dict[int, int]
    kept: dict[int, int]


NewLabels = tuple[PropagationTarget, Image, Labels]


class PropagationWriter:
    """Writes what a run has found beside the window's thread, or at once.

    It goes where it was accepted for, whichever image is shown by then.

    Parameters
    ----------
    parts : DockParts
        What the dock's parts share.
    run : PropagationRun
        Its slices are written, unless it is of something else meanwhile.
    post : callable
        Takes tasks for another thread.
    written : callable
        Called before the step is made: there is nothing to decide about any more.
    """

    def __init__(
        self,
        parts: DockParts,
        run: PropagationRun,
        post: Callable[[Task], None],
        written: Callable[[], None],
    ) -> None:
        self._parts, self._run, self._written = parts, run, written
        self._consents = Consents()
        self._task = AwaitedTask(post, EMPTY, WRITE)
        self._target: PropagationTarget | None = None

    @property
    def is_writing(self) -> bool:
        """Whether an accepted preview is on its way into the labels."""
        return self._task.waits and self._target is self._run.target

    def accept(self, target: PropagationTarget, image: Image) -> None:
        """Begin to write what was found in an image.

        Raises
        ------
        PromptError, ImageError
            If the object is locked, or the labels cannot take it.
        """
        self._target = target
        labels = self._parts.lists.labels_for(image)
        if labels is None:
            self._task.post(Task(EMPTY, partial(_new_labels, target, image)))
            return
        check_same_grid(image, labels)
        widen_for(labels, target.label)
        place, state = place_of(labels), self._state
        axis, time = target.settings.axis, target.time
        keep = self._parts.view.write.keep_others.isChecked()
        rules = self._parts.writer.rules(labels, keep_others=keep)
        rules.check(target.label)
        own = kept_slices(state, place, target.label, axis, time)
        written = {k: v for k, v in self._run.slices.items() if k not in own}
        old = followed_slices(state, place, target.label, axis, time) - set(written)
        low, high = target.settings.limits or (0, image.data.shape[0])
        cleared = tuple(k for k in old if low <= k <= high)
        masks = VolumeMasks(axis, target.label, written, cleared)
        array, shape = labels_zyx(labels, time), labels.data.shape

        def find() -> PropagationWrite:
            start, before, after = with_masks(array, masks, rules)
            edit = part_change(labels, start, before, after, time=time, shape=shape)
            lost = losses(before, after, target.label)
            kept = withheld_from(start, after, masks)
            return PropagationWrite(labels, target, written, cleared, edit, lost, kept)

        self._task.post(Task(WRITE, find))

    def take(self, answer: Answer) -> bool:
        """Take over what another thread has done; False for answers of others."""
        is_end = self._task.is_end(answer)
        if is_end:
            self._go_on(self._task.ended(answer))
        return is_end

    def finish(self) -> None:
        """Write at once what was accepted, whatever comes after it."""
        while self.is_writing:
            self._go_on(self._task.finish(), on_top=True)

    def _go_on(self, ended: Done | Failed | None, *, on_top: bool = False) -> None:
        session = self._parts.session
        if isinstance(ended, Failed):
            session.hear(Status(Phase.ERROR, ended.message))
        if not isinstance(ended, Done):
            return
        try:  # what it changes is drawn in turns of their own, not at once
            if ended.name == EMPTY:
                self._accept_into(*cast("NewLabels", ended.value), on_top=on_top)
            else:
                self._write(cast("PropagationWrite", ended.value))
        except SamMedError as error:
            session.status = Status(Phase.ERROR, str(error))

    @property
    def _state(self) -> SessionState:
        """The state of the image that it was accepted for."""
        target = self._target
        session = self._parts.session
        if target is None:
            return session.state
        return session.histories.of(target.image.place).present

    def _accept_into(
        self, target: PropagationTarget, image: Image, labels: Labels, *, on_top: bool
    ) -> None:
        """Go on accepting, with a Labels layer that the image did not have."""
        if target is self._run.target:
            paint_in_next_turn(self._parts.view.window())
            self._parts.lists.ensure_labels(image, labels, on_top=on_top)
            self.accept(target, image)

    def _write(self, found: PropagationWrite) -> None:
        parts, target = self._parts, found.target
        if target is not self._run.target:
            return
        place, state = place_of(found.labels), self._state
        lost = told_losses(state, place, found.lost)
        if lost and not self._consents.given(id(target)):
            msg = f"{lost}; accept again to take them, or tick Preserve labels"
            raise PromptError(msg)
        parts.writer.make(found.labels, found.edit)
        state = propagated(self._state, place, target, found.written, found.cleared)
        kept = told_kept(state, place, found.kept)
        stays = told_corrected(
            state, target, set(self._run.slices) - set(found.written)
        )
        self._written()
        push_at(parts.session, target.image.place, state, (found.edit,))
        count = len([each for each in found.written.values() if each.area_px])
        text = f"Wrote {counted(count, 'slice')} under label {target.label}"
        others = (lost, kept, stays, told_hidden(found.labels))
        told = [text, *filter(None, others)]
        parts.session.status = Status(Phase.READY, "; ".join(told))
        parts.list_layers()


def _new_labels(target: PropagationTarget, image: Image) -> NewLabels:
    """Run on another thread."""
    return target, image, labels_like(image, no_labels(shape_of(image)))
