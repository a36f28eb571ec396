"""The parts of a run's rows, read back and checked a row group at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.bench.protocol.profiles import DEFAULT, Profile
from napari_sam_med.bench.protocol.result_rows import COLUMNS
from napari_sam_med.bench.protocol.volume_rules.volume_settings import VolumeProfile
from napari_sam_med.core.selection import Selection
from napari_sam_med.core.storage.plain_text import shown
from napari_sam_med.errors import FileReadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa
    from pyarrow import parquet

FIRST_COLUMNS = COLUMNS[: COLUMNS.index("error") + 1]
"""Those of the first release; the later ones may be absent."""

KNOWN = {
    "profile": {"", *Profile, *VolumeProfile},
    "selection": {"", DEFAULT, *Selection},
}
"""Columns that hold one of a few words, or of a failure none."""

SHARES = ("iou", "dice")
"""Columns that hold a share, or NaN where nothing was measured."""


def read_part(path: Path, schema: pa.Schema) -> pa.Table:
    """Read a part of a run's rows.

    Parameters
    ----------
    path : Path
        A Parquet file.
    schema : pyarrow.Schema
        Of the columns to read; those that the part lacks are filled with nulls.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    FileReadError
        If it is no Parquet file, is cut short, lacks a column, or one of those that are
        read holds other things than numbers or texts where there should be.
    """
    import pyarrow as pa

    return pa.concat_tables([schema.empty_table(), *part_groups(path, schema)])


def part_groups(path: Path, schema: pa.Schema) -> Iterator[pa.Table]:
    """Read a part of a run's rows group by group, so that few are held at a time.

    Parameters
    ----------
    path, schema
        As ``read_part`` takes them.

    Yields
    ------
    pyarrow.Table
        As many rows as were written at once.

    Raises
    ------
    FileReadError
        As ``read_part``.
    """
    import pyarrow as pa
    from pyarrow import parquet

    if not path.is_file():
        raise _damaged(path, "it is no file")
    try:
        # opened here: Arrow itself takes no name that is not UTF-8
        with path.open("rb") as file:
            stored = set(parquet.read_schema(file).names)
            missing = set(FIRST_COLUMNS) - stored
            if missing:
                raise _damaged(path, f"it has no column {', '.join(sorted(missing))}")
            coded = [
                one.name
                for one in schema
                if pa.types.is_dictionary(one.type) and one.name in stored
            ]
            # no threads, here and in _group: one that still holds a file of Python's
            # when the interpreter ends aborts it (apache/arrow issue 34314), seen after
            # one command in fifty
            with parquet.ParquetFile(
                file, read_dictionary=coded, pre_buffer=False
            ) as part:
                for number in range(part.num_row_groups):
                    table = _group(part, number, schema)
                    _check_values(table, path)
                    yield table
    except FileReadError:
        raise
    except PermissionError as error:  # nothing is wrong with its rows
        msg = f"{path} cannot be read ({error.strerror}); give yourself the right to it"
        raise FileReadError(msg) from error
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, str(error)) from error


def _group(part: parquet.ParquetFile, number: int, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    stored = set(part.schema_arrow.names)
    names = [name for name in schema.names if name in stored]
    found = part.read_row_group(number, names, use_threads=False)
    columns = [
        found[one.name].cast(one.type)
        if one.name in stored
        else pa.nulls(found.num_rows, one.type)
        for one in schema
    ]
    return pa.table(columns, schema=schema).unify_dictionaries()


def _check_values(table: pa.Table, path: Path) -> None:
    for name in KNOWN.keys() & set(table.column_names):
        strange = set(table[name].unique().to_pylist()) - KNOWN[name] - {None}
        if strange:
            raise _damaged(path, f"{name} {shown(min(strange))} is not known")
    for name in {*SHARES} & set(table.column_names):
        measured = table[name].drop_null().to_numpy()
        if ((measured < 0) | (measured > 1)).any():
            raise _damaged(path, f"{name} is not between 0 and 1")
    holed = _with_nulls(table, [n for n in FIRST_COLUMNS if n in table.column_names])
    if holed:
        raise _damaged(path, f"{', '.join(holed)} has rows without a value")


def _with_nulls(table: pa.Table, names: Sequence[str]) -> list[str]:
    import pyarrow as pa

    # a number that was not measured is NaN; pandas turns one into a null
    return [
        name
        for name in names
        if table[name].null_count and not pa.types.is_floating(table[name].type)
    ]


def _damaged(path: Path, reason: str) -> FileReadError:
    msg = (
        f"{path} is damaged ({reason}); remove it and run once more, its cases are "
        "then computed again"
    )
    return FileReadError(msg)
