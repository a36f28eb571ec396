"""The keys of the dock at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

from napari_sam_med.gui.prompting.views.rows.key_tips import Keys


@dataclass(frozen=True, slots=True)
class KeyWord:
    """What some keys do, in a word.

    Parameters
    ----------
    word : str
        The word.
    actions : tuple of str
        What the keys do, as ``Keys`` names it; the first key of each is shown.
    before, after : str
        Stand with it whatever the keys are.
    """

    word: str
    actions: tuple[str, ...]
    before: str = ""
    after: str = ""


LINES = (
    (
        KeyWord("pick", ("pick_first", "pick_second", "pick_third")),
        KeyWord("accept", ("accept",)),
        KeyWord("next object", ("next_object",)),
    ),
    (
        KeyWord("exclude", ("turn",), before="Ctrl-click"),
        KeyWord("box", ("box",)),
        KeyWord("undo", ("undo",)),
    ),
    (
        KeyWord("scribble", ("scribble",)),
        KeyWord("lasso", ("lasso",), after=", with <b>Ctrl</b> on what to exclude"),
    ),
    (
        KeyWord("propagate", ("propagate",)),
        KeyWord("objects", ("last_in_list", "next_in_list")),
        KeyWord("lock", ("lock",)),
        KeyWord("review", ("review",)),
    ),
)


class KeyLine(QLabel):
    """A few lines of keys with a word each."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self.setStyleSheet("font-size: 11px;")

    def set_keys(self, keys: Keys) -> None:
        """Name these keys from now on; what has none is left out."""
        lines = [[_told(each, keys) for each in line] for line in LINES]
        self.setText("<br>".join(" · ".join(filter(None, line)) for line in lines))


def _told(each: KeyWord, keys: Keys) -> str:
    firsts = [escape(keys[name][0]) for name in each.actions if keys.get(name)]
    shown = f"<b>{' '.join(firsts)}</b>" if firsts else ""
    if each.before:
        shown = " or ".join(filter(None, (f"<b>{each.before}</b>", shown)))
    return f"{shown} {each.word}{each.after}" if shown else ""
