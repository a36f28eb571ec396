"""Goes through models, volumes and the objects in them, one object a step."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.data.labelled_volumes import BadPair
from napari_sam_med.bench.protocol.run_settings import ModelSpec
from napari_sam_med.bench.protocol.volume_rules.volume_cases import volume_cases_of
from napari_sam_med.bench.protocol.volume_rules.volume_floors import FLOORS
from napari_sam_med.bench.run.look_ahead import read_ahead
from napari_sam_med.bench.run.progress_events import CaseDone, RunProgress
from napari_sam_med.bench.run.store.run_identity import manifest_of
from napari_sam_med.bench.run.unusable_pairs import unusable_rows
from napari_sam_med.bench.run.volume_jobs import VolumeJob, computed_here
from napari_sam_med.errors import DatasetError, RunError

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Sequence

    from napari_sam_med.bench.data.labelled_volumes import LabelledVolume, VolumeSource
    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.bench.protocol.volume_rules.volume_cases import VolumeCase
    from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
        VolumeSettings,
    )
    from napari_sam_med.bench.run.cluster.workers import Workers
    from napari_sam_med.bench.run.store.run_store import RunStore
    from napari_sam_med.bench.run.volume_jobs import Answer, VolumeAnswers
    from napari_sam_med.core.ports import Segmenter


def run_volumes(
    source: VolumeSource,
    models: Sequence[ModelSpec],
    settings: VolumeSettings,
    store: RunStore | None = None,
    workers: Workers | None = None,
) -> Generator[CaseDone, None, None]:
    """Run all models, and the floors, over all objects of all volumes.

    Parameters
    ----------
    source : VolumeSource
        Labelled volumes.
    models : sequence of ModelSpec
        Each is loaded when its first object comes.
    settings : VolumeSettings
        What to do.
    store : RunStore or None
        Where rows are kept. What it holds already is not computed again.
    workers : Workers or None
        Processes or a cluster that compute volumes; None computes them here.

    Yields
    ------
    CaseDone
        After each object. Closing the generator cancels the run; what was yielded
        stays stored.

    Raises
    ------
    DatasetError
        If no volume holds an object.
    RunError
        If the store holds another run or other files, or another process writes into
        it, a model bears the name of a floor, or workers cannot be had or fail.
    """
    taken = [choice.name for choice in models if choice.name in FLOORS]
    if taken:
        msg = f"{taken[0]} is the name of a floor, which is run anyway; leave it out"
        raise RunError(msg)
    everyone = [*models, *(ModelSpec(name, _no_model) for name in FLOORS)]
    manifest = manifest_of(source, everyone, settings, "")
    if workers is not None:
        workers.check_installed()
    with ExitStack() as opened:
        if store:
            opened.enter_context(closing(store))
        stored = store.open(manifest, everyone) if store else {}
        answer = opened.enter_context(_answers_of(workers))
        progress = RunProgress(len(everyone), len(source))
        for choice in everyone:
            run = _VolumeRun(source, settings, progress, manifest["dataset_id"])
            jobs = run.jobs(choice, set(stored), told=choice is everyone[0])
            events = run.cases(choice, answer(choice, settings, jobs))
            with closing(events):
                yield from events if store is None else store.keeping(events)
            if run.empty and store is not None:
                store.note_empty(run.empty)


@contextmanager
def _answers_of(workers: Workers | None) -> Iterator[Answer]:
    """Provide who computes a model's volumes."""
    if workers is None:
        yield computed_here
        return
    from napari_sam_med.bench.run.cluster.volume_cluster import volumes_on

    with volumes_on(workers) as answer:
        yield answer


class _VolumeRun:
    """One model's way through a source."""

    def __init__(
        self,
        source: VolumeSource,
        settings: VolumeSettings,
        progress: RunProgress,
        dataset: str,
    ) -> None:
        self._source, self._settings = source, settings
        self._progress, self._dataset = progress, dataset
        self.empty: list[str] = []

    def jobs(
        self, choice: ModelSpec, stored: Collection[tuple[str, str]], *, told: bool
    ) -> Iterator[VolumeJob]:
        """Go through the volumes; what cannot be used is told with the first model."""
        found, reason = False, "there is no pair at all"
        for pair in read_ahead(self._source):
            bad = self._unusable(pair)
            reason = bad[0].error if bad else reason
            cases = self._cases_in(pair)
            self._progress.see_volume(pair.name, len(cases))
            found = found or bool(cases)
            done = {c.case_id for c in cases if (choice.name, c.case_id) in stored}
            again = {row.case_id for row in bad if ("", row.case_id) in stored}
            yield VolumeJob(
                None if isinstance(pair, BadPair) else pair,
                tuple(cases),
                frozenset(done),
                tuple(bad) if told else (),
                frozenset(again),
            )
        if not found:
            msg = f"there is no labelled object to prompt: {reason}"
            raise DatasetError(msg)

    def cases(
        self, choice: ModelSpec, answers: VolumeAnswers
    ) -> Generator[CaseDone, None, None]:
        """Tell of each object once it is computed."""
        with closing(answers):
            for job, computed in answers:
                for row in job.unusable:
                    again = row.case_id in job.told_before
                    yield self._event(row.case_id, "", () if again else (row,))
                for case_id, rows in computed:
                    if case_id in job.known:
                        self._progress.done += 1
                        yield self._event(case_id, choice.name, ())
                        continue
                    seconds = sum(row.seconds_predict for row in rows if not row.error)
                    self._progress.add_computed(float(np.nan_to_num(seconds)))
                    yield self._event(case_id, choice.name, tuple(rows))

    def _cases_in(self, pair: LabelledVolume | BadPair) -> list[VolumeCase]:
        if isinstance(pair, BadPair):
            return []
        axis = self._settings.axis
        return list(volume_cases_of(pair, axis=axis, dataset=self._dataset))

    def _unusable(self, pair: LabelledVolume | BadPair) -> list[Row]:
        if isinstance(pair, BadPair) and pair.is_empty:
            self.empty.append(pair.name)
            return []
        return unusable_rows(pair, self._dataset, published=False)

    def _event(self, case_id: str, model: str, rows: tuple[Row, ...]) -> CaseDone:
        progress = self._progress
        return CaseDone(
            case_id,
            model,
            rows,
            progress.done,
            progress.total,
            progress.seconds_left,
            not rows,
        )


def _no_model() -> Segmenter:
    """Stand in a floor's place where models are listed; nobody loads it."""
    msg = "a floor has no model"
    raise RunError(msg)
