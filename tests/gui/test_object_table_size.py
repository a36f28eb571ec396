"""The table of objects with hundreds of lines, as it stands on a screen."""

import time
from dataclasses import replace

import pytest

from napari_sam_med.gui.prompting.views.object_table import (
    LABEL,
    VOLUME,
    ObjectRow,
    ObjectTable,
)

OBJECTS = 300
FIRST = ObjectRow(1, "", (1, 2, 3), 3, 3.0, None, is_locked=False)
LONGEST_S = 0.5
"""Ten times what it takes; measured line by line it takes ten times that."""


@pytest.fixture
def table(qtbot):
    table = ObjectTable()
    qtbot.addWidget(table)
    table.resize(360, 300)
    table.show()
    table.set_rows([replace(FIRST, label=k) for k in range(1, OBJECTS + 1)], 1)
    qtbot.wait(50)
    return table


def test_all_lines_of_a_long_table_change_at_once_in_no_time(table):
    rows = [replace(row, slices=7) for row in table.rows]
    start = time.perf_counter()
    table.set_rows(rows, 1)
    assert time.perf_counter() - start < LONGEST_S
    assert {table.table.item(k, 3).text() for k in range(OBJECTS)} == {"7"}


def test_columns_are_as_wide_as_the_longest_text_in_them(table):
    last = replace(table.rows[-1], label=2_147_483_647, volume_ml=123456.78)
    table.set_rows([*table.rows[:-1], last], 1)
    for column in (LABEL, VOLUME):
        index = table.table.model().index(OBJECTS - 1, column)
        width = table.table.columnWidth(column)
        assert width >= table.table.sizeHintForIndex(index).width()
    table.set_rows(table.rows[:3], 1)
    assert table.table.columnWidth(LABEL) < width
