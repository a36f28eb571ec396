"""The model behind the results table, its filter, and the proxy that sorts it."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt

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
    "step": "Number of clicks so far, for the setting clicks",
    "selection": "Rule that picked this mask among the model's candidates",
    "n_parts": "Connected components of the truth on this slice",
}
SORT_ROLE = int(Qt.ItemDataRole.UserRole)


class ResultsModel(QAbstractTableModel):
    """Rows of results as Qt asks for them; rows are only ever appended."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._rows: list[ResultRow] = []

    def append(self, rows: Sequence[ResultRow]) -> None:
        """Add rows at the end."""
        if not rows:
            return
        first = len(self._rows)
        self.beginInsertRows(QModelIndex(), first, first + len(rows) - 1)
        self._rows.extend(rows)
        self.endInsertRows()

    def clear(self) -> None:
        """Drop every row."""
        self.beginResetModel()
        self._rows = []
        self.endResetModel()

    def row(self, index: int) -> ResultRow:
        """Return the row that was appended as number ``index``, from 0."""
        return self._rows[index]

    def rows(self) -> tuple[ResultRow, ...]:
        """Return all rows in the order in which they came."""
        return tuple(self._rows)

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Qt: number of rows; a row has no children."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Qt: number of columns; a row has no children."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt: the text of a cell, its alignment, or the value that it is sorted by."""
        if not index.isValid():
            return None
        value = self._rows[index.row()].get(COLUMNS[index.column()])
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            text = shown(value)
            tip = role == Qt.ItemDataRole.ToolTipRole
            return plain_tip(text) if tip else printable(text)
        if role == SORT_ROLE:
            return value
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


class ResultsProxy(QSortFilterProxyModel):
    """Sorts numbers as numbers, with absent ones last, and hides what is filtered."""

    def __init__(self, source: ResultsModel, parent: Any = None) -> None:
        super().__init__(parent)
        self._source = source
        self._filter = RowFilter()
        self._selection = ANY_SELECTION
        self.setSourceModel(source)
        self.setDynamicSortFilter(True)

    def set_filter(self, text: str) -> None:
        """Show only rows that the expression accepts."""
        self._filter = RowFilter.parse(text)
        self.invalidate()

    def set_selection(self, selection: str) -> None:
        """Show only rows of this selection rule; an empty text shows all."""
        self._selection = selection
        self.invalidate()

    def shown_rows(self) -> Iterable[ResultRow]:
        """Yield the visible rows in the order of the table."""
        for number in range(self.rowCount()):
            yield self.row(self.index(number, 0))

    def row(self, index: QModelIndex) -> ResultRow:
        """Return the row at an index of this proxy."""
        return self._source.row(self.mapToSource(index).row())

    def filterAcceptsRow(self, source_row: int, _parent: QModelIndex) -> bool:
        """Qt: whether a row is shown."""
        row = self._source.row(source_row)
        if self._selection and row.get("selection") not in (self._selection, None, ""):
            return False
        return self._filter.accepts(row, COLUMNS)

    def lessThan(self, left: QModelIndex, right: QModelIndex) -> bool:
        """Qt: the order of two cells; what is absent goes last in either order."""
        first, second = (self._source.data(i, SORT_ROLE) for i in (left, right))
        gaps = (is_absent(first), is_absent(second))
        if any(gaps):
            descending = self.sortOrder() == Qt.SortOrder.DescendingOrder
            return gaps[0] < gaps[1] if not descending else gaps[0] > gaps[1]
        if isinstance(first, str) or isinstance(second, str):
            return str(first).lower() < str(second).lower()
        return bool(first < second)
