"""Volumes to compute, and computing them one after the other in this process."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam_med.bench.run.volume_rows import RowMaker

if TYPE_CHECKING:
    from napari_sam_med.bench.data.labelled_volumes import LabelledVolume
    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.bench.protocol.run_settings import ModelSpec
    from napari_sam_med.bench.protocol.volume_rules.volume_cases import VolumeCase
    from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
        VolumeSettings,
    )


@dataclass(frozen=True, slots=True, eq=False)
class VolumeJob:
    """A volume whose turn has come.

    Parameters
    ----------
    labelled : LabelledVolume or None
        The volume; None where it could not be used.
    cases : tuple of VolumeCase
        Its objects.
    known : frozenset of str
        Those that are stored.
    unusable : tuple of Row
        What has to be told of a pair that could not be used.
    told_before : frozenset of str
        Those of its rows that are stored.
    """

    labelled: LabelledVolume | None
    cases: tuple[VolumeCase, ...]
    known: frozenset[str]
    unusable: tuple[Row, ...] = ()
    told_before: frozenset[str] = frozenset()

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to compute."""
        return all(case.case_id in self.known for case in self.cases)


ComputedObjects = Iterable[tuple[str, "list[Row]"]]
"""The rows of each object by its case; none of a stored one."""
VolumeAnswers = Generator[tuple[VolumeJob, ComputedObjects], None, None]
Answer = Callable[["ModelSpec", "VolumeSettings", Iterable[VolumeJob]], VolumeAnswers]
"""Who computes a model's volumes: in the order of the jobs."""


def computed_here(
    choice: ModelSpec, settings: VolumeSettings, jobs: Iterable[VolumeJob]
) -> VolumeAnswers:
    """Compute volumes in this process.

    Parameters
    ----------
    choice : ModelSpec
        The model, or a floor.
    settings : VolumeSettings
        What to do.
    jobs : iterable of VolumeJob
        Read when their turn comes.

    Yields
    ------
    VolumeJob, iterable of (case_id, list of Row)
        Lazily, so that a run can be left after each object.
    """
    maker = RowMaker(choice, settings)
    for job in jobs:
        yield job, computed_objects(maker, job)


def computed_objects(
    maker: RowMaker, job: VolumeJob
) -> Iterator[tuple[str, list[Row]]]:
    """Compute the objects of a volume that are not stored."""
    labelled = job.labelled
    if labelled is None:
        return
    for case in job.cases:
        known = case.case_id in job.known
        yield case.case_id, [] if known else maker.rows_of(labelled, case)
