"""IoU by mode: how cases spread, and the tasks in the order of their difficulty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.bench.analysis.published_tables import SAME
from napari_sam_med.bench.report.figures.figure_style import (
    DIM,
    colours_of,
    cycled,
    figure_with,
    new_axes,
    plain_label,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STEP = 0.15
"""Between the modes of a task, whose lines are 1 apart."""


def mode_boxes(defaults: pd.DataFrame) -> Figure | None:
    """Draw how the IoU of all cases spreads in each mode.

    Parameters
    ----------
    defaults : pandas.DataFrame
        Rows of the default mask, of one profile.

    Returns
    -------
    Figure or None
        None if there are no modes.
    """
    modes = defaults[defaults["setting"].str.startswith("mode")]
    if modes.empty:
        return None
    axes = new_axes()
    names, models = sorted(modes["setting"].unique()), sorted(modes["model"].unique())
    colours = colours_of(models)
    width = 0.8 / len(models)
    for number, model in enumerate(models):
        of_model = modes[modes["model"].eq(model)]
        values = [of_model.loc[of_model["setting"].eq(n), "iou"] for n in names]
        shift = (number - (len(models) - 1) / 2) * width
        boxes = axes.boxplot(
            values,
            positions=[place + shift for place in range(len(names))],
            widths=width * 0.8,
            patch_artist=True,
            medianprops={"color": "black"},
            flierprops={"marker": ".", "markersize": 3, "alpha": 0.5},
            label=plain_label(model),
        )
        for patch in boxes["boxes"]:
            patch.set(facecolor=colours[model], alpha=0.6, edgecolor=colours[model])
        for points in boxes["fliers"]:
            points.set_rasterized(True)  # thousands, in runs of thousands of cases
    axes.set_xticks(
        range(len(names)), [name.replace("mode", "mode ") for name in names]
    )
    axes.set(ylabel="IoU of the default mask", ylim=(0, 1))
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure_with(axes)


def ranked_dots(ranked: pd.DataFrame) -> Figure:
    """Draw the tasks of one model by rank: each mode's default, oracle, published.

    Parameters
    ----------
    ranked : pandas.DataFrame
        One profile's and model's part of what ``rank_tasks`` gives.

    Returns
    -------
    Figure
        The task with the highest mean on top.
    """
    tasks = ranked.drop_duplicates("task").sort_values("rank")
    count, modes = len(tasks), sorted(ranked["setting"].unique())
    axes = new_axes(height=1.1 + 0.3 * count, grid="x")
    for number, (mode, colour) in enumerate(
        zip(modes, cycled(len(modes)), strict=True)
    ):
        mine = ranked[ranked["setting"].eq(mode)]
        height = mine["rank"] + (number - (len(modes) - 1) / 2) * STEP
        _dots(axes, mine, height, colour, mode.replace("mode", "mode "))
    axes.scatter([], [], s=20, facecolors="none", edgecolors=DIM, label="oracle")
    if ranked["published"].notna().any():
        told = sorted({*ranked["match"]} - {"", SAME})
        label = f"published ({'; '.join(told)})" if told else "published"
        axes.scatter([], [], marker="|", s=50, color=DIM, label=label)
    axes.hlines(
        [rank + 0.5 for rank in range(1, count)], 0, 1, color=DIM, lw=0.3, alpha=0.5
    )
    axes.set_yticks(tasks["rank"], [plain_label(task) for task in tasks["task"]])
    axes.set(xlim=(-0.01, 1.01), ylim=(count + 0.5, 0.5), xlabel="IoU")
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.legend(frameon=False, fontsize=8, ncols=4, loc="lower left",
                bbox_to_anchor=(0.0, 1.0))  # fmt: skip
    return figure_with(axes)


def _dots(
    axes: Axes, mine: pd.DataFrame, height: pd.Series, colour: str, label: str
) -> None:
    axes.hlines(height, mine["default"], mine["oracle"], color=colour, lw=0.8)
    axes.scatter(mine["default"], height, s=16, color=colour, label=label, zorder=3)
    axes.scatter(mine["oracle"], height, s=16, facecolors="none", edgecolors=colour)
    axes.scatter(mine["published"], height, marker="|", s=50, color=colour, lw=1.6)
    axes.scatter(mine["published_oracle"], height, marker="|", s=50, color=colour,
                 lw=0.7, alpha=0.6)  # fmt: skip
