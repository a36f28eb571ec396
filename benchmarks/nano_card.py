"""Make the table in the model card of nano from stored results.

``make card RUNS="RUN ..."``, or ``python benchmarks/nano_card.py [RUN ...]``. A RUN is
a folder of ``napari-sam-med benchmark --model nano --model ellipse``; ``'TITLE=RUN'``
calls its row by a title instead of by the class in the data. What the table
shows of its ``summary.csv`` is kept in benchmarks/results under the folder's name, in
place of an older one; then the table between the two marks of the card is written from
all that is kept.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from napari_sam_med.core.storage.atomic_files import write_text

RESULTS = Path(__file__).parent / "results"
CARD = Path(__file__).parents[1] / "src" / "napari_sam_med" / "weights" / "nano.md"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
PHANTOMS = "phantoms"
COLUMNS = {
    "ellipse, box": ("ellipse", "mode5", 1, "best_score"),
    "box": ("nano", "mode5", 1, "best_score"),
    "ellipse, box per part": ("ellipse", "mode4", 1, "best_score"),
    "box per part": ("nano", "mode4", 1, "best_score"),
    "1 click": ("nano", "mode1", 1, "best_score"),
    "1 click, oracle": ("nano", "mode1", 1, "oracle"),
    "5 clicks": ("nano", "clicks", 5, "best_score"),
    "9 clicks": ("nano", "clicks", 9, "best_score"),
}


def main() -> None:
    """Keep the results of the runs given and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*")
    for run in parser.parse_args().runs:
        keep(run, RESULTS)
    write_text(CARD, card_with(table(RESULTS), CARD.read_text("utf-8")))


def keep(run: str, results: Path) -> None:
    """Keep what the table shows of a run.

    Parameters
    ----------
    run : str
        Its folder, or ``TITLE=FOLDER``.
    results : Path
        Folder for the file; it is made if need be.
    """
    title, _, folder = run.rpartition("=")
    kept = shown(pd.read_csv(Path(folder) / "summary.csv"))
    if title:
        kept = kept.assign(task=title)
    results.mkdir(exist_ok=True)
    name = f"{Path(folder).resolve().name}.csv"
    write_text(results / name, kept.to_csv(index=False))


def table(results: Path) -> str:
    """Make the table.

    Parameters
    ----------
    results : Path
        Folder with one ``summary.csv`` of a run for each row, which is called by its
        class, or by the file where there are several.

    Returns
    -------
    str
        Markdown; mean IoU, first over the cases of a class, then over the classes of a
        run; the phantoms stand below the mean of the other rows.
    """
    rows = {}
    for path in sorted(results.glob("*.csv")):
        summary = pd.read_csv(path)
        tasks = summary["task"].unique()
        rows[tasks[0] if len(tasks) == 1 else path.stem] = _row(summary)
    phantoms = rows.pop(PHANTOMS, None)
    frame = pd.DataFrame(rows).T
    head = f"| data | cases | {' | '.join(COLUMNS)} |"
    lines = [head, "|---|--:|" + "--:|" * len(COLUMNS)]
    lines += [_line(name, row) for name, row in frame.iterrows()]
    mean = frame[list(COLUMNS)].mean()
    lines.append(_line("**mean of the rows above**", mean))
    if phantoms is not None:
        lines.append(_line("phantoms of this package, twelve classes", phantoms))
    return "\n".join(lines)


def shown(summary: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of a summary that the table shows."""
    keys = ["model", "setting", "step", "selection"]
    wanted = pd.MultiIndex.from_tuples(COLUMNS.values(), names=keys)
    return summary[pd.MultiIndex.from_frame(summary[keys]).isin(wanted)]


def card_with(text: str, card: str) -> str:
    """Put the table between the marks of the card."""
    before, rest = card.split(BEGIN)
    _old, after = rest.split(END)
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def _row(summary: pd.DataFrame) -> pd.Series:
    """Take the columns of one run, means over its classes."""
    found = {}
    for column, (model, setting, step, selection) in COLUMNS.items():
        chosen = summary[
            (summary.model == model)
            & (summary.setting == setting)
            & (summary.step == step)
            & (summary.selection == selection)
        ]
        found[column] = chosen["mean"].mean()
        found["cases"] = chosen["n"].sum()
    return pd.Series(found)


def _line(name: object, row: pd.Series) -> str:
    cases = f"{row['cases']:.0f}" if "cases" in row else ""
    numbers = " | ".join(f"{row[column]:.3f}" for column in COLUMNS)
    return f"| {name} | {cases} | {numbers} |"


if __name__ == "__main__":
    main()
