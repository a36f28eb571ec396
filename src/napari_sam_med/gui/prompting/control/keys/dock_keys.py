"""Which key does what in the dock "SAM Prompts"."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from napari_sam_med.gui.prompting.canvas import Tool
from napari_sam_med.gui.prompting.control.mask_actions import MaskActions
from napari_sam_med.gui.prompting.control.object_list.object_actions import (
    ObjectActions,
)
from napari_sam_med.gui.prompting.control.propagating.propagate_actions import (
    PropagateActions,
)
from napari_sam_med.gui.prompting.control.tool_actions import ToolActions


def keys_of_dock(
    masks: MaskActions,
    propagation: PropagateActions,
    tools: ToolActions,
    objects: ObjectActions,
) -> dict[str, Callable[[], None]]:
    """All keys of the dock; in napari's words."""
    on_masks, on_objects = keys_of_masks(masks, propagation), keys_of_objects(objects)
    return on_masks | keys_of_tools(tools) | on_objects


def keys_of_masks(
    masks: MaskActions, propagation: PropagateActions
) -> dict[str, Callable[[], None]]:
    """Keys that choose, write and step back; in napari's words."""

    def accept() -> None:
        (propagation if propagation.waits else masks).accept()

    choose = {str(k + 1): partial(masks.choose, k) for k in range(3)}
    others = {
        "Enter": accept,
        "A": accept,
        "P": propagation.start_or_stop,
        "Escape": propagation.discard,
        "Shift-Enter": masks.add,
        "N": masks.next_object,
        "Shift-C": masks.clear,
    }
    return choose | others | keys_of_steps(masks)


def keys_of_objects(objects: ObjectActions) -> dict[str, Callable[[], None]]:
    """Keys that go from object to object; in napari's words."""
    return {
        "]": partial(objects.step, 1),
        "[": partial(objects.step, -1),
        "L": objects.lock,
        "V": objects.review,
    }


def keys_of_steps(masks: MaskActions) -> dict[str, Callable[[], None]]:
    """Keys of the one history, which hold in the Labels layer too."""
    return {"Control-Z": masks.undo, "Control-Shift-Z": masks.redo}


def keys_of_tools(tools: ToolActions) -> dict[str, Callable[[], None]]:
    """Keys that change the tool; in napari's words."""
    remove = dict.fromkeys(("Delete", "Backspace"), tools.remove_held)
    others = {"B": Tool.BOX, "S": Tool.SCRIBBLE, "O": Tool.LASSO}
    change = {key: partial(tools.other_or_back, tool) for key, tool in others.items()}
    return {"T": tools.turn} | change | remove
