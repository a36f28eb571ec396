"""Joins the viewer's layers, the dock's widgets and the worker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from napari.components import ViewerModel
from napari.layers import Layer
from napari.utils.theme import get_theme
from qtpy.QtCore import QObject, QSettings, Qt, QTimer

from napari_sam_med.errors import SamMedError
from napari_sam_med.gui.benchmark.benchmark_runner import BenchmarkRunner
from napari_sam_med.gui.benchmark.layer_pairs import data_layers, grid_of, ticked_pairs
from napari_sam_med.gui.benchmark.model_offers import Offer
from napari_sam_med.gui.benchmark.plot_means import CurveSums
from napari_sam_med.gui.benchmark.prompt_gaps import gaps_of
from napari_sam_med.gui.benchmark.remembered_settings import (
    remember_form,
    remembered_form,
)
from napari_sam_med.gui.benchmark.run_messages import (
    CaseNews,
    OpenedRun,
    RunEnd,
    RunPlan,
)
from napari_sam_med.gui.benchmark.run_request import layer_pairs, run_plan
from napari_sam_med.gui.benchmark.views.benchmark_values import Progress
from napari_sam_med.gui.benchmark.views.benchmark_view import BenchmarkView
from napari_sam_med.gui.napari_io import place_of

DRAW_MS = 1000  # how often the plot follows a run
QUEUED = Qt.ConnectionType.QueuedConnection


class BenchmarkController(QObject):
    """Offers the viewer's layers, starts and stops runs, and takes in their rows.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers are paired.
    view : BenchmarkView
        The widget; it owns this object.
    runner : BenchmarkRunner
        Has cases computed; opened and closed with this.
    offers : sequence of Offer
        The models.
    settings : QSettings
        Where the form is remembered.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        view: BenchmarkView,
        runner: BenchmarkRunner,
        offers: Sequence[Offer],
        settings: QSettings,
    ) -> None:
        super().__init__(view)
        self._viewer, self._view, self._runner = viewer, view, runner
        self._offers, self._settings = tuple(offers), settings
        self._pairs_edited = False
        self._sums = CurveSums()
        self._plan: RunPlan | None = None
        self._report: Path | None = None
        self._layers_in_run: list[Layer] = []
        self._reason = ""
        self._is_first_case = True
        self._is_running = False
        self._draw = QTimer(self)
        self._draw.setSingleShot(True)
        self._draw.setInterval(DRAW_MS)
        view.setup.set_models([offer.shown for offer in offers])
        view.setup.set_form(remembered_form(settings))
        self._is_open = False
        self._connect()
        self.open()

    @property
    def plan(self) -> RunPlan | None:
        """The run that is going on, or the last one; None if an older one is shown."""
        return self._plan

    @property
    def report(self) -> Path | None:
        """The report on the rows that are shown, if there is one."""
        return self._report

    def layers_of_plan(self) -> list[Layer]:
        """List the layers of the last run that are still in the viewer."""
        pairs = self._plan.pairs if self._plan else ()
        used = {p for pair in pairs for p in (pair.image_place, pair.labels_place)}
        return [layer for layer in self._viewer.layers if place_of(layer) in used]

    def show_opened(self, run: OpenedRun) -> None:
        """Put an older run into the table, in place of what it shows."""
        if run.error:
            self._say(run.error, error=True)
            return
        self._plan, self._sums = None, run.sums
        self._view.results.clear()
        self._view.results.append(run.rows, run.texts)
        self._set_report(run.report)
        self._view.show_results()
        self._on_draw()
        self._say(f"Opened {len(run.rows):,} rows of {run.folder}.")

    def open(self) -> None:
        """Take up the viewer; after ``close``, with the form and the rows there are."""
        if self._is_open:
            return
        self._is_open = True
        self._runner.open()
        events = self._viewer.layers.events
        for emitter in (events.inserted, events.removed, events.renamed):
            emitter.connect(self._on_layers)
        events.removed.connect(self._on_removed)
        self._viewer.events.theme.connect(self._on_theme)
        self._on_theme()
        self._on_layers()

    def close(self) -> None:
        """Let go of the viewer, and stop a run after the case that is computed."""
        if not self._is_open:
            return
        self._is_open = False
        events = self._viewer.layers.events
        for emitter in (events.inserted, events.removed, events.renamed):
            emitter.disconnect(self._on_layers)
        events.removed.disconnect(self._on_removed)
        self._viewer.events.theme.disconnect(self._on_theme)
        self._runner.close()
        self._view.run_bar.activity.end()
        self._draw.stop()

    def shut(self) -> None:
        """Close, and show that a run has ended, to whoever opens the dock again."""
        was_running = self._is_running
        self.close()
        if was_running:
            self._is_running = False
            self._layers_in_run = []
            self._view.set_running(running=False)
            self._say(
                "The dock was closed before the end of this run; run it again in its "
                "folder to go on."
            )

    def _connect(self) -> None:
        view, runner = self._view, self._runner
        view.run_bar.run_requested.connect(self._on_run)
        view.run_bar.cancel_requested.connect(self._on_cancel)
        view.setup.pairs.pairs_changed.connect(self._on_pairs_edited)
        view.setup.pairs.pairing_requested.connect(self._pair)
        view.results.selection_changed.connect(self._on_draw)
        view.results.filter.textChanged.connect(self._on_draw)
        self._draw.timeout.connect(self._on_draw)
        runner.case_done.connect(self._on_case, QUEUED)
        runner.stage_changed.connect(self._on_stage, QUEUED)
        runner.run_ended.connect(self._on_end, QUEUED)

    def _on_theme(self, _event: object = None) -> None:
        theme = get_theme(self._viewer.theme)
        self._view.results.plot.set_colours(
            theme.background.as_hex(), theme.text.as_hex()
        )

    def _on_layers(self, _event: object = None) -> None:
        images, labels = data_layers(self._viewer.layers)
        pairs = self._view.setup.pairs
        changed = pairs.set_layers([i.name for i in images], [t.name for t in labels])
        if changed and not self._pairs_edited:
            self._pair()

    def _on_removed(self, event: object) -> None:
        layer = event.value  # type: ignore[attr-defined]
        if layer in self._layers_in_run:
            self._reason = f"{layer.name} was removed from the viewer; "
            self._runner.cancel()

    def _on_pairs_edited(self) -> None:
        self._pairs_edited = True

    def _pair(self) -> None:
        self._pairs_edited = False
        images, labels = data_layers(self._viewer.layers)
        grids = [[grid_of(layer) for layer in group] for group in (images, labels)]
        found = ticked_pairs(*([g for g in group if g] for group in grids))
        self._view.setup.pairs.set_pairs(found)

    def _on_run(self) -> None:
        images, labels = data_layers(self._viewer.layers)
        form = self._view.setup.form()
        try:
            pairs = layer_pairs(self._view.setup.pairs.pairs(), images, labels)
            plan = run_plan(form, pairs, self._offers)
        except SamMedError as error:
            self._say(str(error), error=True)
            return
        remember_form(self._settings, form)
        self._plan, self._sums, self._reason = plan, CurveSums(), ""
        self._layers_in_run = self.layers_of_plan()
        self._is_first_case = True
        self._say("")
        self._view.results.clear()
        self._view.results.append(gaps_of(plan.offers, plan.settings))
        self._set_report(None)
        self._is_running = True
        self._view.set_running(running=True)
        self._runner.start(plan)

    def _on_cancel(self) -> None:
        self._say("Stopping after this case ...")
        self._runner.cancel()

    def _on_stage(self, text: str) -> None:
        self._say(text)

    def _on_case(self, news: CaseNews) -> None:
        if self._is_first_case:
            self._is_first_case = False
            self._view.show_results()
            self._say("")
        self._view.run_bar.set_progress(news.progress)
        self._view.results.append(news.rows)
        self._sums.add(news.rows)
        if not self._draw.isActive():
            self._draw.start()

    def _on_draw(self, _selection: str = "") -> None:
        results = self._view.results
        selection, sums = results.selection.currentData(), self._sums
        if results.filter.text().strip():
            sums = CurveSums()
            sums.add(results.shown_rows())
        results.set_curves(sums.modes(selection), sums.clicks(selection))

    def _on_end(self, end: RunEnd) -> None:
        self._is_running = False
        self._layers_in_run = []
        self._view.set_running(running=False)
        if end.total:
            self._view.run_bar.set_progress(Progress(end.done, end.total))
        self._set_report(end.report)
        self._on_draw()
        if end.error:
            self._say(end.error, error=True)
        else:
            self._say(self._reason + _outcome(end, self._plan), error=bool(end.failed))

    def _set_report(self, report: Path | None) -> None:
        self._report = report
        self._view.results.set_report_ready(ready=report is not None)

    def _say(self, text: str, *, error: bool = False) -> None:
        self._view.run_bar.show_message(text, error=error)


def _outcome(end: RunEnd, plan: RunPlan | None) -> str:
    """One or two sentences on how a run ended."""
    cases = f"{end.done} of {end.total} cases"
    text = f"Stopped after {cases}." if end.cancelled else f"Finished {cases}."
    if end.failed:
        text += f" {end.failed} failed; filter by their error to see why."
    if end.report is not None and plan is not None:
        text += f" Stored in {plan.folder}."
    return text
