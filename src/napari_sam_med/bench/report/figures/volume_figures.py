"""Figures of runs over volumes: means by way of prompting, and by clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.bench.analysis.volume_summary import (
    is_floor,
    means_over_tasks,
    tells_mask,
)
from napari_sam_med.bench.protocol.volume_rules.volume_settings import VolumeProfile
from napari_sam_med.bench.report.figures.figure_style import (
    DIM,
    ReportFigure,
    colours_of,
    figure_with,
    new_axes,
    plain_label,
    style,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

CURVES = {"dice": "Dice", "nsd": "NSD"}
CLICK_FLOORS = (
    " Dashed: floors, which are told the true mask of the box's slice, or of the "
    "first, middle and last one."
)
PROMPT_FLOORS = (
    " Upright lines: floors, which are told the true mask of the prompted slices."
)
TOLD = (
    " Models are told the true mask of the prompted slices only at the bottom (mask)."
)
UNEVEN = (
    " Not all of them are over the same tasks: the table of means over tasks tells how "
    "many each has."
)


def volume_figures(summary: pd.DataFrame) -> list[ReportFigure]:
    """Draw the figures of a run over volumes.

    Parameters
    ----------
    summary : pandas.DataFrame
        As ``summarise_volumes`` gives it; one profile.

    Returns
    -------
    list of ReportFigure
    """
    if summary.empty:
        return []
    means = means_over_tasks(summary)
    uneven = UNEVEN if means["n_tasks"].nunique() > 1 else ""
    are_floors = is_floor(means["model"])
    floors, told = are_floors.any(), (~are_floors & tells_mask(means["setting"])).any()
    if summary["profile"].eq(str(VolumeProfile.CVPR25_3D)).all():
        caption = (
            "Dice coefficient and NSD after the box (0) and each click, means over "
            f"tasks.{CLICK_FLOORS * bool(floors)}{uneven}"
        )
        return [ReportFigure("volume_clicks", caption, "finding", click_lines(means))]
    caption = (
        "IoU over the slices of the object by way of prompting, means over tasks."
        f"{PROMPT_FLOORS * bool(floors)}{TOLD * bool(told)}{uneven}"
    )
    return [ReportFigure("volume_prompts", caption, "finding", prompt_dots(means))]


def click_lines(means: pd.DataFrame) -> Figure:
    """Draw Dice and NSD against the clicks.

    Parameters
    ----------
    means : pandas.DataFrame
        As ``means_over_tasks`` gives it.

    Returns
    -------
    Figure
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.2))
    plots = figure.subplots(1, len(CURVES), sharey=True)
    colours = colours_of(list(means["model"]))
    for axes, (measure, name) in zip(plots, CURVES.items(), strict=True):
        style(axes)
        for model, mine in means.groupby("model", sort=True):
            label, colour = plain_label(str(model)), colours[str(model)]
            if is_floor(mine["model"]).all():
                axes.axhline(mine[measure].iloc[0], ls="--", color=colour, label=label)
                continue
            ordered = mine.sort_values("step")
            axes.plot(ordered["step"], ordered[measure], "o-", color=colour,
                      markersize=3.5, label=label)  # fmt: skip
        axes.set(xlabel="clicks after the box", title=name, ylim=(0, 1))
    plots[-1].legend(frameon=False, fontsize=8, loc="upper left",
                     bbox_to_anchor=(1.0, 1.0))  # fmt: skip
    return figure


def prompt_dots(means: pd.DataFrame) -> Figure:
    """Draw the IoU of each way of prompting, a colour for each model.

    Parameters
    ----------
    means : pandas.DataFrame
        As ``means_over_tasks`` gives it.

    Returns
    -------
    Figure
        The best way of a model on top, those that tell it the true mask at the bottom.
    """
    real = means[~is_floor(means["model"])]
    highest = (real if len(real) else means).groupby("setting")["iou"].max()
    highest = highest.reindex(sorted({*means["setting"]}))
    told = tells_mask(highest.index.to_series())
    order = highest.to_frame().assign(fair=~told).sort_values(["fair", "iou"])
    places = {str(setting): place for place, setting in enumerate(order.index)}
    axes = new_axes(height=1.0 + 0.24 * len(places), grid="x")
    for model, colour in colours_of(list(means["model"])).items():
        mine = means[means["model"].eq(model)]
        heights = [places[str(setting)] for setting in mine["setting"]]
        marker, size = ("|", 90) if is_floor(mine["model"]).all() else ("o", 24)
        axes.scatter(mine["iou"], heights, marker=marker, s=size, color=colour,
                     label=plain_label(model))  # fmt: skip
    axes.set_yticks(list(places.values()), [s.replace("_", " ") for s in places])
    axes.set(xlim=(0, 1), xlabel="IoU over slices", ylim=(-0.6, len(places) - 0.4))
    axes.tick_params(axis="y", length=0, labelsize=8, color=DIM)
    axes.legend(frameon=False, fontsize=8, ncols=4, loc="lower left",
                bbox_to_anchor=(0.0, 1.0))  # fmt: skip
    return figure_with(axes)
