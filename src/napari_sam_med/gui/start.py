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
        left.window().splitDockWidget(left, right, Qt.Orientation.Horizontal)
    soon(left.raise_)  # napari brings the second one to the front in its next turn
    return prompts, benchmark
