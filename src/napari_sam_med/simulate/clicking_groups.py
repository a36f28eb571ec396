"""Clicks off the centre: of people who click nearer to the border, or less near."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from napari_sam_med.errors import PromptError
from napari_sam_med.simulate.distance_maps import Centre, centre_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.simulate.rng import Draw

GROUPS = 10
"""As many as RClicks has: each holds a tenth of the pixels that may be clicked."""


def click_of_group(
    distance: npt.NDArray[np.floating], draw: Draw, *, group: int
) -> Centre:
    """Draw a pixel of one decile of the distances inside a region.

    Parameters
    ----------
    distance : (H, W) float
        As a distance map gives it. The region is the connected one round the pixel that
        ``centre_of`` draws; of an empty map that pixel itself is given.
    draw : callable
        Draws one of n equals.
    group : int
        1, the tenth of the region's pixels nearest to its border, to 10, the tenth
        around its centre.

    Returns
    -------
    Centre
        Every pixel of the group is equally likely; ``tied`` says how many it holds. Of
        a region of fewer than ten pixels, neighbouring groups share them.

    Raises
    ------
    PromptError
        If there is no such group.

    Notes
    -----
    The clicking groups of Antonov et al. 2024, "RClicks: realistic click simulation for
    benchmarking interactive segmentation", part where people click by the density that
    a network learned from their clicks on photographs; here the distance map, one of
    the densities they compare it with, stands for it. Pixels of one distance that fall
    into two groups are dealt out at random: the group's rank is drawn first, then one
    of the pixels at its distance.

    Examples
    --------
    >>> from napari_sam_med.simulate.distance_maps import exact_distance
    >>> distance = exact_distance(np.ones((9, 9), dtype=bool))
    >>> [click_of_group(distance, lambda n: 0, group=g).radius for g in (1, 5, 10)]
    [1.0, 2.0, 4.0]
    """
    if not 1 <= group <= GROUPS:
        msg = f"clicking group {group} is unknown; give 1 to {GROUPS}"
        raise PromptError(msg)
    centre = centre_of(distance, draw)
    if centre.radius == 0:
        return centre
    _, parts = cv2.connectedComponents((distance > 0).astype(np.uint8), connectivity=8)
    inside = parts == parts[centre.point_rc]
    ordered = np.sort(distance[inside])
    first = (group - 1) * len(ordered) // GROUPS
    size = max(group * len(ordered) // GROUPS - first, 1)
    drawn = ordered[first + draw(size)]
    rows, cols = np.nonzero(inside & (distance == drawn))
    one = draw(len(rows))
    return Centre((int(rows[one]), int(cols[one])), size, float(drawn))
