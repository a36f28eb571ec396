"""What a box gains over a point, and IoU by size, number of parts and modality."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.analysis.between_models.common_cases import COMMON, OWN
from napari_sam_med.bench.analysis.ladder import ALL_TASKS, ENOUGH
from napari_sam_med.bench.report.figures.figure_style import (
    DIM,
    WIDTH,
    colours_of,
    figure_with,
    new_axes,
    plain_label,
    style,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_POINTS = 2000
"""Of a cloud; more are not told apart at this size."""
BINS = 8
MANY_PARTS = 4
FEW_DECADES = 50
"""Largest over smallest object, below which powers of ten label one or two places."""
PROMPTS = {"box": ("-", "one box"), "point": ("--", "one point")}


def gap_dots(by_task: pd.DataFrame) -> Figure:
    """Draw what one box gains over one point, task by task.

    Parameters
    ----------
    by_task : pandas.DataFrame
        One profile's part of what ``summarise_gaps`` gives.

    Returns
    -------
    Figure
        The task with the largest mean gain on top, a colour for each model.
    """
    tasks = by_task[by_task["task"].ne(ALL_TASKS)]
    order = tasks.groupby("task")["gap"].mean().sort_values()
    places = {str(task): place for place, task in enumerate(order.index)}
    axes = new_axes(height=1.0 + 0.22 * len(places), grid="x")
    axes.axvline(0, color=DIM, lw=1)
    for model, colour in colours_of(list(tasks["model"])).items():
        mine = tasks[tasks["model"].eq(model)]
        heights = [places[str(task)] for task in mine["task"]]
        axes.scatter(mine["gap"], heights, s=22, color=colour, alpha=0.85,
                     label=plain_label(model))  # fmt: skip
    axes.set_yticks(list(places.values()), [plain_label(task) for task in places])
    axes.set(xlabel="IoU with one box minus IoU with one point")
    axes.set_ylim(-0.6, len(places) - 0.4)
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.legend(frameon=False, fontsize=8, ncols=3, loc="lower left",
                bbox_to_anchor=(0.0, 1.0))  # fmt: skip
    return figure_with(axes)


def factor_plots(gaps: pd.DataFrame) -> Figure:
    """Draw IoU against size and number of parts, for one box and for one point.

    Parameters
    ----------
    gaps : pandas.DataFrame
        One profile's part of what ``prompt_gaps`` gives.

    Returns
    -------
    Figure
        Means of eight equal parts of the sizes; single objects as points behind them.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH * 1.15, 3.4))
    size, parts = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    colours = colours_of(list(gaps["model"]))
    for model, mine in gaps.groupby("model", sort=True):
        for prompt, (line, _) in PROMPTS.items():
            _by_size(size, mine, prompt, colours[str(model)], line)
            _by_parts(parts, mine, prompt, colours[str(model)], line)
        size.plot([], [], color=colours[str(model)], label=plain_label(str(model)))
    for line, label in PROMPTS.values():
        size.plot([], [], line, color=DIM, label=label)
    size.set(xscale="log", xlabel="object, pixels of the slice", ylabel="IoU")
    _label_sizes(size, gaps["area_px"].to_numpy(float))
    size.set_ylim(0, 1)
    parts.set(xlabel="parts of the object")
    ticks = range(1, MANY_PARTS + 1)
    parts.set_xticks(ticks, [*map(str, ticks[:-1]), f"{MANY_PARTS}+"])
    for axes in (size, parts):
        style(axes)
    figure.legend(loc="lower center", bbox_to_anchor=(0.5, 0.98), frameon=False,
                  fontsize=8, ncols=4)  # fmt: skip
    figure.tight_layout()
    return figure


def modality_bars(by_modality: pd.DataFrame) -> Figure:
    """Draw the mean IoU of each modality's tasks, with one point and with one box.

    Parameters
    ----------
    by_modality : pandas.DataFrame
        One profile's part of what ``summarise_modalities`` gives.

    Returns
    -------
    Figure
    """
    axes = new_axes(height=3.0)
    counts = by_modality.groupby("modality")["n_tasks"].agg(["min", "max"])
    models = sorted(by_modality["model"].unique())
    colours, width = colours_of(models), 0.8 / len(models)
    for number, model in enumerate(models):
        mine = by_modality[by_modality["model"].eq(model)].set_index("modality")
        mine = mine.reindex(counts.index)
        places = np.arange(len(counts)) + (number - (len(models) - 1) / 2) * width
        axes.vlines(places, mine["point"], mine["box"], color=colours[model], lw=1)
        axes.scatter(places, mine["box"], s=24, color=colours[model],
                     label=plain_label(model))  # fmt: skip
        axes.scatter(places, mine["point"], s=24, facecolors="none",
                     edgecolors=colours[model])  # fmt: skip
    axes.scatter([], [], s=24, color=DIM, label="one box")
    axes.scatter([], [], s=24, facecolors="none", edgecolors=DIM, label="one point")
    names = [
        f"{name}\n{_tasks(least, most)}"
        for name, least, most in counts.itertuples(name=None)
    ]
    axes.set_xticks(range(len(counts)), names)
    axes.set(ylabel="IoU, mean over tasks", ylim=(0, 1))
    axes.legend(frameon=False, fontsize=8, ncols=4, loc="lower left",
                bbox_to_anchor=(0.0, 1.0))  # fmt: skip
    return figure_with(axes)


def modality_means(by_modality: pd.DataFrame) -> str:
    """Say over which tasks the means of ``modality_bars`` are, for its caption."""
    kinds = by_modality["tasks"]
    own = sorted(by_modality.loc[kinds.eq(OWN), "modality"].unique())
    shared = "that all models have" if kinds.eq(COMMON).any() else "of each"
    apart = (
        f" In {' and '.join(own)} the models have no task in common: each mean is over "
        "a model's own, not to be compared."
    )
    return f"means over the tasks {shared}.{apart if own else ''}"


def _tasks(least: int, most: int) -> str:
    span = f"{least}" if least == most else f"{least} to {most}"
    return f"{span} task{'s' * (most != 1)}"


def _label_sizes(axes: Axes, sizes: npt.NDArray[np.float64]) -> None:
    """Label a logarithmic axis in plain numbers that do not overlap."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    narrow = sizes.max() < FEW_DECADES * max(1.0, sizes.min())
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _by_size(
    axes: Axes, mine: pd.DataFrame, prompt: str, colour: str, line: str
) -> None:
    if prompt == "box":
        few = mine.iloc[:: max(1, len(mine) // MOST_POINTS)]
        axes.scatter(few["area_px"], few[prompt], s=4, color=colour, alpha=0.25,
                     linewidths=0, rasterized=True)  # fmt: skip
    ordered = mine.sort_values("area_px", kind="stable")
    count = max(1, min(BINS, len(ordered) // ENOUGH))
    groups = np.array_split(np.arange(len(ordered)), count)
    sizes, values = (ordered[name].to_numpy(float) for name in ("area_px", prompt))
    axes.plot(
        [np.median(sizes[group]) for group in groups],
        [values[group].mean() for group in groups],
        line, color=colour, marker="o", markersize=3,
    )  # fmt: skip


def _by_parts(
    axes: Axes, mine: pd.DataFrame, prompt: str, colour: str, line: str
) -> None:
    means = mine.groupby(mine["n_parts"].clip(upper=MANY_PARTS))[prompt].mean()
    axes.plot(means.index, means, line, color=colour, marker="o", markersize=3)
