"""Builds the dock and connects its parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from napari.components import ViewerModel
from qtpy.QtCore import QSettings

from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.core.selection import Selection
from napari_sam_med.gui.benchmark.benchmark_controller import BenchmarkController
from napari_sam_med.gui.benchmark.benchmark_runner import BenchmarkRunner
from napari_sam_med.gui.benchmark.model_offers import Offer, known_offers
from napari_sam_med.gui.benchmark.result_actions import Desktop, ResultsController
from napari_sam_med.gui.benchmark.views.benchmark_view import BenchmarkView
from napari_sam_med.gui.dock_life import DockLife
from napari_sam_med.gui.shared.widgets.forms import user_settings
from napari_sam_med.session.background.services import Services

PROFILES = {
    Profile.STRICT: "Recommended: the layer's contrast limits, square pixels, clicks "
    "by the larger error, the same draws in any order",
    Profile.AS_RELEASED: "Rule by rule the published code of the 2023 study",
    Profile.AS_WRITTEN: "The text of the 2023 study",
}
SELECTIONS = {
    Selection.BEST_SCORE: "The candidate to which the model gives the highest score",
    Selection.FIRST: "The first candidate, the study's default",
    Selection.ORACLE: "The candidate closest to the truth: an upper bound",
    Selection.SINGLE: "The model's single answer for unambiguous prompts",
}


def build_benchmark_dock(
    viewer: ViewerModel,
    *,
    offers: Sequence[Offer] | None = None,
    settings: QSettings | None = None,
    desktop: Desktop | None = None,
    services: Services | None = None,
) -> BenchmarkView:
    """Build the dock's widget.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers are benchmarked.
    offers : sequence of Offer or None
        The models to choose from; by default all that have a card.
    settings : QSettings or None
        Where the form is remembered; by default the user's configuration folder.
    desktop : Desktop or None
        Save dialog and browser; by default the system's.
    services : Services or None
        Models and threads to share with other docks; by default its own.

    Returns
    -------
    BenchmarkView
        To be docked. Closed by its x it rests, until it is docked again.
    """
    view = BenchmarkView(
        {str(name): hint for name, hint in PROFILES.items()},
        {str(name): hint for name, hint in SELECTIONS.items()},
    )
    runner = BenchmarkRunner(services or Services())
    runs = BenchmarkController(
        viewer,
        view,
        runner,
        known_offers() if offers is None else offers,
        user_settings() if settings is None else settings,
    )
    results = ResultsController(viewer, view, runner, runs, desktop or Desktop())
    view.results_controller = results

    def opened() -> None:
        runs.open()
        results.open()

    def shut(then: Callable[[], None]) -> None:
        runs.shut()
        results.shut()
        then()

    DockLife(view, viewer, opened, shut)
    view.destroyed.connect(runs.close)
    return view
