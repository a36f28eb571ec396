"""An ultrasound-like image of soft tissue with an irregular dark lesion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.samples.phantom_shapes import (
    Field,
    Grid,
    ellipsoid,
    smooth_noise,
    smooth_union,
)
from napari_sam_med.samples.sample import Sample

if TYPE_CHECKING:
    import numpy.typing as npt

HEIGHT_PX, WIDTH_PX = 384, 448
PIXEL_MM = 0.1
NAMES = {1: "lesion"}
_DYNAMIC_RANGE_DB = 58.0


def us_lesion(seed: int = 0) -> Sample:
    """Generate a linear-probe image, skin at the top.

    Parameters
    ----------
    seed : int
        Another seed is another lesion.

    Returns
    -------
    Sample
        Volume (1, 384, 448) uint8 with speckle, pixels of 0.1 mm; label 1 lesion.
    """
    rng = np.random.default_rng([seed, 4])
    grid = Grid.of((1, HEIGHT_PX, WIDTH_PX), (PIXEL_MM,) * 3)
    lesion = _lesion(grid, rng)
    echo_db = _layers(grid, rng)
    inside = lesion < 0
    echo_db[inside] = (-33 + 2.5 * smooth_noise(rng, grid, 2.5))[inside]
    rim = np.exp(-(((lesion - 0.35) / 0.45) ** 2))
    echo_db += 4 * rim * (lesion > 0)
    echo_db += _below(lesion, rng)
    volume = Volume(
        _speckled(echo_db, grid, rng),
        Geometry((PIXEL_MM, PIXEL_MM, 1.0)),
        f"lesion_{seed}",
        "US",
    )
    return Sample(volume, inside.astype(np.uint8), NAMES)


def _lesion(grid: Grid, rng: np.random.Generator) -> Field:
    """Two or three lobes with a jagged outline, wider than tall or the reverse."""
    rough = grid.warped(rng, amplitude_mm=0.7, length_mm=2.4)
    rough = rough.warped(rng, amplitude_mm=0.3, length_mm=0.9)
    y, x = rng.uniform(-4, 3), rng.uniform(-7, 7)
    height, width = rng.uniform(3.6, 5.6), rng.uniform(5.0, 8.0)
    shape = ellipsoid(
        rough, (0, y, x), (900, height, width), turn_deg=rng.uniform(-25, 25)
    )
    for _ in range(int(rng.integers(1, 3))):
        lobe_y = y + rng.uniform(-0.6, 0.6) * height
        lobe_x = x + rng.choice((-1.0, 1.0)) * rng.uniform(0.6, 0.95) * width
        size = rng.uniform(2.0, 3.2)
        lobe = ellipsoid(rough, (0, lobe_y, lobe_x), (900, size, size * 1.2))
        shape = smooth_union(shape, lobe, 1.2)
    return shape


def _layers(grid: Grid, rng: np.random.Generator) -> Field:
    """Echo of skin, fat with septa, gland, muscle and the chest wall, in decibels."""
    wave = 1.3 * smooth_noise(rng, grid, 14)
    depth = grid.y + HEIGHT_PX * PIXEL_MM / 2 + 0 * grid.x
    septum = smooth_noise(rng, grid, 5) + 0.5 * (depth + wave) - 2
    echo = -22 + 2.5 * smooth_noise(rng, grid, 3)
    echo = np.where(np.abs(np.sin(septum)) < 0.13, -8, echo)
    gland = (depth + wave > 9) & (depth + wave < 26)
    streaks = 4.5 * smooth_noise(rng, grid, 2.0) + 3 * smooth_noise(rng, grid, 6)
    echo = np.where(gland, -11 + streaks, echo)
    muscle = depth + 0.5 * wave > 29
    fibres = np.sin((depth + 0.4 * wave) * 5 + 1.5 * smooth_noise(rng, grid, 7))
    echo = np.where(muscle, -21 + 5 * (fibres > 0.55), echo)
    fascia = np.abs(depth + 0.5 * wave - 29) < 0.35
    echo = np.where(fascia, -2, echo)
    echo = np.where(depth < 1.6, -3 + 4 * np.cos(depth * 4), echo)
    return np.asarray(echo, np.float32)


def _below(lesion: Field, rng: np.random.Generator) -> Field:
    """Shadow or enhancement behind the lesion, softened sideways."""
    path_mm = np.cumsum(lesion < 0, axis=1) * PIXEL_MM
    behind = path_mm * (lesion > 0)
    strength = float(rng.choice((-1.5, -1.0, 0.8)))
    soft: Field = ndimage.gaussian_filter(behind.astype(np.float32), (0, 4, 9))
    return strength * soft


def _speckled(
    echo_db: Field, grid: Grid, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Scatterers seen through a point spread wider sideways, then log compression.

    Notes
    -----
    Fully developed speckle: real and imaginary parts are Gaussian, so that the
    envelope follows a Rayleigh distribution.
    """
    amplitude = 10 ** (echo_db / 20)
    spread = (0, 1.0, 2.1)
    real, imaginary = (
        ndimage.gaussian_filter(
            amplitude * rng.standard_normal(grid.shape, dtype=np.float32), spread
        )
        for _ in range(2)
    )
    envelope_db = 20 * np.log10(np.hypot(real, imaginary) + 1e-5)
    depth = np.arange(HEIGHT_PX, dtype=np.float32)[None, :, None] / HEIGHT_PX
    gained = envelope_db - 7 * depth**2
    top = np.percentile(gained, 99.7)
    shown = np.clip((gained - top) / _DYNAMIC_RANGE_DB + 1, 0, 1)
    grey: npt.NDArray[np.uint8] = np.rint(255 * shown).astype(np.uint8)
    return grey
