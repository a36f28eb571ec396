"""Runs a benchmark beside the GUI, and predicts single rows again to show them."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_sam_med.bench.data.labelled_volumes import InMemory, LabelledVolume
from napari_sam_med.bench.protocol.result_rows import Row
from napari_sam_med.bench.protocol.run_settings import ModelSpec
from napari_sam_med.bench.report.report_page import finish, write_report
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.repredict import mask_of_row
from napari_sam_med.bench.run.run_store import REPORT, RunStore
from napari_sam_med.core.ports import Segmenter
from napari_sam_med.errors import SamMedError
from napari_sam_med.gui.benchmark.plan import (
    CaseNews,
    OpenedRun,
    RowMasks,
    RunEnd,
    RunPlan,
)
from napari_sam_med.gui.benchmark.stored import StoredRows, opened_run
from napari_sam_med.gui.benchmark.truth import truth_of_row
from napari_sam_med.gui.views.benchmark_values import Progress, ResultRow

THREAD_NAME = "napari-sam-med benchmark"
EXIT_WAIT_S = 10.0
MODELS_KEPT = 2


class BenchmarkRunner(QObject):
    """One long-lived thread with a queue; every signal is one hop to the GUI thread.

    Connect with ``Qt.ConnectionType.QueuedConnection``, since signals are emitted on
    the worker thread. Rows that are to be shown are predicted between two cases of a
    run, and of several that wait only the latest.
    """

    case_done = Signal(object)  # CaseNews
    stage_changed = Signal(str)
    run_ended = Signal(object)  # RunEnd
    masks_ready = Signal(object)  # RowMasks
    run_opened = Signal(object)  # OpenedRun

    def __init__(self) -> None:
        super().__init__()
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._closed = threading.Event()
        self._cancelled = threading.Event()
        self._latest_row = 0
        self._plan: RunPlan | None = None
        self._volumes: dict[str, LabelledVolume] = {}
        self._models: dict[str, Segmenter] = {}
        self._thread = threading.Thread(
            target=self._work, name=THREAD_NAME, daemon=True
        )
        self._thread.start()
        # A daemon thread inside a torch call while the interpreter goes down crashes.
        atexit.register(self.close, wait_s=EXIT_WAIT_S)

    @property
    def is_alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def start(self, plan: RunPlan) -> None:
        """Begin a run; unless ``close`` is called first, ``run_ended`` will come."""
        self._cancelled.clear()
        self._queue.put(partial(self._run, plan))

    def cancel(self) -> None:
        """Stop the run after the case that is being computed."""
        self._cancelled.set()

    def show_row(self, row: ResultRow) -> None:
        """Predict a row of the last run again; ``masks_ready`` brings it."""
        self._latest_row += 1
        self._queue.put(partial(self._show, row, self._latest_row))

    def open_run(self, folder: Path) -> None:
        """Read an older run; ``run_opened`` brings it."""
        self._queue.put(partial(self._open, folder))

    def close(self, *, wait_s: float = 0.0) -> None:
        """Cancel, emit nothing more, and end the thread.

        Parameters
        ----------
        wait_s : float
            Seconds to wait for the end; 0 returns at once.
        """
        self._closed.set()
        self._cancelled.set()
        self._queue.put(None)
        atexit.unregister(self.close)
        if wait_s > 0:
            self._thread.join(wait_s)

    def _work(self) -> None:
        while not self._closed.is_set():
            job = self._queue.get()
            if job is not None:
                job()

    def _emit(self, signal: Any, value: object) -> None:
        if not self._closed.is_set():
            signal.emit(value)

    def _run(self, plan: RunPlan) -> None:
        try:
            end = self._run_plan(plan)
        except SamMedError as error:
            end = RunEnd(error=str(error))
        except Exception as error:  # noqa: BLE001 - the bridge from worker to user
            end = RunEnd(error=f"the run stopped: {type(error).__name__}: {error}")
        self._emit(self.run_ended, end)

    def _run_plan(self, plan: RunPlan) -> RunEnd:
        self._emit(self.stage_changed, "Checking images and labels ...")
        self._plan, self._models = plan, {}
        volumes = [pair.labelled() for pair in plan.pairs]
        self._volumes = {volume.name: volume for volume in volumes}
        store = RunStore(plan.folder)
        end = self._run_cases(plan, InMemory(volumes), store)
        if end.done == 0 or self._closed.is_set():
            return end
        self._emit(self.stage_changed, "Writing the report ...")
        report = plan.folder / REPORT
        if end.cancelled:  # a part of a run has a report, but is not finished
            write_report([plan.folder], report)
        else:
            finish(store)
        return replace(end, report=report)

    def _run_cases(self, plan: RunPlan, source: InMemory, store: RunStore) -> RunEnd:
        stored = StoredRows(store)
        choices = [
            ModelSpec(offer.name, partial(self._model, offer.name), offer.card)
            for offer in plan.offers
        ]
        done = total = failed = 0
        with closing(run_benchmark(source, choices, plan.settings, store)) as run:
            while not self._cancelled.is_set():
                case = next(run, None)
                if case is None:
                    return RunEnd(None, done, total, failed)
                rows = stored.rows_of(case)
                done, total = case.done, case.total
                failed += any(row["error"] for row in rows)
                progress = Progress(done, total, case.seconds_left)
                self._emit(self.case_done, CaseNews(rows, progress))
                self._serve_waiting()
        return RunEnd(None, done, total, failed, cancelled=True)

    def _open(self, folder: Path) -> None:
        try:
            opened = opened_run(folder)
        except Exception as error:  # noqa: BLE001 - the bridge from worker to user
            opened = OpenedRun(folder, error=str(error))
        else:
            self._plan, self._volumes = None, {}
        self._emit(self.run_opened, opened)

    def _model(self, name: str) -> Segmenter:
        """Load a model, or take it from the few that are kept to show rows."""
        if name not in self._models:
            self._emit(self.stage_changed, f"Loading {name} ...")
            offers = self._plan.offers if self._plan else ()
            while len(self._models) >= MODELS_KEPT:
                self._models.pop(next(iter(self._models)))
            load = next(offer.load for offer in offers if offer.name == name)
            self._models[name] = load()
        return self._models[name]

    def _serve_waiting(self) -> None:
        """Do what was queued during a run: only rows to be shown can be."""
        while not self._closed.is_set():
            try:
                job = self._queue.get_nowait()
            except Empty:
                return
            if job is not None:
                job()

    def _show(self, row: ResultRow, number: int) -> None:
        volume = self._volumes.get(row["image"])
        if number != self._latest_row or self._plan is None or volume is None:
            return
        settings = self._plan.settings
        truth = truth_of_row(row, volume, settings.profile)
        try:
            model = self._model(row["model"])
            mask = mask_of_row(Row(**row), volume, model, settings)
            masks = RowMasks(row, truth, mask)
        except Exception as error:  # noqa: BLE001 - the bridge from worker to user
            masks = RowMasks(row, truth, None, str(error))
        self._emit(self.masks_ready, masks)
