"""The parts of the page: which figures and tables stand together, and in what order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.report.main_tables import tables_by_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam_med.bench.report.figures.figure_style import PlacedFigure
    from napari_sam_med.bench.report.report_data import ReportData
    from napari_sam_med.bench.report.report_table import ReportTable

SECTIONS = {
    "finding": ("The finding, task by task", ("best_prompts",)),
    "ranking": ("Tasks by prompt", ("side_by_side", "main")),
    "clicks": ("Corrected by clicks", ("clicks_needed",)),
    "recorded": ("A person's prompts", ("recorded",)),
    "factors": ("Box or point, size, parts and modality",
                ("box_over_point", "factors", "modalities")),
    "published": ("Beside the study", ("published",)),
    "calibration": ("Does the model know?", ("calibration",)),
    "robustness": ("Robustness", ("perturbation", "clicking_groups")),
    "everything": ("A grid of points", ("everything",)),
    "significance": ("Which model is better", ("comparison", "rank_stability")),
    "pictures": ("Pictures and cases", ("cases_to_see",)),
    "costs": ("Cost", ("costs",)),
}  # fmt: skip
"""Names of the sections, with their titles and how the names of their tables begin."""
BY_MODEL = {
    "ranking": ("Prompted once: the five modes", "mode"),
    "clicks": ("Corrected by clicks", "clicks"),
}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page.

    Parameters
    ----------
    name, title : str
        Of the link to it, and for people.
    notes : tuple of str
        What has to be said before its figures.
    figures : tuple of PlacedFigure
    tables : tuple of ReportTable
    by_model : tuple of dict
        As ``tables_by_model`` gives them, with a ``title``.
    """

    name: str
    title: str
    notes: tuple[str, ...]
    figures: tuple[PlacedFigure, ...]
    tables: tuple[ReportTable, ...]
    by_model: tuple[dict[str, Any], ...]


def sections_of(
    data: ReportData,
    tables: Sequence[ReportTable],
    figures: Sequence[PlacedFigure],
    note_on_pictures: str = "",
) -> list[Section]:
    """Put figures and tables into the parts of the page.

    Parameters
    ----------
    data : ReportData
        Of the runs.
    tables : sequence of ReportTable
        All.
    figures : sequence of PlacedFigure
        All.
    note_on_pictures : str
        Why there are no pictures of cases; empty if there are.

    Returns
    -------
    list of Section
        Without those that would be empty.
    """
    found = []
    for name, (title, starts) in SECTIONS.items():
        heading, settings = BY_MODEL.get(name, ("", ""))
        by_model = tables_by_model(data, settings) if settings else []
        section = Section(
            name,
            title,
            (note_on_pictures,) if name == "pictures" and note_on_pictures else (),
            tuple(one for one in figures if one.section == name),
            tuple(one for one in tables if one.name.startswith(starts)),
            tuple({"title": heading, **one} for one in by_model),
        )
        if section.figures or section.tables or section.by_model:
            found.append(section)
    return found
