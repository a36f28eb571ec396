"""A run, or several, as one page that needs nothing but a browser."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.analysis.between_models.told_apart import with_told_names
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.report.cautions.told_tasks import (
    profiles_without_figures,
    tasks_without_lines,
)
from napari_sam_med.bench.report.figures.figure_fonts import FigureFonts
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
from napari_sam_med.bench.report.page_template import (
    check_page,
    filled_page,
    of_each_run,
)
from napari_sam_med.bench.report.report_data import READ, ReportData
from napari_sam_med.bench.report.report_files import write_report_files
from napari_sam_med.bench.report.report_notes import not_asked_of_run
from napari_sam_med.bench.report.report_tables import more_tables
from napari_sam_med.bench.run.store.run_store import REPORT, SUMMARY, RunStore
from napari_sam_med.core.storage.atomic_files import write_text
from napari_sam_med.errors import RunError
from napari_sam_med.io.writing.tables import cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from napari_sam_med.bench.report.figures.panels_again import PictureSource
    from napari_sam_med.bench.report.page_sections import Section

FILES = "_files"
"""What follows a page's name in that of the folder with its tables."""
MOST_DETAILS = 3000
"""Lines of the table of all groups; 28 tasks with five models have 12,000, which are
4 MB and 300 printed pages, and stand in summary.csv."""
PROFILE_NOTES = {
    Profile.AS_RELEASED: "the study's published code, rule by rule; default mask: "
    "candidate 1; means over slices, a patient counting once for each",
    Profile.AS_WRITTEN: "the study's text; default mask: highest predicted IoU; means "
    "over slices, a patient counting once for each",
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
    stores = [RunStore(folder) for folder in folders]
    check_page(out, stores, overwrite=overwrite)
    found = [store.manifest() for store in stores]  # before a folder is looked up
    manifests = {
        str(store.folder): {**manifest, "run": name}
        for store, manifest, name in zip(stores, found, names_of(stores), strict=True)
    }
    rows = joined_rows(stores, READ, categories=True)
    if rows.empty:
        names = ", ".join(str(folder) for folder in folders)
        msg = f"{names} holds no result yet; run the benchmark first"
        raise RunError(msg)
    manifests = with_told_names(manifests, rows)
    data = ReportData.of(rows, manifests)
    best = best_prompts(data)
    tables = [*main_tables(data, best), *more_tables(data)]
    files = out.with_name(f"{out.stem}{FILES}")
    by_run = {
        str(manifest["run"]): pictures.sources[folder]
        for folder, manifest in manifests.items()
        if folder in pictures.sources
    }
    with FigureFonts.of(rows).used():
        seen, note = galleries_of(data, by_run, asked=pictures.asked)
        figures = write_report_files([*figures_of(data), *seen], tables, files)
    notes = " ".join(filter(None, (note, pictures.note)))
    sections = sections_of(data, tables, figures, notes)
    methods = methods_of(data, tables)
    lacking = [
        *tasks_without_lines(data.defaults, tables, data.floors),
        *profiles_without_figures(data.defaults, data.common_defaults),
    ]
    write_text(out, _page(data, best, methods, sections, files.name, lacking))
    return data


def _page(
    data: ReportData,
    best: pd.DataFrame,
    methods: Sequence[str],
    sections: Sequence[Section],
    files: str,
    lacking: Sequence[str],
) -> str:
    not_asked = of_each_run(data.rows, data.manifests, not_asked_of_run)
    return filled_page(
        data.rows,
        data.manifests,
        findings=findings_of(data, best),
        findings_by_task=findings_by_task(best),
        methods=methods,
        sections=sections,
        files=files,
        profile_notes={str(key): note for key, note in PROFILE_NOTES.items()},
        not_asked=[*[text for of_run in not_asked for text in of_run], *lacking],
        details=_details(data.summary),
        n_details=len(data.summary),
        floors=data.floors,
        reading=[],
    )


def _details(summary: pd.DataFrame) -> list[dict[str, Any]]:
    """List all groups, or none where nobody would read so many."""
    return summary.to_dict("records") if len(summary) <= MOST_DETAILS else []
