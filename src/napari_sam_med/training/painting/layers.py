"""Thin sheets: shells, ribbons and folded cores nested in one another.

A layer is what lies between a region and the region left after peeling it to a
depth; folds come from noise that cuts into the region before it is peeled. Skulls,
cortices, vessel and bowel walls are such layers; none is meant to look like one of
them. Thicknesses are fractions of the canvas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.training.painting import random_shapes

if TYPE_CHECKING:
    from napari_sam_med.training.painting.scene_canvas import Canvas

THINNEST, THICKEST = 0.015, 0.08
SMALLEST_CORE = 0.004


def peeled(region: np.ndarray, depth: float | np.ndarray) -> np.ndarray:
    """Peel a region.

    Parameters
    ----------
    region : numpy.ndarray
        bool (S, S).
    depth : float or numpy.ndarray
        Pixels to take off at the border, one number or (S, S).

    Returns
    -------
    numpy.ndarray
        bool (S, S), what lies deeper than `depth`.
    """
    return np.asarray(region & (random_shapes.depth(region) > depth))


def folded(rng: np.random.Generator, region: np.ndarray) -> np.ndarray:
    """Cut folds of a random depth and number into the border of a region.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    region : numpy.ndarray
        bool (S, S), not empty.

    Returns
    -------
    numpy.ndarray
        bool (S, S), part of `region`; in two of five cases a cleft parts it.
    """
    size = region.shape[0]
    noise = random_shapes.smooth_noise(rng, size, float(rng.uniform(6, 22)))
    depth = size * float(rng.uniform(0.01, 0.07)) * np.maximum(noise, 0)
    cut = peeled(region, depth)
    if rng.random() < 0.4:
        cut &= ~_cleft(rng, region)
    return cut


def _cleft(rng: np.random.Generator, region: np.ndarray) -> np.ndarray:
    """Give a straight narrow band through the middle of a region."""
    size = region.shape[0]
    rows, cols = np.nonzero(region)
    turn = float(rng.choice([0.0, rng.uniform(-0.3, 0.3), rng.uniform(0, np.pi)]))
    axis = np.arange(size, dtype=np.float32)
    across = (axis[None] - cols.mean()) * np.cos(turn)
    across = across + (axis[:, None] - rows.mean()) * np.sin(turn)
    return np.asarray(np.abs(across) < size * float(rng.uniform(0.004, 0.012)))


def paint_nest(
    rng: np.random.Generator,
    canvas: Canvas,
    centre_xy: tuple[float, float],
    radius: float,
) -> None:
    """Paint shells round a folded ribbon round a core; offer each layer.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    canvas : Canvas
        Painted on; gets the layers, the ribbon with its core, and what lies in the
        core as targets.
    centre_xy : tuple of float
        Centre in pixels, x first.
    radius : float
        Mean outer radius in pixels.
    """
    outline = random_shapes.contour(rng, centre_xy, radius, roughness=0.04)
    region = random_shapes.fill_contour(outline, canvas.size)
    smallest = SMALLEST_CORE * region.size
    for _ in range(int(rng.integers(1, 5))):
        inner = peeled(region, _thickness(rng, canvas.size))
        if inner.sum() < smallest:
            break
        layer = canvas.paint(rng, region)
        canvas.offer(layer)
        canvas.offer(layer)
        region = inner
    if rng.random() < 0.8:
        region = folded(rng, region)
    value = canvas.unlike(rng, region)
    ribbon = canvas.paint(rng, region, value)
    core_region = peeled(region, _thickness(rng, canvas.size))
    if core_region.sum() < smallest:
        canvas.offer(ribbon)
        return
    core = canvas.paint(rng, core_region)
    nuclei = _nuclei(rng, canvas, core_region, value)
    for _ in range(3):
        canvas.offer(ribbon, *nuclei)
        canvas.offer(core)
    inside = _contents(rng, canvas, core_region)
    canvas.offer(ribbon, core, *nuclei, *inside)


def paint_rings(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint thin walls round lumens of any size anywhere; offer wall, lumen, both.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    canvas : Canvas
        Painted on; gets the targets.
    """
    for _ in range(int(rng.integers(1, 5))):
        centre = tuple(float(v) for v in rng.uniform(0.15, 0.85, 2) * canvas.size)
        radius = canvas.size * float(rng.uniform(0.07, 0.3))
        outline = random_shapes.contour(rng, (centre[0], centre[1]), radius)
        region = random_shapes.fill_contour(outline, canvas.size)
        if rng.random() < 0.4:
            region = folded(rng, region)
        wall = canvas.paint(rng, region)
        lumen = canvas.paint(rng, peeled(region, _thickness(rng, canvas.size)))
        canvas.offer(wall)
        canvas.offer(wall)
        canvas.offer(lumen)
        canvas.offer(wall, lumen)


def _thickness(rng: np.random.Generator, size: int) -> float:
    """Draw the thickness of a layer in pixels, thin ones as often as thick ones."""
    low, high = np.log(THINNEST), np.log(THICKEST)
    return size * float(np.exp(rng.uniform(low, high)))


def _spot(
    rng: np.random.Generator, region: np.ndarray, reach: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give a small shape inside a region and its mirror image across the middle."""
    size = region.shape[0]
    rows, cols = np.nonzero(region)
    pick = int(rng.integers(rows.size))
    radius = reach * float(np.sqrt(rows.size / np.pi))
    at = float(cols[pick]), float(rows[pick])
    outline = random_shapes.contour(rng, at, radius)
    mirrored = outline * (-1, 1) + (2 * float(cols.mean()), 0)
    spot = random_shapes.fill_contour(outline, size) & region
    return spot, np.asarray(random_shapes.fill_contour(mirrored, size) & region)


def _nuclei(
    rng: np.random.Generator, canvas: Canvas, region: np.ndarray, value: float
) -> list[int]:
    """Paint islands of the ribbon's tissue in the core in a third of all cases."""
    if rng.random() >= 0.35:
        return []
    islands = _spot(rng, region, float(rng.uniform(0.1, 0.25)))
    return [canvas.paint(rng, island, value) for island in islands]


def _contents(
    rng: np.random.Generator, canvas: Canvas, region: np.ndarray
) -> list[int]:
    """Paint paired cavities and lone lesions in the core and offer them."""
    identities: list[int] = []
    if rng.random() < 0.6:
        value: float | None = None
        cavities = []
        for cavity in _spot(rng, region, float(rng.uniform(0.12, 0.35))):
            value = canvas.unlike(rng, cavity) if value is None else value
            cavities.append(canvas.paint(rng, cavity, value))
        canvas.offer(*cavities)
        canvas.offer(*cavities)
        identities += cavities
    for _ in range(int(rng.integers(0, 3))):
        lesion, _mirrored = _spot(rng, region, float(rng.uniform(0.08, 0.25)))
        identities.append(canvas.paint(rng, lesion))
        canvas.offer(identities[-1])
    return identities
