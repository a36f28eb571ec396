"""A table of a report: numbers for files, text for the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.storage.atomic_files import write_text
from napari_sam_med.io.writing.tables import cell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

SMALLEST_P = 0.001
"""Below it a p-value is told as that: three decimals would print it as nought."""
LONGEST = 150
"""Lines of a table that a page shows unasked: two printed pages. 28 tasks with five
models have tables of thousands, 170 printed pages."""
DASH = "\N{EN DASH}"
TESTS = ("p", "p_holm")


@dataclass(frozen=True, slots=True, eq=False)
class ReportTable:
    """A table.

    Parameters
    ----------
    name : str
        Of its files, without ending.
    title, note : str
        For people; the note says how to read it.
    frame : pandas.DataFrame
        Numbers and texts.
    """

    name: str
    title: str
    note: str
    frame: pd.DataFrame

    @property
    def heads(self) -> list[str]:
        """Names of the columns, in words."""
        return [str(name).replace("_", " ") for name in self.frame.columns]

    @property
    def is_text(self) -> list[bool]:
        """Whether each column holds texts, which stand on the left."""
        return [not hasattr(kind, "kind") or kind.kind not in "biuf"
                for kind in self.frame.dtypes]  # fmt: skip

    @property
    def is_long(self) -> bool:
        """Whether a page shows it only when it is asked for."""
        return len(self.frame) > LONGEST

    @property
    def lines(self) -> list[list[str]]:
        """The table as it is printed."""
        columns = [str(name) for name in self.frame.columns]
        return [
            [
                printed(value, column)
                for value, column in zip(line, columns, strict=True)
            ]
            for line in self.frame.to_dict("split")["data"]
        ]

    def to_csv(self) -> str:
        """Return it with all digits; what a spreadsheet would compute is text."""
        return str(self.frame.map(cell).to_csv(index=False))

    def to_latex(self) -> str:
        """Return it as it is printed, for the package booktabs."""
        import pandas as pd

        shown = pd.DataFrame(self.lines, columns=self.heads)
        shown = shown.replace(DASH, "--")
        text = str(shown.to_latex(index=False, escape=True))
        text = text.replace("<", "$<$").replace(">", "$>$")  # else another letter
        # at the start of a line these would be an option of the line before
        return re.sub(r"(?m)^(?=[\[*])", "{}", text)


def printed(value: object, column: str = "") -> str:
    """Write a value of a table: three decimals, and never a p of nought.

    Parameters
    ----------
    value : object
        A number or a text.
    column : str
        What it is; ``p`` and ``p_holm`` are probabilities.

    Examples
    --------
    >>> printed(5e-10, "p"), printed(0.0312, "p"), printed(-0.0001), printed(12)
    ('< 0.001', '0.031', '0.000', '12')
    """
    if not isinstance(value, float | np.floating):
        return str(value)
    if np.isnan(value):
        return DASH
    if column in TESTS and value < SMALLEST_P:
        return f"< {SMALLEST_P}"
    text = f"{value:.3f}"
    return text.removeprefix("-") if float(text) == 0 else text


def write_tables(tables: Sequence[ReportTable], folder: Path) -> None:
    """Write each table as CSV and LaTeX.

    Parameters
    ----------
    tables : sequence of ReportTable
        With names that differ.
    folder : Path
        Made if it is not there; earlier tables are replaced.

    Raises
    ------
    FileWriteError
        If the folder cannot be written.
    """
    for table in tables:
        write_text(folder / f"{table.name}.csv", table.to_csv())
        write_text(folder / f"{table.name}.tex", table.to_latex())
