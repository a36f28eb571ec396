"""In which order the slices of an object are looked at again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.session.labelling.object_counts import area_jumps

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt


def by_score(scores: Mapping[int, float]) -> list[int]:
    """List slices, the one of the lowest score first; ties in their own order.

    Examples
    --------
    >>> by_score({4: 0.9, 5: 0.4, 6: 0.9})
    [5, 4, 6]
    """
    return sorted(scores, key=lambda index: (scores[index], index))


def by_jump(own: npt.NDArray[np.int64]) -> list[int]:
    """List the slices that hold an object, the one of the largest jump in area first.

    Parameters
    ----------
    own : (n,) int64
        Voxels of the object by slice.

    Examples
    --------
    >>> by_jump(np.array([0, 10, 10, 40, 0]))
    [2, 3, 1]
    """
    jumps = area_jumps(own)
    held = np.flatnonzero(own > 0).tolist()
    return sorted(held, key=lambda index: (-jumps[index], index))


def next_in(order: list[int], present: int | None) -> int:
    """Give the slice after the present one, or the first if that is not among them.

    Examples
    --------
    >>> next_in([5, 4, 6], 4), next_in([5, 4, 6], 6), next_in([5, 4, 6], None)
    (6, 5, 5)
    """
    at = order.index(present) + 1 if present in order else 0
    return order[at % len(order)]
