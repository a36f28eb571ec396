"""The mask of an object in its volume, slice by slice or found as a whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.protocol.run_settings import RunSettings
from napari_sam_med.bench.protocol.volume_rules.volume_cases import volume_cases_of
from napari_sam_med.bench.protocol.volume_rules.volume_floors import FLOORS
from napari_sam_med.bench.protocol.volume_rules.volume_models import VolumeModel
from napari_sam_med.bench.protocol.volume_rules.volume_settings import Direction
from napari_sam_med.bench.run.repredict import mask_of_row
from napari_sam_med.core.metrics import dice
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from napari_sam_med.bench.data.labelled_volumes import LabelledVolume
    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.bench.protocol.volume_rules.volume_cases import VolumeCase
    from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
        VolumeSettings,
    )
    from napari_sam_med.core.ports import Segmenter
    from napari_sam_med.propagation.propagation_settings import SliceGiven


@dataclass(frozen=True, slots=True, eq=False)
class ObjectMask:
    """An object as a model found it.

    Parameters
    ----------
    mask : (Z, Y, X) bool
        In voxels of the image.
    n_slices : int
        Slices that were answered; of an object found as a whole those with a mask.
    dice_slices : float
        Mean of the slices' Dice coefficients, as the rows have them; of an object found
        as a whole over the slices that hold it.
    dice_volume : float
        Dice coefficient of all voxels.
    """

    mask: npt.NDArray[np.bool_]
    n_slices: int
    dice_slices: float
    dice_volume: float


def object_mask(
    rows: Sequence[Row],
    labelled: LabelledVolume,
    load: Callable[[], Segmenter],
    settings: RunSettings | VolumeSettings,
) -> ObjectMask:
    """Predict the mask of an object in its volume.

    Parameters
    ----------
    rows : sequence of Row
        Of one object, model, setting, step and selection: one for each slice, or one
        for the volume.
    labelled : LabelledVolume
        The volume that the rows name.
    load : callable
        Gives the model that the rows name; not called for floors.
    settings : RunSettings or VolumeSettings
        Of the run.

    Returns
    -------
    ObjectMask

    Raises
    ------
    DatasetError
        If the volume does not hold the object.
    RunError
        If a slice cannot be embedded.
    """
    case = _case_of(rows[0], labelled)
    if isinstance(settings, RunSettings):
        mask = np.zeros_like(case.truth)
        model = load()
        for row in rows:
            own = mask_of_row(row, labelled, model, settings)
            SlicePlane(row.axis, row.slice).take(mask)[...] = own
        indices = [row.slice for row in rows]
    else:
        mask = _followed(rows[0], case, labelled, load)
        indices = [int(index) for index in case.indices]
    by_slice = [
        dice(SlicePlane(case.axis, index).take(mask).astype(bool), case.slice_at(index))
        for index in indices
    ]
    return ObjectMask(
        mask, len(indices), float(np.mean(by_slice)), dice(mask, case.truth)
    )


def _case_of(row: Row, labelled: LabelledVolume) -> VolumeCase:
    for case in volume_cases_of(labelled, axis=row.axis):
        if case.label == row.label:
            return case
    msg = f"{labelled.name} does not hold {row.case_id}; give the volume of the run"
    raise DatasetError(msg)


def _followed(
    row: Row,
    case: VolumeCase,
    labelled: LabelledVolume,
    load: Callable[[], Segmenter],
) -> npt.NDArray[np.bool_]:
    given: dict[int, SliceGiven] = {}
    for said in json.loads(row.prompts):
        index = int(said.pop("slice"))
        truth = "mask" in said
        given[index] = case.slice_at(index) if truth else Prompts.from_json(said)
    if row.model in FLOORS:
        mask = FLOORS[row.model](case, sorted(given))
        return np.zeros_like(case.truth) if mask is None else mask
    forward = row.setting.endswith(f"_{Direction.FROM_FIRST_SLICE}")
    direction = Direction.FROM_FIRST_SLICE if forward else Direction.BOTH
    return VolumeModel(load(), labelled, row.axis).follow(given, direction).mask
