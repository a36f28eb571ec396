"""The widget of the dock "SAM Benchmark": set-up, results and the run strip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from napari_sam_med.gui.views.benchmark_progress import RunBar
from napari_sam_med.gui.views.benchmark_results import BenchmarkResults
from napari_sam_med.gui.views.benchmark_setup import BenchmarkSetup

MINIMUM_WIDTH_PX = 340  # both docks and a canvas fit side by side into 1366 px


class BenchmarkView(QWidget):
    """Two tabs over one strip of buttons; it only holds the parts together."""

    def __init__(
        self,
        profiles: Mapping[str, str],
        selections: Mapping[str, str],
        parent: Any = None,
    ) -> None:
        """Build it; both mappings are names with explanations for the tooltips."""
        super().__init__(parent)
        self.setObjectName("SAM Benchmark")
        self.setMinimumWidth(MINIMUM_WIDTH_PX)
        self.tabs = QTabWidget(self)
        self.setup = BenchmarkSetup(profiles)
        self.results = BenchmarkResults(selections)
        self.run_bar = RunBar()
        self.tabs.addTab(self.setup, "Set up")
        self.tabs.addTab(self.results, "Results")
        layout = QVBoxLayout(self)
        layout.addWidget(self.tabs, stretch=1)
        layout.addWidget(self.run_bar)

    def set_running(self, *, running: bool) -> None:
        """Lock the form while a run goes on."""
        self.setup.setEnabled(not running)
        self.results.open_button.setEnabled(not running)
        self.run_bar.set_running(running=running)

    def show_setup(self) -> None:
        """Bring the form to the front."""
        self.tabs.setCurrentWidget(self.setup)

    def show_results(self) -> None:
        """Bring the results to the front."""
        self.tabs.setCurrentWidget(self.results)
