"""How much an answer depends on the exact prompt, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.bench.analysis.click_metrics import TARGETS
from napari_sam_med.bench.analysis.ladder import ALL_TASKS
from napari_sam_med.bench.analysis.perturbation_analysis import PERTURBATIONS
from napari_sam_med.bench.report.figures.figure_style import (
    DIM,
    colours_of,
    figure_with,
    new_axes,
    plain_label,
    style,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from napari_sam_med.bench.analysis.clicking_group_analysis import (
        ClickingGroupTables,
    )


def robustness_dots(perturbed: pd.DataFrame) -> Figure | None:
    """Draw the IoU of perturbed prompts beside that of the exact one.

    Parameters
    ----------
    perturbed : pandas.DataFrame
        One profile's part of what ``summarise_perturbation`` gives.

    Returns
    -------
    Figure or None
        Means over tasks; a bar for the standard deviation over the draws of an object.
        None if nothing was perturbed.
    """
    if perturbed.empty:
        return None
    over = perturbed["task"].eq(ALL_TASKS)
    shown = perturbed[over] if over.any() else perturbed
    models = sorted(shown["model"].unique())
    colours = colours_of(models)
    kinds = [kind for kind in PERTURBATIONS if shown["setting"].eq(kind).any()]
    axes = new_axes(height=1.2 + 0.25 * len(kinds) * len(models), grid="x")
    step = 0.8 / len(models)
    for number, model in enumerate(models):
        mine = shown[shown["model"].eq(model)].set_index("setting").reindex(kinds)
        heights = [
            place + (number - (len(models) - 1) / 2) * step
            for place in range(len(kinds))
        ]
        axes.hlines(heights, mine["mean"], mine["unperturbed"], color=colours[model],
                    lw=0.8)  # fmt: skip
        axes.errorbar(mine["mean"], heights, xerr=mine["spread"].fillna(0), fmt="o",
                      color=colours[model], markersize=4, lw=2.2, alpha=0.8,
                      label=plain_label(model))  # fmt: skip
        axes.scatter(mine["unperturbed"], heights, s=26, facecolors="none",
                     edgecolors=colours[model], zorder=3)  # fmt: skip
    axes.scatter([], [], s=26, facecolors="none", edgecolors=DIM, label="unperturbed")
    axes.set_yticks(range(len(kinds)), [kind.replace("_", " ") for kind in kinds])
    axes.set(xlabel="IoU", xlim=(0, 1), ylim=(len(kinds) - 0.5, -0.5))
    axes.legend(frameon=False, fontsize=8, ncols=4, loc="lower left",
                bbox_to_anchor=(0.0, 1.0))  # fmt: skip
    return figure_with(axes)


def clicking_group_lines(tables: ClickingGroupTables, profile: str) -> Figure | None:
    """Draw the number of clicks that each clicking group needs.

    Parameters
    ----------
    tables : ClickingGroupTables
        Of all runs.
    profile : str
        Whose rows are drawn.

    Returns
    -------
    Figure or None
        A plot for each target, means over tasks; None if there are no groups.
    """
    from matplotlib.figure import Figure

    groups, spread = (
        _over_tasks(table[table["profile"].eq(profile)])
        for table in (tables.by_group, tables.spread)
    )
    if groups.empty:
        return None
    figure = Figure(figsize=(6.4, 2.5))
    plots = figure.subplots(1, len(TARGETS), sharey=True)
    for axes, target in zip(plots, TARGETS, strict=True):
        style(axes)
        _draw_target(axes, groups, spread[spread["target"].eq(target)], target)
    # all plots share this axis; a chain that fails counts with its cap
    plots[0].set(ylabel="number of clicks", ylim=(0, 1.05 * groups["cap"].max()))
    if spread["centre"].notna().any():
        plots[0].plot([], [], color=DIM, ls="--", lw=1, label="clicks into the centre")
    handles, labels = plots[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", bbox_to_anchor=(0.5, 1.0),
                  frameon=False, fontsize=8, ncols=3)  # fmt: skip
    figure.tight_layout()
    return figure


def unlike_tasks(table: pd.DataFrame, profile: str) -> str:
    """Say that models have other tasks, or that some are not drawn, for a caption.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``task_means`` gives it.
    profile : str
        Whose rows are drawn.
    """
    mine = table[table["profile"].eq(profile)]
    shown = _over_tasks(mine)
    tasks = mine[mine["task"].ne(ALL_TASKS)].groupby("model")["task"].agg(frozenset)
    missing = sorted(set(tasks.index) - {*shown["model"]})
    drawn = tasks.drop(missing)
    said = [
        "Means over tasks are over each model's own, which differ: not to be compared."
        if drawn.nunique() > 1
        else "",
        f"Not drawn, since of one task only: {', '.join(missing)}." if missing else "",
    ]
    return " ".join(filter(None, said))


def _over_tasks(table: pd.DataFrame) -> pd.DataFrame:
    over = table["task"].eq(ALL_TASKS)
    return table[over] if over.any() else table


def _draw_target(
    axes: Axes, groups: pd.DataFrame, spread: pd.DataFrame, target: float
) -> None:
    """Draw a line for each model, and dashes for its clicks into the centre."""
    for model, colour in colours_of(list(groups["model"])).items():
        mine = groups[groups["model"].eq(model)].sort_values("group")
        axes.plot(mine["group"], mine[f"noc{100 * target:.0f}"], "o-", color=colour,
                  markersize=3, lw=1.3, label=plain_label(model))  # fmt: skip
        for centre in spread.loc[spread["model"].eq(model), "centre"].dropna():
            axes.axhline(centre, color=colour, ls="--", lw=1)
    axes.set_title(f"to IoU {target:.2f}", fontsize=9, loc="left")
    axes.set(xlabel="clicking group", xticks=[1, 4, 7, 10])
