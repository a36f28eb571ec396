"""Whether a model knows how good its masks are, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.bench.analysis.between_models.common_cases import ALL, COMMON, OWN
from napari_sam_med.bench.analysis.calibration import (
    ALL_MODES,
    compared_masks,
    reliability,
    summarise_calibration,
)
from napari_sam_med.bench.report.figures.figure_style import COLOURS, WIDTH, style
from napari_sam_med.bench.report.report_table import printed

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd
    from matplotlib.figure import Figure

OF_CASES = {
    ALL: "",
    COMMON: "; of the cases and modes that all models answered",
    OWN: "; of its own cases, which are not those of the other models",
}


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
    figure = Figure(figsize=(WIDTH, 4.4))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.plot((0, 1), (0, 1), "--", color=COLOURS[5], label="predicted = true")
    above.plot(bins["score"], bins["iou"], "o-", color=COLOURS[0], label="mean of bin")
    above.set(ylabel="true IoU", ylim=(0, 1), xlim=(0, 1))
    above.legend(frameon=False, fontsize=8)
    middles = (bins["low"] + bins["high"]) / 2
    bars = below.bar(middles, bins["n"], width=0.08, color=COLOURS[0], alpha=0.6)
    below.bar_label(bars, fontsize=7)
    below.margins(y=0.3)
    below.set(xlabel="predicted IoU", ylabel="masks")
    for axes in (above, below):
        style(axes)
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
    judged = compared_masks(rows, floors)
    judged = judged[judged["setting"].eq(ALL_MODES)]
    totals = summarise_calibration(rows, floors)
    totals = totals[totals["setting"].eq(ALL_MODES) & totals["spearman"].notna()]
    for total in totals.itertuples():
        mine = judged["model"].eq(total.model) & judged["profile"].eq(total.profile)
        caption = (
            f"Calibration of the predicted IoU of {total.model}: {total.n} masks, "
            f"one for each object and mode (profile {total.profile}): calibration "
            f"error {printed(total.error)}, Spearman {printed(total.spearman)} over "
            "all masks"
        )
        caption += (
            f", {printed(total.spearman_within)} within tasks" if total.n_tasks else ""
        )
        caption += OF_CASES[total.cases]
        found[caption] = reliability_diagram(judged[mine])
    return found
