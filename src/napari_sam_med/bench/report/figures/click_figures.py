"""IoU against the number of clicks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from napari_sam_med.bench.protocol.profiles import DEFAULT
from napari_sam_med.bench.report.figures.figure_style import (
    LINES,
    colours_of,
    figure_with,
    new_axes,
    plain_label,
    style,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from matplotlib.figure import Figure

COLUMNS, ROWS = 4, 7
"""Small plots of a figure: the study's 28 tasks on one page."""


def click_curves(means: pd.DataFrame) -> Figure | None:
    """Draw the mean IoU against the number of clicks.

    Parameters
    ----------
    means : pandas.DataFrame
        As ``mean_over_tasks`` returns it; ``default`` and ``oracle`` are drawn, as far
        as all tasks of a line have them.

    Returns
    -------
    Figure or None
        None if there are no clicks.
    """
    clicks = means[means["setting"].eq("clicks")]
    if clicks.empty:
        return None
    axes = new_axes()
    named = _lines(_in_all_tasks(clicks))
    for (name, mine), colour in zip(
        named.items(), colours_of(list(named)).values(), strict=True
    ):
        for selection, line in LINES.items():
            points = mine[mine["selection"].eq(selection)]
            axes.plot(
                points["step"],
                points["mean"],
                line,
                color=colour,
                marker="o",
                markersize=3.5,
                label=plain_label(f"{name}, {selection}"),
            )
    axes.set(xlabel="clicks", ylabel="IoU, mean over tasks", ylim=(0, 1))
    axes.set_xticks(sorted(clicks["step"].unique()))
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure_with(axes)


def uneven_clicks(means: pd.DataFrame) -> str:
    """Say where later clicks are over fewer cases, or over fewer tasks and not drawn.

    Parameters
    ----------
    means : pandas.DataFrame
        As ``click_curves`` takes them.

    Returns
    -------
    str
        One or two sentences; empty if all clicks are over the same number of cases.
    """
    chosen = means["setting"].eq("clicks") & means["selection"].eq(DEFAULT)
    clicks = means[chosen]
    drawn = _in_all_tasks(clicks)
    said = [
        "Not drawn: clicks that were not made in all tasks of a model."
        if len(drawn) < len(clicks)
        else "",
        fewer_later_cases(drawn),
    ]
    return " ".join(filter(None, said))


def fewer_later_cases(clicks: pd.DataFrame) -> str:
    """Say of which models later clicks are over fewer cases than the first one.

    Parameters
    ----------
    clicks : pandas.DataFrame
        ``model``, ``profile``, ``step`` and ``n`` of what is drawn.

    Returns
    -------
    str
        One sentence; empty if there is none.
    """
    fewer = []
    for name, mine in _lines(clicks).items():
        counts = mine.groupby("step")["n"].sum()
        if counts.iloc[-1] < counts.iloc[0]:
            told = f"{name} {counts.iloc[-1]} of {counts.iloc[0]}"
            fewer.append(f"{told} with {counts.index[-1]}")
    return f"Later clicks are over fewer cases: {'; '.join(fewer)}." if fewer else ""


def _in_all_tasks(clicks: pd.DataFrame) -> pd.DataFrame:
    """Leave out means over fewer tasks than the first click's."""
    key = ["model", "profile", "selection"]
    most = clicks.groupby(key)["n_tasks"].transform("max")
    return clicks[clicks["n_tasks"].eq(most)]


def click_curves_by_task(summary: pd.DataFrame) -> Iterator[Figure]:
    """Draw the IoU of the default mask against the clicks, a small plot for each task.

    Parameters
    ----------
    summary : pandas.DataFrame
        As ``summarise`` returns it.

    Yields
    ------
    Figure
        Of up to 28 tasks; nothing if there are no clicks.
    """
    clicks = summary[
        summary["setting"].eq("clicks") & summary["selection"].eq(DEFAULT)
    ].sort_values("step")
    tasks = sorted(clicks["task"].unique())
    for start in range(0, len(tasks), COLUMNS * ROWS):
        yield _small_plots(clicks, tasks[start : start + COLUMNS * ROWS])


def _small_plots(clicks: pd.DataFrame, tasks: list[str]) -> Figure:
    from matplotlib.figure import Figure

    columns = min(COLUMNS, len(tasks))
    rows = math.ceil(len(tasks) / columns)
    figure = Figure(figsize=(1.9 * columns, 1.45 * rows + 0.5))
    plots = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    named = _lines(clicks)
    colours = colours_of(list(named))
    steps = sorted(clicks["step"].unique())
    for axes, task in zip(plots.flat, tasks, strict=False):
        style(axes)
        axes.set_title(plain_label(task), fontsize=8, loc="left")
        for name, mine in named.items():
            points = mine[mine["task"].eq(task)]
            axes.plot(points["step"], points["mean"], color=colours[name], lw=1.3)
    for axes in plots.flat[len(tasks) :]:
        axes.set_axis_off()
    plots.flat[0].set(ylim=(0, 1), xticks=steps[:: max(1, len(steps) // 4)])
    figure.supxlabel("clicks", fontsize=9)
    figure.supylabel("IoU", fontsize=9)
    for name, colour in colours.items():
        plots.flat[0].plot([], [], color=colour, label=plain_label(name))
    figure.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False,
                  fontsize=8, ncols=3)  # fmt: skip
    figure.tight_layout()
    return figure


def _lines(clicks: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Give what is drawn in one colour; the profile is named where there are two."""
    several = clicks["profile"].nunique() > 1
    return {
        f"{model} ({profile})" if several else str(model): mine
        for (model, profile), mine in clicks.groupby(["model", "profile"], sort=True)
    }
