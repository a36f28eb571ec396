"""Runs a benchmark beside the GUI, and predicts single rows again to show them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QObject, Signal

from napari_sam_med.bench.data.label_classes import class_labels
from napari_sam_med.bench.data.labelled_volumes import InMemory, LabelledVolume
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.result_rows import Row
from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
    VolumeProfile,
    VolumeSettings,
)
from napari_sam_med.bench.report.report_page import finish, write_report
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.masks.object_masks import object_mask
from napari_sam_med.bench.run.repredict import mask_of_row
from napari_sam_med.bench.run.store.run_store import REPORT, RunStore
from napari_sam_med.core.metrics import dice
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.ports import Segmenter
from napari_sam_med.errors import ModelError, SamMedError
from napari_sam_med.gui.benchmark.model_offers import Offer, computed_here
from napari_sam_med.gui.benchmark.run_messages import (
    CaseNews,
    OpenedRun,
    RowMasks,
    RunEnd,
    RunPlan,
)
from napari_sam_med.gui.benchmark.stored.stored_rows import StoredRows, opened_run
from napari_sam_med.gui.benchmark.views.benchmark_values import Progress, ResultRow
from napari_sam_med.session.background.model_client import BACKGROUND, SHOW
from napari_sam_med.session.background.model_service import ModelSource
from napari_sam_med.session.background.serial_worker import JobNews, WorkerClient
from napari_sam_med.session.background.services import Services

MOST_UNLIKE = 0.01
"""Of Dice coefficients: single pixels at the border may differ between machines."""
MODELS_KEPT = 2
"""For rows that are shown: a person compares two models more often than three, and each
may take gigabytes."""
RUN, ROW, REPORTING, OPENING = "run", "row", "report", "open"


@dataclass(slots=True, eq=False)
class _Run:
    """A run, its volumes, and how far it is; changed on the model thread.

    One that is stored has no plan: its rows are only predicted again.
    """

    number: int
    offers: tuple[Offer, ...]
    settings: RunSettings | VolumeSettings
    plan: RunPlan | None = None
    volumes: dict[str, LabelledVolume] = field(default_factory=dict)
    end: RunEnd = field(default_factory=RunEnd)


class BenchmarkRunner(QObject):
    """Has cases computed on the model thread, between the clicks of other docks.

    Every signal is one hop to the GUI thread: connect with
    ``Qt.ConnectionType.QueuedConnection``, since signals are emitted on working
    threads. Rows that are to be shown are predicted between two cases of a run, and of
    several that wait only the latest. Reports and stored runs are work on files.

    Parameters
    ----------
    services : Services
        Models and threads, which other docks may share.
    """

    case_done = Signal(object)  # CaseNews
    stage_changed = Signal(str)
    run_ended = Signal(object)  # RunEnd
    masks_ready = Signal(object)  # RowMasks
    run_opened = Signal(object)  # OpenedRun

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._models = services.models
        self._model_jobs = WorkerClient(services.models.worker, self._on_model_news)
        self._file_jobs = WorkerClient(services.files, self._on_file_news)
        self._latest_row = self._n_runs = 0
        self._run: _Run | None = None

    def open(self) -> None:
        """Take orders from now on."""
        self._models.add_user(self)
        self._model_jobs.open()
        self._file_jobs.open()

    def close(self) -> None:
        """Cancel, let go of all models, and emit nothing more.

        A report that is asked for is written.
        """
        self._model_jobs.close()
        self._file_jobs.close(frozenset({REPORTING}))
        self._models.remove_user(self)

    def start(self, plan: RunPlan) -> None:
        """Begin a run; unless ``close`` is called first, ``run_ended`` will come."""
        self._n_runs += 1
        run = self._run = _Run(self._n_runs, plan.offers, plan.settings, plan)
        self._model_jobs.submit(
            partial(self._steps, run, plan),
            RUN,
            generation=run.number,
            rank=BACKGROUND,
            replaces=True,
        )

    def take_stored(
        self,
        labelled: LabelledVolume,
        settings: RunSettings | VolumeSettings,
        offers: Sequence[Offer],
    ) -> None:
        """Get ready to predict rows of a stored run again.

        Parameters
        ----------
        labelled : LabelledVolume
            The volume of the rows that are asked for.
        settings : RunSettings or VolumeSettings
            Of the run.
        offers : sequence of Offer
            The models.
        """
        self._n_runs += 1
        if isinstance(settings, RunSettings):
            offers = [offer.under(settings.profile) for offer in offers]
        volumes = {labelled.name: labelled}
        self._run = _Run(self._n_runs, tuple(offers), settings, volumes=volumes)

    def holds(self, image: str) -> bool:
        """Whether rows of an image can be predicted again."""
        return self._run is not None and image in self._run.volumes

    def cancel(self) -> None:
        """Stop the run after the case that is being computed."""
        self._model_jobs.cancel(RUN)

    def show_row(self, row: ResultRow) -> None:
        """Predict a row of the last run again; ``masks_ready`` brings it."""
        if self._run is not None:
            self._latest_row += 1
            act = partial(self._masks_of, self._run, row)
            number = self._latest_row
            self._model_jobs.submit(
                act, ROW, generation=number, rank=SHOW, replaces=True
            )

    def open_run(self, folder: Path) -> None:
        """Read an older run; ``run_opened`` brings it."""
        act = partial(_opened, folder)
        self._file_jobs.submit(act, OPENING, replaces=True)

    def _on_model_news(self, news: JobNews) -> None:
        """Take news of the run or a row, on the model thread."""
        if news.kind == ROW:
            if news.generation == self._latest_row and news.value is not None:
                self.masks_ready.emit(news.value)
        elif news.is_last:
            self._on_run_left(news)
        elif isinstance(news.value, CaseNews):
            self.case_done.emit(news.value)

    def _on_run_left(self, news: JobNews) -> None:
        """End a run: with its report, if there is something to report."""
        run = self._run
        if run is None or run.plan is None or news.generation != run.number:
            return
        if news.error is not None:
            self.run_ended.emit(RunEnd(error=_sentence(news.error)))
            return
        end = replace(run.end, cancelled=news.is_cancelled)
        if end.done == 0:
            self.run_ended.emit(end)
            return
        self.stage_changed.emit("Writing the report ...")
        self._file_jobs.submit(partial(_reported, run.plan, end), REPORTING)

    def _on_file_news(self, news: JobNews) -> None:
        """Take news of a report or a stored run, on the thread for files."""
        if not self._file_jobs.is_open or news.is_cancelled:
            return
        if news.kind == REPORTING:
            error = news.error
            end = news.value if error is None else RunEnd(error=_sentence(error))
            self.run_ended.emit(end)
            return
        opened = news.value
        if isinstance(opened, OpenedRun) and not opened.error:
            self._run = None
        self.run_opened.emit(opened)

    def _steps(
        self, run: _Run, plan: RunPlan
    ) -> Generator[CaseNews | None, None, None]:
        """Do a run, one pair or one case a step."""
        self._tell("Checking images and labels ...")
        for pair in plan.pairs:
            volume = pair.labelled()
            run.volumes[volume.name] = volume
            yield None
        store = RunStore(plan.folder)
        source, stored = InMemory(list(run.volumes.values())), StoredRows(store)
        choices = [
            ModelSpec(offer.name, partial(self._model, run, offer.name), offer.card,
                      computed=computed_here(offer.card))
            for offer in plan.offers
        ]  # fmt: skip
        with closing(run_benchmark(source, choices, plan.settings, store)) as cases:
            for case in cases:
                rows = stored.rows_of(case)
                failed = run.end.failed + any(row["error"] for row in rows)
                run.end = RunEnd(None, case.done, case.total, failed)
                progress = Progress(case.done, case.total, case.seconds_left)
                yield CaseNews(rows, progress)

    def _model(self, run: _Run, name: str) -> Segmenter:
        """Give a model of a run; it is loaded unless a dock has it already."""
        offer = next((one for one in run.offers if one.name == name), None)
        if offer is None or not offer.shown.available:
            msg = f"{name} is not on this machine, so its mask cannot be made again"
            raise ModelError(msg)
        load = partial(self._load, offer.source)
        return self._models.take(
            self, replace(offer.source, load=load), keep=MODELS_KEPT
        )

    def _load(self, source: ModelSource) -> Segmenter:
        self._tell(f"Loading {source.name} ...")
        return source.load()

    def _tell(self, stage: str) -> None:
        if self._model_jobs.is_open:
            self.stage_changed.emit(stage)

    def _masks_of(self, run: _Run, row: ResultRow) -> RowMasks | None:
        volume = run.volumes.get(row["image"])
        if volume is None:
            return None
        settings = run.settings
        truth = _truth_of_row(row, volume, settings.profile)
        try:
            mask = self._mask_of(run, Row(**row), volume)
        except Exception as error:  # noqa: BLE001 - the bridge from worker to user
            return RowMasks(row, truth, None, str(error))
        return RowMasks(row, truth, mask, _unlike(row, truth, mask))

    def _mask_of(
        self, run: _Run, row: Row, volume: LabelledVolume
    ) -> npt.NDArray[np.bool_]:
        settings = run.settings
        load = partial(self._model, run, row.model)
        if isinstance(settings, VolumeSettings):
            return object_mask([row], volume, load, settings).mask
        return mask_of_row(row, volume, load(), settings)


def _unlike(
    row: ResultRow, truth: npt.NDArray[np.bool_], mask: npt.NDArray[np.bool_]
) -> str:
    """Say if a mask is not the one that the row reports on."""
    again = dice(mask, truth)
    if abs(again - row["dice"]) <= MOST_UNLIKE:
        return ""
    return (
        f"The mask made again has a Dice coefficient of {again:.3f}, the row's has "
        f"{row['dice']:.3f}: image, labels or weights are others than in the run."
    )


def _reported(plan: RunPlan, end: RunEnd) -> RunEnd:
    """Write a run's report; run on the thread for files."""
    report = plan.folder / REPORT
    if end.cancelled:  # a part of a run has a report, but is not finished
        write_report([plan.folder], report)
    else:
        finish(RunStore(plan.folder))
    return replace(end, report=report)


def _opened(folder: Path) -> OpenedRun:
    """Read a stored run; run on the thread for files."""
    try:
        return opened_run(folder)
    except Exception as error:  # noqa: BLE001 - the bridge from worker to user
        return OpenedRun(folder, error=str(error))


def _sentence(error: Exception) -> str:
    if isinstance(error, SamMedError):
        return str(error)
    return f"the run stopped: {type(error).__name__}: {error}"


def _truth_of_row(
    row: ResultRow, labelled: LabelledVolume, profile: Profile | VolumeProfile
) -> npt.NDArray[np.bool_]:
    """Cut a row's object out of the labels that the run read.

    (H, W) on the row's slice; of a row of a volume (Z, Y, X).
    """
    published = isinstance(profile, Profile) and profile.is_published
    labels = labelled.labels
    if not labelled.objects_of:
        labels = class_labels(labels, labelled.label_names, published=published)
    if isinstance(profile, VolumeProfile):
        whole: npt.NDArray[np.bool_] = np.equal(labels, row["label"])
        return whole
    on_slice = SlicePlane(row["axis"], row["slice"]).take(labels)
    truth: npt.NDArray[np.bool_] = np.equal(on_slice, row["label"])
    return truth
