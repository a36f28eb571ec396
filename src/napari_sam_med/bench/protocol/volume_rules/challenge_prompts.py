"""Prompts of ``cvpr25-3d``: a box on the middle slice, then clicks into the errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam_med.simulate.components import tight_box

if TYPE_CHECKING:
    import numpy.typing as npt

BOX_SEED = 2025
CLICK_SEED = 42
"""Of each click anew, so that the same error is always clicked at the same voxel."""
MOST_SHIFT = 5
SHIFT_SIDE = 256
"""The shift counts for a slice of 256 pixels a side."""
PADDING = 0.25
"""Of the error's box, on each side."""
TOUCHING = np.ones((3, 3, 3), dtype=int)
"""26-connected."""


@dataclass(frozen=True, slots=True)
class VolumeClick:
    """A click into a volume.

    Parameters
    ----------
    point_zyx : (3,) int
        The voxel.
    polarity : int
        1 on the object, 0 on the background.
    tied : int
        Among how many equally deep voxels it was drawn.
    """

    point_zyx: tuple[int, int, int]
    polarity: int
    tied: int


def challenge_box(
    truth: npt.NDArray[np.bool_],
) -> tuple[int, tuple[int, int, int, int]]:
    """Draw a box on the middle slice of an object.

    Parameters
    ----------
    truth : (Z, Y, X) bool
        The object; not empty.

    Returns
    -------
    index, box_rc : int, (row0, col0, row1, col1)
        The slice along z, and inclusive pixels on it.

    Notes
    -----
    JunMa11/CVPR-MedSegFMCompetition, ``get_boxes.py``: the slice at n // 2 of the n
    that hold the object; one draw of 0 to 5 for the box, each side moved out by that
    many 256ths of the slice's side, cut down to whole pixels, and clipped. The draw is
    seeded for each object anew (2025), so that it hangs on no other object.

    Examples
    --------
    >>> truth = np.zeros((3, 512, 256), dtype=bool)
    >>> truth[:, 100:111, 2:9] = True
    >>> int(np.random.RandomState(2025).randint(0, 6))
    2
    >>> challenge_box(truth)
    (1, (96, 0, 114, 10))
    """
    indices = np.flatnonzero(truth.any(axis=(1, 2)))
    index = int(indices[len(indices) // 2])
    box = tight_box(truth[index]).astype(int)
    shift = int(np.random.RandomState(BOX_SEED).randint(0, MOST_SHIFT + 1))
    sides = truth.shape[1:]
    moved = [int(shift * side / SHIFT_SIDE) for side in sides]
    low = [max(0, int(box[k]) - moved[k]) for k in (0, 1)]
    high = [min(sides[k] - 1, int(box[k + 2]) + moved[k]) for k in (0, 1)]
    return index, (low[0], low[1], high[0], high[1])


def challenge_click(
    truth: npt.NDArray[np.bool_], prediction: npt.NDArray[np.bool_]
) -> VolumeClick | None:
    """Click where the challenge would click next.

    Parameters
    ----------
    truth, prediction : (Z, Y, X) bool
        The object, and the mask to be corrected.

    Returns
    -------
    VolumeClick or None
        None if nothing is left to correct.

    Notes
    -----
    JunMa11/CVPR-MedSegFMCompetition, ``CVPR25_iter_eval.py``: missed and surplus voxels
    are one map; of its 26-connected components the largest, the first of equals;
    Euclidean distance in voxels on the component's box with a quarter of its size, or
    one voxel, of background round it; one of the deepest voxels drawn, with seed 42
    each time.

    Examples
    --------
    >>> truth = np.zeros((5, 5, 9), dtype=bool)
    >>> truth[1:4, 1:4, 1:4] = True
    >>> challenge_click(truth, np.zeros_like(truth))
    VolumeClick(point_zyx=(2, 2, 2), polarity=1, tied=1)
    >>> challenge_click(truth, truth) is None
    True
    """
    regions, count = ndimage.label(truth != prediction, structure=TOUCHING)
    if count == 0:
        return None
    sizes = np.bincount(regions.ravel())[1:]
    largest = int(np.argmax(sizes)) + 1
    box = ndimage.find_objects(regions, max_label=largest)[largest - 1]
    own = regions[box] == largest
    around = [max(1, int(side * PADDING)) for side in own.shape]
    padded = np.pad(own, [(more, more) for more in around])
    distance = ndimage.distance_transform_edt(padded)
    deepest = np.argwhere(distance == distance.max())
    drawn = deepest[np.random.RandomState(CLICK_SEED).randint(len(deepest))]
    z, y, x = (
        int(place - more + side.start)
        for place, more, side in zip(drawn, around, box, strict=True)
    )
    return VolumeClick((z, y, x), int(truth[z, y, x]), len(deepest))
