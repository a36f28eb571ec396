"""Distance maps of a region, and its pixel that lies farthest from the border."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.simulate.rng import Draw

DistanceMap = Callable[["npt.NDArray[np.bool_]"], "npt.NDArray[np.floating]"]
"""Distance of each pixel of a region to the nearest pixel outside it; (H, W)."""


SQUARE_TOLERANCE = 1e-3
"""Part of the finer spacing; headers that keep three decimals are off by as much."""


@dataclass(frozen=True, slots=True)
class Centre:
    """A pixel that lies farthest from the border of its region.

    Parameters
    ----------
    point_rc : (row, column)
        The pixel.
    tied : int
        How many pixels lie equally far; this one was drawn among them.
    radius : float
        Its distance to the nearest pixel outside, in the map's unit.
    """

    point_rc: tuple[int, int]
    tied: int
    radius: float


Placement = Callable[["npt.NDArray[np.floating]", "Draw"], Centre]
"""From a distance map and draws to the pixel that is clicked, as ``centre_of``."""


def released_distance(
    region: npt.NDArray[np.bool_],
) -> npt.NDArray[np.floating]:
    """Measure distances with the 5 x 5 chamfer of the study's published code.

    Parameters
    ----------
    region : (H, W) bool
        True inside; what lies beyond the slice counts as outside.

    Returns
    -------
    (H, W) float32
        Approximate Euclidean distances, in pixels.

    Notes
    -----
    One pixel of zeros round the slice, then ``cv2.distanceTransform`` with ``DIST_L2``
    and mask size 5 (mazurowski-lab/segment-anything-medical-evaluation).
    """
    padded = np.pad(region, 1).astype(np.uint8)
    distance = np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 5), np.float32)
    return distance[1:-1, 1:-1]


def exact_distance(
    region: npt.NDArray[np.bool_], *, spacing_rc: tuple[float, float] = (1.0, 1.0)
) -> npt.NDArray[np.floating]:
    """Measure exact Euclidean distances.

    Parameters
    ----------
    region : (H, W) bool
        True inside; what lies beyond the slice counts as outside.
    spacing_rc : (row, column)
        Distance between pixels. Only the ratio matters to the result's order, so it is
        divided by the smaller one: square pixels then give exact integers squared.

    Returns
    -------
    (H, W) float64
        Distances in units of the finer spacing.

    Notes
    -----
    Square pixels: OpenCV's transform with ``DIST_MASK_PRECISE``, as RITM's clicker
    (SamsungLabs/ritm_interactive_segmentation), its float32 rounded to the root of the
    whole number that it stands for, so that equal distances are equal; others: scipy's.
    Only the region's own box is computed.

    Examples
    --------
    >>> float(exact_distance(np.ones((3, 5), dtype=bool)).max())
    2.0
    """
    distance = np.zeros(region.shape, dtype=np.float64)
    rows, cols = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
    if rows.size:
        box = np.s_[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
        sampling = np.divide(spacing_rc, min(spacing_rc))
        distance[box] = _exact_inside(np.pad(region[box], 1), sampling)[1:-1, 1:-1]
    return distance


def _exact_inside(
    region: npt.NDArray[np.bool_], sampling: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    if abs(sampling[0] - sampling[1]) > SQUARE_TOLERANCE:
        return np.asarray(ndimage.distance_transform_edt(region, sampling=sampling))
    found = cv2.distanceTransform(
        region.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )
    return np.sqrt(np.rint(np.asarray(found, dtype=np.float64) ** 2))


def centre_of(distance: npt.NDArray[np.floating], draw: Draw) -> Centre:
    """Draw one of the pixels where a distance map is largest.

    Parameters
    ----------
    distance : (H, W) float
        As a distance map gives it; of an empty region all zero, and then any pixel of
        the slice may be drawn, as in the study's published code.
    draw : callable
        Draws one of n equals; the pixels stand in row-major order.

    Returns
    -------
    Centre

    Examples
    --------
    >>> region = np.zeros((5, 6), dtype=bool)
    >>> region[1:4, 1:5] = True
    >>> centre_of(exact_distance(region), draw=lambda n: n - 1)
    Centre(point_rc=(2, 3), tied=2, radius=2.0)
    """
    peak = distance.max()
    rows, cols = np.nonzero(distance == peak)
    drawn = draw(len(rows))
    return Centre((int(rows[drawn]), int(cols[drawn])), len(rows), float(peak))
