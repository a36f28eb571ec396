"""Slices computed by Dask workers, whose rows come in the order of the run."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from napari_sam_med.bench.protocol.random_streams import RandomStreams
from napari_sam_med.bench.run.cluster.connections import at_once, client_of
from napari_sam_med.bench.run.cluster.kept_models import (
    in_order,
    model_on_worker,
    result_of,
)
from napari_sam_med.bench.run.evaluation import SeenSlice, embed_slice
from napari_sam_med.bench.run.executors import Computed, computed_slice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from distributed import Client, Future

    from napari_sam_med.bench.protocol.cases import CaseSlice
    from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
    from napari_sam_med.bench.run.cluster.workers import Workers
    from napari_sam_med.bench.run.executors import Answers, Job
    from napari_sam_med.bench.run.stored_prompts import StoredPrompts

SLICES_PER_THREAD = 3  # one computed, one on its way, one read; not measured


@contextmanager
def executors_on(
    workers: Workers,
) -> Iterator[Callable[[ModelSpec, RunSettings, StoredPrompts | None], DaskExecutor]]:
    """Start or find workers, and let them go at the end.

    Parameters
    ----------
    workers : Workers
        Who is to compute.

    Yields
    ------
    callable
        Makes an ``DaskExecutor`` for a model, the run's settings and prompts.

    Raises
    ------
    RunError
        If there is no scheduler at the address, or it has no worker.
    """
    with client_of(workers) as client:
        yield lambda choice, settings, prompts_from: DaskExecutor(
            client, choice, settings, prompts_from
        )


class DaskExecutor:
    """Sends one model's slices to workers.

    Parameters
    ----------
    client : Client
        Of a cluster with at least one worker.
    choice : ModelSpec
        The model; each worker loads it once.
    settings : RunSettings
        What to do; its profile seeds each case apart.
    prompts_from : StoredPrompts or None
        Prompts of another run.
    """

    def __init__(
        self,
        client: Client,
        choice: ModelSpec,
        settings: RunSettings,
        prompts_from: StoredPrompts | None,
    ) -> None:
        self._client, self._choice = client, choice
        self._settings, self._prompts_from = settings, prompts_from

    @property
    def at_once(self) -> int:
        """How many slices are computed at the same time."""
        return at_once(self._client)

    def answers(self, jobs: Iterable[Job]) -> Answers:
        """Compute slices.

        Parameters
        ----------
        jobs : iterable of Job
            Read a few slices ahead of the answers.

        Yields
        ------
        Job, list of Computed
            In the order of the jobs, whichever worker was first.

        Raises
        ------
        RunError
            If a worker died, or has another build of the package or other weights.
        """
        most = SLICES_PER_THREAD * self.at_once
        sent = in_order(self._client, self._choice, jobs, self._sent, most)
        with closing(sent):
            for job, future in sent:
                yield self._received(job, future)

    def _sent(self, job: Job, keeper: str) -> Future | None:
        if job.is_done:
            return None
        cases = {case.case_id for case in job.one_slice.cases} if job.one_slice else ()
        prompts_from = self._prompts_from.only(cases) if self._prompts_from else None
        return self._client.submit(
            _compute, keeper, job.one_slice, self._settings, dict(job.known),
            prompts_from, pure=False,
        )  # fmt: skip

    def _received(
        self, job: Job, future: Future | None
    ) -> tuple[Job, Iterable[Computed]]:
        if future is None:
            cases = job.one_slice.cases if job.one_slice else ()
            return job, [Computed(case.case_id) for case in cases]
        first = job.one_slice.cases[0].case_id if job.one_slice else ""
        return job, result_of(future, first)


def _compute(
    keeper: str,
    one_slice: CaseSlice,
    settings: RunSettings,
    known: dict,
    prompts_from: StoredPrompts | None,
) -> list[Computed]:
    """Compute a slice, on a worker."""
    model = model_on_worker(keeper)
    streams = RandomStreams(sequential=False, seed=settings.seed)

    def show(one: CaseSlice) -> SeenSlice:
        return SeenSlice(model, embed_slice(model, one, settings))

    found = computed_slice(show, one_slice, settings, streams, known, prompts_from)
    return list(found)
