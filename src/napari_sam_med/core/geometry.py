"""Where the voxels of an array lie in the patient."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
MOST_SKEW = 2e-3
"""Largest cosine between two axes that rounding explains: components rounded to three
decimals are off by 5e-4 each, two such unit vectors by at most 2 * sqrt(3) * 5e-4."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the voxels of a volume lie, in millimetres, in LPS.

    Parameters
    ----------
    spacing_xyz : (3,) float
        Millimetres between voxel centres along the array's x, y and z axes.
    origin_xyz : (3,) float
        LPS position of the first voxel's centre, in millimetres.
    direction : (3, 3) float
        Row-major; column i is the LPS direction of the array's axis i (x, y, z), as
        SimpleITK's ``GetDirection`` gives it. May be left-handed.

    Raises
    ------
    GeometryError
        If a spacing is not positive and finite, the origin is not finite, or the
        direction is singular.

    Examples
    --------
    >>> Geometry(spacing_xyz=(0.8, 0.8, 5.0)).spacing_zyx
    (5.0, 0.8, 0.8)
    """

    spacing_xyz: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin_xyz: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[tuple[float, float, float], ...] = IDENTITY

    def __post_init__(self) -> None:
        spacing = _numbers(self.spacing_xyz)
        if spacing.shape != (3,) or not (np.isfinite(spacing) & (spacing > 0)).all():
            msg = f"spacing {self.spacing_xyz}; give three positive numbers in mm"
            raise GeometryError(msg)
        origin = _numbers(self.origin_xyz)
        if origin.shape != (3,) or not np.isfinite(origin).all():
            msg = f"origin {self.origin_xyz}; give three finite numbers in mm"
            raise GeometryError(msg)
        direction = _numbers(self.direction)
        if direction.shape != (3, 3) or not abs(np.linalg.det(direction)) > 1e-6:
            msg = f"direction {self.direction}; give an invertible 3 x 3 matrix"
            raise GeometryError(msg)

    @classmethod
    def from_matrix(cls, matrix: npt.ArrayLike) -> Geometry:
        """Build a geometry from the matrix of a header.

        Parameters
        ----------
        matrix : (4, 4) float
            Turns voxel indices (x, y, z, 1) into LPS millimetres. Axes that are off
            the right angle by no more than rounding (cosine up to 0.002) become the
            nearest orthonormal ones.

        Returns
        -------
        Geometry

        Raises
        ------
        GeometryError
            If the matrix is not finite, singular, or its axes are not at right angles.

        Notes
        -----
        The nearest orthonormal matrix in the sense of the Frobenius norm is the
        orthogonal factor of the polar decomposition (Higham, 1986).
        """
        values = _numbers(matrix)
        if values.shape != (4, 4) or not np.isfinite(values).all():
            msg = f"geometry {values.tolist()}; give a finite 4 x 4 matrix"
            raise GeometryError(msg)
        spacing = np.linalg.norm(values[:3, :3], axis=0)
        if not (spacing > 0).all():
            msg = f"voxels of {spacing.tolist()} mm; give three positive spacings"
            raise GeometryError(msg)
        direction = values[:3, :3] / spacing
        if skew_of(direction) > MOST_SKEW:
            angle = np.degrees(np.arcsin(min(1.0, skew_of(direction))))
            msg = (
                f"the axes are {angle:.3g} degrees off the right angle; only images "
                "with axes at right angles are accepted, so resample it first"
            )
            raise GeometryError(msg)
        return cls(_triple(spacing), _triple(values[:3, 3]), orthonormal(direction))

    @property
    def spacing_zyx(self) -> tuple[float, float, float]:
        """Millimetres between voxels in array order, which is also napari's scale."""
        x, y, z = self.spacing_xyz
        return (z, y, x)

    @property
    def matrix(self) -> npt.NDArray[np.float64]:
        """(4, 4); turns voxel indices (x, y, z, 1) into LPS millimetres."""
        matrix = np.eye(4)
        matrix[:3, :3] = np.asarray(self.direction) * np.asarray(self.spacing_xyz)
        matrix[:3, 3] = self.origin_xyz
        return matrix

    def world_xyz_from_zyx(
        self, index_zyx: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Turn array indices into LPS millimetres.

        Parameters
        ----------
        index_zyx : (..., 3) float
            Voxel indices, centres at integers.

        Returns
        -------
        (..., 3) float64
            (x, y, z) in LPS millimetres.
        """
        scaled = np.asarray(index_zyx, dtype=float)[..., ::-1] * np.asarray(
            self.spacing_xyz
        )
        world: npt.NDArray[np.float64] = scaled @ np.transpose(self.direction)
        return np.add(world, self.origin_xyz)

    def zyx_from_world_xyz(
        self, world_xyz: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Turn LPS millimetres into array indices, the inverse of the above.

        Parameters
        ----------
        world_xyz : (..., 3) float
            (x, y, z) in LPS millimetres.

        Returns
        -------
        (..., 3) float64
            Voxel indices along z, y and x, with fractions.
        """
        moved = np.asarray(world_xyz, dtype=float) - np.asarray(self.origin_xyz)
        along = moved @ np.linalg.inv(np.asarray(self.direction)).T
        index: npt.NDArray[np.float64] = (along / np.asarray(self.spacing_xyz))[
            ..., ::-1
        ]
        return index


def skew_of(direction: npt.ArrayLike) -> float:
    """Largest cosine between two columns of unit length; 0 at right angles."""
    unit = np.asarray(direction, dtype=float)
    return float(np.abs((unit.T @ unit) - np.diag((unit**2).sum(axis=0))).max())


def orthonormal(direction: npt.ArrayLike) -> tuple[tuple[float, float, float], ...]:
    """Nearest orthonormal matrix; exact zeros and ones stay what they are.

    Examples
    --------
    >>> orthonormal([[0.999, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -1.0]])
    ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0))
    """
    values = np.asarray(direction, dtype=float)
    if not np.allclose(values.T @ values, np.eye(3), rtol=0, atol=1e-12):
        left, _, right = np.linalg.svd(values)
        values = left @ right
    values = np.where(np.abs(values) < 1e-15, 0.0, values)
    x, y, z = (_triple(row) for row in values)
    return (x, y, z)


def corners_zyx(shape_zyx: Sequence[int]) -> npt.NDArray[np.float64]:
    """Indices of the eight corner voxels of a volume, (8, 3) float64."""
    ends = ((0.0, float(n - 1)) for n in shape_zyx)
    return np.array(list(product(*ends)))


def _numbers(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Take numbers as float64; NaN of no shape stands for other things."""
    try:
        found = np.asarray(values)
        if found.dtype.kind in "iuf":
            return found.astype(np.float64)
    except (TypeError, ValueError):
        pass  # ragged lists
    return np.array(np.nan)


def _triple(values: npt.ArrayLike) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in np.asarray(values, dtype=float))
    return (x, y, z)
