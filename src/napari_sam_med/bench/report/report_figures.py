"""Figures of a report, as pictures that stand inside the page."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

from napari_sam_med.bench.analysis.calibration import (
    ALL_MODES,
    judged_masks,
    reliability,
    summarise_calibration,
)
from napari_sam_med.core.storage.plain_text import on_one_line

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from napari_sam_med.bench.report.report_data import ReportData

COLOURS = ("#2f6f9f", "#d1762c", "#4b8b57", "#8a5a9e", "#b8434e", "#6b6b6b")
LINES = {"default": "-", "oracle": "--"}


def figures_of(data: ReportData) -> dict[str, Figure]:
    """Draw all figures of a report.

    Parameters
    ----------
    data : ReportData
        Of the runs.

    Returns
    -------
    dict of str to Figure
        By caption, in order; further figures are added here.
    """
    of_common = f"IoU by number of clicks. {data.left_out}".strip()
    drawn = {
        of_common: click_curves(data.common),
        f"IoU of each case by mode. {data.left_out}".strip(): mode_boxes(
            data.common_defaults
        ),
        **reliability_figures(data.rows, data.floors),
    }
    return {title: one for title, one in drawn.items() if one is not None}


def click_curves(means: pd.DataFrame) -> Figure | None:
    """Draw the mean IoU against the number of clicks.

    Parameters
    ----------
    means : pandas.DataFrame
        As ``mean_over_tasks`` returns it; ``default`` and ``oracle`` are drawn.

    Returns
    -------
    Figure or None
        None if there are no clicks.
    """
    clicks = means[means["setting"].eq("clicks")]
    if clicks.empty:
        return None
    axes = _axes(width=6.4, height=3.6)
    for colour, (model, of_model) in zip(
        _cycled(clicks["model"].nunique()), clicks.groupby("model"), strict=True
    ):
        for selection, line in LINES.items():
            points = of_model[of_model["selection"].eq(selection)]
            axes.plot(
                points["step"],
                points["mean"],
                line,
                color=colour,
                marker="o",
                markersize=3.5,
                label=plain_label(f"{model}, {selection}"),
            )
    axes.set(xlabel="clicks", ylabel="IoU, mean over tasks", ylim=(0, 1))
    axes.set_xticks(sorted(clicks["step"].unique()))
    axes.legend(frameon=False, fontsize=8)
    return axes.get_figure(root=True)


def mode_boxes(defaults: pd.DataFrame) -> Figure | None:
    """Draw how the IoU of all cases spreads in each mode.

    Parameters
    ----------
    defaults : pandas.DataFrame
        Rows of the default mask.

    Returns
    -------
    Figure or None
        None if there are no modes.
    """
    modes = defaults[defaults["setting"].str.startswith("mode")]
    if modes.empty:
        return None
    axes = _axes(width=6.4, height=3.6)
    names, models = sorted(modes["setting"].unique()), sorted(modes["model"].unique())
    width = 0.8 / len(models)
    for number, (model, colour) in enumerate(
        zip(models, _cycled(len(models)), strict=True)
    ):
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
            patch.set(facecolor=colour, alpha=0.6, edgecolor=colour)
    axes.set_xticks(
        range(len(names)), [name.replace("mode", "mode ") for name in names]
    )
    axes.set(ylabel="IoU of the default mask", ylim=(0, 1))
    axes.legend(frameon=False, fontsize=8)
    return axes.get_figure(root=True)


def reliability_diagram(judged: pd.DataFrame) -> Figure:
    """Draw true against predicted IoU, and how many masks each bin holds.

    Parameters
    ----------
    judged : pandas.DataFrame
        One model's ``score`` and ``iou``, at least one row.

    Returns
    -------
    Figure
        A model that knows its IoU follows the diagonal.
    """
    from matplotlib.figure import Figure

    bins = reliability(judged["score"].to_numpy(float), judged["iou"].to_numpy(float))
    figure = Figure(figsize=(6.4, 4.4))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.plot((0, 1), (0, 1), "--", color=COLOURS[-1], label="predicted = true")
    above.plot(bins["score"], bins["iou"], "o-", color=COLOURS[0], label="mean of bin")
    above.set(ylabel="true IoU", ylim=(0, 1), xlim=(0, 1))
    above.legend(frameon=False, fontsize=8)
    middles = (bins["low"] + bins["high"]) / 2
    bars = below.bar(middles, bins["n"], width=0.08, color=COLOURS[0], alpha=0.6)
    below.bar_label(bars, fontsize=7)
    below.margins(y=0.3)
    below.set(xlabel="predicted IoU", ylabel="masks")
    for axes in (above, below):
        _style(axes)
    return figure


def reliability_figures(
    rows: pd.DataFrame, floors: Collection[str] = ()
) -> dict[str, Figure]:
    """Draw a reliability diagram for each model and profile.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``.
    floors : collection of str
        Models whose scores are no predicted IoU.

    Returns
    -------
    dict of str to Figure
        By caption, which holds the calibration error and the rank correlation; without
        models whose predicted IoU never varies.
    """
    found = {}
    judged = judged_masks(rows)
    totals = summarise_calibration(rows, floors)
    totals = totals[totals["setting"].eq(ALL_MODES) & totals["spearman"].notna()]
    for total in totals.itertuples():
        mine = judged["model"].eq(total.model) & judged["profile"].eq(total.profile)
        caption = (
            f"Calibration of the predicted IoU of {total.model}: {total.n} masks, "
            f"one for each object and mode (profile {total.profile}): calibration "
            f"error {total.error:.3f}, Spearman {total.spearman:.3f} over all masks"
        )
        caption += (
            f", {total.spearman_within:.3f} within tasks" if total.n_tasks else ""
        )
        found[caption] = reliability_diagram(judged[mine])
    return found


def picture_from_figure(figure: Figure) -> str:
    """Turn a figure into an address that holds the picture itself.

    Parameters
    ----------
    figure : Figure
        Any figure.

    Returns
    -------
    str
        ``data:image/svg+xml;base64,...``
    """
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", bbox_inches="tight")
    return "data:image/svg+xml;base64," + base64.b64encode(stream.getvalue()).decode()


def plain_label(text: str) -> str:
    r"""Make a label of a name: matplotlib sets what stands between dollars as formulas.

    Parameters
    ----------
    text : str
        A name that came with data.

    Returns
    -------
    str
        For a legend, which leaves out labels that begin with an underscore.

    Examples
    --------
    >>> plain_label("a_$x$"), plain_label("_b")
    ('a_\\$x\\$', ' _b')
    """
    text = on_one_line(text).replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def _axes(width: float, height: float) -> Axes:
    from matplotlib.figure import Figure

    axes = Figure(figsize=(width, height)).add_subplot()
    _style(axes)
    return axes


def _style(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)


def _cycled(count: int) -> list[str]:
    return [COLOURS[number % len(COLOURS)] for number in range(count)]
