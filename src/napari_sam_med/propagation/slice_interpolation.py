"""Interpolation: masks between annotated slices, without asking a model."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.metrics import dice
from napari_sam_med.propagation.propagated_masks import Origin, SliceMask
from napari_sam_med.propagation.signed_distance import mask_between

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    import numpy.typing as npt


def interpolated_masks(
    known: Mapping[int, npt.NDArray[np.bool_]], spacing_rc: tuple[float, float]
) -> Generator[SliceMask, None, None]:
    """Fill the slices between annotated ones.

    Parameters
    ----------
    known : mapping of int to (H, W) bool
        Masks that are not empty, by slice.
    spacing_rc : (row, column)
        Millimetres between pixels.

    Yields
    ------
    SliceMask
        Slices strictly between the first and the last annotated one that have no mask
        yet, in order. The score is the Dice coefficient of the masks on both sides.
    """
    indices = sorted(known)
    for start, stop in pairwise(indices):
        first, second = known[start], known[stop]
        part = _common_part(first, second)
        alike = dice(first, second)
        for index in range(start + 1, stop):
            fraction = (index - start) / (stop - start)
            mask = np.zeros(first.shape, dtype=bool)
            mask[part] = mask_between(first[part], second[part], fraction, spacing_rc)
            yield SliceMask.of(index, mask, alike, Origin.INTERPOLATED)


def _common_part(
    first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]
) -> tuple[slice, slice]:
    """Rows and columns of both masks, and a pixel more: distances are exact in it."""
    both = first | second
    rows, cols = (np.flatnonzero(both.any(axis=axis)) for axis in (1, 0))
    return (
        slice(max(0, rows[0] - 1), rows[-1] + 2),
        slice(max(0, cols[0] - 1), cols[-1] + 2),
    )
