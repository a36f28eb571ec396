"""Opens a viewer with both docks, on its own or for a picture."""

from __future__ import annotations

from collections.abc import Sequence

import napari
from napari.utils.notifications import show_error
from napari.viewer import Viewer
from qtpy.QtCore import Qt

from napari_sam_med.errors import SamMedError
from napari_sam_med.gui.benchmark.views.benchmark_view import BenchmarkView
from napari_sam_med.gui.opening.readers import get_reader
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView
from napari_sam_med.gui.shared.later import soon
from napari_sam_med.gui.shared.widgets.plain_labels import plain_tip

PLUGIN = "napari-sam-med"
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


def open_files(viewer: Viewer, files: Sequence[str]) -> None:
    """Open files through napari's readers; one that cannot be read is told."""
    for file in files:
        plugin = None if get_reader(file) is None else PLUGIN
        try:
            viewer.open(file, plugin=plugin)
        except (SamMedError, ValueError, OSError) as error:
            show_error(plain_tip(f"{file}: {error}"))


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
