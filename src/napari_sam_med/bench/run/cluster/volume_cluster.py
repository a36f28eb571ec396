"""Volumes computed by Dask workers, each by one of them."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from napari_sam_med.bench.protocol.run_settings import ModelSpec
from napari_sam_med.bench.run.cluster.connections import at_once, client_of
from napari_sam_med.bench.run.cluster.kept_models import (
    in_order,
    model_on_worker,
    result_of,
)
from napari_sam_med.bench.run.volume_jobs import computed_objects
from napari_sam_med.bench.run.volume_rows import RowMaker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from distributed import Client, Future

    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
        VolumeSettings,
    )
    from napari_sam_med.bench.run.cluster.workers import Workers
    from napari_sam_med.bench.run.volume_jobs import Answer, VolumeAnswers, VolumeJob

WAITING = 1
"""Volumes read ahead of those that are computed; a volume may be a gigabyte."""


@contextmanager
def volumes_on(workers: Workers) -> Iterator[Answer]:
    """Start or find workers, and let them go at the end.

    Parameters
    ----------
    workers : Workers
        Who is to compute.

    Yields
    ------
    callable
        Computes a model's volumes, as ``computed_here``.

    Raises
    ------
    RunError
        If there is no scheduler at the address, or it has no worker.
    """
    with client_of(workers) as client:
        yield partial(_computed_there, client)


def _computed_there(
    client: Client,
    choice: ModelSpec,
    settings: VolumeSettings,
    jobs: Iterable[VolumeJob],
) -> VolumeAnswers:
    def send(job: VolumeJob, keeper: str) -> Future | None:
        if job.is_done:
            return None
        bare = replace(job, unusable=())
        return client.submit(_compute, keeper, choice.name, settings, bare, pure=False)

    sent = in_order(client, choice, jobs, send, at_once(client) + WAITING)
    with closing(sent):
        for job, future in sent:
            if future is None:
                yield job, [(case.case_id, []) for case in job.cases]
            else:
                yield job, result_of(future, job.cases[0].case_id)


def _compute(
    keeper: str, name: str, settings: VolumeSettings, job: VolumeJob
) -> list[tuple[str, list[Row]]]:
    """Compute a volume, on a worker; a floor asks for no model."""
    maker = RowMaker(ModelSpec(name, partial(model_on_worker, keeper)), settings)
    return list(computed_objects(maker, job))
