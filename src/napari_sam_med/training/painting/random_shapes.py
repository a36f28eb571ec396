"""Random shapes as boolean masks: the organs, tubes and cells of synthetic scenes.

Every function draws on a square canvas of ``size`` pixels and takes the
random generator as ``rng``. Positions and sizes are fractions of the canvas, so
that a scene looks the same at every resolution.
"""

from __future__ import annotations

import cv2
import numpy as np

CONTOUR_POINTS = 72
ROUGHNESSES = (0.01, 0.035, 0.09, 0.24)
ROUGHNESS_SHARES = (0.3, 0.3, 0.25, 0.15)
SUBPIXEL_BITS = 4


def smooth_noise(rng: np.random.Generator, size: int, cells: float) -> np.ndarray:
    """Draw a smooth random field.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    size : int
        Side of the square field in pixels.
    cells : float
        Number of independent values along a side; small is smooth.

    Returns
    -------
    numpy.ndarray
        float32 (size, size), mean near 0, standard deviation near 1.
    """
    count = max(2, round(cells) + 1)
    coarse = rng.standard_normal((count, count), dtype=np.float32)
    field = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray((field - field.mean()) / (field.std() + 1e-6), np.float32)


def fill_contour(points_xy: np.ndarray, size: int) -> np.ndarray:
    """Fill a closed polygon.

    Parameters
    ----------
    points_xy : numpy.ndarray
        (N, 2) float contour in pixels, x first as OpenCV wants it.
    size : int
        Side of the canvas in pixels.

    Returns
    -------
    numpy.ndarray
        bool (size, size).
    """
    canvas = np.zeros((size, size), np.uint8)
    fixed = np.round(points_xy * (1 << SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(canvas, [fixed], 1, shift=SUBPIXEL_BITS)
    return canvas.astype(bool)


def depth(region: np.ndarray) -> np.ndarray:
    """Measure how far each pixel lies from the border of a region.

    Parameters
    ----------
    region : numpy.ndarray
        bool (H, W); what lies outside the canvas is no part of it.

    Returns
    -------
    numpy.ndarray
        float32 (H, W) in pixels, 0 outside the region.
    """
    padded = np.pad(region.astype(np.uint8), 1)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, 5)
    return np.asarray(distance[1:-1, 1:-1])


def contour(
    rng: np.random.Generator,
    centre_xy: tuple[float, float],
    radius: float,
    *,
    roughness: float | None = None,
    aspect: float | None = None,
) -> np.ndarray:
    """Draw the closed outline of an organ: an ellipse bent by low harmonics.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    centre_xy : tuple of float
        Centre, in the same unit as `radius`, x first.
    radius : float
        Mean radius.
    roughness : float, optional
        Strength of the harmonics; 0 gives an ellipse. Random by default.
    aspect : float, optional
        Length over width. Random between 1 and 2.6 by default.

    Returns
    -------
    numpy.ndarray
        float64 (CONTOUR_POINTS, 2), x first.
    """
    if roughness is None:
        roughness = float(rng.choice(ROUGHNESSES, p=ROUGHNESS_SHARES))
    if aspect is None:
        aspect = float(1 + 1.6 * rng.random() ** 2)
    angle = np.linspace(0, 2 * np.pi, CONTOUR_POINTS, endpoint=False)
    harmonics = np.arange(2, 2 + int(rng.integers(2, 8)))
    weights = rng.standard_normal((2, harmonics.size)) * roughness
    weights /= (harmonics - 1) ** rng.uniform(0.6, 1.2)
    phases = angle[:, None] * harmonics
    log_radius = np.cos(phases) @ weights[0] + np.sin(phases) @ weights[1]
    radii = radius * np.exp(np.clip(log_radius, -1.2, 0.7))
    stretch = np.sqrt(aspect)
    x, y = radii * np.cos(angle) * stretch, radii * np.sin(angle) / stretch
    turn = rng.uniform(0, 2 * np.pi)
    cos, sin = np.cos(turn), np.sin(turn)
    turned = np.stack([x * cos - y * sin, x * sin + y * cos], 1)
    return np.asarray(turned + np.asarray(centre_xy))


def scaled(points_xy: np.ndarray, factor: float) -> np.ndarray:
    """Shrink or grow a contour about its centroid by `factor`."""
    middle = points_xy.mean(0)
    return np.asarray((points_xy - middle) * factor + middle)


def polygon(
    rng: np.random.Generator, centre_xy: tuple[float, float], radius: float
) -> np.ndarray:
    """Draw the outline of a polygon of three to eight corners, (N, 2), x first."""
    corners = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 9))))
    corners += np.linspace(0, 2 * np.pi, corners.size, endpoint=False)
    corners /= 2
    radii = radius * rng.uniform(0.7, 1.2, corners.size)
    offsets = np.stack([np.cos(corners), np.sin(corners)], 1) * radii[:, None] * 1.2
    offsets[:, 1] *= rng.uniform(0.5, 1)
    turn = rng.uniform(0, 2 * np.pi)
    cos, sin = np.cos(turn), np.sin(turn)
    rotation = np.array([[cos, sin], [-sin, cos]])
    return np.asarray(offsets @ rotation + np.asarray(centre_xy))


def level_set(
    rng: np.random.Generator,
    size: int,
    centre_xy: tuple[float, float],
    radius: float,
) -> np.ndarray:
    """Threshold noise under a radial hill: a lobed, ragged region in one piece.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    size : int
        Side of the canvas in pixels.
    centre_xy : tuple of float
        Centre in pixels, x first.
    radius : float
        Approximate radius in pixels.

    Returns
    -------
    numpy.ndarray
        bool (size, size), one connected part (possibly empty).
    """
    axis = np.arange(size, dtype=np.float32)
    stretch = float(rng.uniform(0.7, 1.4))
    dx, dy = (axis - centre_xy[0]) / stretch, (axis - centre_xy[1]) * stretch
    distance = np.sqrt(dx[None] ** 2 + dy[:, None] ** 2) / radius
    waves = size / radius * float(rng.uniform(0.7, 2.0))
    hill = 1 - distance + float(rng.uniform(0.15, 0.4)) * smooth_noise(rng, size, waves)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (hill > 0).astype(np.uint8), connectivity=4
    )
    if count < 2:
        return np.zeros((size, size), bool)
    return np.asarray(labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])))


def tube(
    rng: np.random.Generator,
    size: int,
    start_xy: tuple[float, float],
    length: float,
    width: float,
) -> np.ndarray:
    """Draw a winding tube of varying width: a vessel, a bowel loop, a nerve.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    size : int
        Side of the canvas in pixels.
    start_xy : tuple of float
        Middle of the tube in pixels, x first.
    length, width : float
        In pixels.

    Returns
    -------
    numpy.ndarray
        bool (size, size).
    """
    steps = 24
    bend = np.cumsum(rng.standard_normal(steps) * rng.uniform(0.05, 0.35))
    heading = rng.uniform(0, 2 * np.pi) + bend
    path = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1), 0)
    path = (path - path.mean(0)) * (length / steps) + np.asarray(start_xy)
    canvas = np.zeros((size, size), np.uint8)
    swell = 1 + 0.3 * np.sin(np.linspace(0, rng.uniform(1, 9), steps))
    for here, there, factor in zip(path[:-1], path[1:], swell[1:], strict=True):
        thickness = max(1, round(width * factor))
        ends = [tuple(int(v) for v in np.clip(p, -999, 2999)) for p in (here, there)]
        cv2.line(canvas, ends[0], ends[1], 1, thickness)
    return canvas.astype(bool)
