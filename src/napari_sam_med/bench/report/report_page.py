"""A run, or several, as one page that needs nothing but a browser."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.report.figures.figure_style import write_figures
from napari_sam_med.bench.report.figures.galleries import galleries_of
from napari_sam_med.bench.report.figures.report_figures import figures_of
from napari_sam_med.bench.report.findings import findings_by_task, findings_of
from napari_sam_med.bench.report.joined_runs import joined_rows, names_of
from napari_sam_med.bench.report.main_tables import (
    best_prompts,
    main_tables,
)
from napari_sam_med.bench.report.methods_text import methods_of
from napari_sam_med.bench.report.page_sections import sections_of
from napari_sam_med.bench.report.report_data import ReportData
from napari_sam_med.bench.report.report_notes import (
    earlier_note,
    not_asked_of_run,
    patients_note,
    warnings_of,
)
from napari_sam_med.bench.report.report_table import write_tables
from napari_sam_med.bench.report.report_tables import more_tables
from napari_sam_med.bench.run.store.run_store import REPORT, SUMMARY, RunStore
from napari_sam_med.core.storage.atomic_files import check_free, write_text
from napari_sam_med.errors import RunError
from napari_sam_med.io.writing.tables import cell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from napari_sam_med.bench.report.figures.galleries import PictureSource
    from napari_sam_med.bench.report.page_sections import Section

Result = TypeVar("Result")

TEMPLATE = "report.html.j2"
PAGE_MARK = b"<title>Simulated-prompt benchmark</title>"
LONGEST_HEAD = 1024
"""Bytes within which the mark stands in every page, today's and earlier ones."""
FILES = "_files"
"""What follows a page's name in that of the folder with its tables."""
MOST_DETAILS = 3000
"""Lines of the table of all groups; 28 tasks with five models have 12,000, which are
4 MB and 300 printed pages, and stand in summary.csv."""
PROFILE_NOTES = {
    Profile.AS_RELEASED: "the study's published code, rule by rule; default mask: "
    "candidate 1; means over slices",
    Profile.AS_WRITTEN: "the study's text; default mask: highest predicted IoU; means "
    "over slices",
    Profile.STRICT: "recommended; default mask: highest predicted IoU for one point, "
    "the single unambiguous mask for everything else; means over patients",
}


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """What pictures of cases are made from.

    Parameters
    ----------
    sources : mapping of str to PictureSource
        By the folder of the run, as it was given.
    note : str
        Why a run has none; empty if all have one.
    asked : bool
        Take as long as it takes.
    """

    sources: Mapping[str, PictureSource] = field(default_factory=dict)
    note: str = ""
    asked: bool = False


NO_PICTURES = Pictures(
    note="There are no pictures of cases: nobody said where the images lie."
)


def finish(
    store: RunStore, *, overwrite: bool = False, pictures: Pictures = NO_PICTURES
) -> pd.DataFrame:
    """Note that a run came to its end, and write its summary and report.

    Parameters
    ----------
    store, overwrite, pictures
        As ``write_outputs`` takes them.

    Returns
    -------
    pandas.DataFrame
        The summary.

    Raises
    ------
    RunError
        If the run has no rows, or another process writes into its folder.
    FileReadError, FileWriteError
        If the run cannot be read or the folder not be written.
    """
    store.finish()
    return write_outputs(store, overwrite=overwrite, pictures=pictures)


def write_outputs(
    store: RunStore, *, overwrite: bool = False, pictures: Pictures = NO_PICTURES
) -> pd.DataFrame:
    """Write ``summary.csv`` and ``report.html`` into a run's folder.

    Rows and manifest are read only, be the run finished, stopped or still going on.

    Parameters
    ----------
    store : RunStore
        With at least one row.
    overwrite : bool
        Replace a ``report.html`` that is no page of ours.
    pictures : Pictures
        What pictures of cases are made from.

    Returns
    -------
    pandas.DataFrame
        The summary.

    Raises
    ------
    RunError
        If the run has no rows.
    FileReadError, FileWriteError
        If the run cannot be read or the folder not be written.
    """
    store.manifest()  # a folder without a run is left as it is
    out = store.folder / REPORT
    summary = _written([store.folder], out, pictures, overwrite=overwrite).summary
    write_text(store.folder / SUMMARY, summary.map(cell).to_csv(index=False))
    return summary


def write_report(
    folders: Sequence[Path],
    out: Path,
    *,
    overwrite: bool = False,
    pictures: Pictures = NO_PICTURES,
) -> Path:
    """Write one page about one or several runs, and its tables as CSV and LaTeX.

    Parameters
    ----------
    folders : sequence of Path
        Folders of runs.
    out : Path
        The page; an earlier page of ours is replaced. The tables go into a folder
        beside it, ``report_files/tables`` for ``report.html``.
    overwrite : bool
        Replace whatever else is there.
    pictures : Pictures
        What pictures of cases are made from.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    RunError
        If the runs hold no row.
    FileReadError, FileWriteError
        If a run cannot be read, or the page not be written or would replace another
        file.
    """
    _written(folders, out, pictures, overwrite=overwrite)
    return out


def _written(
    folders: Sequence[Path], out: Path, pictures: Pictures, *, overwrite: bool
) -> ReportData:
    """Write a page and its tables; give what they were made of."""
    check_free(out, overwrite=overwrite or (out.is_file() and is_report(out)))
    stores = [RunStore(folder) for folder in folders]
    found = [store.manifest() for store in stores]  # before a folder is looked up
    manifests = {
        str(store.folder): {**manifest, "run": name}
        for store, manifest, name in zip(stores, found, names_of(stores), strict=True)
    }
    rows = joined_rows(stores)
    if rows.empty:
        names = ", ".join(str(folder) for folder in folders)
        msg = f"{names} holds no result yet; run the benchmark first"
        raise RunError(msg)
    data = ReportData.of(rows, manifests)
    best = best_prompts(data)
    tables = [*main_tables(data, best), *more_tables(data)]
    files = out.with_name(f"{out.stem}{FILES}")
    by_run = {
        str(manifest["run"]): pictures.sources[folder]
        for folder, manifest in manifests.items()
        if folder in pictures.sources
    }
    seen, note = galleries_of(data, by_run, asked=pictures.asked)
    figures = write_figures([*figures_of(data), *seen], files / "figures")
    sections = sections_of(data, tables, figures, note or pictures.note)
    write_text(out, _page(data, best, sections, files.name))
    write_tables(tables, files / "tables")
    return data


def is_report(path: Path) -> bool:
    """Whether a file is a page of ours, which may be written anew without asking.

    Parameters
    ----------
    path : Path
        A file.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        return PAGE_MARK in file.read(LONGEST_HEAD)


def _page(
    data: ReportData,
    best: pd.DataFrame,
    sections: Sequence[Section],
    files: str,
) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("napari_sam_med.bench.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template(TEMPLATE)
    words = {
        "findings": findings_of(data, best),
        "findings_by_task": findings_by_task(best),
        "methods": methods_of(data),
    }
    return template.render(
        **words,
        **_notes(data),
        sections=sections,
        files=files,
        details=_details(data.summary),
        n_details=len(data.summary),
        floors=data.floors,
    )


def _notes(data: ReportData) -> dict[str, Any]:
    """Collect what a reader has to know, and what was skipped."""
    rows, manifests = data.rows, data.manifests
    cautions = [
        *_of_each_run(data, patients_note),
        *(earlier_note(manifest) for manifest in manifests.values()),
    ]
    return {
        "manifests": manifests,
        "warnings": [each for one in manifests.values() for each in warnings_of(one)],
        "cautions": [note for note in cautions if note],
        "profile_notes": {str(key): note for key, note in PROFILE_NOTES.items()},
        "counts": _counts(rows),
        "failures": rows[rows["error"].ne("")].to_dict("records"),
        "empty": [
            name for one in manifests.values() for name in one.get("without_object", ())
        ],
        "not_asked": [
            sentence
            for of_run in _of_each_run(data, not_asked_of_run)
            for sentence in of_run
        ],
    }


def _details(summary: pd.DataFrame) -> list[dict[str, Any]]:
    """List all groups, or none where nobody would read so many."""
    return summary.to_dict("records") if len(summary) <= MOST_DETAILS else []


def _of_each_run(
    data: ReportData, make: Callable[[pd.DataFrame, Mapping[str, Any]], Result]
) -> list[Result]:
    return [
        make(data.rows[data.rows["run"].eq(manifest["run"])], manifest)
        for manifest in data.manifests.values()
    ]


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    good = rows[rows["error"].eq("")]
    return {
        "images": good["image"].nunique(),
        "patients": good["patient"].nunique(),
        "objects": good["case_id"].nunique(),
        "tasks": good["task"].nunique(),
        "predictions": len(good),
        "failures": len(rows) - len(good),
    }
