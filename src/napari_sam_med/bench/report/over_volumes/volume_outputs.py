"""What a run over volumes leaves in its folder beside its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.analysis.between_models.told_apart import with_told_names
from napari_sam_med.bench.analysis.volume_summary import is_floor, summarise_volumes
from napari_sam_med.bench.protocol.volume_rules.volume_settings import VolumeProfile
from napari_sam_med.bench.report.cases_to_see import CasePlaces
from napari_sam_med.bench.report.figures.figure_fonts import FigureFonts
from napari_sam_med.bench.report.figures.volume_figures import volume_figures
from napari_sam_med.bench.report.joined_runs import joined_rows, names_of
from napari_sam_med.bench.report.methods_text import volume_methods_of
from napari_sam_med.bench.report.over_volumes.volume_galleries import (
    volume_galleries_of,
)
from napari_sam_med.bench.report.over_volumes.volume_tables import (
    beside_floors,
    volume_findings,
    volume_tables,
)
from napari_sam_med.bench.report.page_sections import Section
from napari_sam_med.bench.report.page_template import check_page, filled_page
from napari_sam_med.bench.report.report_files import write_report_files
from napari_sam_med.bench.report.report_page import NO_PICTURES, Pictures
from napari_sam_med.bench.run.store.run_store import SUMMARY
from napari_sam_med.core.storage.atomic_files import write_text
from napari_sam_med.errors import RunError
from napari_sam_med.io.writing.tables import cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from napari_sam_med.bench.report.figures.figure_style import PlacedFigure
    from napari_sam_med.bench.report.report_table import ReportTable
    from napari_sam_med.bench.run.store.run_store import RunStore

FILES = "_files"
READING = {
    VolumeProfile.SAM2_MEDICAL: (
        "A slice is prompted, or up to three: the first of the object, its middle one, "
        "the one with the largest area, or three evenly spaced; with a point, points, "
        "a box or the true mask. The model finds the rest. IoU is the mean over the "
        "slices that hold the object; slices with a mask where there is none are "
        "counted apart (surplus_slices)."
    ),
    VolumeProfile.CVPR25_3D: (
        "A box on the middle slice, moved out by up to five 256ths of the side, then "
        "five clicks, each into the middle of the largest error. NSD is measured at "
        "the tolerance below, and is 0 where the Dice coefficient is at most .2. The "
        "areas under the curves go over clicks 1 to 5 and are at most 4."
    ),
}
FLOORS = (
    "Floors",
    "copy gives each slice of the object the true mask of the nearest prompted slice; "
    "interpolation fills the slices between prompted ones by signed distances. Both "
    "know the truth of the prompted slices, copy also where the object ends.",
)
OUTLINES = (
    "Outlines",
    "NSD: the part of both surfaces within the tolerance of the other one. HD95: 95th "
    "percentile of the distances between surfaces in millimetres (or what is said "
    "above), lower is better.",
)


def is_volume_run(store: RunStore) -> bool:
    """Whether a stored run is one over volumes.

    Parameters
    ----------
    store : RunStore
        The run.

    Raises
    ------
    FileReadError
        If it cannot be read.
    """
    return store.manifest()["settings"]["profile"] in list(VolumeProfile)


def write_volume_summary(store: RunStore) -> pd.DataFrame:
    """Write ``summary.csv``; rows and manifest are read only.

    Parameters
    ----------
    store : RunStore
        A run over volumes.

    Returns
    -------
    pandas.DataFrame
        The summary.

    Raises
    ------
    FileReadError, FileWriteError
        If the run cannot be read or the folder not be written.
    """
    summary = summarise_volumes(store.rows())
    text = summary.map(cell).to_csv(index=False)
    write_text(store.folder / SUMMARY, text)
    return summary


def write_volume_report(
    stores: Sequence[RunStore],
    out: Path,
    *,
    overwrite: bool = False,
    pictures: Pictures = NO_PICTURES,
) -> Path:
    """Write one page about one or several runs over volumes, with tables and figures.

    Parameters
    ----------
    stores : sequence of RunStore
        Of one profile.
    out : Path
        The page; an earlier page of ours is replaced.
    overwrite : bool
        Replace whatever else is there.
    pictures : Pictures
        What pictures of objects are made from.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    RunError
        If the runs hold no row, or are of different profiles.
    FileReadError, FileWriteError
        If a run cannot be read, or the page not be written or would replace another
        file.
    """
    check_page(out, stores, overwrite=overwrite)
    found = [store.manifest() for store in stores]
    manifests = {
        str(store.folder): {**manifest, "run": name}
        for store, manifest, name in zip(stores, found, names_of(stores), strict=True)
    }
    rows = joined_rows(stores)
    profiles = {manifest["settings"]["profile"] for manifest in found}
    if len(profiles) > 1 or rows.empty:
        msg = (
            f"the runs follow {' and '.join(sorted(profiles))}, which measure "
            "different things; set runs of one profile side by side"
        )
        if rows.empty:
            msg = "the runs hold no result yet; run the benchmark first"
        raise RunError(msg)
    manifests = with_told_names(manifests, rows)
    files = out.with_name(f"{out.stem}{FILES}")
    summary = summarise_volumes(rows)
    tables = volume_tables(rows, CasePlaces.of(manifests))
    by_run = {
        str(manifest["run"]): pictures.sources[folder]
        for folder, manifest in manifests.items()
        if folder in pictures.sources
    }
    with FigureFonts.of(rows).used():
        seen, note = volume_galleries_of(rows, manifests, by_run, asked=pictures.asked)
        figures = write_report_files(
            [*volume_figures(summary), *seen], list(tables.values()), files
        )
    notes = " ".join(filter(None, (note, pictures.note)))
    sections = _sections(tables, figures, notes)
    write_text(out, _page(rows, manifests, sections, files.name))
    return out


def _page(
    rows: pd.DataFrame,
    manifests: Mapping[str, dict[str, Any]],
    sections: Sequence[Section],
    files: str,
) -> str:
    profile = VolumeProfile(next(iter(manifests.values()))["settings"]["profile"])
    beside = beside_floors(rows)
    floors = [*rows.loc[is_floor(rows["model"]), "model"].unique()]
    return filled_page(
        rows,
        manifests,
        findings=volume_findings(beside),
        findings_by_task=[],
        methods=volume_methods_of(rows, manifests),
        sections=sections,
        files=files,
        profile_notes={},
        not_asked=[],
        details=[],
        n_details=0,
        floors=floors,
        reading=[("Prompts", READING[profile]), *[FLOORS] * bool(floors), OUTLINES],
    )


def _sections(
    tables: Mapping[str, ReportTable],
    figures: Sequence[PlacedFigure],
    note_on_pictures: str,
) -> list[Section]:
    parts = {
        "finding": ("The finding, beside the floors", ("beside_floors",)),
        "volumes": ("All numbers", ("volumes_over_tasks", "volumes")),
        "pictures": ("Pictures and cases", ("cases_to_see",)),
    }
    return [
        Section(
            name,
            title,
            (note_on_pictures,) if name == "pictures" and note_on_pictures else (),
            tuple(one for one in figures if one.section == name),
            tuple(tables[each] for each in names if each in tables),
            (),
        )
        for name, (title, names) in parts.items()
        if any(each in tables for each in names)
    ]
