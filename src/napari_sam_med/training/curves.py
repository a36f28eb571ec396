"""The learning curve of a run as a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from napari_sam_med.core.atomic_files import replacing
from napari_sam_med.training.logs import read_log

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

SMOOTHING_STEPS = 50
VALIDATED = ("box", "point", "point_oracle", "clicks_5")


def plot_log(log: Path, figure_path: Path) -> None:
    """Draw loss and IoU over the steps of a run.

    Parameters
    ----------
    log : pathlib.Path
        The ``log.jsonl`` that `train` wrote.
    figure_path : pathlib.Path
        PNG, SVG or PDF to write.

    Raises
    ------
    FileReadError
        As `read_log`.
    """
    entries = read_log(log)
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    for name in ("first", "corrected"):
        _draw_smooth(left, entries, name)
    left.set(xlabel="step", ylabel="mask loss", yscale="log")
    for name in ("iou", "iou_corrected"):
        _draw_smooth(right, entries, name)
    checked = [entry for entry in entries if "val_box" in entry]
    for name in VALIDATED:
        values = [entry[f"val_{name}"] for entry in checked]
        steps = [entry["step"] for entry in checked]
        right.plot(steps, values, "o-", markersize=3, label=f"validation {name}")
    right.set(xlabel="step", ylabel="mean IoU", ylim=(0, 1))
    for axes in (left, right):
        axes.legend(fontsize="x-small", frameon=False)
    with replacing(figure_path) as part:
        figure.savefig(part, dpi=120)


def _draw_smooth(axes: Axes, entries: list[dict[str, Any]], name: str) -> None:
    """Draw a running mean of a logged value."""
    values = np.array([entry[name] for entry in entries])
    steps = np.array([entry["step"] for entry in entries])
    width = min(SMOOTHING_STEPS, len(values))
    smooth = np.convolve(values, np.full(width, 1 / width), "valid")
    axes.plot(steps[width - 1 :], smooth, label=name)
