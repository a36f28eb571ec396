"""The rows of an object in a volume, wherever they are computed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam_med.bench.protocol.result_rows import Row, with_window
from napari_sam_med.bench.protocol.volume_rules.challenge_prompts import TOUCHING
from napari_sam_med.bench.protocol.volume_rules.challenge_runs import (
    challenge_floor_rows,
    challenge_rows,
)
from napari_sam_med.bench.protocol.volume_rules.study_runs import (
    study_floor_rows,
    study_rows,
)
from napari_sam_med.bench.protocol.volume_rules.volume_floors import FLOORS
from napari_sam_med.bench.protocol.volume_rules.volume_models import VolumeModel
from napari_sam_med.bench.protocol.volume_rules.volume_settings import VolumeProfile
from napari_sam_med.bench.run.evaluation import Failure, attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam_med.bench.data.labelled_volumes import LabelledVolume
    from napari_sam_med.bench.protocol.run_settings import ModelSpec
    from napari_sam_med.bench.protocol.volume_rules.volume_cases import VolumeCase
    from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
        VolumeSettings,
    )
    from napari_sam_med.core.ports import Segmenter


@dataclass(slots=True)
class RowMaker:
    """Makes the rows of a model, or of a floor.

    Parameters
    ----------
    choice : ModelSpec
        It is loaded when its first object comes.
    settings : VolumeSettings
        What to do.
    """

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
            rows = _attempted(
                base,
                lambda: challenge_rows(self._at(labelled), case, base, self.settings),
            )
        else:
            asked = self._at(labelled)
            rows = study_rows(asked, case, base, self.settings, _attempted)
        return [
            row if row.error else with_window(row, self._at(labelled).window)
            for row in rows
        ]

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
