"""All figures of a report, in the order of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.analysis.between_models.common_cases import (
    COMMON,
    OWN,
    answered_throughout,
)
from napari_sam_med.bench.analysis.ladder import ALL_TASKS, ENOUGH
from napari_sam_med.bench.analysis.published_tables import SAME
from napari_sam_med.bench.analysis.statistics import summarise
from napari_sam_med.bench.protocol.profiles import DEFAULT
from napari_sam_med.bench.report.figures.calibration_figures import reliability_figures
from napari_sam_med.bench.report.figures.click_figures import (
    click_curves,
    click_curves_by_task,
    fewer_later_cases,
    uneven_clicks,
)
from napari_sam_med.bench.report.figures.factor_figures import (
    factor_plots,
    gap_dots,
    modality_bars,
    modality_means,
)
from napari_sam_med.bench.report.figures.figure_style import ReportFigure, name_of_file
from napari_sam_med.bench.report.figures.mode_figures import mode_boxes, ranked_dots
from napari_sam_med.bench.report.figures.robustness_figures import (
    clicking_group_lines,
    robustness_dots,
    unlike_tasks,
)
from napari_sam_med.bench.report.report_data import CLICKS, MODES
from napari_sam_med.bench.report.report_table import printed

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from napari_sam_med.bench.report.report_data import ReportData

FEWEST_TASKS = 3
"""For a figure over tasks; two are told by the table at a glance."""
RANKED = (
    "Tasks of {model} ({profile}) from the easiest to the hardest, by the mean over "
    "the modes. Dots: default mask; rings: oracle. {published}"
)
PUBLISHED = (
    "Upright lines: Mazurowski et al. 2023, thick for their default and thin for their "
    "oracle{caution}."
)
CAUTION = ", which is no check of these numbers ({match})"


def figures_of(data: ReportData) -> list[ReportFigure]:
    """Draw all figures of a report that have something to show.

    Parameters
    ----------
    data : ReportData
        Of the runs.

    Returns
    -------
    list of ReportFigure
        Further figures are added here.
    """
    return [
        *_ranked(data),
        *_prompted_once(data),
        *_clicks(data),
        *_factors(data),
        *_calibration(data),
        *_robustness(data),
        *_clicking_groups(data),
    ]


def _ranked(data: ReportData) -> Iterator[ReportFigure]:
    for (profile, model), mine in data.ranked.groupby(["profile", "model"], sort=True):
        if mine["task"].nunique() < FEWEST_TASKS:
            continue
        published = ""
        if mine["published"].notna().any():
            told = sorted({*mine["match"]} - {"", SAME})
            caution = CAUTION.format(match="; ".join(told)) if told else ""
            published = PUBLISHED.format(caution=caution)
        caption = RANKED.format(model=model, profile=profile, published=published)
        name = name_of_file("tasks_ranked", str(profile), str(model))
        yield ReportFigure(name, caption.strip(), "ranking", ranked_dots(mine))


def _prompted_once(data: ReportData) -> Iterator[ReportFigure]:
    defaults = data.common_defaults
    profiles = sorted(str(name) for name in defaults["profile"].unique())
    for profile in profiles:  # each has rules of its own: one box of two says nothing
        figure = mode_boxes(defaults[defaults["profile"].eq(profile)])
        if figure is not None:
            left_out = data.left_out.get((profile, MODES), "")
            caption = f"IoU of each case by mode ({profile}). {left_out}".strip()
            several = (profile,) * (len(profiles) > 1)
            name = name_of_file("iou_by_mode", *several)
            yield ReportFigure(name, caption, "ranking", figure)


def _clicks(data: ReportData) -> Iterator[ReportFigure]:
    figure = click_curves(data.common)
    if figure is not None:
        left_out = [said for (_, kind), said in data.left_out.items() if kind == CLICKS]
        profiles = {*data.common.loc[data.common["setting"].eq("clicks"), "profile"]}
        several = data.defaults["profile"].nunique() > 1
        whose = f" ({', '.join(sorted(profiles))})" * several
        said = (
            f"IoU by number of clicks{whose}.",
            uneven_clicks(data.common),
            *left_out,
        )
        caption = " ".join(filter(None, said))
        yield ReportFigure("iou_by_clicks", caption, "clicks", figure)
    if data.summary["task"].nunique() < FEWEST_TASKS:
        return
    clicks = data.clicks[data.clicks["selection"].eq(DEFAULT)]
    by_step = answered_throughout(clicks, ["profile", "task", "step"])
    curves = summarise(by_step)
    caption = " ".join(filter(None, (
        "IoU of the default mask by number of clicks, task by task"
        f"{_cases_of_tasks(data.defaults, clicks)}.",
        fewer_later_cases(curves),
    )))  # fmt: skip
    for number, one in enumerate(click_curves_by_task(curves), start=1):
        name = f"iou_by_clicks_of_tasks_{number}"
        yield ReportFigure(name, caption, "clicks", one)


def _cases_of_tasks(defaults: pd.DataFrame, clicks: pd.DataFrame) -> str:
    """Say over which cases curves are; empty where it is all of them."""
    key = ["profile", "case_id"]
    own = defaults.loc[defaults["setting"].eq("clicks"), key]
    count, of_all = (len(one[key].drop_duplicates()) for one in (clicks, own))
    if count == of_all:
        return ""
    return (
        f", over the {count} of {of_all} cases that all models of their task answered"
    )


def _factors(data: ReportData) -> Iterator[ReportFigure]:
    by_task, by_modality = data.factors.by_task, data.factors.by_modality
    for profile, gaps in data.factors.gaps.groupby("profile", sort=True):
        here = by_task[by_task["profile"].eq(profile)]
        if here.loc[here["task"].ne(ALL_TASKS), "task"].nunique() >= FEWEST_TASKS:
            caption = f"What one box gains over one point ({profile}), task by task."
            name = name_of_file("box_over_point", str(profile))
            yield ReportFigure(name, caption, "factors", gap_dots(here))
        if gaps["case_id"].nunique() >= 2 * ENOUGH:  # two points of a line
            caption = (
                f"IoU of the default mask by size and by number of parts ({profile}). "
                f"{_correlations(data, str(profile))} {_whose(gaps)}"
            ).strip()
            name = name_of_file("iou_by_size_and_parts", str(profile))
            yield ReportFigure(name, caption, "factors", factor_plots(gaps))
        bars = by_modality[by_modality["profile"].eq(profile)]
        if len(bars):
            caption = f"IoU by modality ({profile}), {modality_means(bars)}"
            name = name_of_file("iou_by_modality", str(profile))
            yield ReportFigure(name, caption, "factors", modality_bars(bars))


def _correlations(data: ReportData, profile: str) -> str:
    """Say the correlations that the figure shows."""
    table = data.factors.correlations
    mine = table[table["profile"].eq(profile) & table["of"].eq("mode5")]
    varied = mine[mine["factor"].eq("size")].dropna(subset="spearman")
    said = [
        f"{one.model} {printed(one.spearman)}{_within(one)}"
        for one in varied.itertuples()
    ]
    if not said:
        return ""
    return (
        "Spearman's correlation of size and IoU with one box over all objects (within "
        f"tasks): {'; '.join(said)}."
    )


def _whose(gaps: pd.DataFrame) -> str:
    """Say over which objects the lines of the figure are, where that is not all."""
    own = sorted(gaps.loc[gaps["cases"].eq(OWN), "model"].astype(str).unique())
    shared = "Over the objects that all models answered." * bool(
        gaps["cases"].eq(COMMON).any()
    )
    apart = (
        "Over its own objects, which are not those of the other models: "
        f"{', '.join(own)}."
    )
    return " ".join(filter(None, (shared, apart * bool(own))))


def _within(one: Any) -> str:
    return f" ({printed(one.spearman_within)})" if one.n_tasks else ""


def _calibration(data: ReportData) -> Iterator[ReportFigure]:
    found = reliability_figures(data.rows, data.floors)
    for number, (caption, figure) in enumerate(found.items(), start=1):
        yield ReportFigure(f"calibration_{number}", caption, "calibration", figure)


def _robustness(data: ReportData) -> Iterator[ReportFigure]:
    for profile, mine in data.perturbed.groupby("profile", sort=True):
        figure = robustness_dots(mine)
        if figure is not None:
            caption = (
                f"IoU of prompts near the exact one ({profile}): dots, with the "
                "standard deviation over the draws of an object; rings: the exact "
                f"prompt. {unlike_tasks(mine, str(profile))}"
            ).strip()
            name = name_of_file("robustness", str(profile))
            yield ReportFigure(name, caption, "robustness", figure)


def _clicking_groups(data: ReportData) -> Iterator[ReportFigure]:
    tables = data.clicking_groups
    for profile in sorted(tables.by_group["profile"].unique()):
        figure = clicking_group_lines(tables, str(profile))
        if figure is not None:
            caption = (
                f"Number of clicks that each clicking group needs ({profile}): group 1 "
                "clicks near the border of what is to be corrected, group 10 around "
                "its centre. Dashed: clicks into the centre. "
                f"{unlike_tasks(tables.by_group, str(profile))}"
            ).strip()
            name = name_of_file("clicking_groups", str(profile))
            yield ReportFigure(name, caption, "robustness", figure)
