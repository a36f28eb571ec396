"""Opens a viewer with both docks, on its own or for a picture."""

from __future__ import annotations

from collections.abc import Sequence

import napari
from napari.viewer import Viewer
from qtpy.QtCore import Qt

from napari_sam_med.gui.benchmark.views.benchmark_view import BenchmarkView
from napari_sam_med.gui.opening.files_dialog import PLUGIN, open_files
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView
from napari_sam_med.gui.shared.later import soon

PROMPTS, BENCHMARK = "SAM Prompts", "SAM Benchmark"
DOCK_PX = 420
"""Width of a dock beside the other: three candidates and the buttons fit in."""


def start(files: Sequence[str]) -> None:
    """Open a viewer, the files and both docks, and stay until it is closed.

    Parameters
    ----------
    files : sequence of str
        Images and label images.
    """
    viewer = napari.Viewer(title="SAM Medical")
    open_files(viewer, files)
    open_docks(viewer)
    napari.run()


def open_docks(
    viewer: Viewer, *, side_by_side: bool = False
) -> tuple[PromptsView, BenchmarkView]:
    """Open both docks on the right, as the Plugins menu does.

    Parameters
    ----------
    viewer : Viewer
        Where to; it must be napari's current viewer.
    side_by_side : bool
        Next to each other instead of as two tabs with prompts in front.

    Returns
    -------
    PromptsView, BenchmarkView
        The widgets in the docks.
    """
    window = viewer.window
    left, prompts = window.add_plugin_dock_widget(PLUGIN, PROMPTS)
    right, benchmark = window.add_plugin_dock_widget(
        PLUGIN, BENCHMARK, tabify=not side_by_side
    )
    if side_by_side:
        across = Qt.Orientation.Horizontal
        left.window().splitDockWidget(left, right, across)
        docks, widths = [left, right], [DOCK_PX, DOCK_PX]
        # once they are laid out
        soon(lambda: left.window().resizeDocks(docks, widths, across))
    soon(left.raise_)  # napari brings the second one to the front in its next turn
    return prompts, benchmark
