"""How good a mask of a whole volume is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.protocol.volume_rules.volume_settings import VolumeProfile
from napari_sam_med.core.measures.volume_surfaces import volume_surface_agreement
from napari_sam_med.core.metrics import dice, iou

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.bench.protocol.volume_rules.volume_cases import VolumeCase
    from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
        VolumeSettings,
    )

LEAST_DICE_FOR_NSD = 0.2
"""The challenge measures no surfaces of masks that are no better; their NSD is 0."""


@dataclass(frozen=True, slots=True)
class SliceScores:
    """How good a mask is slice by slice.

    Parameters
    ----------
    mean_iou : float
        Over the slices that hold the object.
    surplus_slices : int
        Slices with a mask where there is no object: over-propagation.
    lost_mm : float
        From the nearest prompted slice to the nearest slice of the object that the mask
        misses altogether; NaN if there is none.
    """

    mean_iou: float
    surplus_slices: int
    lost_mm: float


def slice_scores(
    case: VolumeCase, mask: npt.NDArray[np.bool_], prompted: Sequence[int]
) -> SliceScores:
    """Compare a mask with an object slice by slice.

    Parameters
    ----------
    case : VolumeCase
        The object.
    mask : (Z, Y, X) bool
        What was found.
    prompted : sequence of int
        The prompted slices, at least one.

    Returns
    -------
    SliceScores
    """
    found = np.moveaxis(mask, case.axis, 0)
    truth = np.moveaxis(case.truth, case.axis, 0)
    indices = case.indices
    ious = np.array([iou(found[index], truth[index]) for index in indices])
    surplus = np.count_nonzero(found.any(axis=(1, 2)) & (case.areas_px == 0))
    lost = indices[ious == 0]
    steps = np.abs(lost[:, None] - np.asarray(prompted))
    lost_mm = steps.min() * case.spacing_zyx[case.axis] if lost.size else np.nan
    return SliceScores(float(ious.mean()), int(surplus), float(lost_mm))


def scored_volume(
    base: Row,
    case: VolumeCase,
    mask: npt.NDArray[np.bool_],
    prompted: Sequence[int],
    settings: VolumeSettings,
) -> Row:
    """Score one mask of a volume.

    Parameters
    ----------
    base : Row
        With setting and step.
    case : VolumeCase
        The object.
    mask : (Z, Y, X) bool
        What was found.
    prompted : sequence of int
        The prompted slices.
    settings : VolumeSettings
        The run's. With ``cvpr25-3d`` the NSD is 0 where the Dice coefficient is at most
        0.2, and the IoU that of all voxels; with ``sam2-medical`` the IoU is the mean
        over the slices of the object.

    Returns
    -------
    Row
    """
    by_slice = slice_scores(case, mask, prompted)
    overlap = dice(mask, case.truth)
    surfaces = volume_surface_agreement(
        mask,
        case.truth,
        spacing_zyx=case.spacing_zyx,
        tolerance_mm=settings.tolerance_mm,
    )
    challenge = settings.profile is VolumeProfile.CVPR25_3D
    whole = iou(mask, case.truth)
    poor = challenge and overlap <= LEAST_DICE_FOR_NSD
    return replace(
        base,
        iou=whole if challenge else by_slice.mean_iou,
        dice=overlap,
        nsd=0.0 if poor else surfaces.nsd,
        hd95_mm=surfaces.hd95_mm,
        iou_volume=whole,
        surplus_slices=float(by_slice.surplus_slices),
        lost_mm=by_slice.lost_mm,
    )


def area_under_clicks(values: Sequence[float]) -> float:
    """Area under a curve over clicks 1, 2, ... by trapezoids.

    Parameters
    ----------
    values : sequence of float
        After each click; of five values that are 1 the area is 4.

    Examples
    --------
    >>> area_under_clicks([1, 1, 1, 1, 1]), area_under_clicks([0.0, 0.5, 1.0])
    (4.0, 1.0)
    """
    return float(np.trapezoid(values))
