"""What a stored run may hold: its manifest, and the columns of its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.protocol.profiles import DEFAULT, Profile
from napari_sam_med.bench.protocol.result_rows import COLUMNS
from napari_sam_med.bench.protocol.run_settings import SettingGroup  # noqa: TC001
from napari_sam_med.bench.protocol.volume_rules.volume_settings import VolumeProfile
from napari_sam_med.core.selection import Selection
from napari_sam_med.core.storage.documents import OPEN, Document
from napari_sam_med.core.storage.plain_text import shown
from napari_sam_med.errors import FileReadError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

FORMAT = "napari-sam-med benchmark 1"
FIRST_COLUMNS = COLUMNS[: COLUMNS.index("error") + 1]
"""Those of the first release; the later ones may be absent."""


@dataclass(frozen=True, slots=True)
class StoredSettings:
    """What readers need of the settings; all of them are compared as they stand."""

    __pydantic_config__ = OPEN

    profile: Profile | VolumeProfile
    groups: list[SettingGroup]


@dataclass(frozen=True, slots=True)
class StoredModel:
    """What readers need of a model's entry."""

    __pydantic_config__ = OPEN

    sha256: str = ""
    stand_in: bool = False


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An image or label file of the run."""

    __pydantic_config__ = OPEN

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was run on what."""

    __pydantic_config__ = OPEN

    format: str
    settings: StoredSettings
    files: list[StoredFile]
    models: dict[str, StoredModel]
    versions: dict[str, str]
    started: str
    finished: str = ""
    dataset: str = ""
    dataset_id: str = ""
    prompts_from: str = ""
    seeds: dict[str, Any] = field(default_factory=dict)


KNOWN = {
    "profile": {"", *Profile, *VolumeProfile},
    "selection": {"", DEFAULT, *Selection},
}
"""Columns that hold one of a few words, or of a failure none."""

SHARES = ("iou", "dice")
"""Columns that hold a share, or NaN where nothing was measured."""

MANIFEST = Document(
    "a run's manifest", Manifest, "give the folder of a benchmark run", format=FORMAT
)


def read_part(path: Path, schema: pa.Schema) -> pa.Table:
    """Read a part of a run's rows.

    Parameters
    ----------
    path : Path
        A Parquet file.
    schema : pyarrow.Schema
        Of all columns; those that the part lacks are filled with nulls.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    FileReadError
        If it is no Parquet file, is cut short, lacks a column, or one holds other
        things than numbers or texts where there should be.
    """
    import pyarrow as pa
    from pyarrow import parquet

    if not path.is_file():
        raise _damaged(path, "it is no file")
    try:
        # opened here: Arrow itself takes no name that is not UTF-8
        with path.open("rb") as file:
            missing = set(FIRST_COLUMNS) - set(parquet.read_schema(file).names)
            if missing:
                raise _damaged(path, f"it has no column {', '.join(sorted(missing))}")
            table = parquet.read_table(file, schema=schema)
    except FileReadError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, str(error)) from error
    _check_values(table, path)
    holed = _with_nulls(table, [n for n in FIRST_COLUMNS if n in schema.names])
    if holed:
        raise _damaged(path, f"{', '.join(holed)} has rows without a value")
    return table


def _check_values(table: pa.Table, path: Path) -> None:
    for name, known in KNOWN.items():
        strange = set(table[name].unique().to_pylist()) - known - {None}
        if strange:
            raise _damaged(path, f"{name} {shown(min(strange))} is not known")
    for name in SHARES:
        measured = table[name].drop_null().to_numpy()
        if ((measured < 0) | (measured > 1)).any():
            raise _damaged(path, f"{name} is not between 0 and 1")


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
