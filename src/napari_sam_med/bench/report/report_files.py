"""The files beside a page: figures and tables, without those of an earlier report."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from napari_sam_med.bench.data.hashing import hash_of_path
from napari_sam_med.bench.report.figures.figure_style import write_figures
from napari_sam_med.bench.report.report_table import write_tables
from napari_sam_med.core.storage.atomic_files import write_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_sam_med.bench.report.figures.figure_style import (
        PlacedFigure,
        ReportFigure,
    )
    from napari_sam_med.bench.report.report_table import ReportTable

FOLDERS = {"figures": (".svg", ".png"), "tables": (".csv", ".tex")}
LISTING = "SHA256SUMS"
"""In the form of coreutils: ``sha256sum -c SHA256SUMS`` says what was changed since."""


def write_report_files(
    figures: Sequence[ReportFigure], tables: Sequence[ReportTable], folder: Path
) -> list[PlacedFigure]:
    """Write figures and tables, and take away what an earlier report wrote in vain.

    Parameters
    ----------
    figures : sequence of ReportFigure
        With names that differ.
    tables : sequence of ReportTable
        With names that differ.
    folder : Path
        Made if it is not there. Only files that an earlier report of ours wrote, and
        that nobody has changed since, are taken away.

    Returns
    -------
    list of PlacedFigure
        For the page.

    Raises
    ------
    FileWriteError
        If the folder cannot be written.
    """
    earlier = _listed(folder)
    placed = write_figures(figures, folder / "figures")
    write_tables(tables, folder / "tables")
    names = {"figures": [one.name for one in figures],
             "tables": [one.name for one in tables]}  # fmt: skip
    written = sorted(
        f"{place}/{name}{ending}"
        for place, endings in FOLDERS.items()
        for name in names[place]
        for ending in endings
    )
    for name in earlier.keys() - set(written):
        if hash_of_path(folder / name) == earlier[name]:
            with suppress(OSError):  # an open file of Windows stays
                (folder / name).unlink()
    lines = [f"{hash_of_path(folder / name)}  {name}\n" for name in written]
    write_text(folder / LISTING, "".join(lines))
    return placed


def _listed(folder: Path) -> dict[str, str]:
    """Read the hashes of an earlier report's files, none of which lies elsewhere."""
    try:
        text = (folder / LISTING).read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return {}
    found = {}
    for line in text.splitlines():
        digest, _, name = line.partition("  ")
        place, _, file = name.partition("/")
        if place in FOLDERS and file.endswith(FOLDERS[place]) and _is_plain(file):
            found[name] = digest
    return found


def _is_plain(file: str) -> bool:
    return not {"/", "\\", ":"} & set(file)
