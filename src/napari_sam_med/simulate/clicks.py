"""The next click of a user who corrects a mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.prompts import NEGATIVE, POSITIVE
from napari_sam_med.simulate.distance_maps import centre_of, exact_distance

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.simulate.distance_maps import DistanceMap, Placement
    from napari_sam_med.simulate.rng import Draw


@dataclass(frozen=True, slots=True)
class Click:
    """One click.

    Parameters
    ----------
    point_rc : (row, column)
        The pixel.
    polarity : int
        1 on the object, 0 on the background.
    tied : int
        Among how many equally good pixels it was drawn.
    radius : float
        Its distance to the border of the error, in the map's unit.
    """

    point_rc: tuple[int, int]
    polarity: int
    tied: int
    radius: float


def first_click(
    region: npt.NDArray[np.bool_],
    distance: DistanceMap,
    draw: Draw,
    *,
    place: Placement = centre_of,
) -> Click:
    """Click on the centre of an object.

    Parameters
    ----------
    region : (H, W) bool
        The object, or its largest component: profiles differ.
    distance : callable
        The distance map.
    draw : callable
        Draws one of n equals.
    place : callable
        Where in the region; by default its centre.

    Returns
    -------
    Click
        A positive one.
    """
    centre = place(distance(region), draw)
    return Click(centre.point_rc, POSITIVE, centre.tied, centre.radius)


def released_click(
    truth: npt.NDArray[np.bool_],
    prediction: npt.NDArray[np.bool_],
    positive_on: npt.NDArray[np.generic],
    distance: DistanceMap,
    draw: Draw,
    *,
    place: Placement = centre_of,
) -> Click:
    """Click where the study's published code would click next.

    Parameters
    ----------
    truth, prediction : (H, W) bool
        The object and the mask to be corrected.
    positive_on : (H, W) number
        Where a click is positive: wherever this is not zero. The published
        code passes the mask of all classes, so that a click on another class is
        positive; the paper's text means ``truth``.
    distance : callable
        The distance map; here ``released_distance``.
    draw : callable
        Draws one of n equals.
    place : callable
        Where in the error; by default its centre.

    Returns
    -------
    Click
        Missed and surplus pixels are one map. Earlier clicks are not excluded, and
        without any error any pixel of the slice may be drawn.

    Notes
    -----
    mazurowski-lab/segment-anything-medical-evaluation, the iterative script.

    Examples
    --------
    >>> truth = np.zeros((5, 9), dtype=bool)
    >>> truth[1:4, 1:4] = True
    >>> surplus = np.zeros_like(truth)
    >>> surplus[1:4, 1:8] = True
    >>> click = released_click(truth, surplus, truth, exact_distance, lambda n: 0)
    >>> click.point_rc, click.polarity
    ((2, 5), 0)
    """
    centre = place(distance(truth ^ prediction), draw)
    polarity = POSITIVE if positive_on[centre.point_rc] else NEGATIVE
    return Click(centre.point_rc, polarity, centre.tied, centre.radius)


def ritm_click(
    truth: npt.NDArray[np.bool_],
    prediction: npt.NDArray[np.bool_],
    clicked_rc: npt.NDArray[np.floating],
    draw: Draw,
    *,
    spacing_rc: tuple[float, float] = (1.0, 1.0),
    place: Placement = centre_of,
) -> Click | None:
    """Click into the larger of the missed and the surplus regions.

    Parameters
    ----------
    truth, prediction : (H, W) bool
        The object and the mask to be corrected.
    clicked_rc : (N, 2) float
        Row and column of the earlier clicks; their pixels are not clicked again.
    draw : callable
        Draws one of n equals.
    spacing_rc : (row, column)
        Distance between pixels, for slices whose pixels are not square.
    place : callable
        Where in the larger region; by default its centre.

    Returns
    -------
    Click or None
        None if nothing is left to correct.

    Notes
    -----
    Sofiiuk et al. 2022, "Reviving iterative training with mask guidance", and its code
    (SamsungLabs/ritm_interactive_segmentation, ``isegm/inference/clicker.py``): exact
    distances in both maps, clicked pixels set to zero, positive only if the missed
    region is strictly the larger.

    Examples
    --------
    >>> truth = np.zeros((5, 9), dtype=bool)
    >>> truth[1:4, 1:4] = True
    >>> empty = np.zeros_like(truth)
    >>> ritm_click(truth, empty, np.zeros((0, 2)), lambda n: 0)
    Click(point_rc=(2, 2), polarity=1, tied=1, radius=2.0)
    >>> ritm_click(truth, truth, np.zeros((0, 2)), lambda n: 0) is None
    True
    """
    missed = exact_distance(truth & ~prediction, spacing_rc=spacing_rc)
    surplus = exact_distance(prediction & ~truth, spacing_rc=spacing_rc)
    rows, cols = np.rint(clicked_rc).astype(int).T
    missed[rows, cols] = surplus[rows, cols] = 0
    positive = missed.max() > surplus.max()
    larger = missed if positive else surplus
    if larger.max() == 0:
        return None
    centre = place(larger, draw)
    polarity = POSITIVE if positive else NEGATIVE
    return Click(centre.point_rc, polarity, centre.tied, centre.radius)
