"""Goes through models, volumes and the objects in them, one object a step."""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam_med.bench.data.labelled_volumes import BadPair
from napari_sam_med.bench.protocol.result_rows import Row
from napari_sam_med.bench.protocol.run_settings import ModelSpec
from napari_sam_med.bench.protocol.volume_rules.challenge_prompts import TOUCHING
from napari_sam_med.bench.protocol.volume_rules.challenge_runs import (
    challenge_floor_rows,
    challenge_rows,
)
from napari_sam_med.bench.protocol.volume_rules.study_runs import (
    study_floor_rows,
    study_rows,
)
from napari_sam_med.bench.protocol.volume_rules.volume_cases import volume_cases_of
from napari_sam_med.bench.protocol.volume_rules.volume_floors import FLOORS
from napari_sam_med.bench.protocol.volume_rules.volume_models import VolumeModel
from napari_sam_med.bench.protocol.volume_rules.volume_settings import VolumeProfile
from napari_sam_med.bench.run.evaluation import Failure, attempt
from napari_sam_med.bench.run.progress_events import CaseDone, RunProgress
from napari_sam_med.bench.run.store.run_identity import manifest_of
from napari_sam_med.bench.run.unusable_pairs import unusable_rows
from napari_sam_med.errors import DatasetError, RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Sequence

    from napari_sam_med.bench.data.labelled_volumes import LabelledVolume, VolumeSource
    from napari_sam_med.bench.protocol.volume_rules.volume_cases import VolumeCase
    from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
        VolumeSettings,
    )
    from napari_sam_med.bench.run.store.run_store import RunStore
    from napari_sam_med.core.ports import Segmenter


def run_volumes(
    source: VolumeSource,
    models: Sequence[ModelSpec],
    settings: VolumeSettings,
    store: RunStore | None = None,
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
        it, or a model bears the name of a floor.
    """
    taken = [choice.name for choice in models if choice.name in FLOORS]
    if taken:
        msg = f"{taken[0]} is the name of a floor, which is run anyway; leave it out"
        raise RunError(msg)
    everyone = [*models, *(ModelSpec(name, _no_model) for name in FLOORS)]
    manifest = manifest_of(source, everyone, settings, "")
    with closing(store) if store else nullcontext():
        stored = store.open(manifest, everyone) if store else {}
        progress = RunProgress(len(everyone), len(source))
        for choice in everyone:
            run = _VolumeRun(source, settings, progress, manifest["dataset_id"])
            events = run.cases(choice, set(stored), told=choice is everyone[0])
            with closing(events):
                yield from events if store is None else store.keeping(events)
            if run.empty and store is not None:
                store.note_empty(run.empty)


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

    def cases(
        self, choice: ModelSpec, stored: Collection[tuple[str, str]], *, told: bool
    ) -> Generator[CaseDone, None, None]:
        """Go through all objects; what cannot be used is told with the first model."""
        maker = _RowMaker(choice, self._settings)
        found, reason = False, "there is no pair at all"
        for pair in self._source:
            bad = self._unusable(pair)
            reason = bad[0].error if bad else reason
            for row in bad if told else ():
                again = ("", row.case_id) in stored
                yield self._event(row.case_id, "", () if again else (row,))
            cases = self._cases_in(pair)
            self._progress.see_volume(pair.name, len(cases))
            for case in cases:
                found = True
                if (choice.name, case.case_id) in stored:
                    self._progress.done += 1
                    yield self._event(case.case_id, choice.name, ())
                    continue
                rows = maker.rows_of(pair, case)  # type: ignore[arg-type]  # no bad pair
                seconds = sum(row.seconds_predict for row in rows if not row.error)
                self._progress.add_computed(float(np.nan_to_num(seconds)))
                yield self._event(case.case_id, choice.name, tuple(rows))
        if not found:
            msg = f"there is no labelled object to prompt: {reason}"
            raise DatasetError(msg)

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


@dataclass(slots=True)
class _RowMaker:
    """Makes the rows of a model, or of a floor."""

    choice: ModelSpec
    settings: VolumeSettings
    _model: Segmenter | None = None
    _asked: tuple[str, VolumeModel] | None = None

    def rows_of(self, labelled: LabelledVolume, case: VolumeCase) -> list[Row]:
        """Compute an object; what fails is a row with its error."""
        if self.choice.name in FLOORS:
            base = _base_row(case, self.settings, self.choice.name)
            return _attempted(base, partial(self._floor_rows, case, base))
        if self._model is None:
            self._model = self.choice.load()
        base = _base_row(case, self.settings, self.choice.name, self._model)
        if self.settings.profile is VolumeProfile.CVPR25_3D:
            return _attempted(
                base,
                lambda: challenge_rows(self._at(labelled), case, base, self.settings),
            )
        return study_rows(self._at(labelled), case, base, self.settings, _attempted)

    def _floor_rows(self, case: VolumeCase, base: Row) -> list[Row]:
        floor = FLOORS[self.choice.name]
        if self.settings.profile is VolumeProfile.CVPR25_3D:
            return challenge_floor_rows(floor, case, base, self.settings)
        return study_floor_rows(floor, case, base, self.settings)

    def _at(self, labelled: LabelledVolume) -> VolumeModel:
        """Keep a volume's embeddings for all of its objects."""
        if self._asked is None or self._asked[0] != labelled.name:
            model = self._model if self._model is not None else self.choice.load()
            asked = VolumeModel(model, labelled, self.settings.axis)
            self._asked = (labelled.name, asked)
        return self._asked[1]


def _base_row(
    case: VolumeCase,
    settings: VolumeSettings,
    name: str,
    model: Segmenter | None = None,
) -> Row:
    """Fill in what all rows of an object and a model share."""
    _, parts = ndimage.label(case.truth, structure=TOUCHING)
    area = int(np.count_nonzero(case.truth))
    height, width = case.slice_at(0).shape
    row = Row(
        case_id=case.case_id,
        image=case.image,
        patient=case.patient,
        axis=case.axis,
        label=case.label,
        label_name=case.label_name,
        model=name,
        profile=str(settings.profile),
        area_px=area,
        area_fraction=area / case.truth.size,
        n_parts=int(parts),
        height=height,
        width=width,
        task=case.task,
    )
    if model is None:
        return row
    return replace(row, model_sha256=model.sha256, zoom=model.info.crop_refinement)


def _attempted(base: Row, action: Callable[[], list[Row]]) -> list[Row]:
    found = attempt(action)
    if isinstance(found, Failure):
        return [replace(base, error=found.reason)]
    return found


def _no_model() -> Segmenter:
    """Stand in a floor's place where models are listed; nobody loads it."""
    msg = "a floor has no model"
    raise RunError(msg)
