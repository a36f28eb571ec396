"""Opens a viewer with both docks, on its own or for a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import napari
from napari.viewer import Viewer
from qtpy.QtCore import Qt

from napari_sam_med.bench.data.given_data import GivenData
from napari_sam_med.bench.run.masks.case_lookup import CaseChoice
from napari_sam_med.gui.benchmark.model_offers import known_offers
from napari_sam_med.gui.benchmark.stored.stored_cases import stored_case
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


def start_on_case(folder: Path, choice: CaseChoice, given: GivenData) -> None:
    """Open a viewer on one case of a stored run, and stay until it is closed.

    Parameters
    ----------
    folder : Path
        Of the run.
    choice : CaseChoice
        Which case and answer.
    given : GivenData
        Where the data of the run lie.

    Raises
    ------
    RunError, DatasetError, FileReadError
        As ``stored_case``.
    """
    viewer = napari.Viewer(title="SAM Medical")
    show_case(viewer, folder, choice, given)
    napari.run()


def show_case(
    viewer: Viewer, folder: Path, choice: CaseChoice, given: GivenData
) -> BenchmarkView:
    """Open both docks, and show a case of a stored run with prompts and masks.

    Parameters
    ----------
    viewer : Viewer
        Where to; it must be napari's current viewer.
    folder, choice, given
        As ``start_on_case`` takes them.

    Returns
    -------
    BenchmarkView
        In front.
    """
    case = stored_case(folder, choice, given)
    _, benchmark = open_docks(viewer)
    soon(benchmark.parent().raise_)  # after the turn that brings prompts to the front
    benchmark.results_controller.show_case(case, known_offers())
    return benchmark


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
