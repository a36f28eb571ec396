"""Goes through models, volumes, slices and cases, one case a step.

``executors`` and ``cluster`` compute what is found here, the one writer keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam_med.bench.data.labelled_volumes import BadPair
from napari_sam_med.bench.protocol.cases import slices_of
from napari_sam_med.bench.protocol.run_settings import SettingGroup
from napari_sam_med.bench.run.executors import Job, SerialExecutor
from napari_sam_med.bench.run.look_ahead import read_ahead
from napari_sam_med.bench.run.progress_events import CaseDone, RunProgress
from napari_sam_med.bench.run.store.run_identity import manifest_of
from napari_sam_med.bench.run.unusable_pairs import unusable_rows
from napari_sam_med.errors import DatasetError, RunError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from napari_sam_med.bench.data.labelled_volumes import LabelledVolume, VolumeSource
    from napari_sam_med.bench.protocol.cases import CaseSlice
    from napari_sam_med.bench.protocol.result_rows import Drawn, Row
    from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
    from napari_sam_med.bench.run.cluster.workers import Workers
    from napari_sam_med.bench.run.executors import Computed, Executor
    from napari_sam_med.bench.run.store.run_store import RunStore
    from napari_sam_med.bench.run.stored_prompts import StoredPrompts

Stored = Mapping[tuple[str, str], "Sequence[Drawn]"]
"""What a store holds: for each (model, case_id) what was drawn for it."""

MakeExecutor = Callable[
    ["ModelSpec", "RunSettings", "StoredPrompts | None"], "Executor"
]
"""Provides who computes a model's slices."""


def run_benchmark(
    source: VolumeSource,
    models: Sequence[ModelSpec],
    settings: RunSettings,
    store: RunStore | None = None,
    prompts_from: StoredPrompts | None = None,
    workers: Workers | None = None,
) -> Generator[CaseDone, None, None]:
    """Run all models over all cases.

    Parameters
    ----------
    source : VolumeSource
        Labelled volumes.
    models : sequence of ModelSpec
        Each is loaded when its first case comes.
    settings : RunSettings
        What to do.
    store : RunStore or None
        Where rows are kept. What it holds already is not computed again.
    prompts_from : StoredPrompts or None
        Prompts of another run for modes and clicks; None simulates them.
    workers : Workers or None
        Processes or a cluster to compute slices; None computes them here.

    Yields
    ------
    CaseDone
        After each case, in the same order whoever computed it. Closing the generator
        cancels the run; what was yielded stays stored.

    Raises
    ------
    DatasetError
        If no pair holds a case.
    RunError
        If the store holds another run or other files, or workers cannot be had, fail,
        or cannot share the profile's random stream; or if clicking groups are asked
        for with prompts of another run.
    """
    if workers is not None:
        workers.check(settings)
    if prompts_from and SettingGroup.CLICKING_GROUPS in settings.groups:
        msg = (
            "clicking groups make their own clicks and take none of another run; leave "
            "out either of them"
        )
        raise RunError(msg)
    origin = prompts_from.origin if prompts_from else ""
    manifest = manifest_of(source, models, settings, origin)
    if prompts_from:
        manifest["prompts_sha256"] = prompts_from.sha256
        other_files = prompts_from.other_files(manifest["files"])
        manifest["prompts_of_other_files"] = other_files
        manifest["joined_objects"] = prompts_from.n_joined
    progress = RunProgress(len(models), len(source))
    with closing(store) if store else nullcontext(), ExitStack() as started:
        stored = store.open(manifest, models) if store else {}
        executor_of = started.enter_context(_executors(workers))
        for choice in models:
            run = _ModelRun(source, choice, settings, progress, manifest["dataset_id"])
            executor = executor_of(choice, settings, prompts_from)
            told = choice is models[0]
            with closing(run.cases(executor, stored, with_bad_pairs=told)) as events:
                yield from events if store is None else store.keeping(events)
            if told and store is not None and run.empty:
                store.note_empty([pair.name for pair in run.empty])


@contextmanager
def _executors(workers: Workers | None) -> Iterator[MakeExecutor]:
    """Provide who computes a model's slices; Dask is imported only if it is needed."""
    if workers is None:
        yield SerialExecutor
        return
    from napari_sam_med.bench.run.cluster.slice_cluster import executors_on

    with executors_on(workers) as executor_of:
        yield executor_of


class _ModelRun:
    """One model's way through a source."""

    def __init__(
        self,
        source: VolumeSource,
        choice: ModelSpec,
        settings: RunSettings,
        progress: RunProgress,
        dataset: str,
    ) -> None:
        self._source, self._choice, self._dataset = source, choice, dataset
        self._settings, self._progress = settings, progress
        self.empty: list[BadPair] = []

    def cases(
        self, executor: Executor, stored: Stored, *, with_bad_pairs: bool
    ) -> Generator[CaseDone, None, None]:
        """Go through all slices; what cannot be used is told before the next one."""
        self._progress.at_once = executor.at_once
        jobs = self._jobs(stored)
        with closing(jobs), closing(executor.answers(jobs)) as answers:
            for job, computed in answers:
                if with_bad_pairs:
                    yield from self._tell(job.unusable, stored)
                for one in computed:
                    yield self._event_of(one)

    def _jobs(self, stored: Stored) -> Generator[Job, None, None]:
        unusable: list[Row] = []
        found = False
        for pair, cut in read_ahead(map(self._cut, self._source)):
            if isinstance(cut, BadPair):
                self._progress.see_volume(pair.name, 0)
                if cut.is_empty:
                    self.empty.append(cut)
                else:
                    unusable += self._unusable(cut)
                continue
            self._progress.see_volume(pair.name, sum(len(one.cases) for one in cut))
            unusable += self._unusable(pair)
            for one_slice in cut:
                found = True
                known = {
                    case.case_id: stored[self._choice.name, case.case_id]
                    for case in one_slice.cases
                    if (self._choice.name, case.case_id) in stored
                }
                yield Job(one_slice, known, tuple(unusable))
                unusable = []
        if not found:
            reasons = [row.error for row in unusable]
            reasons += [pair.reason for pair in self.empty]
            reason = next(iter(reasons), "there is no pair at all")
            msg = f"there is no labelled object to prompt: {reason}"
            raise DatasetError(msg)
        yield Job(None, {}, tuple(unusable))

    def _cut(
        self, pair: LabelledVolume | BadPair
    ) -> tuple[LabelledVolume | BadPair, list[CaseSlice] | BadPair]:
        """Cut a pair into slices, in the thread that reads ahead."""
        profile, axis = self._settings.profile, self._settings.axis
        if isinstance(pair, BadPair):
            return pair, pair
        try:
            found = slices_of(pair, profile=profile, axis=axis, dataset=self._dataset)
            return pair, list(found)
        except Exception as error:  # noqa: BLE001 - one bad volume is one row
            return pair, BadPair.from_error(pair.name, error)

    def _event_of(self, computed: Computed) -> CaseDone:
        if computed.seconds is None:
            self._progress.done += 1
            return self._event(computed.case_id, (), resumed=True)
        self._progress.add_computed(computed.seconds)
        named = tuple(replace(row, model=self._choice.name) for row in computed.rows)
        return self._event(computed.case_id, named)

    def _unusable(self, pair: LabelledVolume | BadPair) -> list[Row]:
        published = self._settings.profile.is_published
        return unusable_rows(pair, self._dataset, published=published)

    def _tell(self, unusable: Sequence[Row], stored: Stored) -> Iterator[CaseDone]:
        for row in unusable:
            resumed = ("", row.case_id) in stored
            rows = () if resumed else (row,)
            event = self._event(row.case_id, rows, resumed=resumed)
            yield replace(event, model="")

    def _event(
        self, case_id: str, rows: tuple[Row, ...], *, resumed: bool = False
    ) -> CaseDone:
        progress = self._progress
        return CaseDone(
            case_id,
            self._choice.name,
            rows,
            progress.done,
            progress.total,
            progress.seconds_left,
            resumed,
        )
