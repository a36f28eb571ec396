"""The results: a table to sort and filter, a plot, and ways to keep them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from napari_sam_med.gui.benchmark.views.benchmark_plot import ScorePlot
from napari_sam_med.gui.benchmark.views.benchmark_table import (
    COLUMNS,
    ResultsModel,
)
from napari_sam_med.gui.benchmark.views.benchmark_values import (
    ANY_SELECTION,
    Curve,
    ResultRow,
)

SETTLE_MS = 60  # an arrow key held down asks for one row, not for all on the way
ROW_PX = 22
LOOKED_AT = 50
"""Rows by which columns get their width; Qt's 1000 take a third of a second."""


class RowsTable(QTableView):
    """A table that says when a person, not a filter, moves to another row by key."""

    row_reached = Signal()

    def keyPressEvent(self, event: Any) -> None:
        """Qt: a key; those that move to another row are told on."""
        before = self.currentIndex().row()
        super().keyPressEvent(event)
        if self.currentIndex().row() != before:
            self.row_reached.emit()


class BenchmarkResults(QWidget):
    """Table, plot and buttons; it says which row a person chose."""

    row_chosen = Signal(object)  # a ResultRow
    selection_changed = Signal(str)
    csv_requested = Signal()
    report_requested = Signal()
    open_requested = Signal()

    def __init__(self, selections: Mapping[str, str], parent: Any = None) -> None:
        """Build it; ``selections`` are the rules to pick a mask and their hints."""
        super().__init__(parent)
        self._model = ResultsModel(self)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._emit_row)
        self.selection = QComboBox(self)
        for row, (name, hint) in enumerate(selections.items()):
            self.selection.addItem(name, name)
            self.selection.setItemData(row, hint, Qt.ItemDataRole.ToolTipRole)
        self.selection.addItem("all", ANY_SELECTION)
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText("filter: liver mode3 iou<0.5")
        self.filter.setClearButtonEnabled(True)
        self.count = QLabel(self)
        self.table = self._make_table()
        self.plot = ScorePlot(self)
        self.csv_button = QPushButton("Save CSV …", self)
        self.csv_button.setToolTip("Save the rows that the table shows")
        self.report_button = QPushButton("Open report", self)
        self.report_button.setToolTip("Open the report of the whole run in a browser")
        self.open_button = QPushButton("Open run …", self)
        self.open_button.setToolTip("Show the rows of a run that was stored earlier")
        self._lay_out()
        self._connect()
        self._show_selection()
        self._on_count()
        self.set_report_ready(ready=False)

    def append(
        self, rows: Sequence[ResultRow], texts: Sequence[str] | None = None
    ) -> None:
        """Add rows to the table, see ``ResultsModel.append``."""
        was_empty = not self._model.n_rows
        self._model.append(rows, texts)
        if was_empty and rows:
            self.table.resizeColumnsToContents()

    def clear(self) -> None:
        """Empty the table and the plot."""
        self._model.clear()
        self.plot.set_curves((), ())

    def rows(self) -> tuple[ResultRow, ...]:
        """Return every row, also those that are filtered away."""
        return self._model.rows()

    def shown_rows(self) -> tuple[ResultRow, ...]:
        """Return the visible rows in the table's order."""
        return tuple(self._model.shown_rows())

    def set_curves(self, modes: Sequence[Curve], clicks: Sequence[Curve]) -> None:
        """Draw these means."""
        self.plot.set_curves(modes, clicks)

    def set_report_ready(self, *, ready: bool) -> None:
        """Offer the report or not."""
        self.report_button.setEnabled(ready)

    def _make_table(self) -> RowsTable:
        table = RowsTable(self)
        table.setObjectName("benchmark_results")
        table.setModel(self._model)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setSortingEnabled(True)
        table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)  # as the rows came
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(ROW_PX)
        header = table.horizontalHeader()
        header.setSectionsMovable(True)
        header.setResizeContentsPrecision(LOOKED_AT)
        return table

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(QLabel("Mask"))
        top.addWidget(self.selection)
        top.addWidget(self.filter, stretch=1)
        bottom = QHBoxLayout()
        for button in (self.open_button, self.csv_button, self.report_button):
            bottom.addWidget(button, stretch=1)
        splitter = QSplitter(Qt.Orientation.Vertical, self)
        splitter.addWidget(self.table)
        splitter.addWidget(self.plot)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(splitter, stretch=1)
        layout.addWidget(self.count)
        layout.addLayout(bottom)

    def _connect(self) -> None:
        self.filter.textChanged.connect(self._model.set_filter)
        self.selection.currentIndexChanged.connect(self._on_selection)
        self.table.clicked.connect(self._on_clicked)
        self.table.row_reached.connect(self._settle.start)
        self.open_button.clicked.connect(self.open_requested)
        self.csv_button.clicked.connect(self.csv_requested)
        self.report_button.clicked.connect(self.report_requested)
        for signal in (
            self._model.rowsInserted,
            self._model.rowsRemoved,
            self._model.modelReset,
            self._model.layoutChanged,
        ):
            signal.connect(self._on_count)

    def _on_selection(self, _index: int) -> None:
        self._show_selection()
        self.selection_changed.emit(self.selection.currentData())

    def _show_selection(self) -> None:
        """Show rows of one rule; their column only where it says something."""
        chosen = self.selection.currentData()
        self._model.set_selection(chosen)
        self.table.setColumnHidden(COLUMNS.index("selection"), chosen != ANY_SELECTION)

    def _on_clicked(self, _index: object) -> None:
        self._settle.start()

    def _emit_row(self) -> None:
        index = self.table.currentIndex()
        if index.isValid():
            self.row_chosen.emit(self._model.row(index))

    def _on_count(self, *_changed: object) -> None:
        shown, total = self._model.rowCount(), self._model.n_rows
        self.count.setText(f"{shown} of {total} rows")
        self.csv_button.setEnabled(shown > 0)
