"""Marks of points that are neither too small nor too large on the screen."""

from __future__ import annotations

from typing import Any

from napari.layers import Points
from qtpy.QtGui import QGuiApplication


def limit_marks(layer: Points, limits: tuple[int, int]) -> None:
    """Keep the marks of a layer between two sizes, for as long as it lives.

    Parameters
    ----------
    layer : Points
        Its marks grow and shrink with the zoom between the limits.
    limits : (smallest, largest)
        Pixels of the window; on a screen that is scaled each is several of its own.

    Notes
    -----
    On a slice without points napari 0.9 draws one of size 0, white, at the layer's
    first voxel; a smallest size makes that one seen, so that it holds only where there
    are points.
    """

    def on_cut(_event: Any = None) -> None:
        # vispy counts the screen's own pixels
        smallest, largest = (round(each * pixels_ratio()) for each in limits)
        # napari says nowhere else whether a cut has points
        wanted = (smallest if len(layer._view_data) else 0, largest)  # noqa: SLF001
        if tuple(layer.canvas_size_limits) != wanted:
            layer.canvas_size_limits = wanted

    layer.events.set_data.connect(on_cut)
    on_cut()


def pixels_ratio() -> float:
    """How many pixels of the screen a pixel of the window is wide."""
    app = QGuiApplication.instance()
    return 1.0 if app is None else float(app.devicePixelRatio())
