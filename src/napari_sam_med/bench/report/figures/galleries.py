"""Pictures of cases: the five modes, candidates, best and worst, models apart.

Masks are not stored: each is predicted once more from its row's prompts, and shown only
if it is as good as the row says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam_med.bench.analysis.ladder import ENOUGH
from napari_sam_med.bench.report.cases_to_see import (
    CasePlaces,
    compared_setting,
    ends_of,
    lead_of,
    of_setting,
)
from napari_sam_med.bench.report.figures.figure_style import ReportFigure, name_of_file
from napari_sam_med.bench.report.figures.panels_again import (
    PanelsAgain,
    PictureSource,
    WantedPanel,
    left_out_note,
)
from napari_sam_med.bench.report.figures.picture_panels import (
    PicturePanel,
    figure_of_panels,
)
from napari_sam_med.bench.run.evaluation import Failure, attempt
from napari_sam_med.bench.run.masks.chosen_rows import row_from_record
from napari_sam_med.bench.run.store.row_tables import ROW_KEY
from napari_sam_med.bench.run.store.run_store import RunStore

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import pandas as pd

    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.bench.report.report_data import ReportData

MOST_SECONDS = 120.0
"""Of predicting again, as the rows say how long it took; longer is asked for."""
MOST_PAIRS = 3
SELECTIONS = ("first", "best_score", "single", "oracle")


@dataclass(frozen=True, slots=True, eq=False)
class _Gallery:
    """Rows that are to be shown together."""

    name: str
    caption: str
    rows: tuple[Row, ...]
    runs: tuple[str, ...]
    titles: tuple[str, ...]
    columns: int
    of_candidates: bool = False


def galleries_of(
    data: ReportData, sources: Mapping[str, PictureSource], *, asked: bool = False
) -> tuple[list[ReportFigure], str]:
    """Draw pictures of cases.

    Parameters
    ----------
    data : ReportData
        Of the runs.
    sources : mapping of str to PictureSource
        By the name of the run in the rows.
    asked : bool
        Take as long as it takes.

    Returns
    -------
    list of ReportFigure, str
        The pictures, and why there are none or not all; may be empty. Where a model
        cannot be loaded again, cases are chosen as if it were not there.
    """
    planned = _planned(data, sources)
    if not planned:
        return [], ""
    seconds = _seconds(planned)
    if seconds > MOST_SECONDS and not asked:
        return [], (
            f"Pictures of cases would take about {seconds / 60:.0f} minutes of "
            "predicting again; report RUN --pictures draws them."
        )
    places = CasePlaces.of(data.manifests)
    again = PanelsAgain(sources, places)
    drawn: dict[str, ReportFigure | Failure] = {}
    while left := [one for one in planned if one.name not in drawn]:
        # whatever a model or a file does here, the numbers are reported all the same
        drawn |= dict(_drawn(left, again, places))
        planned = _planned(data, sources, again.unloadable)
    figures = [one for one in map(drawn.get, _names(planned))
               if isinstance(one, ReportFigure)]  # fmt: skip
    lost = [one.reason for one in drawn.values() if isinstance(one, Failure)]
    if figures or not lost:
        return figures, left_out_note(lost, "picture")
    return [], f"There are no pictures of cases: {'; '.join(dict.fromkeys(lost))}."


def _names(planned: Sequence[_Gallery]) -> list[str]:
    return [one.name for one in planned]


def _drawn(
    planned: Sequence[_Gallery], again: PanelsAgain, places: CasePlaces
) -> Iterator[tuple[str, ReportFigure | Failure]]:
    """Draw galleries, each or the reason why it cannot be."""
    prompted = attempt(lambda: _with_prompts(planned, places))
    if isinstance(prompted, Failure):
        yield from ((one.name, prompted) for one in planned)
        return
    wanted = [
        WantedPanel(row, run, title, of_candidates=one.of_candidates)
        for one in prompted
        for row, run, title in zip(one.rows, one.runs, one.titles, strict=True)
    ]
    made = iter(again.panels(wanted))
    for one in prompted:
        parts = [next(made) for _ in one.rows]
        lacking = [part for part in parts if isinstance(part, Failure)]
        panels = [panel for part in parts if isinstance(part, list) for panel in part]
        figure = lambda: _figure(one, panels, places)  # noqa: B023, E731
        yield one.name, lacking[0] if lacking else attempt(figure)


def _with_prompts(planned: Sequence[_Gallery], places: CasePlaces) -> list[_Gallery]:
    """Read what the rows were prompted with, which no table of the report needs."""
    columns = [*ROW_KEY, "prompts"]
    known = {}
    for run in {run for one in planned for run in one.runs}:
        of_run = {row.case_id for one in planned for row in one.rows}
        rows = RunStore(Path(places.folders[run])).rows(columns)
        for row in rows[rows["case_id"].isin(of_run)].itertuples(index=False):
            known[(run, *row[:-1])] = row.prompts

    def prompted(row: Row, run: str) -> Row:
        model = places.models.get(row.model, row.model)
        key = (run, row.case_id, model, row.setting, row.step, row.selection)
        return replace(row, prompts=known[key])

    return [
        replace(one, rows=tuple(map(prompted, one.rows, one.runs))) for one in planned
    ]


def _seconds(planned: Sequence[_Gallery]) -> float:
    """Estimate the time by that of the run: each slice is looked at once."""
    rows = [row for one in planned for row in one.rows]
    slices = {
        (row.model, row.image, row.axis, row.slice): row.seconds_embed for row in rows
    }
    return sum(slices.values()) + sum(row.seconds_predict for row in rows)


def _planned(
    data: ReportData,
    sources: Mapping[str, PictureSource],
    without: Collection[str] = (),
) -> list[_Gallery]:
    """Choose cases of models that can be asked again."""
    rows = data.defaults[~data.defaults["model"].isin([*data.floors, *without])]
    askable = rows.loc[rows["run"].isin([*sources]), "model"].unique()
    chosen = _chosen(data.rows, rows[rows["model"].isin(askable)])
    return [one for one in chosen if set(one.runs) <= set(sources)]


def _chosen(rows: pd.DataFrame, real: pd.DataFrame) -> Iterator[_Gallery]:
    """Choose cases; a model with fewer than six has no best and no worst ones."""
    setting = compared_setting(real)
    for profile, mine in real.groupby("profile", sort=True):
        chosen = of_setting(mine, setting)
        counts = chosen.groupby("model")["iou"].agg(["mean", "size"])
        counts = counts[counts["size"].ge(ENOUGH)]
        if counts.empty:
            continue
        best = str(counts["mean"].idxmax())
        own = mine[mine["model"].eq(best)]
        yield from _five_modes(own, str(profile), best)
        yield from _candidates(rows, str(profile), best)
        yield from _ends(chosen[chosen["model"].eq(best)], str(profile), best)
        pairs = list(combinations(sorted(counts.index), 2))[:MOST_PAIRS]
        for pair in pairs:
            for first, second in (pair, pair[::-1]):
                yield from _ahead(chosen, str(profile), str(first), str(second))


def _five_modes(own: pd.DataFrame, profile: str, model: str) -> Iterator[_Gallery]:
    modes = own[own["setting"].str.startswith("mode")]
    means = modes.groupby("case_id")["iou"].mean()
    if means.empty:
        return
    nearest = (means - means.median()).abs().sort_values(kind="stable").index[0]
    rows = modes[modes["case_id"].eq(nearest)].sort_values("setting")
    titles = [f"{s.replace('mode', 'mode ')}, IoU {v:.2f}" for s, v in
              zip(rows["setting"], rows["iou"], strict=True)]  # fmt: skip
    caption = (
        f"The five modes on one case, the one nearest to the median of {model} "
        f"({profile}): {nearest}."
    )
    yield _gallery(("five_modes", profile, model), caption, rows, titles, 5)


def _candidates(rows: pd.DataFrame, profile: str, model: str) -> Iterator[_Gallery]:
    """Choose the case with the largest difference between two candidates."""
    mine = rows[
        rows["model"].eq(model)
        & rows["profile"].eq(profile)
        & rows["error"].eq("")
        & rows["setting"].isin(["mode1", "mode3", "mode5"])
    ]
    wide = mine[mine["selection"].isin(list(SELECTIONS))].pivot_table(
        index=["case_id", "setting"], columns="selection", values="iou"
    )
    if wide.empty:
        return
    spread = (wide.max(axis=1) - wide.min(axis=1)).sort_values(kind="stable")
    case, setting = spread.index[-1]
    if not spread.iloc[-1] > 0:
        return
    row = mine[mine["case_id"].eq(case) & mine["setting"].eq(setting)].iloc[:1]
    caption = (
        f"The candidates of {model} ({profile}) where they disagree most, {setting} of "
        f"{case}, with the predicted and the true IoU of each."
    )
    made = _gallery(("candidates", profile, model), caption, row, [""], 3)
    yield replace(made, of_candidates=True)


def _ends(chosen: pd.DataFrame, profile: str, model: str) -> Iterator[_Gallery]:
    best, worst = ends_of(chosen)
    for name, rows in (("best", best), ("worst", worst)):
        titles = [f"{t}\nIoU {v:.2f}" for t, v in
                  zip(rows["task"], rows["iou"], strict=True)]  # fmt: skip
        caption = (
            f"The {name} cases of {model} ({profile}), {chosen['setting'].iloc[0]}."
        )
        yield _gallery((name, profile, model), caption, rows, titles, 3)


def _ahead(
    chosen: pd.DataFrame, profile: str, first: str, second: str
) -> Iterator[_Gallery]:
    import pandas as pd

    ahead = lead_of(chosen, first, second).iloc[:1]
    if ahead.empty:
        return
    case = ahead["case_id"].iloc[0]
    other = chosen[chosen["model"].eq(second) & chosen["case_id"].eq(case)]
    rows = pd.concat([ahead, other])
    titles = [f"{m}, IoU {v:.2f}" for m, v in
              zip(rows["model"], rows["iou"], strict=True)]  # fmt: skip
    caption = f"Where {first} is farthest ahead of {second} ({profile}): {case}."
    yield _gallery(("ahead", profile, first, second), caption, rows, titles, 2)


def _gallery(
    names: tuple[str, ...],
    caption: str,
    rows: pd.DataFrame,
    titles: Sequence[str],
    columns: int,
) -> _Gallery:
    if "chosen" in rows:  # of default masks, by which rule each is predicted again
        rows = rows.assign(selection=rows["chosen"])
    made = tuple(row_from_record(record) for record in rows.to_dict("records"))
    runs = tuple(str(run) for run in rows["run"])
    return _Gallery(name_of_file(*names), caption, made, runs, tuple(titles), columns)


def _figure(
    one: _Gallery, panels: Sequence[PicturePanel], places: CasePlaces
) -> ReportFigure:
    commands = {
        row.case_id: places.command(row, run)
        for row, run in zip(one.rows, one.runs, strict=True)
    }
    return ReportFigure(
        one.name,
        f"{one.caption} Orange: mask; white line: truth.",
        "pictures",
        figure_of_panels(panels, one.columns),
        is_picture=True,
        commands=tuple(commands.items()),
    )
