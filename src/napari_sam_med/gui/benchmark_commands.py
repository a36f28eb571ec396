"""What napari's command palette does with the dock "SAM Benchmark" of its viewer."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QAbstractButton

from napari_sam_med.gui.benchmark.views.benchmark_view import BenchmarkView
from napari_sam_med.gui.docks import BENCHMARK, NoViewerError, known_docks
from napari_sam_med.gui.palette_presses import press, viewer_in_use


def pair_layers() -> None:
    """Put each Labels layer with the image that it lies on."""
    _press(lambda dock: dock.setup.pairs.pair_button)


def run_benchmark() -> None:
    """Measure the models on the pairs of layers."""
    _press(lambda dock: dock.run_bar.run_button)


def cancel_benchmark() -> None:
    """Stop after the case that is running."""
    _press(lambda dock: dock.run_bar.cancel_button)


def open_run() -> None:
    """Show the rows of a run that was stored earlier."""
    _press(lambda dock: dock.results.open_button)


def open_report() -> None:
    """Open the report of the run in a browser."""
    _press(lambda dock: dock.results.report_button)


def save_rows() -> None:
    """Save the rows that the table shows."""
    _press(lambda dock: dock.results.csv_button)


def _dock() -> BenchmarkView:
    view = known_docks().peek(viewer_in_use(), BENCHMARK)
    if not isinstance(view, BenchmarkView):
        msg = "SAM Benchmark is not open; open it from the menu Plugins"
        raise NoViewerError(msg)
    return view


def _press(button_of: Callable[[BenchmarkView], QAbstractButton]) -> None:
    press(lambda: button_of(_dock()))
