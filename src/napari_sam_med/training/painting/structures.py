"""Things whose borders are hardly seen, and things made of parts.

A faint lesion differs little from what surrounds it, and in places not at all; an
organ holds a compartment that holds a small part, or is divided by faint lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from napari_sam_med.training.painting import random_shapes as shapes
from napari_sam_med.training.painting.layers import folded, peeled

if TYPE_CHECKING:
    from napari_sam_med.training.painting.scene_canvas import Canvas

# The differences of intensity that the eye just finds in the noise of a scan.
FAINT = (0.03, 0.08)


def apart(rng: np.random.Generator, value: float, least: float, most: float) -> float:
    """Choose an intensity that differs from another one.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    value : float
        The other intensity, 0 to 1.
    least, most : float
        Bounds of the difference; either sign occurs where 0 to 1 leaves room.

    Returns
    -------
    float
        Between 0 and 1.
    """
    step = float(rng.uniform(least, most)) * (1 if rng.random() < 0.5 else -1)
    found = value + step if 0 <= value + step <= 1 else value - step
    return float(np.clip(found, 0, 1))


def paint_ground(
    rng: np.random.Generator, canvas: Canvas, value: float, neighbours: int = 4
) -> None:
    """Fill the canvas with tissue of a known intensity, bands and neighbours.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    canvas : Canvas
        Painted on; gets the neighbours as targets.
    value : float
        Intensity of most of the ground, 0 to 1.
    neighbours : int
        At most so many, of any intensity.
    """
    size = canvas.size
    canvas.values = canvas.tint(rng, value)
    for _ in range(int(rng.integers(0, 4))):
        field = shapes.smooth_noise(rng, size, float(rng.uniform(1, 6)))
        band = field > rng.uniform(0.3, 1.5)
        softness = size * float(rng.uniform(0.001, 0.02))
        canvas.blend(band, canvas.tint(rng, float(rng.random())), softness)
    for _ in range(int(rng.integers(0, neighbours + 1))):
        radius = size * float(np.exp(rng.uniform(np.log(0.03), np.log(0.25))))
        at = rng.uniform(0, size, 2)
        outline = shapes.contour(rng, (float(at[0]), float(at[1])), radius)
        canvas.offer(canvas.paint(rng, shapes.fill_contour(outline, size)))
    if rng.random() < 0.25:
        outline = shapes.contour(
            rng, (size / 2, size / 2), size * float(rng.uniform(0.4, 0.6))
        )
        outside = ~shapes.fill_contour(outline, size)
        canvas.blend(outside, float(rng.random() * 0.1))
        canvas.identity[outside] = 0


def near_middle(
    rng: np.random.Generator, size: int, reach: float = 0.14
) -> tuple[float, float]:
    """Pick a point, x first, within `reach` of the middle in fractions of `size`."""
    x, y = size * (0.5 + rng.uniform(-reach, reach, 2))
    return float(x), float(y)


def paint_faint(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint a compact lesion that fades into its bed, in noise of several scales.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    canvas : Canvas
        Painted on; gets the lesion, what touches it and its oedema as targets.
    """
    size = canvas.size
    base = float(rng.uniform(0.25, 0.7))
    paint_ground(rng, canvas, float(rng.random()), 3)
    centre = near_middle(rng, size)
    radius = size * float(rng.uniform(0.07, 0.3))
    mixed = rng.random() < 0.4
    contrast = (0.1, 0.3) if mixed else FAINT
    # A texture as strong as the contrast would hide the lesion altogether.
    texture = canvas.grain(rng) * float(rng.uniform(0, 0.4)) * contrast[0]
    _bed(rng, canvas, centre, radius, base + texture)
    value = apart(rng, base, *contrast)
    for _ in range(int(rng.integers(0, 4))):
        turn, far = rng.uniform(0, 2 * np.pi), radius * rng.uniform(1.3, 2)
        at = (
            centre[0] + float(far * np.cos(turn)),
            centre[1] + float(far * np.sin(turn)),
        )
        near = _lobed(rng, size, at, radius * float(rng.uniform(0.4, 1)))
        alike = value if rng.random() < 0.6 else apart(rng, base, *contrast)
        canvas.blend(near, alike + texture, 0.004 * size)
        canvas.offer(canvas.mark(near))
    lesion = _lobed(rng, size, centre, radius)
    around = []
    if rng.random() < 0.35:
        grown = cv2.GaussianBlur(lesion.astype(np.float32), (0, 0), 0.3 * radius)
        oedema = lesion | (grown > rng.uniform(0.08, 0.3))
        between = float(base + rng.uniform(0.25, 0.7) * (value - base))
        canvas.blend(oedema, between, radius * float(rng.uniform(0.05, 0.2)))
        around.append(canvas.mark(oedema))
    softness = radius * float(rng.uniform(0.01, 0.12))
    canvas.blend(_open(rng, lesion), value + texture, softness)
    inner = canvas.mark(lesion)
    _inside(rng, canvas, lesion, value, 0.25 if mixed else FAINT[1])
    canvas.values = canvas.values + float(rng.uniform(0, 0.02)) * canvas.grain(rng)
    for _ in range(4):
        canvas.offer(inner)
    if around:
        canvas.offer(inner, *around)


def _bed(
    rng: np.random.Generator,
    canvas: Canvas,
    centre_xy: tuple[float, float],
    radius: float,
    tissue: np.ndarray,
) -> None:
    """Paint the tissue that a lesion lies in, sometimes parted by thin lines."""
    size = canvas.size
    outline = shapes.contour(rng, centre_xy, radius * float(rng.uniform(1.4, 3)))
    bed = shapes.fill_contour(outline, size)
    canvas.blend(bed, tissue, size * float(rng.uniform(0.002, 0.02)))
    canvas.identity[bed] = 0
    if rng.random() < 0.5:
        field = shapes.smooth_noise(rng, size, float(rng.uniform(2, 6)))
        lines = bed & (np.abs(field) < rng.uniform(0.02, 0.08))
        canvas.blend(lines, apart(rng, float(tissue.mean()), 0.1, 0.4), 0.7)


def _lobed(
    rng: np.random.Generator,
    size: int,
    centre_xy: tuple[float, float],
    radius: float,
) -> np.ndarray:
    """Draw a compact shape, bool (S, S), of one lobe or of several that overlap."""
    roughness = float(rng.uniform(0.02, 0.1))
    outline = shapes.contour(rng, centre_xy, radius, roughness=roughness)
    shape = shapes.fill_contour(outline, size)
    if rng.random() < 0.5:
        return shape
    for _ in range(int(rng.integers(1, 5))):
        x, y = outline[int(rng.integers(len(outline)))]
        inward = 0.35 * (np.asarray(centre_xy) - (x, y))
        at = float(x + inward[0]), float(y + inward[1])
        lobe = shapes.contour(
            rng, at, radius * float(rng.uniform(0.3, 0.6)), roughness=roughness
        )
        shape |= shapes.fill_contour(lobe, size)
    return shape


def _open(rng: np.random.Generator, lesion: np.ndarray) -> np.ndarray:
    """Let a lesion pass into its bed on one side: its share in each pixel, (S, S)."""
    if rng.random() < 0.5:
        return lesion
    size = lesion.shape[0]
    rows, cols = np.nonzero(lesion)
    turn = float(rng.uniform(0, 2 * np.pi))
    axis = np.arange(size, dtype=np.float32)
    reach = max(1.0, float(np.sqrt(rows.size / np.pi)))
    along = np.cos(turn) * (axis[None] - (cols.mean() if cols.size else 0))
    along = along + np.sin(turn) * (axis[:, None] - (rows.mean() if rows.size else 0))
    share = np.clip(float(rng.uniform(0.7, 1.2)) - along / reach, 0.15, 1)
    return np.asarray(lesion * share, np.float32)


def _inside(
    rng: np.random.Generator,
    canvas: Canvas,
    lesion: np.ndarray,
    value: float,
    strength: float,
) -> None:
    """Paint septa, a core and unevenness that belong to the lesion."""
    size = canvas.size
    reach = float(np.sqrt(max(1, int(lesion.sum())) / np.pi))
    waves = size / reach * float(rng.uniform(0.8, 2.5))
    if rng.random() < 0.6:
        uneven = value + 0.4 * strength * shapes.smooth_noise(rng, size, waves)
        canvas.blend(0.8 * peeled(lesion, 0.1 * reach), uneven, 0.05 * reach)
    if rng.random() < 0.35:
        core = peeled(lesion, reach * float(rng.uniform(0.3, 0.6)))
        core &= shapes.smooth_noise(rng, size, waves) > -0.5
        canvas.blend(core, apart(rng, value, 0.3 * strength, 1.5 * strength), 1.5)
    if rng.random() < 0.35:
        field = shapes.smooth_noise(rng, size, waves)
        septa = lesion & (np.abs(field) < rng.uniform(0.04, 0.12))
        canvas.blend(septa, apart(rng, value, 0.5 * strength, strength), 0.7)


def paint_parts(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint parts within parts, or one thing that faint lines divide.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    canvas : Canvas
        Painted on; gets the whole and each part as targets.
    """
    size = canvas.size
    base = float(rng.random())
    paint_ground(rng, canvas, base, 3)
    radius = size * float(rng.uniform(0.12, 0.36))
    centre = near_middle(rng, size)
    if rng.random() < 0.3:
        organ = _lobed(rng, size, centre, radius)
    else:
        roughness = float(rng.choice([0.02, 0.05, 0.1]))
        outline = shapes.contour(rng, centre, radius, roughness=roughness)
        organ = shapes.fill_contour(outline, size)
    value = apart(rng, base, 0.06, 0.5)
    if rng.random() < 0.6:
        _nested(rng, canvas, organ, value, radius)
    else:
        _divided(rng, canvas, organ, value)


def _nested(
    rng: np.random.Generator,
    canvas: Canvas,
    organ: np.ndarray,
    value: float,
    radius: float,
) -> None:
    """Paint a compartment in an organ and small parts in the compartment."""
    size = canvas.size
    whole = [canvas.paint(rng, organ, value)]
    room = _compartment(rng, organ, radius)
    inner_value = apart(rng, value, 0.05, 0.35)
    rooms = [canvas.paint(rng, room, inner_value)]
    parts = []
    for _ in range(int(rng.integers(1, 4))):
        places = np.flatnonzero(room)
        if not places.size:
            break
        row, col = divmod(int(rng.choice(places)), size)
        reach = radius * float(np.exp(rng.uniform(np.log(0.1), np.log(0.4))))
        outline = shapes.contour(rng, (float(col), float(row)), reach)
        part = shapes.fill_contour(outline, size) & room
        parts.append(canvas.paint(rng, part, apart(rng, inner_value, 0.06, 0.5)))
        canvas.offer(parts[-1])
    for _ in range(2):
        canvas.offer(*whole, *rooms, *parts)
        canvas.offer(*rooms, *parts)
    canvas.offer(*whole)


def _compartment(
    rng: np.random.Generator, organ: np.ndarray, radius: float
) -> np.ndarray:
    """Cut a lobe off an organ, peel a cortex, or draw a chamber within."""
    size = organ.shape[0]
    deepest = float(shapes.depth(organ).max())
    choice = rng.random()
    if choice < 0.35:
        inner = peeled(organ, deepest * float(rng.uniform(0.12, 0.6)))
        return folded(rng, inner) if rng.random() < 0.4 and inner.any() else inner
    rows, cols = np.nonzero(organ)
    if choice < 0.65 and rows.size:
        turn = float(rng.uniform(0, 2 * np.pi))
        axis = np.arange(size, dtype=np.float32)
        along = np.cos(turn) * (axis[None] - cols.mean())
        along = along + np.sin(turn) * (axis[:, None] - rows.mean())
        wavy = 0.15 * radius * shapes.smooth_noise(rng, size, 4)
        return np.asarray(organ & (along + wavy > radius * rng.uniform(-0.4, 0.4)))
    pick = int(rng.integers(max(1, rows.size)))
    at = (float(cols[pick]), float(rows[pick])) if rows.size else (0.0, 0.0)
    outline = shapes.contour(rng, at, radius * float(rng.uniform(0.35, 0.7)))
    return np.asarray(shapes.fill_contour(outline, size) & organ)


def _divided(
    rng: np.random.Generator, canvas: Canvas, organ: np.ndarray, value: float
) -> None:
    """Divide an organ into parts of about one intensity by thin lines."""
    size = canvas.size
    places = np.flatnonzero(organ)
    if not places.size:
        return
    canvas.blend(organ, canvas.tint(rng, value), 0.8)
    seeds = np.stack(np.divmod(rng.choice(places, int(rng.integers(2, 8))), size), 1)
    axis = np.arange(size, dtype=np.float32)
    bend = 0.02 * size * shapes.smooth_noise(rng, size, float(rng.uniform(3, 8)))
    away = [(axis[:, None] - r + bend) ** 2 + (axis[None] - c) ** 2 for r, c in seeds]
    owner = np.where(organ, np.argmin(away, 0) + 1, 0).astype(np.uint8)
    spread = float(rng.choice([0.0, 0.02, 0.05]))
    parts = []
    for number in range(1, len(seeds) + 1):
        part = owner == number
        canvas.blend(part, canvas.tint(rng, value + float(rng.normal()) * spread))
        parts.append(canvas.mark(part))
        canvas.offer(parts[-1])
    kernel = np.ones((1 + 2 * int(rng.integers(1, 3)),) * 2, np.uint8)
    lines = organ & (cv2.dilate(owner, kernel) != owner)
    opacity = float(rng.uniform(0.5, 1))
    canvas.blend(opacity * lines, apart(rng, value, 0.05, 0.4), 0.6)
    canvas.offer(*parts)
    canvas.offer(*parts)
