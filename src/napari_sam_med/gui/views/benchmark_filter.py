"""Filter expressions of the results table, without Qt."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isnan

from napari_sam_med.gui.views.benchmark_values import ResultRow

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
_CONDITION = re.compile(r"^(\w+)(<=|>=|<|>|=)(.+)$")


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Which rows a person wants to see.

    Parameters
    ----------
    words : tuple of str
        Lower-case texts that must all occur somewhere in the row.
    conditions : tuple of (column, sign, value)
        Comparisons that must all hold, such as ``("iou", "<", "0.5")``.

    Examples
    --------
    >>> wanted = RowFilter.parse("liver iou<0.5")
    >>> wanted.accepts({"label_name": "Liver", "iou": 0.3}, ["label_name", "iou"])
    True
    >>> wanted.accepts({"label_name": "Liver", "iou": 0.7}, ["label_name", "iou"])
    False
    """

    words: tuple[str, ...] = ()
    conditions: tuple[tuple[str, str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> RowFilter:
        """Split what was typed at its spaces into words and comparisons."""
        words: list[str] = []
        conditions: list[tuple[str, str, str]] = []
        for part in text.lower().split():
            found = _CONDITION.match(part)
            if found is None:
                words.append(part)
            else:
                conditions.append((found[1], found[2], found[3]))
        return cls(tuple(words), tuple(conditions))

    def accepts(self, row: ResultRow, columns: Iterable[str]) -> bool:
        """Whether a row is to be shown.

        Parameters
        ----------
        row : mapping
            Column names and values.
        columns : iterable of str
            The columns in which words are looked for.
        """
        if self.words:
            text = " ".join(shown(row.get(c)) for c in columns).lower()
            if not all(word in text for word in self.words):
                return False
        return all(_holds(row.get(c), sign, v) for c, sign, v in self.conditions)


def shown(value: object) -> str:
    """The text of a cell: three decimals for fractions, nothing for what is absent.

    Examples
    --------
    >>> shown(0.12345), shown(7), shown(float("nan")), shown(None)
    ('0.123', '7', '', '')
    """
    if is_absent(value):
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def is_absent(value: object) -> bool:
    """None, NaN or an empty text: what a cell leaves blank and sorting puts last."""
    return value is None or value == "" or (isinstance(value, float) and isnan(value))


def _holds(value: object, sign: str, wanted: str) -> bool:
    """Compare as numbers where both are numbers; else only equality of the texts."""
    try:
        return COMPARISONS[sign](float(str(value)), float(wanted))
    except ValueError:
        return sign == "=" and shown(value).lower() == wanted
