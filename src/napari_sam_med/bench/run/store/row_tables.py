"""Rows as tables of Parquet files."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from napari_sam_med.bench.protocol.result_rows import Row

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

UNFINISHED = ".unfinished"
ROW_KEY = ["case_id", "model", "setting", "step", "selection"]
ROWS_AT_ONCE = 50_000
"""Of a file's row group: some 50 MB while it is written."""


def write_tables(tables: Iterable[pa.Table], path: Path) -> None:
    """Write tables as one file; no more than a row group of them is held.

    Parameters
    ----------
    tables : iterable of pyarrow.Table
        As ``table_from_rows`` gives them.
    path : Path
        It appears whole or not at all. What a kill leaves beside it is hidden, so that
        a reader of the folder passes over it, and goes when ``path`` is written again.

    Raises
    ------
    OSError
        If the disk does not take it.
    """
    from pyarrow import parquet

    unfinished = path.with_name(f".{path.stem}{UNFINISHED}")
    try:
        # opened here: Arrow itself takes no name that is not UTF-8
        with (
            unfinished.open("wb") as file,
            parquet.ParquetWriter(file, row_schema()) as to,
        ):
            for group in _row_groups(tables):
                to.write_table(group)
        unfinished.replace(path)
    except BaseException:  # Ctrl-C too
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


def row_schema(
    columns: Collection[str] | None = None, *, categories: bool = False
) -> pa.Schema:
    """Give columns of ``Row`` with their types.

    Parameters
    ----------
    columns : collection of str, optional
        By default all.
    categories : bool
        Whether each different text is held once, and its number in each row; whole
        numbers then have 32 bits.
    """
    import pyarrow as pa

    types = {"str": pa.string(), "int": pa.int64(), "float": pa.float64()}
    if categories:
        types |= {"str": pa.dictionary(pa.int32(), pa.string()), "int": pa.int32()}
    return pa.schema(
        (field.name, types[str(field.type)])
        for field in fields(Row)
        if columns is None or field.name in columns
    )


def table_from_rows(rows: Sequence[Row]) -> pa.Table:
    """Give rows the form in which they are stored."""
    import pyarrow as pa

    return pa.Table.from_pylist([row.to_dict() for row in rows], schema=row_schema())


def frame_from_table(table: pa.Table) -> pd.DataFrame:
    """Make a frame of a table; dictionaries become categories, sorted."""
    import pandas as pd
    import pyarrow as pa

    columns = {}
    for name in table.column_names:
        column = table[name].to_pandas()
        if pa.types.is_dictionary(table[name].type):
            column = column.cat.set_categories(sorted(column.cat.categories))
        columns[name] = column
    return pd.DataFrame(columns, copy=False)


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Sort rows by their key, and of those that stand there twice keep the later.

    The rows given are used up.
    """
    import pandas as pd

    keys = rows[ROW_KEY].drop_duplicates(keep="last").sort_values(ROW_KEY)
    order = keys.index.to_numpy()
    del keys
    # column by column, each of which goes before the next one comes
    columns = {name: rows.pop(name).array.take(order) for name in list(rows.columns)}
    return pd.DataFrame(columns, copy=False)
