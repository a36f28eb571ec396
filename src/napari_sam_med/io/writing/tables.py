"""Tables for spreadsheets."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from napari_sam_med.core.storage.atomic_files import write_text
from napari_sam_med.core.storage.plain_text import printable
from napari_sam_med.errors import FileWriteError
from napari_sam_med.io.formats import as_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_sam_med.core.measures.label_statistics import LabelStatistics

COLUMNS = (
    "label",
    "name",
    "voxels",
    "volume_ml",
    "mean",
    "sd",
    "minimum",
    "maximum",
    "centroid_l_mm",
    "centroid_p_mm",
    "centroid_s_mm",
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet (OWASP, CSV injection)."""


def write_statistics(
    path: Path | str, rows: Sequence[LabelStatistics], *, overwrite: bool = False
) -> None:
    """Write what was measured of each object as CSV.

    Parameters
    ----------
    path : Path or str
        The file, in UTF-8.
    rows : sequence of LabelStatistics
        One line each. Positions are towards the patient's left, back (posterior) and
        head (superior), in millimetres. No name of an image or patient is in it.
    overwrite : bool
        Replace an existing file.

    Raises
    ------
    FileWriteError
        If the file exists already or cannot be written.
    """
    lines = [
        (
            row.label,
            text_cell(row.name),
            row.voxels,
            *map(
                _number,
                (row.volume_ml, row.mean, row.sd, row.minimum, row.maximum),
            ),
            *map(_number, row.centroid_xyz),
        )
        for row in rows
    ]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([COLUMNS, *lines])
    write_text(as_path(path, FileWriteError), stream.getvalue(), overwrite=overwrite)


def text_cell(text: str) -> str:
    """Keep spreadsheets and terminals from obeying a name.

    Parameters
    ----------
    text : str
        From data.

    Returns
    -------
    str
        With an apostrophe before it where it starts as a formula does, and control
        characters as escapes.

    Examples
    --------
    >>> text_cell("=1+1"), text_cell("liver")
    ("'=1+1", 'liver')
    """
    shown = printable(text)
    return f"'{shown}" if text.startswith(FORMULA_STARTS) else shown


def cell(value: object) -> object:
    """Make a value safe for a spreadsheet: texts as ``text_cell``, others as they are.

    Examples
    --------
    >>> cell(-1.5), cell("-1.5")
    (-1.5, "'-1.5")
    """
    return text_cell(value) if isinstance(value, str) else value


def _number(value: float | None) -> str:
    # nine digits are more than voxels hold and keep 0.1 + 0.2 readable
    return "" if value is None else f"{value:.9g}"
