"""The model behind the results table, which filters and sorts its rows itself."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt

from napari_sam_med.core.storage.plain_text import printable
from napari_sam_med.gui.benchmark.views.benchmark_values import ANY_SELECTION, ResultRow
from napari_sam_med.gui.shared.widgets.plain_labels import plain_tip

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
        return bool(self.among([0], [row], [text_of(row, columns)]))

    def among(
        self,
        numbers: Iterable[int],
        rows: Sequence[ResultRow],
        texts: Sequence[str],
    ) -> list[int]:
        """Keep the numbers of those rows, of given ``text_of``, that are to be shown.

        One pass for each word and comparison: a hundred thousand rows are through while
        a key is typed.
        """
        for word in self.words:
            numbers = [n for n in numbers if word in texts[n]]
        for column, sign, value in self.conditions:
            holds = _comparison(sign, value)
            numbers = [n for n in numbers if holds(rows[n].get(column))]
        return list(numbers)


def text_of(row: ResultRow, columns: Iterable[str]) -> str:
    """What words are looked for in: the cells as they are shown, in lower case."""
    return " ".join(shown(row.get(c)) for c in columns).lower()


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


def _comparison(sign: str, wanted: str) -> Callable[[object], bool]:
    """Compare as numbers where both are numbers; else only equality of the texts."""
    compare, limit = COMPARISONS[sign], _number(wanted)

    def holds(value: object) -> bool:
        number = value if type(value) in (float, int) else _number(str(value))
        if limit is not None and isinstance(number, float | int):
            return compare(number, limit)
        return sign == "=" and shown(value).lower() == wanted

    return holds


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


TITLES = {  # the first six fit into a narrow dock
    "label_name": "Class",
    "slice": "Slice",
    "setting": "Setting",
    "step": "Step",
    "iou": "IoU",
    "model": "Model",
    "selection": "Selection",
    "dice": "Dice",
    "score": "Score",
    "image": "Image",
    "area_px": "Area (px)",
    "n_parts": "Components",
    "seconds_embed": "Embed (s)",
    "seconds_predict": "Predict (s)",
    "error": "Error",
}
COLUMNS = tuple(TITLES)
HINTS = {
    "iou": "Intersection over union of the mask and the truth, 0 to 1",
    "dice": "Dice coefficient of the mask and the truth, 0 to 1",
    "score": "IoU that the model itself predicted",
    "step": "Number of clicks so far, of clicks and clicking groups",
    "selection": "Rule that picked this mask among the model's candidates",
    "n_parts": "Connected components of the truth on this slice",
}
UNSORTED = -1


class ResultsModel(QAbstractTableModel):
    """The rows of results that a person wants to see, in their order.

    Rows are only ever appended. Numbers are sorted as numbers, names without regard to
    case, and what is absent comes last in either order. Qt's own proxy asks Python for
    two cells at each comparison: 50,000 rows took 11 s, here they take 0.02.
    """

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._rows: list[ResultRow] = []
        self._texts: list[str] = []
        self._order: list[int] = []
        self._filter = RowFilter()
        self._selection = ANY_SELECTION
        self._sorted_by = (UNSORTED, False)

    # What there is

    def append(
        self, rows: Sequence[ResultRow], texts: Sequence[str] | None = None
    ) -> None:
        """Add rows; those that are to be seen come where they are sorted to.

        Parameters
        ----------
        rows : sequence of mapping
            By the column names of the stored table.
        texts : sequence of str, optional
            ``text_of`` each in all columns, if another thread has found it already.
        """
        first = len(self._rows)
        self._rows.extend(rows)
        found = (text_of(row, COLUMNS) for row in rows) if texts is None else texts
        self._texts.extend(found)
        new = self._accepted(range(first, len(self._rows)))
        if not new:
            return
        end = len(self._order)
        self.beginInsertRows(QModelIndex(), end, end + len(new) - 1)
        self._order.extend(new)
        self.endInsertRows()
        if self._sorted_by[0] != UNSORTED:
            self._arrange()

    def clear(self) -> None:
        """Drop every row."""
        self.beginResetModel()
        self._rows, self._texts, self._order = [], [], []
        self.endResetModel()

    @property
    def n_rows(self) -> int:
        """How many rows there are, also those not shown."""
        return len(self._rows)

    def rows(self) -> tuple[ResultRow, ...]:
        """Return all rows in the order in which they came, also those not shown."""
        return tuple(self._rows)

    def shown_rows(self) -> Iterable[ResultRow]:
        """Yield the visible rows in the order of the table."""
        return (self._rows[number] for number in self._order)

    def row(self, index: QModelIndex) -> ResultRow:
        """Return the row at an index."""
        row: ResultRow = self._rows[self._order[index.row()]]
        return row

    # What a person wants to see

    def set_filter(self, text: str) -> None:
        """Show only rows that the expression accepts."""
        self._filter = RowFilter.parse(text)
        self._choose()

    def set_selection(self, selection: str) -> None:
        """Show only rows of this selection rule; an empty text shows all."""
        self._selection = selection
        self._choose()

    def sort(
        self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder
    ) -> None:
        """Qt: sort by a column; -1 is the order in which rows came."""
        self._sorted_by = (column, order == Qt.SortOrder.DescendingOrder)
        self._arrange()

    # As Qt asks for it

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Qt: number of rows shown; a row has no children."""
        return 0 if parent is not None and parent.isValid() else len(self._order)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Qt: number of columns; a row has no children."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt: the text of a cell, its tooltip, or its alignment."""
        if not index.isValid():
            return None
        value = self.row(index).get(COLUMNS[index.column()])
        if role == Qt.ItemDataRole.DisplayRole:
            return printable(shown(value))
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(shown(value))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = "AlignRight" if isinstance(value, int | float) else "AlignLeft"
            centre = Qt.AlignmentFlag.AlignVCenter
            return getattr(Qt.AlignmentFlag, side) | centre
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Qt: titles and hints of the columns; rows carry no title."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return TITLES[COLUMNS[section]]
        if role == Qt.ItemDataRole.ToolTipRole:
            return HINTS.get(COLUMNS[section])
        return None

    # Inside

    def _accepted(self, numbers: Iterable[int]) -> list[int]:
        rows = self._rows
        if self._selection:
            of_rule = {self._selection, None, ""}
            numbers = [n for n in numbers if rows[n].get("selection") in of_rule]
        return self._filter.among(numbers, rows, self._texts)

    def _choose(self) -> None:
        """Take the rows that are to be seen anew."""
        self.beginResetModel()
        self._order = self._in_order(self._accepted(range(len(self._rows))))
        self.endResetModel()

    def _arrange(self) -> None:
        """Sort the rows that are seen; those a person selected stay selected."""
        self.layoutAboutToBeChanged.emit()
        held = self.persistentIndexList()
        numbers = [self._order[index.row()] for index in held]
        self._order = self._in_order(sorted(self._order))
        places = {number: place for place, number in enumerate(self._order)}
        moved = [
            self.index(places[number], index.column())
            for number, index in zip(numbers, held, strict=True)
        ]
        self.changePersistentIndexList(held, moved)
        self.layoutChanged.emit()

    def _in_order(self, numbers: list[int]) -> list[int]:
        """Sort numbers of rows; those that are alike stay in the order they came."""
        column, is_descending = self._sorted_by
        if column == UNSORTED:
            return numbers
        name = COLUMNS[column]
        values = [self._rows[n].get(name) for n in numbers]
        is_gap = np.fromiter(map(is_absent, values), bool, len(values))
        keys = _sort_keys([v for v, gap in zip(values, is_gap, strict=True) if not gap])
        order = np.argsort(-keys if is_descending else keys, kind="stable")
        all_numbers = np.array(numbers, dtype=np.intp)
        there, gaps = all_numbers[~is_gap][order], all_numbers[is_gap]
        return [*there.tolist(), *gaps.tolist()]


def _sort_keys(values: list[Any]) -> npt.NDArray[np.float64]:
    """Give numbers in whose order values come; of texts, in any case, their ranks."""
    if any(isinstance(value, str) for value in values):
        texts = [str(value).lower() for value in values]
        ranks = {text: rank for rank, text in enumerate(sorted(set(texts)))}
        values = [ranks[text] for text in texts]
    return np.array(values, dtype=np.float64)
