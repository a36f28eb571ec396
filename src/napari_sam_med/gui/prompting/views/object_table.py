"""A table with a line for each object, and the buttons below it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from qtpy.QtCore import QModelIndex, QSignalBlocker, Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent, QPainter
from qtpy.QtWidgets import (
    QAbstractItemView,
    QColorDialog,
    QHBoxLayout,
    QHeaderView,
    QInputDialog,
    QLabel,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_sam_med.gui.prompting.views.rows.key_tips import KeyTip

COLUMNS = ("", "Label", "Name", "Slices", "mL", "Lowest", "Locked")
COLOUR, LABEL, NAME, SLICES, VOLUME, SCORE, LOCKED = range(len(COLUMNS))
FITTED = (COLOUR, LABEL, SLICES, VOLUME, SCORE, LOCKED)
"""Columns as wide as what stands in them; the name has the rest."""
PLAIN = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
FLAGS = {
    NAME: PLAIN | Qt.ItemFlag.ItemIsEditable,
    LOCKED: PLAIN | Qt.ItemFlag.ItemIsUserCheckable,
}
TIPS = (
    "Colour: double-click to change it",
    "Number in the Labels layer: click to go there",
    "Double-click to rename",
    "Slices of the orientation you see that hold the object",
    "Volume in millilitres",
    "Lowest score of the object's slices",
    "A locked object neither loses nor gains a voxel",
)
SHOWN_ROWS = 4


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """What the table shows of an object.

    Parameters
    ----------
    label : int
        Its number.
    name : str
        Its name; empty if it has none.
    colour : (red, green, blue)
        0 to 255.
    slices : int
        How many slices hold it.
    volume_ml : float
        Its size.
    lowest : float or None
        The lowest score of its slices; None if none has one.
    is_locked : bool
        Whether its voxels neither come nor go.
    """

    label: int
    name: str
    colour: tuple[int, int, int]
    slices: int
    volume_ml: float
    lowest: float | None
    is_locked: bool


class ObjectTable(QWidget):
    """Shows objects; a click goes to one, and its cells are edited in place."""

    # labels are passed as they are: an int of Qt has but 32 bits
    object_chosen = Signal(object)
    renamed = Signal(object, str)
    recoloured = Signal(object, tuple)
    locked = Signal(object, bool)
    add_requested = Signal()
    delete_requested = Signal(object)
    merge_requested = Signal(object, object)
    review_requested = Signal(str)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._rows: tuple[ObjectRow, ...] = ()
        self._cells: list[tuple[Any, ...]] = []
        self._current = 0
        self.table = _table()
        self.add = _button("Add", next_object="Go on with another object")
        self.merge = _button("Merge …", merge="Make this object part of another one")
        self.delete = _button("Delete", delete="Remove all voxels of this object")
        self.by_score = _button(
            "Lowest score ▸",
            review="Go through this object's slices, lowest score first",
        )
        self.by_jump = _button(
            "Area jump ▸",
            by_jump="Go through this object's slices, largest jump in area first",
        )
        buttons, review = QHBoxLayout(), QHBoxLayout()
        for line in (buttons, review):
            line.setSpacing(3)
        for button in (self.add, self.merge, self.delete):
            buttons.addWidget(button)
        review.addWidget(QLabel("Review"))
        for button in (self.by_score, self.by_jump):
            review.addWidget(button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.table)
        layout.addLayout(buttons)
        layout.addLayout(review)
        self.table.cellClicked.connect(self._on_clicked)
        self.table.cellDoubleClicked.connect(self._on_double_clicked)
        self.table.itemChanged.connect(self._on_item_changed)
        self.add.clicked.connect(self.add_requested)
        self.by_score.clicked.connect(lambda: self.review_requested.emit("score"))
        self.by_jump.clicked.connect(lambda: self.review_requested.emit("jump"))
        self.delete.clicked.connect(lambda: self.delete_requested.emit(self._current))
        self.merge.clicked.connect(self._on_merge)
        self.ask_target: Callable[[Sequence[str]], str] = self._ask_target
        self._fit_columns()
        self.set_rows((), 0)

    @property
    def rows(self) -> tuple[ObjectRow, ...]:
        """What is shown."""
        return self._rows

    def set_rows(self, rows: Sequence[ObjectRow], current: int) -> None:
        """Show objects; the one that is worked on is marked."""
        before, self._rows = self._rows, tuple(rows)
        if before is not self._rows:
            with QSignalBlocker(self.table):
                self._fill(before)
        self._current = current
        labels = [row.label for row in rows]
        has_current = current in labels
        with QSignalBlocker(self.table):
            if has_current:
                self.table.selectRow(labels.index(current))
            else:
                self.table.clearSelection()
        is_free = has_current and not rows[labels.index(current)].is_locked
        self.delete.setEnabled(is_free)
        self.merge.setEnabled(is_free and len(rows) > 1)

    def _fill(self, before: Sequence[ObjectRow]) -> None:
        """Make the cells that differ from those of the lines before."""
        changed: set[int] = set()
        if len(before) != len(self._rows):
            self.table.setRowCount(len(self._rows))
            changed |= set(FITTED)
        self._cells = self._cells[: len(self._rows)]
        self._cells += [()] * (len(self._rows) - len(self._cells))
        for line, (old, row) in enumerate(zip_longest(before, self._rows)):
            if row is None or row is old or row == old:
                continue
            cells, self._cells[line] = self._cells[line], _cells(row)
            for column, (was, cell) in enumerate(zip_longest(cells, self._cells[line])):
                if cell != was:
                    self.table.setItem(line, column, _item(column, cell))
                    changed.add(column)
        self._fit_columns(changed - {COLOUR})

    def _fit_columns(self, changed: Collection[int] = FITTED) -> None:
        """Make columns of texts that changed as wide as their longest text.

        Qt would measure all lines anew with each cell that changes: minutes for
        thousands of objects.
        """
        header, model = self.table.horizontalHeader(), self.table.model()
        for column in set(FITTED) & set(changed):
            texts = [str(cells[column]) for cells in self._cells]
            longest = texts.index(max(texts, key=len)) if texts else 0
            hint = self.table.sizeHintForIndex(model.index(longest, column))
            line = int(self.table.showGrid())
            width = max(header.sectionSizeHint(column), hint.width() + line)
            self.table.setColumnWidth(column, width)

    def _on_clicked(self, line: int, column: int) -> None:
        if column != LOCKED:
            self.object_chosen.emit(self._rows[line].label)

    def _on_double_clicked(self, line: int, column: int) -> None:
        row = self._rows[line]
        if column != COLOUR:
            return
        colour = QColorDialog.getColor(QColor(*row.colour), self, f"Label {row.label}")
        if colour.isValid():
            rgb = (colour.red(), colour.green(), colour.blue())
            self.recoloured.emit(row.label, rgb)

    def _on_item_changed(self, item: QTableWidgetItem) -> None:
        row, column, name = self._rows[item.row()], item.column(), item.text().strip()
        is_locked = item.checkState() == Qt.CheckState.Checked
        # the answer to either signal may replace the item
        if column == NAME and name != row.name:
            self.renamed.emit(row.label, name)
        elif column == LOCKED and is_locked != row.is_locked:
            self.locked.emit(row.label, is_locked)

    def _on_merge(self) -> None:
        others = [row for row in self._rows if row.label != self._current]
        lines = [
            f"{row.label}  {row.name}".strip() for row in others if not row.is_locked
        ]
        chosen = self.ask_target(lines) if lines else ""
        if chosen:
            into = int(chosen.split()[0])
            self.merge_requested.emit(self._current, into)

    def _ask_target(self, lines: Sequence[str]) -> str:
        text = f"Make label {self._current} part of"
        chosen, is_wanted = QInputDialog.getItem(
            self, "Merge objects", text, list(lines), editable=False
        )
        return str(chosen) if is_wanted else ""


class _Rows(QTableWidget):
    """Leaves keys to the canvas; it would look for lines by their letters."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: a cell that is edited has its keys already."""
        event.ignore()


class _Swatch(QStyledItemDelegate):
    """Paints an object's colour in the selected line too, which Qt would cover."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Qt: fill the cell."""
        painter.fillRect(option.rect, index.data(Qt.ItemDataRole.BackgroundRole))


def _table() -> QTableWidget:
    table = _Rows(0, len(COLUMNS))
    table.setItemDelegateForColumn(COLOUR, _Swatch(table))
    table.setHorizontalHeaderLabels(COLUMNS)
    for column, tip in enumerate(TIPS):
        table.horizontalHeaderItem(column).setToolTip(tip)
    table.verticalHeader().setVisible(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
    row = table.verticalHeader().defaultSectionSize()
    table.setMinimumHeight((SHOWN_ROWS + 1) * row)
    table.setMaximumHeight((SHOWN_ROWS + 1) * row)
    table.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    table.setStyleSheet("QTableWidget { font-size: 11px; }")
    return table


def _cells(row: ObjectRow) -> tuple[Any, ...]:
    """Give what the columns show: a colour, texts, and whether it is locked."""
    return (
        row.colour,
        str(row.label),
        row.name,
        str(row.slices),
        f"{row.volume_ml:.2f}",
        "" if row.lowest is None else f"{row.lowest:.2f}",
        row.is_locked,
    )


def _item(column: int, cell: Any) -> QTableWidgetItem:
    item = QTableWidgetItem("" if column in (COLOUR, LOCKED) else cell)
    item.setToolTip(TIPS[column])
    item.setFlags(FLAGS.get(column, PLAIN))
    if column == COLOUR:
        item.setBackground(QColor(*cell))
    elif column == LOCKED:
        state = Qt.CheckState.Checked if cell else Qt.CheckState.Unchecked
        item.setCheckState(state)
    return item


def _button(text: str, **tips: str) -> QPushButton:
    button = QPushButton(text)
    KeyTip(button, **tips)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
