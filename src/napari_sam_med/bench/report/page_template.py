"""The page's template, filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.analysis.between_models.told_apart import many_runs_notes
from napari_sam_med.bench.analysis.ladder import kept
from napari_sam_med.bench.data.hashing import hash_of_path
from napari_sam_med.bench.report.cautions.told_patients import (
    few_patients_notes,
    patients_notes,
)
from napari_sam_med.bench.report.cautions.told_settings import (
    differing_settings_note,
    settings_that_count,
)
from napari_sam_med.bench.report.figures.figure_fonts import FigureFonts
from napari_sam_med.bench.report.joined_runs import names_used_notes
from napari_sam_med.bench.report.methods_text import PromptOrigins
from napari_sam_med.bench.report.report_notes import (
    count_images,
    earlier_note,
    lengths_note,
    short_chains_note,
    unfinished_note,
    unit_of_lengths,
    warnings_of,
)
from napari_sam_med.bench.run.store.data_places import PLACES
from napari_sam_med.bench.run.store.run_store import MANIFEST, RESULTS
from napari_sam_med.core.storage.atomic_files import (
    check_free,
    check_not_read,
    files_in,
)
from napari_sam_med.errors import FileWriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    import pandas as pd

    from napari_sam_med.bench.run.store.run_store import RunStore

TEMPLATE = "report.html.j2"
PAGE_MARK = b"<title>Simulated-prompt benchmark</title>"
LONGEST_HEAD = 1024
"""Bytes within which the mark stands in every page, today's and earlier ones."""


def filled_page(
    rows: pd.DataFrame, manifests: Mapping[str, dict[str, Any]], **parts: Any
) -> str:
    """Fill the template in.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row`` and ``run``.
    manifests : mapping of str to dict
        Of the runs, by folder; each with ``run``, its name in the rows.
    **parts
        What the kind of run has to say: ``findings``, ``findings_by_task``,
        ``methods``, ``sections``, ``files``, ``profile_notes``, ``not_asked``,
        ``details``, ``n_details``, ``floors`` and ``reading``.

    Returns
    -------
    str
        The page.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("napari_sam_med.bench.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template(TEMPLATE)
    return template.render(**_notes(rows, manifests), **parts)


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


def check_page(out: Path, stores: Iterable[RunStore], *, overwrite: bool) -> None:
    """Refuse a place for a page that is taken, or that the page is made from.

    Parameters
    ----------
    out : Path
        The page; an earlier page of ours is replaced.
    stores : iterable of RunStore
        The runs that it is about.
    overwrite : bool
        Replace whatever else is there, but for files of the runs and their data.

    Raises
    ------
    FileWriteError
        If it is a folder, exists and may not be replaced, or is read for the page.
    """
    if out.is_file() and is_report(out):
        check_free(out, overwrite=True)
        return
    check_free(out, overwrite=overwrite)
    if not out.exists():
        return
    for store in stores:
        own = [store.folder / name for name in (MANIFEST, RESULTS, PLACES)]
        check_not_read([out], files_in(*own))
        if hash_of_path(out) in {file["sha256"] for file in store.manifest()["files"]}:
            msg = (
                f"{out} is a file of the data of {store.folder}, which is never "
                "overwritten; give another name"
            )
            raise FileWriteError(msg)


def of_each_run(
    rows: pd.DataFrame,
    manifests: Mapping[str, dict[str, Any]],
    make: Callable[[pd.DataFrame, Mapping[str, Any]], Any],
) -> list[Any]:
    """Make something of the rows and the manifest of each run."""
    return [
        make(kept(rows, rows["run"].eq(manifest["run"])), manifest)
        for manifest in manifests.values()
    ]


def _notes(
    rows: pd.DataFrame, manifests: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    """Collect what a reader has to know, and what was skipped."""
    unfinished = list(filter(None, of_each_run(rows, manifests, unfinished_note)))
    cautions = [
        *unfinished,
        differing_settings_note(manifests.values()),
        *names_used_notes(rows, manifests.values()),
        *many_runs_notes(manifests.values()),
        *patients_notes(rows, manifests.values()),
        *few_patients_notes(rows),
        *of_each_run(rows, manifests, short_chains_note),
        *(earlier_note(manifest) for manifest in manifests.values()),
        FigureFonts.of(rows).note,
    ]
    return {
        "manifests": manifests,
        "settings_that_count": settings_that_count,
        "lengths": list(filter(None, map(lengths_note, manifests.values()))),
        "unit": " or ".join(sorted(set(map(unit_of_lengths, manifests.values())))),
        "headline": PromptOrigins.of(rows, manifests.values()).headline,
        "warnings": [each for one in manifests.values() for each in warnings_of(one)],
        "cautions": [*dict.fromkeys(filter(None, cautions))],
        "unfinished": unfinished,
        "counts": _counts(rows),
        "failures": rows[rows["error"].ne("")].to_dict("records"),
        "empty": [
            name for one in manifests.values() for name in one.get("without_object", ())
        ],
    }


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    good = kept(rows, rows["error"].eq(""))
    return {
        "images": count_images(good),
        "patients": good["patient"].nunique(),
        "objects": good["case_id"].nunique(),
        "tasks": good["task"].nunique(),
        "scored masks": len(good),
        "failures": len(rows) - len(good),
    }
