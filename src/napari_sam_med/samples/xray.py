"""A chest radiograph, frontal: thicknesses of tissue summed along the beam."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.samples.phantom_shapes import (
    Field,
    Grid,
    ellipsoid,
    grain,
    smooth_common,
    smooth_noise,
    smooth_union,
)
from napari_sam_med.samples.sample import Sample

if TYPE_CHECKING:
    import numpy.typing as npt

SIDE_PX = 512
PIXEL_MM = 0.62
NAMES = {1: "lungs", 2: "heart"}
LUNGS, HEART = NAMES


def xray_chest(seed: int = 0) -> Sample:
    """Generate a chest radiograph.

    Parameters
    ----------
    seed : int
        Another seed is another person.

    Returns
    -------
    Sample
        Volume (1, 512, 512) uint8, bright is dense, the patient's right on the left;
        labels 1 lungs (two parts, without the heart's shadow), 2 heart.
    """
    rng = np.random.default_rng([seed, 3])
    grid = Grid.of((1, SIDE_PX, SIDE_PX), (PIXEL_MM,) * 3)
    warped = grid.shifted(y=14).warped(rng, amplitude_mm=3.0, length_mm=45)
    body = _body(warped)
    heart = _heart(warped, rng)
    lungs = np.maximum(_lungs(warped, rng), -_with_shade_below(heart))
    density = 1.0 * _thick(-body, 34)
    density -= 0.86 * _thick(-lungs, 24)
    density += 0.36 * _thick(-heart, 22)
    density += _mediastinum(warped) + _bones(warped, body, rng)
    density += _lung_vessels(grid, lungs, rng)
    labels = np.zeros(grid.shape, np.uint8)
    labels[lungs < 0] = LUNGS
    labels[heart < 0] = HEART
    volume = Volume(_expose(density, rng), Geometry(), f"chest_{seed}", "DX")
    return Sample(volume, labels, NAMES)


def _thick(inside_mm: Field, full_mm: float) -> Field:
    """How thick a rounded body is: a quarter circle from its rim to ``full_mm``."""
    t = np.clip(inside_mm / full_mm, 0, 1)
    return np.asarray(np.sqrt(t * (2 - t)), np.float32)


def _body(grid: Grid) -> Field:
    """Trunk with shoulders that run out of the picture, and the neck."""
    trunk = np.abs(grid.x) - 146
    arms = np.abs(grid.x) - 175 + 0.2 * np.clip(grid.y + 40, 0, None)
    top = -152 - grid.y + 0.22 * np.abs(grid.x)
    trunk = np.maximum(np.minimum(trunk, arms), top)
    neck = np.maximum(np.abs(grid.x) - 46, grid.y + 60)
    return smooth_union(np.asarray(trunk, np.float32), neck, 40)


def _lungs(grid: Grid, rng: np.random.Generator) -> Field:
    """Apex, rib-cage side, mediastinal side and the dome of the diaphragm."""
    sides = []
    for side in (-1, 1):
        wide = rng.uniform(112, 120)
        cage = ellipsoid(grid, (0, 25, side * 20), (900, 150, wide - 20))
        x = side * grid.x  # outwards
        dome_y = 72 + rng.uniform(-5, 5) + (6 if side > 0 else 0)
        dome = grid.y - dome_y - 0.0062 * (x - 52) ** 2
        inner = 22 + 7 * np.cos((grid.y + 45) / 22) + rng.uniform(-2, 2) - x
        shape = smooth_common(cage, np.asarray(inner, np.float32), 8)
        sides.append(smooth_common(shape, np.asarray(dome, np.float32), 4))
    return np.minimum(sides[0], sides[1])


def _heart(grid: Grid, rng: np.random.Generator) -> Field:
    size = rng.uniform(0.80, 0.95)
    ventricle = ellipsoid(grid, (0, 46, 26), (900, 36 * size, 58 * size), turn_deg=28)
    atrium = ellipsoid(grid, (0, 40, -16), (900, 38 * size, 27 * size))
    heart = smooth_union(ventricle, atrium, 16)
    below = grid.y - 80 - 0.02 * grid.x
    above = -2 - grid.y + 0.25 * np.abs(grid.x)
    cut = smooth_common(heart, np.asarray(below, np.float32), 10)
    return smooth_common(cut, np.asarray(above, np.float32), 16)


def _with_shade_below(heart: Field) -> Field:
    """The heart and the 25 mm under it, where it lies on the diaphragm."""
    rows = round(25 / PIXEL_MM)
    origin = rows // 2
    return np.asarray(
        ndimage.minimum_filter1d(heart, rows, axis=1, origin=origin - 1), np.float32
    )


def _mediastinum(grid: Grid) -> Field:
    """Vessels above the heart, the spine through it, and the windpipe's air."""
    column = np.abs(grid.x) - 24 - 4 * np.cos(grid.y / 16)
    knob = ellipsoid(grid, (0, -38, 22), (900, 15, 15))
    wide = smooth_union(np.asarray(column, np.float32), knob, 8)
    spine = np.abs(grid.x) - 14
    discs = 0.5 + 0.5 * np.tanh(3 * np.cos(grid.y * (2 * math.pi / 24)) + 1.5)
    windpipe = np.maximum(np.abs(grid.x - 2) - 8, grid.y + 30)
    return np.asarray(
        0.46 * _thick(-wide, 16)
        + 0.16 * _thick(-spine, 8) * (0.6 + 0.4 * discs)
        - 0.2 * _thick(-windpipe, 8),
        np.float32,
    )


def _bones(grid: Grid, body: Field, rng: np.random.Generator) -> Field:
    """Ribs behind (steep outwards) and in front, collar bones, shoulder blades."""
    total: Field = np.zeros(grid.shape, np.float32)
    phase = rng.uniform(-4, 4)
    out = np.abs(grid.x)
    cage = ellipsoid(grid, (0, 25, 0), (900, 165, 128))
    for number in range(10):
        width = 5.2 + 0.12 * number
        top = -122 + 21.5 * number + phase
        behind = grid.y - top + 26 * np.sin(np.clip(out / 128, 0, 1) * math.pi * 0.8)
        behind = behind - 0.0016 * out**2 * (0.4 + 0.1 * number)
        total += 0.15 * _rib(behind, width, np.maximum(cage, 14 - out))
        front = grid.y - top - 28 + 0.55 * (out - 60) - 0.004 * (out - 60) ** 2
        total += 0.08 * _rib(front, width + 1, np.maximum(cage, 42 - out))
    collar = grid.y + 108 - 9 * np.sin(out / 24) + 0.12 * out
    total += 0.2 * _rib(collar, 6.0, np.maximum(out - 128, 12 - out))
    for side in (-1, 1):
        blade = ellipsoid(grid, (0, -50, side * 136), (900, 56, 20), turn_deg=side * 12)
        total += 0.12 * _thick(-blade, 6) * (body < 0)
    return total


def _rib(across: Field, half_width: float, limit: Field) -> Field:
    """A flat bone, denser along both edges, within ``limit``."""
    field = np.maximum(np.abs(across) - half_width, limit)
    edge = np.exp(-(((np.abs(across) - half_width + 1.2) / 1.3) ** 2)) * (limit < 0)
    return np.asarray(0.75 * _thick(-field, 3.0) + 0.4 * edge, np.float32)


def _lung_vessels(grid: Grid, lungs: Field, rng: np.random.Generator) -> Field:
    """Branches that fan out from each hilum and grow thinner."""
    lines: Field = np.zeros(grid.shape, np.float32)
    for side in (-1, 1):
        for angle in np.linspace(-1.2, 1.25, 11) + rng.uniform(-0.1, 0.1, 11):
            start = (side * 28.0, -2.0 + 12 * angle)
            _branch(lines, start, (side, float(angle)), 2.6, rng)
    shadows = 0.42 * ndimage.gaussian_filter(lines, (0, 0.8, 0.8))
    texture = 0.03 * smooth_noise(rng, grid, 6) + 0.03 * smooth_noise(rng, grid, 14)
    hilum = sum(
        np.exp(-((grid.x - side * 31) ** 2 / 200 + (grid.y - 2) ** 2 / 600))
        for side in (-1, 1)
    )
    return np.asarray(((lungs < 3) * (shadows + texture)) + 0.16 * hilum, np.float32)


def _branch(
    lines: Field,
    start_xy: tuple[float, float],
    heading: tuple[float, float],
    width_mm: float,
    rng: np.random.Generator,
) -> None:
    """Walk outwards, leave a line, and fork until too thin."""
    side, angle = heading
    x, y = start_xy
    steps = int(rng.uniform(14, 26))
    for _ in range(steps):
        x += side * math.cos(angle) * 1.4
        y += math.sin(angle) * 1.4
        angle += float(rng.normal(0, 0.05))
        _dot(lines, x, y, width_mm)
    if width_mm > 0.9:
        for turn in (-1, 1):
            fork = angle + turn * float(rng.uniform(0.15, 0.5))
            thinner = width_mm * float(rng.uniform(0.62, 0.8))
            _branch(lines, (x, y), (side, fork), thinner, rng)


def _dot(lines: Field, x_mm: float, y_mm: float, width_mm: float) -> None:
    row = y_mm / PIXEL_MM + (SIDE_PX - 1) / 2
    col = x_mm / PIXEL_MM + (SIDE_PX - 1) / 2
    if not (4 <= row < SIDE_PX - 4 and 4 <= col < SIDE_PX - 4):
        return
    r0, c0, reach = int(row), int(col), 3
    rows = np.arange(r0 - reach, r0 + reach + 1)
    cols = np.arange(c0 - reach, c0 + reach + 1)
    distance = np.hypot(rows[:, None] - row, cols[None, :] - col) * PIXEL_MM
    spot = np.clip(1 - distance / width_mm, 0, 1) * width_mm / 2.6
    patch = lines[0, rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    np.maximum(patch, spot, out=patch)


def _expose(density: Field, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Scatter, quantum noise and the film's curve; 0 to 255."""
    sharp = ndimage.gaussian_filter(density, (0, 0.7, 0.7))
    scatter = ndimage.gaussian_filter(density, (0, 28, 28))
    mixed = 0.82 * sharp + 0.18 * scatter
    noisy = mixed + 0.018 * grain(rng, density.shape, 0.6)
    curve = 1 / (1 + np.exp(-(noisy - 0.72) / 0.30))
    grey: npt.NDArray[np.float64] = np.rint(255 * (curve - 0.06) / 0.92)
    return np.clip(grey, 0, 255).astype(np.uint8)
