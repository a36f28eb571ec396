"""The table in which images are put together with their truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_sam_med.gui.benchmark.views.benchmark_values import PairValue
from napari_sam_med.gui.shared.widgets.plain_labels import plain_tip

USE, IMAGE, LABELS = range(3)
ROW_PX = 30
VISIBLE_ROWS = 4


class PairsTable(QWidget):
    """One row a pair: whether to use it, its image layer, its labels layer."""

    pairs_changed = Signal()  # by a person
    pairing_requested = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._images: tuple[str, ...] = ()
        self._labels: tuple[str, ...] = ()
        self.table = QTableWidget(0, 3, self)
        self._set_up_table()
        self.add_button = _button("Add", "Add a row to choose a pair yourself")
        self.remove_button = _button("Remove", "Remove the selected row")
        self.pair_button = _button(
            "Pair by place", "Put each labels layer with the image that it lies on"
        )
        self.add_button.clicked.connect(self._on_add)
        self.remove_button.clicked.connect(self._on_remove)
        self.pair_button.clicked.connect(self.pairing_requested)
        buttons = QHBoxLayout()
        for button in (self.pair_button, self.add_button, self.remove_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        layout.addLayout(buttons)

    def set_layers(self, images: Sequence[str], labels: Sequence[str]) -> bool:
        """Offer these layers; the rows keep their choice where it still exists.

        Returns
        -------
        bool
            Whether anything is offered that was not offered before, or is gone.
        """
        offered = (tuple(images), tuple(labels))
        if offered == (self._images, self._labels):
            return False
        self._images, self._labels = offered
        self.set_pairs(self.pairs())
        return True

    def set_pairs(self, pairs: Sequence[PairValue]) -> None:
        """Show these pairs and no others; ``pairs_changed`` stays for a person's."""
        self.table.blockSignals(True)  # noqa: FBT003 - Qt
        self.table.setRowCount(0)
        for pair in pairs:
            self._append(pair)
        self.table.blockSignals(False)  # noqa: FBT003 - Qt

    def pairs(self) -> tuple[PairValue, ...]:
        """Return the rows as they stand, ticked or not."""
        return tuple(
            PairValue(
                self._combo(row, IMAGE).currentText(),
                self._combo(row, LABELS).currentText(),
                self.table.item(row, USE).checkState() == Qt.CheckState.Checked,
            )
            for row in range(self.table.rowCount())
        )

    def _set_up_table(self) -> None:
        table = self.table
        table.setObjectName("benchmark_pairs")
        table.setHorizontalHeaderLabels(["Use", "Image", "Labels (truth)"])
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(ROW_PX)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = table.horizontalHeader()
        header.setSectionResizeMode(USE, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(IMAGE, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(LABELS, QHeaderView.ResizeMode.Stretch)
        table.setMinimumHeight((VISIBLE_ROWS + 1) * ROW_PX)
        table.itemChanged.connect(self._on_changed)

    def _append(self, pair: PairValue) -> None:
        row = self.table.rowCount()
        self.table.insertRow(row)
        use = QTableWidgetItem()
        use.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled)
        ticked = Qt.CheckState.Checked if pair.checked else Qt.CheckState.Unchecked
        use.setCheckState(ticked)
        self.table.setItem(row, USE, use)
        for column, names, chosen in (
            (IMAGE, self._images, pair.image),
            (LABELS, self._labels, pair.labels),
        ):
            combo = QComboBox()
            combo.addItems(names)
            combo.setCurrentIndex(combo.findText(chosen))
            combo.setToolTip(plain_tip(chosen))
            combo.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            combo.currentIndexChanged.connect(self._on_changed)
            self.table.setCellWidget(row, column, combo)

    def _combo(self, row: int, column: int) -> QComboBox:
        return self.table.cellWidget(row, column)

    def _on_add(self) -> None:
        self._append(PairValue("", ""))
        self.table.selectRow(self.table.rowCount() - 1)
        self.pairs_changed.emit()

    def _on_remove(self) -> None:
        row = self.table.currentRow()
        self.table.removeRow(row if row >= 0 else self.table.rowCount() - 1)
        self.pairs_changed.emit()

    def _on_changed(self, _changed: object) -> None:
        self.pairs_changed.emit()


def _button(text: str, hint: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(hint)
    return button
