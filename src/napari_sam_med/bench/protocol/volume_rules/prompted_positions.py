"""Which slices of an object are prompted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.protocol.volume_rules.volume_settings import PromptedSlices

if TYPE_CHECKING:
    import numpy.typing as npt

MOST_WITH_FIRST = 4
"""Of more slices than these, evenly spaced, the first one is left out of the three."""


def prompted_positions(
    areas_px: npt.NDArray[np.integer], choice: PromptedSlices
) -> tuple[int, ...]:
    """Choose slices of an object.

    Parameters
    ----------
    areas_px : (N,) int
        Pixels of the object on each slice of the volume; not all 0.
    choice : PromptedSlices
        The rule.

    Returns
    -------
    tuple of int
        One slice, or for ``three`` up to three, in order.

    Notes
    -----
    The rules of the study's authors for SAM 2: the first of the n slices with the
    object; that at n // 2; the first with the largest area; every max(1, n // 4)th
    slice, of which those at places 1 to 3 are taken if there are more than four, else
    the first three.

    Examples
    --------
    >>> areas = np.array([0, 3, 5, 9, 9, 2, 0])
    >>> [prompted_positions(areas, choice) for choice in PromptedSlices]
    [(1,), (3,), (3,), (2, 3, 4)]
    """
    indices = np.flatnonzero(areas_px)
    if choice is PromptedSlices.FIRST:
        return (int(indices[0]),)
    if choice is PromptedSlices.MIDDLE:
        return (int(indices[len(indices) // 2]),)
    if choice is PromptedSlices.LARGEST:
        return (int(np.argmax(areas_px)),)
    spaced = indices[:: max(1, len(indices) // 4)]
    three = spaced[1:4] if len(spaced) > MOST_WITH_FIRST else spaced[:3]
    return tuple(int(index) for index in three)
