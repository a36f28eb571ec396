"""What lies over a scene and belongs to no object.

Hairs and vessels, the shadows and bright streaks behind what stops or passes sound,
the glare of a lamp on wet tissue, and the marks that a machine burns into an image.
Objects keep their outlines under all of them.
"""

from __future__ import annotations

import cv2
import numpy as np

from napari_sam_med.training.painting import random_shapes

STRAND_SHARE, BEAM_SHARE, GLARE_SHARE, MARK_SHARE = 0.08, 0.08, 0.04, 0.06


def cover(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Lay strands, beams or glare over ideal intensities, or nothing.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    values : numpy.ndarray
        float32 (S, S), nominally 0 to 1.

    Returns
    -------
    numpy.ndarray
        float32 (S, S); `values` itself is not changed.
    """
    if rng.random() < BEAM_SHARE:
        values = _beams(rng, values)
    if rng.random() < STRAND_SHARE:
        values = _strands(rng, values)
    if rng.random() < GLARE_SHARE:
        values = _glare(rng, values)
    return values


def _strands(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Draw thin winding lines of one shade: hairs, or vessels from one place."""
    size = values.shape[0]
    shade = float(
        rng.choice([rng.uniform(0, 0.15), rng.uniform(0.85, 1), rng.random()])
    )
    opacity = float(rng.uniform(0.3, 1))
    root = rng.uniform(0, size, 2) if rng.random() < 0.5 else None
    drawn = np.zeros((size, size), bool)
    for _ in range(int(rng.integers(2, 16))):
        middle = root if root is not None else rng.uniform(0, size, 2)
        length = size * float(rng.uniform(0.2, 1.2))
        width = size * float(rng.uniform(0.002, 0.012))
        drawn |= random_shapes.tube(
            rng, size, (float(middle[0]), float(middle[1])), length, width
        )
    return np.where(drawn, (1 - opacity) * values + opacity * shade, values)


def _beams(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Darken or brighten what lies behind a place, seen from above the image."""
    size = values.shape[0]
    apex = np.array([size * 0.5, -size * float(np.exp(rng.uniform(-2, 3)))])
    grid = np.arange(size, dtype=np.float32)
    angle = np.arctan2(grid[None] - apex[0], grid[:, None] - apex[1])
    depth = np.hypot(grid[None] - apex[0], grid[:, None] - apex[1])
    for _ in range(int(rng.integers(1, 5))):
        row, col = (int(v) for v in rng.integers(0, size, 2))
        width = size * float(rng.uniform(0.02, 0.12)) / float(depth[row, col])
        across = np.abs(angle - angle[row, col]) / width
        fade = 1 / (1 + np.exp(np.clip(8 * (across - 1), -30, 30)))
        behind = np.clip((depth - depth[row, col]) / (0.03 * size), 0, 1)
        gain = float(rng.choice([rng.uniform(0.1, 0.6), rng.uniform(1.2, 1.8)]))
        values = values * (1 + (gain - 1) * fade * behind)
    return np.asarray(values, np.float32)


def _glare(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Let small patches saturate, in groups."""
    size = values.shape[0]
    lit = np.zeros((size, size), bool)
    for _ in range(int(rng.integers(1, 4))):
        group = rng.uniform(0, size, 2)
        for _ in range(int(rng.integers(1, 7))):
            x, y = group + rng.normal(0, 0.06 * size, 2)
            radius = size * float(rng.uniform(0.004, 0.025))
            outline = random_shapes.contour(rng, (float(x), float(y)), radius)
            lit |= random_shapes.fill_contour(outline, size)
    soft = cv2.GaussianBlur(lit.astype(np.float32), (0, 0), 0.004 * size)
    return np.asarray(values + soft * (1.2 * max(1.0, float(values.max())) - values))


def burn_in(rng: np.random.Generator, image: np.ndarray) -> None:
    """Write letters, crosses or dotted lines into some images, in place.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    image : numpy.ndarray
        uint8 (S, S, 3).
    """
    if rng.random() >= MARK_SHARE:
        return
    size = image.shape[0]
    bright = int(rng.integers(160, 256))
    colour = (bright,) * 3 if rng.random() < 0.6 else _hue(rng)
    for _ in range(int(rng.integers(1, 4))):
        x, y = (int(v) for v in rng.integers(0, size, 2))
        choice = rng.random()
        if choice < 0.4:
            letters = "".join(chr(c) for c in rng.integers(48, 91, rng.integers(1, 9)))
            scale = size / 512 * float(rng.uniform(0.6, 1.6))
            cv2.putText(
                image, letters, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 1
            )
        elif choice < 0.7:
            _cross(image, (x, y), max(2, size // 64), colour)
        else:
            _dotted(rng, image, (x, y), colour)


def _hue(rng: np.random.Generator) -> tuple[int, int, int]:
    """Give a colour of full strength."""
    low, middle, high = rng.permutation([0, int(rng.integers(0, 256)), 255])
    return int(low), int(middle), int(high)


def _cross(
    image: np.ndarray, at_xy: tuple[int, int], reach: int, colour: tuple[int, ...]
) -> None:
    """Draw an upright cross."""
    x, y = at_xy
    cv2.line(image, (x - reach, y), (x + reach, y), colour, 1)
    cv2.line(image, (x, y - reach), (x, y + reach), colour, 1)


def _dotted(
    rng: np.random.Generator,
    image: np.ndarray,
    from_xy: tuple[int, int],
    colour: tuple[int, ...],
) -> None:
    """Draw a measured line: dots between two crosses."""
    size = image.shape[0]
    to_xy = tuple(int(v) for v in rng.integers(0, size, 2))
    _cross(image, from_xy, max(2, size // 80), colour)
    _cross(image, (to_xy[0], to_xy[1]), max(2, size // 80), colour)
    for part in np.linspace(0, 1, 24):
        dot = (1 - part) * np.array(from_xy) + part * np.array(to_xy)
        row, col = np.clip(np.round(dot[::-1]).astype(int), 0, size - 1)
        image[row, col] = colour
