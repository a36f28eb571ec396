"""Irregular shapes: signed distances in millimetres on a warped grid, and noise.

A field is negative inside a shape and positive outside, roughly in millimetres; union
is ``minimum``, intersection ``maximum``. Warping the coordinates by smooth noise before
a field is evaluated makes every outline irregular.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

Field = np.ndarray[tuple[int, ...], np.dtype[np.floating]]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Millimetre coordinates of every voxel, the middle of the grid at zero.

    Parameters
    ----------
    z, y, x : arrays that broadcast to ``shape``, float32
        In millimetres.
    shape : (3,) int
        Voxels along z, y and x.
    spacing_zyx : (3,) float
        Millimetres between voxels.
    """

    z: Field
    y: Field
    x: Field
    shape: tuple[int, int, int]
    spacing_zyx: tuple[float, float, float]

    @classmethod
    def of(
        cls, shape: tuple[int, int, int], spacing_zyx: tuple[float, float, float]
    ) -> Grid:
        """Build a regular grid around zero."""
        axes = [
            ((np.arange(n) - (n - 1) / 2) * s).astype(np.float32)
            for n, s in zip(shape, spacing_zyx, strict=True)
        ]
        z, y, x = np.meshgrid(*axes, indexing="ij", sparse=True)
        return cls(z, y, x, shape, spacing_zyx)

    @property
    def frame(self) -> tuple[tuple[int, int, int], tuple[float, float, float]]:
        """Shape and spacing, to build a grid with other coordinates."""
        return self.shape, self.spacing_zyx

    def warped(
        self, rng: np.random.Generator, *, amplitude_mm: float, length_mm: float
    ) -> Grid:
        """Displace in the plane, and half as far along z, by smooth noise."""
        dz, dy, dx = (
            smooth_noise(rng, self, length_mm) * (amplitude_mm * part)
            for part in (0.5, 1.0, 1.0)
        )
        return Grid(self.z + dz, self.y + dy, self.x + dx, *self.frame)

    def shifted(self, *, z: float = 0.0, y: float = 0.0, x: float = 0.0) -> Grid:
        """Move what is drawn on the grid by so many millimetres."""
        return Grid(self.z - z, self.y - y, self.x - x, *self.frame)

    def box(
        self, centre_zyx: tuple[float, float, float], *, reach_mm: float
    ) -> tuple[slice, ...]:
        """Index range of the voxels within ``reach_mm`` along each axis."""
        axes = (self.z.ravel(), self.y.ravel(), self.x.ravel())
        ends = (
            np.searchsorted(axis, (centre - reach_mm, centre + reach_mm))
            for axis, centre in zip(axes, centre_zyx, strict=True)
        )
        return tuple(slice(int(low), int(high)) for low, high in ends)

    def cut(self, box: tuple[slice, ...]) -> Grid:
        """Keep the voxels of ``box``; the grid must be warped (its arrays full)."""
        z, y, x = self.z[box], self.y[box], self.x[box]
        depth, height, width = z.shape
        return Grid(z, y, x, (depth, height, width), self.spacing_zyx)


def smooth_noise(rng: np.random.Generator, grid: Grid, length_mm: float) -> Field:
    """Draw noise of mean about 0 and deviation about 1 that varies over ``length_mm``.

    Parameters
    ----------
    rng : numpy.random.Generator
        Moves on by one field.
    grid : Grid
        Only its shape and spacing count.
    length_mm : float
        Distance between independent values.

    Returns
    -------
    grid.shape, float32
    """
    coarse_shape = [
        max(2, int(np.ceil(n * s / length_mm))) + 3
        for n, s in zip(grid.shape, grid.spacing_zyx, strict=True)
    ]
    coarse = rng.standard_normal(coarse_shape).astype(np.float32) * 1.7
    for axis, (n, s) in enumerate(zip(grid.shape, grid.spacing_zyx, strict=True)):
        positions = 1.0 + np.arange(n) * s / length_mm
        coarse = _interpolate(coarse, positions, axis)
    return coarse


def _interpolate(values: Field, positions: Field, axis: int) -> Field:
    """Interpolate along one axis by a cubic B-spline without prefilter."""
    base = np.minimum(positions.astype(int), values.shape[axis] - 3)
    t = (positions - base).astype(np.float32)
    weights = (
        (1 - t) ** 3 / 6,
        (3 * t**3 - 6 * t**2 + 4) / 6,
        (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6,
        t**3 / 6,
    )
    shape = [1] * values.ndim
    shape[axis] = -1
    parts = (
        np.take(values, base + k - 1, axis=axis) * w.reshape(shape)
        for k, w in enumerate(weights)
    )
    total: Field = sum(parts)
    return total


def ellipsoid(
    grid: Grid,
    centre_zyx: tuple[float, float, float],
    half_axes_zyx: tuple[float, float, float],
    *,
    turn_deg: float = 0.0,
) -> Field:
    """Field of an ellipsoid, turned in the plane about its centre.

    Parameters
    ----------
    grid : Grid
        Where the field is evaluated; may be warped.
    centre_zyx, half_axes_zyx : (3,) float
        In millimetres.
    turn_deg : float
        From x towards y.

    Returns
    -------
    grid.shape, float32
    """
    z, y, x = grid.z - centre_zyx[0], grid.y - centre_zyx[1], grid.x - centre_zyx[2]
    cos, sin = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    u, v = cos * x + sin * y, -sin * x + cos * y
    c, b, a = half_axes_zyx
    radius: Field = np.sqrt((u / a) ** 2 + (v / b) ** 2 + (z / c) ** 2)
    return (radius - 1) * min(half_axes_zyx)


def smooth_union(first: Field, second: Field, blend_mm: float) -> Field:
    """Unite two shapes with a rounded seam about ``blend_mm`` wide."""
    h = np.clip(0.5 + 0.5 * (second - first) / blend_mm, 0, 1)
    return np.asarray(
        second + (first - second) * h - blend_mm * h * (1 - h), np.float32
    )


def smooth_cut(field: Field, removed: Field, blend_mm: float) -> Field:
    """Take ``removed`` away from a shape, with rounded rims."""
    return -smooth_union(-field, removed, blend_mm)


def smooth_common(first: Field, second: Field, blend_mm: float) -> Field:
    """Keep what two shapes share, with rounded rims."""
    return -smooth_union(-first, -second, blend_mm)


def grain(rng: np.random.Generator, shape: tuple[int, ...], sigma_px: float) -> Field:
    """Fine noise of deviation 1, blurred in the plane as reconstruction does.

    Parameters
    ----------
    rng : numpy.random.Generator
        Moves on by one field.
    shape : tuple of int
        The last two axes are the plane.
    sigma_px : float
        Of the Gaussian blur.

    Returns
    -------
    shape, float32
    """
    white = rng.standard_normal(shape, dtype=np.float32)
    sigma = (0.0,) * (len(shape) - 2) + (sigma_px, sigma_px)
    blurred: Field = ndimage.gaussian_filter(white, sigma)
    return blurred / float(blurred.std())
