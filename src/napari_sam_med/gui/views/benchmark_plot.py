"""Mean IoU of each model by mode and by number of clicks, drawn beside the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from napari_sam_med.gui.views.benchmark_values import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#4c9be8", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#76b7b2", "#edc948")
FONT_PT = 8
MODES = range(1, 6)


class ScorePlot(FigureCanvasQTAgg):
    """Two small axes: the five modes as points, the clicks as lines."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(Figure(layout="constrained"))
        self.setParent(parent)
        self.setMinimumHeight(150)
        self._curves: tuple[tuple[Curve, ...], tuple[Curve, ...]] = ((), ())
        self._colours = ("#262930", "#f0f1f2")
        self.axes_modes, self.axes_clicks = self.figure.subplots(1, 2, sharey=True)
        self._draw()

    def set_colours(self, background: str, text: str) -> None:
        """Follow the viewer's theme; both are colours as ``#rrggbb``."""
        self._colours = (background, text)
        self._draw()

    def set_curves(self, modes: Sequence[Curve], clicks: Sequence[Curve]) -> None:
        """Show these means and no others."""
        self._curves = (tuple(modes), tuple(clicks))
        self._draw()

    def _draw(self) -> None:
        background, text = self._colours
        self.figure.set_facecolor(background)
        modes, clicks = self._curves
        names = list(dict.fromkeys(curve.model for curve in modes + clicks))
        colours = {n: COLOURS[i % len(COLOURS)] for i, n in enumerate(names)}
        for axes, curves, style in (
            (self.axes_modes, modes, "o"),
            (self.axes_clicks, clicks, "o-"),
        ):
            axes.clear()
            self._style(axes)
            for curve in curves:
                (line,) = axes.plot(curve.steps, curve.means, style, markersize=4)
                line.set(color=colours[curve.model], label=curve.model)
        self._titles(names)
        legend_of = self.axes_clicks if clicks else self.axes_modes
        if names:
            legend_of.legend(
                fontsize=FONT_PT, labelcolor=text, frameon=False, loc="best"
            )
        self.draw_idle()

    def _titles(self, names: list[str]) -> None:
        text = self._colours[1]
        small = {"fontsize": FONT_PT, "color": text}
        self.axes_modes.set_xlabel("mode", **small)
        self.axes_clicks.set_xlabel("clicks", **small)
        self.axes_modes.set_ylabel("mean IoU" if names else "", **small)
        self.axes_modes.set_xlim(0.5, len(MODES) + 0.5)
        self.axes_modes.set_xticks(list(MODES))

    def _style(self, axes: Axes) -> None:
        background, text = self._colours
        axes.set_facecolor(background)
        axes.set_ylim(0, 1)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.tick_params(colors=text, labelsize=FONT_PT)
        axes.grid(axis="y", color=text, alpha=0.15)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(text)
