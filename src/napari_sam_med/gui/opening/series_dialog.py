"""A list of DICOM series with ticks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
)

from napari_sam_med.core.volumes import SeriesInfo


class SeriesDialog(QDialog):
    """Lets a person tick the series to open; the first is ticked.

    Parameters
    ----------
    name : str
        Of the folder or file.
    series : sequence of SeriesInfo
        What it holds.
    """

    def __init__(
        self, name: str, series: Sequence[SeriesInfo], parent: Any = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Several DICOM series")
        self._series = tuple(series)
        text = QLabel(f"{name} holds {len(series)} series. Which ones shall be opened?")
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setWordWrap(True)
        self.list = QListWidget()
        for each in series:
            self.list.addItem(_item(each))
        self._set_checked(0)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(text)
        layout.addWidget(self.list)
        layout.addWidget(buttons)

    def chosen(self) -> list[SeriesInfo]:
        """List the series that are ticked."""
        ticked = (
            self.list.item(i).checkState() == Qt.CheckState.Checked
            for i in range(self.list.count())
        )
        return [one for one, is_on in zip(self._series, ticked, strict=True) if is_on]

    def _set_checked(self, row: int) -> None:
        self.list.item(row).setCheckState(Qt.CheckState.Checked)


def _item(series: SeriesInfo) -> QListWidgetItem:
    parts = [series.description or "without description", series.modality]
    parts.append("1 file" if series.n_files == 1 else f"{series.n_files} files")
    if series.n_times > 1:
        parts.append(f"{series.n_times} time points")
    item = QListWidgetItem(", ".join(part for part in parts if part))
    item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
    item.setCheckState(Qt.CheckState.Unchecked)
    return item
