"""Pictures of objects in volumes: the best and the worst of each model, slice by slice.

Masks are not stored: each object is followed once more from its row's prompts, and
shown only if its mask is as good as the row says.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.data.subsets import load_named
from napari_sam_med.bench.protocol.volume_rules.prompts_from_truth import (
    prompts_of_volume,
)
from napari_sam_med.bench.report.cases_to_see import CasePlaces
from napari_sam_med.bench.report.figures.figure_style import ReportFigure, name_of_file
from napari_sam_med.bench.report.figures.galleries import MOST_SECONDS
from napari_sam_med.bench.report.figures.panels_again import (
    MOST_UNLIKE,
    UNLIKE,
    left_out_note,
    loaded_again,
)
from napari_sam_med.bench.report.figures.picture_panels import (
    PicturePanel,
    figure_of_panels,
)
from napari_sam_med.bench.report.over_volumes.volume_tables import (
    NAMES,
    best_and_worst,
)
from napari_sam_med.bench.run.evaluation import Failure, attempt
from napari_sam_med.bench.run.masks.chosen_rows import row_from_record
from napari_sam_med.bench.run.masks.object_masks import object_mask
from napari_sam_med.core.planes import SlicePlane

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    import numpy.typing as npt
    import pandas as pd

    from napari_sam_med.bench.data.labelled_volumes import LabelledVolume
    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.bench.report.figures.panels_again import PictureSource


@dataclass(frozen=True, slots=True, eq=False)
class _ShownObjects:
    """Rows that become the lines of a figure."""

    name: str
    caption: str
    measure: str
    rows: tuple[Row, ...]
    runs: tuple[str, ...]


def volume_galleries_of(
    rows: pd.DataFrame,
    manifests: Mapping[str, Mapping[str, Any]],
    sources: Mapping[str, PictureSource],
    *,
    asked: bool = False,
) -> tuple[list[ReportFigure], str]:
    """Draw the best and the worst objects of each model on a few slices.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row`` and ``run``, all of one profile.
    manifests : mapping of str to mapping
        Of the runs, by folder.
    sources : mapping of str to PictureSource
        By the name of the run in the rows.
    asked : bool
        Take as long as it takes.

    Returns
    -------
    list of ReportFigure, str
        The pictures, and why there are none or not all; may be empty.
    """
    planned = [one for one in _planned(rows) if set(one.runs) <= set(sources)]
    seconds = _seconds(planned, rows)
    if seconds > MOST_SECONDS and not asked:
        return [], (
            f"Pictures of cases would take about {seconds / 60:.0f} minutes of "
            "predicting again; report RUN --pictures draws them."
        )
    places = CasePlaces.of(manifests)
    drawn = [_drawn(one, sources, places) for one in planned]
    figures = [figure for figure, _ in drawn if figure is not None]
    lost = [reason for _, reasons in drawn for reason in reasons]
    return figures, left_out_note(lost, "object", " of the pictures")


def _planned(rows: pd.DataFrame) -> Iterator[_ShownObjects]:
    for ends in best_and_worst(rows):
        for why, part in (("best", ends.best), ("worst", ends.worst)):
            if part.empty:
                continue
            yield _ShownObjects(
                name_of_file(why, ends.model),
                f"The {why} objects of {ends.model}, {ends.prompts}, one on each line: "
                "the first, the middle and the last slice that hold it, and the first "
                "prompted one. Prompts on other slices are not drawn.",
                ends.measure,
                tuple(row_from_record(record) for record in part.to_dict("records")),
                tuple(str(run) for run in part["run"]),
            )


def _seconds(planned: Sequence[_ShownObjects], rows: pd.DataFrame) -> float:
    """Estimate the time by the slowest answer in a volume, which embedded it."""
    slowest = rows.groupby(["model", "image"])["seconds_predict"].max().to_dict()
    return sum(
        float(np.nan_to_num(slowest[row.model, row.image]))
        for one in planned
        for row in one.rows
    )


def _drawn(
    one: _ShownObjects,
    sources: Mapping[str, PictureSource],
    places: CasePlaces,
) -> tuple[ReportFigure | None, list[str]]:
    """Draw a figure, and say why objects are not in it."""
    # whatever a model or a file does here, the numbers are reported all the same
    made = [
        (row, run, attempt(partial(_line, row, sources[run], one.measure, places)))
        for row, run in zip(one.rows, one.runs, strict=True)
    ]
    lost = [found.reason for _, _, found in made if isinstance(found, Failure)]
    shown = [
        (row, run, found) for row, run, found in made if not isinstance(found, Failure)
    ]
    if not shown:
        return None, lost
    figure = attempt(lambda: _figure(one, shown, places))
    if isinstance(figure, Failure):
        return None, [figure.reason] * len(made)
    return figure, lost


def _figure(
    one: _ShownObjects,
    shown: Sequence[tuple[Row, str, list[PicturePanel]]],
    places: CasePlaces,
) -> ReportFigure:
    columns = max(len(panels) for _, _, panels in shown)
    blank: list[PicturePanel | None] = [None]
    return ReportFigure(
        one.name,
        f"{one.caption} Orange: mask; white line: truth.",
        "pictures",
        figure_of_panels(
            [
                panel
                for _, _, panels in shown
                for panel in [*panels, *blank * (columns - len(panels))]
            ],
            columns,
        ),
        is_picture=True,
        commands=tuple(
            (row.case_id, places.command(row, run)) for row, run, _ in shown
        ),
    )


def _line(
    row: Row, source: PictureSource, measure: str, places: CasePlaces
) -> list[PicturePanel] | Failure:
    """Make the panels of an object, or say why there are none."""
    own = places.models.get(row.model, row.model)
    load = partial(loaded_again, source, own, row.model)
    for labelled in load_named(source.source, {row.image}):
        found = object_mask([row], labelled, load, source.settings)
        if abs(found.dice_volume - row.dice) <= MOST_UNLIKE:
            value = row.iou if measure == "iou" else row.dice
            head = f"{row.label_name}, {NAMES[measure].split()[0]} {value:.2f}"
            return _panels(row, labelled, found.mask, head)
        return Failure(UNLIKE)
    return Failure(f"{row.image} cannot be read again")


def _panels(
    row: Row, labelled: LabelledVolume, mask: npt.NDArray[np.bool_], head: str
) -> list[PicturePanel]:
    """Cut the slices out of (Z, Y, X), all shown in one frame."""
    truth = np.equal(labelled.labels, row.label)
    prompts = prompts_of_volume(row.prompts, row.case_id)
    places = _places(truth, row)
    planes = {index: SlicePlane(row.axis, index) for index in sorted(places)}
    cut = {
        index: (plane.take(truth).astype(bool), plane.take(mask).astype(bool))
        for index, plane in planes.items()
    }
    frame = np.any([one for pair in cut.values() for one in pair], axis=0)
    return [
        PicturePanel(
            labelled, row.axis, index, own, found,
            (prompts[index],) if index in prompts else (),
            f"{head if number == 0 else ''}\n{places[index]}: slice {index}",
            frame,
        )
        for number, (index, (own, found)) in enumerate(cut.items())
    ]  # fmt: skip


def _places(truth: npt.NDArray[np.bool_], row: Row) -> dict[int, str]:
    """Say what each of the shown slices is: first, middle, last, prompted."""
    others = tuple(axis for axis in range(3) if axis != row.axis)
    held = np.flatnonzero(truth.any(axis=others))
    named = (
        ("first", held[0]),
        ("middle", held[len(held) // 2]),
        ("last", held[-1]),
        ("prompted", row.slice),
    )
    found: dict[int, str] = {}
    for name, index in named:
        place = int(index)
        found[place] = f"{found[place]}, {name}" if place in found else name
    return found
