"""Tools on the present object's mask, each a step of the history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np
import numpy.typing as npt
from napari.layers import Labels

from napari_sam_med.errors import PromptError
from napari_sam_med.gui.labels.label_layers import check_same_grid
from napari_sam_med.gui.labels.layer_edits import box_of, labels_zyx, part_change
from napari_sam_med.gui.napari_io import LayerFrame, place_of
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.prompting.views.mask_tool_bar import MaskToolForm, ToolScope
from napari_sam_med.session.background.messages import Answer, Done, Failed, Task
from napari_sam_med.session.background.tasks import AwaitedTask
from napari_sam_med.session.labelling.label_edits import LabelEdit
from napari_sam_med.session.labelling.mask_tools import (
    MaskTool,
    filled,
    kept_part,
    smoothed,
    without_specks,
)
from napari_sam_med.session.labelling.write_rules import WriteRules, with_mask
from napari_sam_med.session.object_steps import edited
from napari_sam_med.session.objects import MaskPlace
from napari_sam_med.session.prompt_image import PromptImage, same_place
from napari_sam_med.session.status import Phase, Status, counted

NAME = "mask tool"
WORDS = {
    MaskTool.KEEP: "Kept one part",
    MaskTool.FILL: "Filled holes",
    MaskTool.SPECKS: "Removed specks",
    MaskTool.SMOOTH: "Smoothed",
}


@dataclass(frozen=True, slots=True, eq=False)
class ToolWork:
    """What another thread is to do, and later what came of it.

    Parameters
    ----------
    tool : MaskTool
        What is done.
    labels : Labels
        The layer.
    here : MaskPlace
        The object, and the slice that is shown.
    asked : MaskToolForm
        On what, and how much.
    rules : WriteRules
        What may be written.
    image : PromptImage
        The image, or the time point of it, whose history gets the step.
    at : (z, y, x) or None
        Where a person clicked.
    """

    tool: MaskTool
    labels: Labels
    here: MaskPlace
    asked: MaskToolForm
    rules: WriteRules
    image: PromptImage
    at: tuple[int, int, int] | None = None


class MaskToolActions:
    """Slots of the mask tools' buttons.

    Parameters
    ----------
    parts : DockParts
        What the dock's parts share.
    pick : callable
        Is given who is told of the next click on the canvas, as a voxel.
    post : callable
        Takes tasks for another thread.
    guard : callable
        Does something, tells of an error of ours, and draws what may have changed.
    """

    def __init__(
        self,
        parts: DockParts,
        pick: Callable[[Callable[[Sequence[float]], None]], None],
        post: Callable[[Task], None],
        guard: Callable[[Callable[[], None]], None],
    ) -> None:
        self._parts, self._pick, self._guard = parts, pick, guard
        self._task = AwaitedTask(post, NAME)
        parts.view.mask_tools.tool_requested.connect(self._on_tool)

    def draw(self) -> None:
        """Grey the buttons out while there are no labels."""
        labels = self._parts.lists.labels_for(self._parts.image)
        self._parts.view.mask_tools.set_possible(has_object=labels is not None)

    def take(self, answer: Answer) -> bool:
        """Take over what a tool has done; False for answers of others."""
        is_end = self._task.is_end(answer)
        if is_end:
            self._end(self._task.ended(answer))
        return is_end

    @property
    def is_writing(self) -> bool:
        """Whether a tool is at work."""
        return self._task.waits

    def finish(self) -> None:
        """Do at once what a tool was asked for, whatever comes after it."""
        self._end(self._task.finish())

    def _end(self, ended: Done | Failed | None) -> None:
        if isinstance(ended, Failed):
            self._parts.session.hear(Status(Phase.ERROR, ended.message))
        if isinstance(ended, Done):
            work, edit = cast("tuple[ToolWork, LabelEdit]", ended.value)
            self._guard(partial(self._write, work, edit))

    def _on_tool(self, name: str) -> None:
        tool = MaskTool(name)
        if tool is not MaskTool.KEEP:
            self._guard(partial(self._start, tool, None))
            return
        self._pick(lambda voxel: self._guard(partial(self._start, tool, voxel)))
        text = "Click on the part of the object that is to stay"
        self._parts.session.status = Status(Phase.IDLE, text)
        self._guard(_nothing)

    def _start(self, tool: MaskTool, voxel: Sequence[float] | None) -> None:
        self.finish()  # what comes first is worked on
        parts, session = self._parts, self._parts.session
        labels, plane = parts.lists.labels_for(parts.image), session.plane
        if labels is None or plane is None or session.image is None:
            msg = "there are no labels yet; accept a mask first"
            raise PromptError(msg)
        self._check_grid(labels)
        time = None if parts.seen.shown is None else parts.seen.shown.time
        label = session.state.label
        here = MaskPlace(place_of(labels), label, plane.axis, plane.index, time)
        keep = parts.view.write.keep_others.isChecked()
        rules = parts.writer.rules(labels, keep_others=keep)
        rules.check(label)
        at = None
        if voxel is not None:
            z, y, x = (int(np.floor(each + 0.5)) for each in voxel)
            at = (z, y, x)
        asked = parts.view.mask_tools.settings
        work = ToolWork(tool, labels, here, asked, rules, session.image, at)
        self._task.post(Task(NAME, partial(_done, work)))

    def _check_grid(self, labels: Labels) -> None:
        """Refuse labels that were moved or cropped: other voxels are seen on them."""
        image = self._parts.image
        if image is not None:
            check_same_grid(image, labels)

    def _write(self, work: ToolWork, edit: LabelEdit) -> None:
        session, here = self._parts.session, work.here
        what = WORDS[work.tool]
        if not same_place(work.image, session.image):
            msg = (
                f"label {here.label} of {work.image.volume.name} stays as it is, since "
                f"that image was left before the tool was done; go back to it and use "
                "the tool again"
            )
            raise PromptError(msg)
        if edit.count == 0:
            session.status = Status(Phase.IDLE, f"{what}: nothing to change")
            return
        self._check_grid(work.labels)
        self._parts.writer.make(work.labels, edit)
        span = (slice(0, 1), *edit.box)[-3:][here.axis]
        touched = range(span.start, span.stop)
        session.push(edited(session.state, here, (here.label,), touched), (edit,))
        text = f"{what} of label {here.label}: {counted(edit.count, 'voxel')} changed"
        session.status = Status(Phase.READY, text)


def _done(work: ToolWork) -> tuple[ToolWork, LabelEdit]:
    """Run on another thread; the layer is only read."""
    time, here, shape = work.here.time, work.here, work.labels.data.shape
    array = labels_zyx(work.labels, time)
    part = [slice(0, n) for n in array.shape]
    if work.asked.scope is ToolScope.SLICE:
        part[here.axis] = slice(here.index, here.index + 1)
    box = box_of(array[tuple(part)] == here.label)
    starts = [p.start + b.start for p, b in zip(part, box, strict=True)]
    ends = [p.start + b.stop for p, b in zip(part, box, strict=True)]
    whole = tuple(slice(*ends) for ends in zip(starts, ends, strict=True))
    old = array[whole].copy()
    mask = old == here.label
    if not mask.any():
        msg = f"label {here.label} has no voxels there; go to a slice that has it"
        raise PromptError(msg)
    at = None if work.at is None else tuple(np.subtract(work.at, starts).tolist())
    new = with_mask(old, _changed(work, mask, at), here.label, work.rules)
    return work, part_change(work.labels, starts, old, new, time=time, shape=shape)


def _changed(
    work: ToolWork, mask: npt.NDArray[np.bool_], at: tuple[int, ...] | None
) -> npt.NDArray[np.bool_]:
    """Do it on the slice alone, or on the volume."""
    spacing = np.array(LayerFrame.of(work.labels).spacing_zyx)
    axis, flat = work.here.axis, work.asked.scope is ToolScope.SLICE
    if flat:
        mask, spacing = np.moveaxis(mask, axis, 0)[0], np.delete(spacing, axis)
        at = None if at is None else (*at[:axis], *at[axis + 1 :])
    if at is not None and not _is_inside(at, mask.shape):
        msg = "the object is not there; click on the part of it that is to stay"
        raise PromptError(msg)
    match work.tool:
        case MaskTool.KEEP:
            new = kept_part(mask, at or ())
        case MaskTool.FILL:
            new = filled(mask)
        case MaskTool.SPECKS:
            new = without_specks(mask, spacing.tolist(), work.asked.specks)
        case MaskTool.SMOOTH:
            new = smoothed(mask, spacing.tolist(), work.asked.sigma)
    return np.expand_dims(new, axis) if flat else new


def _is_inside(at: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return all(0 <= k < n for k, n in zip(at, shape, strict=True))


def _nothing() -> None:
    """Only draw."""
