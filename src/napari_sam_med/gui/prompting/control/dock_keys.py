"""Which key does what in the dock "SAM Prompts"."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from napari_sam_med.gui.prompting.control.mask_actions import MaskActions
from napari_sam_med.gui.prompting.control.tool_actions import ToolActions


def keys_of_masks(masks: MaskActions) -> dict[str, Callable[[], None]]:
    """Keys that choose, write and step back; in napari's words."""
    choose = {str(k + 1): partial(masks.choose, k) for k in range(3)}
    return choose | {
        "Enter": masks.accept,
        "A": masks.accept,
        "N": masks.next_object,
        "Shift-C": masks.clear,
        "Control-Z": masks.undo,
        "Control-Shift-Z": masks.redo,
    }


def keys_of_tools(tools: ToolActions) -> dict[str, Callable[[], None]]:
    """Keys that change the tool; in napari's words."""
    remove = dict.fromkeys(("Delete", "Backspace"), tools.remove_held)
    return {"T": tools.turn, "B": tools.box_or_back} | remove
