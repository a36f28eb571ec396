"""Marks of points that are neither too small nor too large on the screen."""

from __future__ import annotations

from typing import Any

from napari.layers import Points


def limit_marks(layer: Points, limits: tuple[int, int]) -> None:
    """Keep the marks of a layer between two sizes, for as long as it lives.

    Parameters
    ----------
    layer : Points
        Its marks grow and shrink with the zoom between the limits.
    limits : (smallest, largest)
        Pixels of the screen.

    Notes
    -----
    On a slice without points napari 0.9 draws one of size 0, white, at the layer's
    first voxel; a smallest size makes that one seen, so that it holds only where there
    are points.
    """
    nothing = (0, limits[1])

    def on_cut(_event: Any = None) -> None:
        # napari says nowhere else whether a cut has points
        wanted = limits if len(layer._view_data) else nothing  # noqa: SLF001
        if tuple(layer.canvas_size_limits) != wanted:
            layer.canvas_size_limits = wanted

    layer.events.set_data.connect(on_cut)
    on_cut()
