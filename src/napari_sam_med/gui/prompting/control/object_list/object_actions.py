"""What a person does with whole objects: go to one, name, lock, merge, delete."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from napari.layers import Labels

from napari_sam_med.errors import ImageError, PromptError
from napari_sam_med.gui.labels.label_layers import check_same_grid
from napari_sam_med.gui.labels.layer_edits import (
    is_elsewhere,
    labels_zyx,
    relabel_edit,
)
from napari_sam_med.gui.labels.lock_guard import LockGuard
from napari_sam_med.gui.labels.object_looks import ObjectLooks
from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.prompting.control.object_list.object_rows import ObjectRows
from napari_sam_med.gui.prompting.views.object_table import ObjectTable
from napari_sam_med.gui.shared.later import later
from napari_sam_med.gui.shared.viewer_watch import LayerWatch
from napari_sam_med.session.background.messages import Answer, Done, Task
from napari_sam_med.session.labelling.object_counts import (
    Counts,
    Sizes,
    largest_slice,
    object_counts,
    sizes_of,
)
from napari_sam_med.session.labelling.review_order import by_jump, by_score, next_in
from napari_sam_med.session.labelling.write_rules import WriteRules
from napari_sam_med.session.object_steps import described, merged, without_object
from napari_sam_med.session.objects import MaskPlace
from napari_sam_med.session.status import Phase, Status, counted

Counted = tuple[tuple[str, int, int | None], Counts, Sizes]
COUNT = "count objects"
COUNT_WAIT_MS = 150
"""Changes that follow each other faster are counted together."""


@dataclass(frozen=True, slots=True)
class ObjectSlots:
    """Whom the table asks for what is not its own.

    Parameters
    ----------
    guard : callable
        Does something, tells of an error of ours, and draws what may have changed.
    go_to : callable
        Shows another slice of the orientation that is shown.
    add : callable
        Goes on with another object.
    post : callable
        Takes what would stop the window.
    """

    guard: Callable[[Callable[[], None]], None]
    go_to: Callable[[int], None]
    add: Callable[[], None]
    post: Callable[[Task], None]


class ObjectActions:
    """Keeps the table of objects up to date, and does what it is asked for.

    Parameters
    ----------
    parts : DockParts
        What the dock's parts share.
    table : ObjectTable
        The widget.
    slots : ObjectSlots
        Whom it asks.
    looks : ObjectLooks
        What is said of objects, which the docks of all viewers share.
    """

    def __init__(
        self,
        parts: DockParts,
        table: ObjectTable,
        slots: ObjectSlots,
        looks: ObjectLooks,
    ) -> None:
        self._parts, self._table, self._slots = parts, table, slots
        self._looks, self._is_telling = looks, False
        self._watch = LayerWatch({"metadata": self._on_said, "colormap": self._on_said})
        drawn = partial(slots.guard, _nothing)
        self._guard = LockGuard(parts.viewer, parts.lists, looks, drawn)
        self._counted: tuple[str, int, int | None] | None = None
        self._seen: object = None
        self._reviewed: tuple[str, int, int, int] | None = None
        self.counts: Counts = {}
        self._sizes: Sizes = {}
        self._rows = ObjectRows()
        self._timer = later(table, COUNT_WAIT_MS, self._count)
        table.object_chosen.connect(self.go_to_object)
        table.add_requested.connect(slots.add)
        table.renamed.connect(self._on_renamed)
        table.recoloured.connect(self._on_recoloured)
        table.locked.connect(self._on_locked)
        table.delete_requested.connect(self._doing(self._delete))
        table.merge_requested.connect(self._doing(self._merge))
        table.review_requested.connect(self._doing(self._review))

    def draw(self) -> None:
        """Bring the table up to date; voxels are counted a little later."""
        session, labels, axis = self._parts.session, self._labels, self._axis
        self._watch.watch(labels)
        self._guard.follow(labels)
        if labels is None:
            self.counts, self._sizes = {}, {}
            self._table.set_rows((), session.state.label)
            return
        self._looks.learn(labels)
        state = session.state
        present = (place_of(labels), axis, self._time)
        if present != self._counted:
            self.counts = {}
            if self._counted is None or present[::2] != self._counted[::2]:
                self._sizes = {}  # else the same objects, seen from another side
        seen = (present, session.history_mark, id(labels.data))
        if seen != self._seen:
            self._seen = seen
            self._timer.start()
        shown = self._looks.shown(labels, state, self._sizes)
        self._is_telling = True
        self._looks.follow(labels, state, shown)
        self._is_telling = False
        rows = self._rows.of(labels, state, shown, self._sizes, (axis, self._time))
        self._table.set_rows(rows, state.label)

    def show(self, labels: Labels, present: Collection[int]) -> None:
        """Bring names, colours and locks to a layer that may not be written to."""
        place, state = place_of(labels), self._parts.session.state
        sources = {key.label for key in state.sources if key.place == place}
        said = {label for where, label in state.objects if where == place}
        self._looks.follow(labels, state, sorted({*present, *sources, *said}))

    def stop(self) -> None:
        """Count nothing more."""
        self._watch.watch(None)
        self._guard.close()
        self._timer.stop()
        self._seen = None

    def take(self, answer: Answer) -> bool:
        """Take over what was counted; False for any other answer."""
        if not isinstance(answer, Done) or answer.name != COUNT:
            return False
        self._counted, self.counts, self._sizes = cast("Counted", answer.value)
        return True

    def go_to_object(self, label: int) -> None:
        """Work on an object, and show the slice on which it is largest."""
        self._slots.guard(partial(self._parts.session.set_label, label))
        self._parts.tools.take_keys()
        index = largest_slice(self.counts, label)
        if index is not None:
            self._slots.guard(partial(self._show_slice, index))

    def _show_slice(self, index: int) -> None:
        """Show a slice of the labels, if it is one of the image."""
        if self._parts.image is not None and self._labels is not None:
            check_same_grid(self._parts.image, self._labels)
        self._slots.go_to(index)

    def step(self, by: int) -> None:
        """Go to the next object of the table, or with -1 to the one before."""
        labels = [row.label for row in self._table.rows]
        if not labels:
            return
        present = self._parts.session.state.label
        at = labels.index(present) if present in labels else -1
        self.go_to_object(labels[(at + by) % len(labels)])

    def lock(self) -> None:
        """Lock the present object, or unlock it."""
        labels = self._labels
        if labels is not None:
            label = self._parts.session.state.label
            entry = self._parts.session.state.entry(place_of(labels), label)
            self._on_locked(label, not entry.is_locked)

    def review(self) -> None:
        """Go to the slice of the next higher score."""
        self._slots.guard(partial(self._review, "score"))

    def _review(self, order: str) -> None:
        """Show the next slice of the present object in an order of doubt."""
        session, labels, axis = self._parts.session, self._labels, self._axis
        label, plane = session.state.label, session.plane
        own = self.counts.get(label)
        if labels is None or own is None or plane is None:
            msg = f"label {label} has no slices yet; accept a mask first"
            raise PromptError(msg)
        if self._parts.image is not None:  # else its slices are not those of the image
            check_same_grid(self._parts.image, labels)
        scores = {
            key.index: source.score
            for key, source in session.state.sources.items()
            if (key.place, key.label) == (place_of(labels), label)
            and (key.axis, key.time) == (axis, self._time)
            and own[key.index] > 0
        }
        if order == "score" and not scores:
            msg = f"no slice of label {label} has a score; review it by area jump"
            raise PromptError(msg)
        slices = by_score(scores) if order == "score" else by_jump(own)
        # one that shows a slice by chance begins with the first
        goes_on = self._reviewed == (order, label, axis, plane.index)
        index = next_in(slices, plane.index if goes_on else None)
        self._reviewed = (order, label, axis, index)
        self._slots.go_to(index)
        at = f"Slice {index}, {slices.index(index) + 1} of {len(slices)} to review"
        shown = f": score {scores[index]:.2f}" if index in scores else ""
        session.status = Status(Phase.READY, at + shown)

    @property
    def _labels(self) -> Labels | None:
        return self._parts.lists.labels_for(self._parts.image)

    @property
    def _axis(self) -> int:
        plane = self._parts.session.plane
        return 0 if plane is None else plane.axis

    @property
    def _time(self) -> int | None:
        shown = self._parts.seen.shown
        return None if shown is None else shown.time

    def _count(self) -> None:
        labels = self._labels
        if labels is None or (labels.ndim == 4 and self._time is None):
            return
        present = (place_of(labels), self._axis, self._time)
        try:
            array = labels_zyx(labels, self._time)
        except ImageError:
            return  # writing says what is wrong with the layer
        self._slots.post(Task(COUNT, partial(_counted, present, array)))

    def _on_said(self) -> None:
        """Draw what the dock of another viewer, or a script, has said."""
        if not self._is_telling:
            self._slots.guard(_nothing)

    def _doing(self, act: Callable[..., None]) -> Callable[..., None]:
        return lambda *values: self._slots.guard(partial(act, *values))

    def _on_renamed(self, label: int, name: str) -> None:
        self._describe(label, "renamed", name=name)

    def _on_recoloured(self, label: int, colour: tuple[int, int, int]) -> None:
        self._describe(label, "recoloured", colour=colour)

    def _on_locked(self, label: int, is_locked: bool) -> None:  # noqa: FBT001 - a slot
        self._describe(
            label, "locked" if is_locked else "unlocked", is_locked=is_locked
        )

    def _describe(self, label: int, what: str, **change: Any) -> None:
        labels, session = self._labels, self._parts.session
        if labels is None:
            return
        place = place_of(labels)
        entry = replace(session.state.entry(place, label), **change)
        session.push(described(session.state, place, label, entry))
        text = f"Label {label} is {what}"
        session.status = Status(Phase.READY, text)
        self._slots.guard(_nothing)

    def _delete(self, label: int) -> None:
        labels, session = self._labels, self._parts.session
        if labels is None:
            return
        place = place_of(labels)
        self._rules(place).check(label)
        edit = relabel_edit(labels, label, 0, self._time)
        self._parts.writer.make(labels, edit)
        here = MaskPlace(place, label, 0, 0, self._time)
        stays = is_elsewhere(labels, label, self._time)
        state = without_object(session.state, here, is_elsewhere=stays)
        session.push(state, (edit,))
        text = f"Deleted label {label}: {counted(edit.count, 'voxel')}"
        session.status = Status(Phase.READY, text)

    def _merge(self, label: int, into: int) -> None:
        labels, session = self._labels, self._parts.session
        if labels is None:
            return
        place = place_of(labels)
        self._rules(place).check(label, into)
        edit = relabel_edit(labels, label, into, self._time)
        self._parts.writer.make(labels, edit)
        here = MaskPlace(place, label, 0, 0, self._time)
        stays = is_elsewhere(labels, label, self._time)
        state = merged(session.state, here, into, is_elsewhere=stays)
        session.push(state, (edit,))
        voxels = counted(edit.count, "voxel")
        text = f"Label {label} is part of label {into} now: {voxels}"
        session.status = Status(Phase.READY, text)

    def _rules(self, place: str) -> WriteRules:
        return WriteRules(locked=self._parts.session.state.locked(place))


def _counted(
    present: tuple[str, int, int | None], array: npt.NDArray[np.integer]
) -> Counted:
    """Run on another thread; the array is only read."""
    counts = object_counts(array, present[1])
    return present, counts, sizes_of(counts)


def _nothing() -> None:
    """Only draw."""
