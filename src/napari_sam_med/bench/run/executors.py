"""Slices to compute, and computing them one after the other in this process.

``cluster`` does the same with Dask. Both ask ``computed_slice``, so that a row does not
depend on where it was made.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Protocol

from napari_sam_med.bench.protocol.profile_rules import rules_of
from napari_sam_med.bench.protocol.random_streams import RandomStreams
from napari_sam_med.bench.run.evaluation import (
    SeenSlice,
    ShowSlice,
    embed_slice,
    embed_slices,
    rows_of_slice,
)
from napari_sam_med.bench.run.look_ahead import called_ahead

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from napari_sam_med.bench.protocol.cases import CaseSlice
    from napari_sam_med.bench.protocol.result_rows import Drawn, Row
    from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
    from napari_sam_med.bench.run.stored_prompts import StoredPrompts
    from napari_sam_med.core.ports import Segmenter


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A slice whose turn has come.

    Parameters
    ----------
    one_slice : CaseSlice or None
        The slice; None after the last one.
    known : mapping of str to sequence of Drawn
        Those of its cases that are stored, and what was drawn for them.
    unusable : tuple of Row
        What could not be used since the slice before.
    """

    one_slice: CaseSlice | None
    known: Mapping[str, Sequence[Drawn]]
    unusable: tuple[Row, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to compute."""
        cases = self.one_slice.cases if self.one_slice else ()
        return all(case.case_id in self.known for case in cases)


@dataclass(frozen=True, slots=True)
class Computed:
    """The rows of one case.

    Parameters
    ----------
    case_id : str
        The case.
    rows : tuple of Row
        Empty if the case is stored.
    seconds : float or None
        Time it took, without loading the model; None if it is stored.
    """

    case_id: str
    rows: tuple[Row, ...] = ()
    seconds: float | None = None


Answers = Generator[tuple[Job, Iterable[Computed]], None, None]
"""Jobs with the rows of their cases, in the order of the jobs."""


class Executor(Protocol):
    """Computes one model's slices, here or elsewhere."""

    @property
    def at_once(self) -> int:
        """How many slices are computed at the same time."""

    def answers(self, jobs: Iterable[Job]) -> Answers:
        """Compute slices; the answers come in the order of the jobs."""


class SerialExecutor:
    """Computes case after case, in this process.

    Parameters
    ----------
    choice : ModelSpec
        The model; it is loaded when there is something to compute.
    settings : RunSettings
        What to do.
    prompts_from : StoredPrompts or None
        Prompts of another run.
    """

    at_once = 1

    def __init__(
        self,
        choice: ModelSpec,
        settings: RunSettings,
        prompts_from: StoredPrompts | None,
    ) -> None:
        self._choice, self._settings, self._prompts_from = (
            choice,
            settings,
            prompts_from,
        )
        self._streams = RandomStreams(
            sequential=rules_of(settings.profile).sequential, seed=settings.seed
        )
        self._model: Segmenter | None = None

    def answers(self, jobs: Iterable[Job]) -> Answers:
        """Compute slices.

        Parameters
        ----------
        jobs : iterable of Job
            In the order of the run: the published profiles draw from one stream.

        Yields
        ------
        Job, iterable of Computed
            Lazily, so that a run can be left after each case.
        """
        coming = iter(jobs)
        for job in coming:
            if job.is_done or self._load().images_at_once == 1:
                yield job, self._computed(job, self._show)
            else:
                yield from self._encoded_ahead(chain([job], coming))

    def _encoded_ahead(self, jobs: Iterator[Job]) -> Answers:
        """Have the model encode the next slices together while these are prompted."""
        batches = iter(lambda: list(islice(jobs, self._load().images_at_once)), [])
        shown = (partial(self._show_all, batch) for batch in batches)
        with closing(called_ahead(shown, 1)) as coming:
            for batch in coming:
                for job, show in batch:
                    yield job, self._computed(job, show)

    def _show_all(self, batch: Sequence[Job]) -> list[tuple[Job, ShowSlice]]:
        model = self._load()
        slices = [one for job in batch if not job.is_done and (one := job.one_slice)]
        seen = embed_slices(model, slices, self._settings)
        shown = {
            one: SeenSlice(model, each) for one, each in zip(slices, seen, strict=True)
        }
        return [(job, shown.__getitem__) for job in batch]

    def _show(self, one_slice: CaseSlice) -> SeenSlice:
        model = self._load()
        return SeenSlice(model, embed_slice(model, one_slice, self._settings))

    def _computed(self, job: Job, show: ShowSlice) -> Iterator[Computed]:
        if job.one_slice is not None:
            yield from computed_slice(
                show, job.one_slice, self._settings, self._streams, job.known,
                self._prompts_from,
            )  # fmt: skip

    def _load(self) -> Segmenter:
        if self._model is None:
            self._model = self._choice.load()
        return self._model


def computed_slice(
    show: ShowSlice,
    one_slice: CaseSlice,
    settings: RunSettings,
    streams: RandomStreams,
    known: Mapping[str, Sequence[Drawn]],
    prompts_from: StoredPrompts | None,
) -> Iterator[Computed]:
    """Compute the cases of a slice and take the time.

    Parameters
    ----------
    show, one_slice, settings, streams, known, prompts_from
        As ``rows_of_slice`` takes them.

    Yields
    ------
    Computed
        In order of label.
    """
    start = time.perf_counter()
    found = rows_of_slice(show, one_slice, settings, streams, known, prompts_from)
    for case, rows in found:
        stored = case.case_id in known
        seconds = None if stored else time.perf_counter() - start
        yield Computed(case.case_id, rows, seconds)
        start = time.perf_counter()
