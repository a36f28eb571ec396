"""Rows as tables of Parquet files."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from napari_sam_med.bench.protocol.result_rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

UNFINISHED = ".unfinished"
ROWS_AT_ONCE = 50_000
"""Of a file's row group: some 50 MB while it is written."""


def write_tables(tables: Iterable[pa.Table], path: Path) -> None:
    """Write tables as one file; no more than a row group of them is held.

    Parameters
    ----------
    tables : iterable of pyarrow.Table
        As ``table_from_rows`` gives them.
    path : Path
        It appears whole or not at all.

    Raises
    ------
    OSError
        If the disk does not take it.
    """
    from pyarrow import parquet

    unfinished = path.with_suffix(UNFINISHED)
    try:
        # opened here: Arrow itself takes no name that is not UTF-8
        with (
            unfinished.open("wb") as file,
            parquet.ParquetWriter(file, row_schema()) as to,
        ):
            for group in _row_groups(tables):
                to.write_table(group)
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def _row_groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    import pyarrow as pa

    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(one.num_rows for one in waiting) >= ROWS_AT_ONCE:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def row_schema() -> pa.Schema:
    """Give the columns of ``Row`` with their types."""
    import pyarrow as pa

    types = {"str": pa.string(), "int": pa.int64(), "float": pa.float64()}
    return pa.schema([(field.name, types[str(field.type)]) for field in fields(Row)])


def table_from_rows(rows: Sequence[Row]) -> pa.Table:
    """Give rows the form in which they are stored."""
    import pyarrow as pa

    return pa.Table.from_pylist([row.to_dict() for row in rows], schema=row_schema())
