"""From the matrices of headers to a geometry, and what had to be put right for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.geometry import Geometry, corners_zyx
from napari_sam_med.errors import GeometryError
from napari_sam_med.io.formats import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

_SAID_FROM_MM = 0.005
"""Corners that move less are rounding of single precision, not worth a sentence."""


def geometry_from_matrix(
    matrix: npt.ArrayLike, shape_zyx: Sequence[int], path: Path
) -> tuple[Geometry, tuple[str, ...]]:
    """Build a geometry, naming the file where that fails.

    Parameters
    ----------
    matrix : (4, 4) float
        Voxel indices (x, y, z, 1) to LPS millimetres.
    shape_zyx : (Z, Y, X)
        To tell how far putting right moves a voxel.
    path : Path
        For messages.

    Returns
    -------
    geometry : Geometry
    notes : tuple of str
        One sentence if the axes were not quite at right angles.

    Raises
    ------
    GeometryError
        As `Geometry.from_matrix`.
    """
    try:
        geometry = Geometry.from_matrix(matrix)
    except GeometryError as error:
        msg = f"{shown(path)} cannot be placed: {error}"
        raise GeometryError(msg) from error
    moved = corners_apart(geometry.matrix, matrix, shape_zyx)
    if moved < _SAID_FROM_MM:
        return geometry, ()
    note = (
        f"the axes of {shown(path)} are rounded and were put at right angles, which "
        f"moves voxels by at most {moved:.2g} mm"
    )
    return geometry, (note,)


def corners_apart(
    first: npt.ArrayLike, second: npt.ArrayLike, shape_zyx: Sequence[int]
) -> float:
    """Largest distance in mm between the places that two matrices give to a corner."""
    corners = np.c_[corners_zyx(shape_zyx)[:, ::-1], np.ones(8)]
    apart = corners @ (np.asarray(first) - np.asarray(second)).T
    return float(np.linalg.norm(apart[:, :3], axis=1).max())
