"""Fonts of figures: names that come with data are in any script."""

from __future__ import annotations

import warnings
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam_med.core.storage.plain_text import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from matplotlib.font_manager import FontEntry

DRAWN = ("task", "model", "label_name")
"""Columns whose texts stand in figures."""
LAST_RESORT = "Last Resort"
"""How the name of matplotlib's font begins that has a box for every character."""
REGULAR = 400
"""Weight of a font that is neither light nor bold, by the standard OpenType."""
SHOWN = 20
"""Characters that are named: a few words."""
MISSING = "Glyph .* missing from font"
UNUSABLE = (OSError, RuntimeError, NotImplementedError, LookupError, ValueError)
"""What matplotlib raises of fonts that it cannot read or draw."""


@dataclass(frozen=True, slots=True)
class FigureFonts:
    """Fonts that have what the usual one lacks.

    Parameters
    ----------
    families : tuple of str
        Names of the fonts, in the order in which they are to be tried.
    missing : str
        Characters that no installed font has.
    """

    families: tuple[str, ...]
    missing: str

    @classmethod
    def of(cls, rows: pd.DataFrame) -> FigureFonts:
        """Look for fonts that have what names of tasks, models and labels need.

        Parameters
        ----------
        rows : pandas.DataFrame
            Those of ``DRAWN`` that are among their columns count.
        """
        from matplotlib.font_manager import FontProperties, findfont

        columns = [name for name in DRAWN if name in rows]
        texts = [on_one_line(str(t)) for name in columns for t in rows[name].unique()]
        signs = dict.fromkeys(sign for sign in "".join(texts) if not sign.isspace())
        usual = findfont(FontProperties())
        lacking = [sign for sign in signs if not _has(usual, sign)]
        families: list[str] = []
        for family, file in _fonts_with(lacking):
            if any(_has(file, sign) for sign in lacking):
                families.append(family)
                lacking = [sign for sign in lacking if not _has(file, sign)]
        return cls(tuple(families), "".join(lacking))

    @property
    def note(self) -> str:
        """Say in a sentence what figures cannot show; may be empty."""
        if not self.missing:
            return ""
        more = f" and {len(self.missing) - SHOWN} more" * (len(self.missing) > SHOWN)
        return (
            f"No installed font has the characters {self.missing[:SHOWN]}{more}, so "
            "that figures show boxes in their place; install a font that has them, "
            "such as one of the Noto fonts, and write the report anew."
        )

    @contextmanager
    def used(self) -> Iterator[None]:
        """Draw figures with these fonts; what none of them has is told by ``note``."""
        from matplotlib import rc_context, rcParams

        families = [*rcParams["font.family"], *self.families]
        with rc_context({"font.family": families}), warnings.catch_warnings():
            warnings.filterwarnings("ignore", MISSING, UserWarning)
            yield


def _fonts_with(signs: list[str]) -> list[tuple[str, str]]:
    """List name and file of fonts, those first that have most of some characters."""
    if not signs:
        return []
    found = []
    for family, file in _installed().items():
        count = sum(_has(file, sign) for sign in signs)
        found += [(-count, family, file)] * bool(count)
    return [(family, file) for _, family, file in sorted(found)]


def _installed() -> dict[str, str]:
    """Give a file of each font, of several the most regular one."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    known = {one.fname for one in fontManager.ttflist}
    for path in findSystemFonts():  # matplotlib remembers those of its first day
        if path not in known:
            with suppress(*UNUSABLE):
                fontManager.addfont(path)

    def irregular(one: FontEntry) -> tuple[bool, bool, str]:
        return (one.style != "normal", one.weight != REGULAR, one.fname)

    found: dict[str, str] = {}
    for one in sorted(fontManager.ttflist, key=irregular):
        if not one.name.startswith(LAST_RESORT):
            found.setdefault(one.name, one.fname)
    return found


def _has(file: str, sign: str) -> bool:
    """Whether a font has a character."""
    from matplotlib.font_manager import get_font

    with suppress(*UNUSABLE):
        return bool(get_font(file).get_char_index(ord(sign)))
    return False
