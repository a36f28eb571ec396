"""Keys of the dock as a person has set them in napari's preferences.

napari serves no keys from a plugin's manifest; its manager of actions shows those that
are registered there, lets a person change them, and keeps what they chose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from napari.settings import get_settings
from napari.utils.action_manager import action_manager
from napari.utils.interactions import Shortcut
from napari.utils.key_bindings import KeymapProvider

PLUGIN = "napari-sam-med"


@dataclass(frozen=True, slots=True)
class KeyedAction:
    """Something that a key does.

    Parameters
    ----------
    keys : tuple of str
        Its keys unless a person chose others, in napari's words.
    words : str
        What it does, as preferences show it.
    """

    keys: tuple[str, ...]
    words: str


ACTIONS = {
    "pick_first": KeyedAction(("1",), "SAM Prompts: choose the first mask"),
    "pick_second": KeyedAction(("2",), "SAM Prompts: choose the second mask"),
    "pick_third": KeyedAction(("3",), "SAM Prompts: choose the third mask"),
    "accept": KeyedAction(("Enter", "A"), "SAM Prompts: accept the mask"),
    "add": KeyedAction(("Shift-Enter",), "SAM Prompts: add the mask to the object"),
    "next_object": KeyedAction(("N",), "SAM Prompts: next object"),
    "clear": KeyedAction(("Shift-C",), "SAM Prompts: clear this slice"),
    "turn": KeyedAction(("T",), "SAM Prompts: turn between include and exclude"),
    "box": KeyedAction(("B",), "SAM Prompts: draw a box"),
    "scribble": KeyedAction(("S",), "SAM Prompts: scribble"),
    "lasso": KeyedAction(("O",), "SAM Prompts: draw a lasso"),
    "remove": KeyedAction(
        ("Delete", "Backspace"), "SAM Prompts: remove the prompt that is selected"
    ),
    "propagate": KeyedAction(("P",), "SAM Prompts: propagate, or stop it"),
    "discard": KeyedAction(("Escape",), "SAM Prompts: discard the preview"),
    "next_in_list": KeyedAction(("]",), "SAM Prompts: next object of the list"),
    "last_in_list": KeyedAction(("[",), "SAM Prompts: last object of the list"),
    "lock": KeyedAction(("L",), "SAM Prompts: lock the object"),
    "review": KeyedAction(("V",), "SAM Prompts: review by score"),
    "undo": KeyedAction(("Control-Z",), "SAM Prompts: undo"),
    "redo": KeyedAction(("Control-Shift-Z",), "SAM Prompts: redo"),
}
_NAMED = frozenset(key for action in ACTIONS.values() for key in action.keys)


class DockKeymap(KeymapProvider):
    """Where napari keeps the keys of the actions; it asks none of its instances."""


@cache
def register_actions() -> None:
    """Show the actions in napari's preferences, once in a process."""
    chosen = get_settings().shortcuts.shortcuts
    for name, action in ACTIONS.items():
        full = f"{PLUGIN}:{name}"
        action_manager.register_action(
            full, _command_of(name), action.words, DockKeymap
        )
        if full not in chosen:
            for key in action.keys:
                action_manager.bind_shortcut(full, key)


def keys_as_set(
    defaults: Mapping[str, Callable[[], None]],
) -> dict[Any, Callable[[], None]]:
    """Say which key does what, as it is set now.

    Parameters
    ----------
    defaults : mapping
        The default keys with what they do; those of no action of ``ACTIONS`` stay.

    Returns
    -------
    dict
        Keys as napari takes them.
    """
    register_actions()
    keys: dict[Any, Callable[[], None]] = {
        key: do for key, do in defaults.items() if key not in _NAMED
    }
    for key, command in DockKeymap.class_keymap.items():
        action = ACTIONS.get(command.__name__)
        default = "" if action is None else action.keys[0]
        if default in defaults:
            keys[key] = defaults[default]
    return keys


def keys_shown() -> dict[str, tuple[str, ...]]:
    """Name the keys as they are set now, in words that stand on keyboards.

    Returns
    -------
    dict
        Keys by the name of their action; an action without keys is missing.
    """
    register_actions()
    shown: dict[str, tuple[str, ...]] = {}
    for key, command in DockKeymap.class_keymap.items():
        name = command.__name__
        shown[name] = (*shown.get(name, ()), Shortcut(key).qt)
    return shown


class KeyChanges:
    """Tells when a person has changed a key of the dock.

    Parameters
    ----------
    changed : callable
        Called after each change.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed

    def open(self) -> None:
        """Listen from now on."""
        action_manager.events.shortcut_changed.connect(self._on_changed)

    def close(self) -> None:
        """Stop listening."""
        action_manager.events.shortcut_changed.disconnect(self._on_changed)

    def _on_changed(self, event: Any) -> None:
        if str(event.name).startswith(f"{PLUGIN}:"):
            self._changed()


def _command_of(name: str) -> Callable[[], None]:
    """What napari is given to keep; docks act by their own keys, see ``own_keys``."""

    def command() -> None:
        """Named after the action."""

    command.__name__ = name
    return command
