"""Floors: what is reached without a model, from the true mask of the prompted slices.

They are told more than any model: the mask itself and, ``copy``, where the object ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.propagation.slice_interpolation import interpolated_masks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from napari_sam_med.bench.protocol.volume_rules.volume_cases import VolumeCase

    Floor = Callable[[VolumeCase, Sequence[int]], npt.NDArray[np.bool_] | None]


def copied_mask(
    case: VolumeCase, prompted: Sequence[int]
) -> npt.NDArray[np.bool_] | None:
    """Give each slice of the object the true mask of the nearest prompted one.

    Parameters
    ----------
    case : VolumeCase
        The object.
    prompted : sequence of int
        Slices whose mask is known, in order; the earlier of two equally near is taken.

    Returns
    -------
    (Z, Y, X) bool
    """
    mask = np.zeros_like(case.truth)
    places = np.asarray(prompted)
    for index in case.indices:
        nearest = int(places[np.argmin(np.abs(places - index))])
        SlicePlane(case.axis, int(index)).take(mask)[...] = case.slice_at(nearest)
    return mask


def interpolated_mask(
    case: VolumeCase, prompted: Sequence[int]
) -> npt.NDArray[np.bool_] | None:
    """Fill the slices between prompted ones, by signed distances.

    Parameters
    ----------
    case : VolumeCase
        The object.
    prompted : sequence of int
        Slices whose mask is known, in order.

    Returns
    -------
    (Z, Y, X) bool or None
        None if nothing lies between: fewer than two slices are known.
    """
    if len(prompted) < 2:
        return None
    known = {index: case.slice_at(index) for index in prompted}
    row, col = (
        spacing for axis, spacing in enumerate(case.spacing_zyx) if axis != case.axis
    )
    mask = np.zeros_like(case.truth)
    for index, own in known.items():
        SlicePlane(case.axis, index).take(mask)[...] = own
    for each in interpolated_masks(known, (row, col)):
        SlicePlane(case.axis, each.index).take(mask)[...] = each.mask
    return mask


FLOORS: dict[str, Floor] = {"copy": copied_mask, "interpolation": interpolated_mask}
"""By the name that stands for a model in rows."""
