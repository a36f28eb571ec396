"""Mean IoU of each model by mode and by number of clicks, drawn beside the table.

Painted with Qt itself: matplotlib took 40 to 100 ms a time on the GUI thread, which is
felt while a run goes on; this takes about one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QPainter, QPen
from qtpy.QtWidgets import QWidget

from napari_sam_med.gui.benchmark.views.benchmark_values import Curve
from napari_sam_med.gui.shared.widgets.plain_labels import plain_tip

COLOURS = ("#4c9be8", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#76b7b2", "#edc948")
HINT_PX, MINIMUM_PX = (380, 230), (200, 140)
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX, GAP_PX = 44, 10, 24, 36, 14
FONT_PX = 11
DOT_PX = 3.5
MODES = (1, 2, 3, 4, 5)
FRACTIONS = (0.0, 0.25, 0.5, 0.75, 1.0)
RIGHT, CENTRE = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignHCenter
MIDDLE = Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Axes:
    """Where a half of the plot lies, and which steps it shows.

    Parameters
    ----------
    left, top, width, height : float
        Inside of the frame, in pixels of the widget.
    first, last : int
        Steps at its ends; half a step is left free on either side.
    """

    left: float
    top: float
    width: float
    height: float
    first: int
    last: int

    def place(self, step: float, mean: float) -> QPointF:
        """Give the pixel of a step and a mean IoU."""
        along = (step - self.first + 0.5) / (self.last - self.first + 1)
        return QPointF(
            self.left + along * self.width, self.top + (1 - mean) * self.height
        )


class ScorePlot(QWidget):
    """Two halves with one scale: the five modes as points, the clicks as lines."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(*MINIMUM_PX)
        self._background, self._text = QColor("#262930"), QColor("#f0f1f2")
        self._modes: tuple[Curve, ...] = ()
        self._clicks: tuple[Curve, ...] = ()

    def set_colours(self, background: str, text: str) -> None:
        """Follow the viewer's theme; both are colours as ``#rrggbb``."""
        self._background, self._text = QColor(background), QColor(text)
        self.update()

    def set_curves(self, modes: Sequence[Curve], clicks: Sequence[Curve]) -> None:
        """Show these means and no others."""
        self._modes, self._clicks = tuple(modes), tuple(clicks)
        self.setToolTip(plain_tip(_as_text(self._modes, self._clicks)))
        self.update()

    def curves(self) -> tuple[tuple[Curve, ...], tuple[Curve, ...]]:
        """Return what is shown, by mode and by clicks."""
        return self._modes, self._clicks

    def colour_of(self, model: str) -> QColor:
        """Return the colour in which a model is drawn."""
        names = list(dict.fromkeys(c.model for c in self._modes + self._clicks))
        return QColor(COLOURS[names.index(model) % len(COLOURS)])

    def axes(self) -> tuple[Axes, Axes]:
        """Lay out both halves in the widget's present size."""
        width = (self.width() - LEFT_PX - RIGHT_PX - GAP_PX) / 2
        height = self.height() - TOP_PX - BOTTOM_PX
        most = max((curve.steps[-1] for curve in self._clicks), default=1)
        return (
            Axes(LEFT_PX, TOP_PX, width, height, MODES[0], MODES[-1]),
            Axes(LEFT_PX + width + GAP_PX, TOP_PX, width, height, 1, most),
        )

    def sizeHint(self) -> QSize:
        """Qt: small enough for a dock beside the canvas."""
        return QSize(*HINT_PX)

    def paintEvent(self, _event: Any) -> None:
        """Qt: draw everything."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), self._background)
        font = QFont(self.font())
        font.setPixelSize(FONT_PX)
        painter.setFont(font)
        modes, clicks = self.axes()
        self._draw_frame(painter, modes, "mean IoU by mode")
        self._draw_frame(painter, clicks, "by number of clicks")
        self._draw_fractions(painter, modes)
        for curve in self._modes:
            self._draw_curve(painter, modes, curve, joined=False)
        for curve in self._clicks:
            self._draw_curve(painter, clicks, curve, joined=True)
        self._draw_legend(painter, clicks)
        painter.end()

    def _draw_frame(self, painter: QPainter, axes: Axes, title: str) -> None:
        faint = QColor(self._text)
        faint.setAlpha(45)
        for fraction in FRACTIONS:
            left = axes.place(axes.first - 0.5, fraction)
            painter.setPen(QPen(faint if fraction else self._text, 1))
            painter.drawLine(left, axes.place(axes.last + 0.5, fraction))
        painter.setPen(self._text)
        every = max(1, round((axes.last - axes.first + 1) / 10))
        for step in range(axes.first, axes.last + 1, every):
            at = axes.place(step, 0.0)
            box = QRectF(at.x() - 15, at.y() + 2, 30, 14)
            painter.drawText(box, CENTRE | MIDDLE, str(step))
        below = axes.top + axes.height + 17
        title_box = QRectF(axes.left, below, axes.width, 16)
        painter.drawText(title_box, CENTRE | MIDDLE, title)

    def _draw_fractions(self, painter: QPainter, axes: Axes) -> None:
        for fraction in FRACTIONS:
            at = axes.place(axes.first - 0.5, fraction)
            box = QRectF(0, at.y() - 8, LEFT_PX - 6, 16)
            painter.drawText(box, RIGHT | MIDDLE, f"{fraction:.2f}")

    def _draw_curve(
        self, painter: QPainter, axes: Axes, curve: Curve, *, joined: bool
    ) -> None:
        colour = self.colour_of(curve.model)
        points = [
            axes.place(step, mean)
            for step, mean in zip(curve.steps, curve.means, strict=True)
        ]
        if joined:
            painter.setPen(QPen(colour, 2))
            for start, end in itertools.pairwise(points):
                painter.drawLine(start, end)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        for point in points:
            painter.drawEllipse(point, DOT_PX, DOT_PX)

    def _draw_legend(self, painter: QPainter, axes: Axes) -> None:
        """Name the models above the frames, from left to right."""
        x = float(LEFT_PX)
        for model in dict.fromkeys(c.model for c in self._modes + self._clicks):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.colour_of(model))
            painter.drawEllipse(QPointF(x + DOT_PX, axes.top / 2), DOT_PX, DOT_PX)
            painter.setPen(self._text)
            width = painter.fontMetrics().horizontalAdvance(model)
            box = QRectF(x + 4 * DOT_PX, 0, width + 2, axes.top)
            painter.drawText(box, MIDDLE, model)
            x += 4 * DOT_PX + width + 16


def _as_text(modes: Sequence[Curve], clicks: Sequence[Curve]) -> str:
    """The same means in words, for the tooltip."""
    lines = []
    for what, curves in (("mode", modes), ("clicks", clicks)):
        for curve in curves:
            pairs = zip(curve.steps, curve.means, strict=True)
            means = ", ".join(f"{step}: {mean:.3f}" for step, mean in pairs)
            lines.append(f"{curve.model} by {what}: {means}")
    return "\n".join(lines)
