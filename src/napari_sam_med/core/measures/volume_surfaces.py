"""Agreement of the surfaces of two objects in a volume, in millimetres."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage, spatial

from napari_sam_med.core.measures.surfaces import (
    PERCENTILE,
    ROUNDING_MM,
    SurfaceAgreement,
)
from napari_sam_med.errors import ImageError

if TYPE_CHECKING:
    import numpy.typing as npt


def volume_surface_agreement(
    mask: npt.NDArray[np.bool_],
    truth: npt.NDArray[np.bool_],
    *,
    spacing_zyx: tuple[float, float, float],
    tolerance_mm: float,
) -> SurfaceAgreement:
    """Compare the surfaces of two masks in a volume.

    Parameters
    ----------
    mask, truth : (Z, Y, X) bool
        What a model gave, and what it should have given.
    spacing_zyx : (3,) float
        Millimetres between voxels.
    tolerance_mm : float
        Distance that still counts as agreement.

    Returns
    -------
    SurfaceAgreement
        If both masks are empty 1 and 0 mm; if one is, 0 and the diagonal of the volume.

    Raises
    ------
    ImageError
        If the shapes differ.

    Notes
    -----
    As ``surface_agreement`` on slices: the surface is the voxels with background, or
    the volume's end, at one of their six sides; distances are exact, between voxel
    centres, and every surface voxel counts alike. Programs that weigh surface elements
    by their area give slightly other values on anisotropic voxels.

    Examples
    --------
    >>> truth = np.zeros((5, 5, 9), dtype=bool)
    >>> truth[1:4, 1:4, 1:4] = True
    >>> moved = np.roll(truth, 2, axis=2)
    >>> volume_surface_agreement(
    ...     moved, truth, spacing_zyx=(3.0, 1.0, 0.5), tolerance_mm=1.0
    ... )
    SurfaceAgreement(nsd=1.0, hd95_mm=1.0)
    """
    if mask.shape != truth.shape:
        msg = f"mask of shape {mask.shape} for a truth of shape {truth.shape}"
        raise ImageError(msg)
    if not mask.any() or not truth.any():
        alike = not mask.any() and not truth.any()
        diagonal = float(np.linalg.norm(np.multiply(mask.shape, spacing_zyx)))
        return SurfaceAgreement(float(alike), 0.0 if alike else diagonal)
    ours, theirs = (_surface_mm(each, spacing_zyx) for each in (mask, truth))
    there = spatial.KDTree(theirs).query(ours)[0]
    back = spatial.KDTree(ours).query(theirs)[0]
    limit = tolerance_mm + ROUNDING_MM
    within = np.count_nonzero(there <= limit) + np.count_nonzero(back <= limit)
    hd95 = max(np.percentile(there, PERCENTILE), np.percentile(back, PERCENTILE))
    return SurfaceAgreement(float(within / (len(there) + len(back))), float(hd95))


def _surface_mm(
    mask: npt.NDArray[np.bool_], spacing_zyx: tuple[float, float, float]
) -> npt.NDArray[np.float64]:
    (box,) = ndimage.find_objects(mask.astype(np.uint8))
    own = mask[box]
    surface = own & ~ndimage.binary_erosion(own)
    corner = np.array([side.start for side in box], dtype=np.float64)
    return (np.argwhere(surface) + corner) * np.asarray(spacing_zyx, dtype=np.float64)
