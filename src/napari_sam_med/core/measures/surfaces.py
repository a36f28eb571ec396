"""Agreement of a mask's outline with the truth's, in millimetres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import spatial

from napari_sam_med.errors import ImageError

if TYPE_CHECKING:
    import numpy.typing as npt

ROUNDING_MM = 1e-5
"""Distances that equal the tolerance count as within it: NIfTI stores spacings in
single precision, which misses a distance of 100 mm by up to 6e-6."""
PERCENTILE = 95
"""HD95, as medical challenges report it: the largest distance hangs on one pixel."""


@dataclass(frozen=True, slots=True)
class SurfaceAgreement:
    """How far two outlines lie apart.

    Parameters
    ----------
    nsd : float
        Normalised surface Dice, 0 to 1: the part of both outlines that lies within the
        tolerance of the other one.
    hd95_mm : float
        95th percentile of the distances between the outlines, the larger of both
        directions, in millimetres.
    """

    nsd: float
    hd95_mm: float


def surface_agreement(
    mask: npt.NDArray[np.bool_],
    truth: npt.NDArray[np.bool_],
    *,
    spacing_rc: tuple[float, float],
    tolerance_mm: float,
) -> SurfaceAgreement:
    """Compare the outlines of two masks on a slice.

    Parameters
    ----------
    mask, truth : (H, W) bool
        What a model gave, and what it should have given.
    spacing_rc : (row, column)
        Millimetres between pixels.
    tolerance_mm : float
        Distance that still counts as agreement.

    Returns
    -------
    SurfaceAgreement
        If both masks are empty 1 and 0 mm; if one is, 0 and the diagonal of the slice,
        the largest distance that two pixels can have.

    Raises
    ------
    ImageError
        If the shapes differ.

    Notes
    -----
    The outline is the mask's pixels that have background, or the slice's edge, above,
    below, left or right of them; distances are exact, between pixel centres.
    Normalised surface Dice after Nikolov et al. 2018 (arXiv 1809.04430), every outline
    pixel counted alike.

    Examples
    --------
    >>> truth = np.zeros((5, 9), dtype=bool)
    >>> truth[1:4, 1:4] = True
    >>> moved = np.roll(truth, 2, axis=1)
    >>> surface_agreement(moved, truth, spacing_rc=(1.0, 0.5), tolerance_mm=1.0)
    SurfaceAgreement(nsd=1.0, hd95_mm=1.0)
    """
    if mask.shape != truth.shape:
        msg = f"mask of shape {mask.shape} for a truth of shape {truth.shape}"
        raise ImageError(msg)
    if not mask.any() or not truth.any():
        alike = not mask.any() and not truth.any()
        diagonal = float(np.hypot(*np.multiply(mask.shape, spacing_rc)))
        return SurfaceAgreement(float(alike), 0.0 if alike else diagonal)
    ours, theirs = (_outline_mm(each, spacing_rc) for each in (mask, truth))
    there, back = (
        spatial.KDTree(target).query(points)[0]
        for points, target in ((ours, theirs), (theirs, ours))
    )
    limit = tolerance_mm + ROUNDING_MM
    within = np.count_nonzero(there <= limit) + np.count_nonzero(back <= limit)
    hd95 = max(np.percentile(there, PERCENTILE), np.percentile(back, PERCENTILE))
    nsd = float(within / (len(there) + len(back)))
    return SurfaceAgreement(nsd, float(hd95))


def _outline_mm(
    mask: npt.NDArray[np.bool_], spacing_rc: tuple[float, float]
) -> npt.NDArray[np.float64]:
    """Return (n, 2) places of boundary pixels; beyond the slice is background."""
    rows, cols = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    own = mask[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    padded = np.pad(own, 1)
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    corner = np.array([rows[0], cols[0]], dtype=np.float64)
    places = np.argwhere(own & ~inside) + corner
    return places * np.asarray(spacing_rc, dtype=np.float64)
