"""How much an answer depends on the exact prompt, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.bench.analysis.ladder import ALL_TASKS
from napari_sam_med.bench.analysis.perturbation_analysis import PERTURBATIONS
from napari_sam_med.bench.report.figures.figure_style import (
    DIM,
    colours_of,
    figure_with,
    new_axes,
    plain_label,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


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
