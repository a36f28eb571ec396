"""The table of objects with hundreds of lines, as it stands on a screen."""

from dataclasses import replace

import pytest
from qtpy.QtWidgets import QStyledItemDelegate

from napari_sam_med.gui.prompting.views.object_table import (
    LABEL,
    VOLUME,
    ObjectRow,
    ObjectTable,
)

OBJECTS = 300
FIRST = ObjectRow(1, "", (1, 2, 3), 3, 3.0, None, is_locked=False)


class CountingDelegate(QStyledItemDelegate):
    """Draws cells, and counts how often one is measured."""

    def __init__(self, parent) -> None:
        super().__init__(parent)
        self.n_measured = 0

    def sizeHint(self, option, index):  # noqa: N802 - Qt calls it
        self.n_measured += 1
        return super().sizeHint(option, index)


@pytest.fixture
def table(qtbot):
    table = ObjectTable()
    qtbot.addWidget(table)
    table.resize(360, 300)
    table.show()
    table.set_rows([replace(FIRST, label=k) for k in range(1, OBJECTS + 1)], 1)
    qtbot.wait(50)
    return table


def test_not_all_lines_of_a_long_table_are_measured_anew_with_each(table):
    measuring = CountingDelegate(table.table)
    table.table.setItemDelegate(measuring)
    rows = [replace(row, slices=7) for row in table.rows]
    table.set_rows(rows, 1)
    assert measuring.n_measured <= OBJECTS
    assert {table.table.item(k, 3).text() for k in range(OBJECTS)} == {"7"}


def test_columns_are_as_wide_as_the_longest_text_in_them(table):
    last = replace(table.rows[-1], label=2_147_483_647, volume_ml=123456.78)
    table.set_rows([*table.rows[:-1], last], 1)
    for column in (LABEL, VOLUME):
        index = table.table.model().index(OBJECTS - 1, column)
        width = table.table.columnWidth(column)
        assert width > table.table.sizeHintForIndex(index).width()  # and its line
    table.set_rows(table.rows[:3], 1)
    assert table.table.columnWidth(LABEL) < width
