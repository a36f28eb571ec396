"""What is on a synthetic scene: one painter for each kind.

Scenes are painted back to front by domain randomisation, none is meant to look
like one organ: a focus scene is what the zoom shows (one object with a margin and
neighbours), a body scene what a full slice shows, a crowd is a field of cells,
a projection adds intensities as an X-ray does, layers hold thin shells and ribbons,
pairs what comes twice in a body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from napari_sam_med.training.painting import random_shapes as shapes
from napari_sam_med.training.painting.layers import paint_nest, paint_rings

if TYPE_CHECKING:
    from napari_sam_med.training.painting.scene_canvas import Canvas


def _blob(
    rng: np.random.Generator, size: int, centre_xy: tuple[float, float], radius: float
) -> np.ndarray:
    """Draw one solid shape of a random family."""
    family = rng.random()
    if family < 0.72:
        return shapes.fill_contour(shapes.contour(rng, centre_xy, radius), size)
    if family < 0.84:
        return shapes.level_set(rng, size, centre_xy, radius)
    if family < 0.88:
        return shapes.fill_contour(shapes.polygon(rng, centre_xy, radius), size)
    if family < 0.95:
        length = radius * float(rng.uniform(2, 4))
        width = radius * float(rng.uniform(0.25, 0.7))
        return shapes.tube(rng, size, centre_xy, length, width)
    return _crescent(rng, size, centre_xy, radius)


def _crescent(
    rng: np.random.Generator, size: int, centre_xy: tuple[float, float], radius: float
) -> np.ndarray:
    """Cut a shifted copy out of a shape."""
    outline = shapes.contour(rng, centre_xy, radius, roughness=0.08)
    turn = rng.uniform(0, 2 * np.pi)
    shift = radius * rng.uniform(0.3, 0.8) * np.array([np.cos(turn), np.sin(turn)])
    bite = shapes.scaled(outline, float(rng.uniform(0.7, 1.0))) + shift
    bitten = shapes.fill_contour(bite, size)
    return np.asarray(shapes.fill_contour(outline, size) & ~bitten)


def _anywhere(rng: np.random.Generator, size: int) -> tuple[float, float]:
    """Pick a point of the canvas, x first."""
    return float(rng.uniform(0, size)), float(rng.uniform(0, size))


def _backdrop(rng: np.random.Generator, canvas: Canvas) -> None:
    """Fill the canvas with tissue, bands and distant shapes."""
    size = canvas.size
    everything = np.ones((size, size), bool)
    canvas.values = canvas.tint(rng, float(rng.random()))
    if rng.random() < 0.2:
        canvas.values[everything] = float(rng.random() * 0.1)
    for _ in range(int(rng.integers(0, 4))):
        field = shapes.smooth_noise(rng, size, float(rng.uniform(1, 8)))
        canvas.tissue(rng, field > rng.uniform(-0.3, 1.2))


def _distractors(rng: np.random.Generator, canvas: Canvas, limit: int) -> None:
    """Add promptable shapes of any size anywhere."""
    for _ in range(int(rng.integers(0, limit + 1))):
        radius = canvas.size * float(np.exp(rng.uniform(np.log(0.02), np.log(0.25))))
        mask = _blob(rng, canvas.size, _anywhere(rng, canvas.size), radius)
        canvas.offer(canvas.paint(rng, mask))


def _ring(
    rng: np.random.Generator,
    canvas: Canvas,
    centre_xy: tuple[float, float],
    radius: float,
) -> None:
    """Paint a wall round a core (muscle and blood, sheath and axon, cord)."""
    outer = shapes.contour(rng, centre_xy, radius)
    inner = shapes.scaled(outer, float(rng.uniform(0.35, 0.9)))
    if rng.random() < 0.5:
        inner = shapes.contour(
            rng,
            (float(outer[:, 0].mean()), float(outer[:, 1].mean())),
            radius * float(rng.uniform(0.35, 0.75)),
            roughness=0.1,
        )
    whole = shapes.fill_contour(outer, canvas.size)
    wall = canvas.paint(rng, whole)
    core = canvas.paint(rng, whole & shapes.fill_contour(inner, canvas.size))
    canvas.offer(wall)
    canvas.offer(core)
    canvas.offer(core)
    canvas.offer(wall, core)


def _pair(
    rng: np.random.Generator,
    canvas: Canvas,
    centre_xy: tuple[float, float],
    radius: float,
    spacing: tuple[float, float] = (0.5, 0.9),
) -> tuple[int, int]:
    """Paint two near mirror images; offer both together and each alone.

    `spacing` bounds how far each lies from the middle, in radii.
    """
    gap = radius * float(rng.uniform(*spacing))
    outline = shapes.contour(rng, (0.0, 0.0), radius * 0.55, roughness=0.15)
    outline[:, 0] += gap - min(0.0, float(outline[:, 0].min()) + 0.55 * radius)
    turn = float(rng.choice([0.0, rng.uniform(-0.4, 0.4), rng.uniform(0, np.pi)]))
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    value: float | None = None
    identities = []
    for side in (1.0, -1.0):
        jitter = rng.standard_normal(outline.shape).cumsum(0)
        jitter -= np.linspace(0, 1, len(outline))[:, None] * jitter[-1]
        half = outline * (side, 1) + 0.006 * radius * jitter
        points = half * rng.uniform(0.85, 1.1) @ rotation + np.asarray(centre_xy)
        mask = shapes.fill_contour(points, canvas.size)
        value = canvas.unlike(rng, mask) if value is None else value
        identities.append(canvas.paint(rng, mask, value))
        canvas.offer(identities[-1])
    canvas.offer(*identities)
    return identities[0], identities[1]


def _lesioned(
    rng: np.random.Generator,
    canvas: Canvas,
    centre_xy: tuple[float, float],
    radius: float,
) -> None:
    """Paint an organ with parts inside; offer the whole and the parts."""
    whole = _blob(rng, canvas.size, centre_xy, radius)
    identities = [canvas.paint(rng, whole)]
    rows, cols = np.nonzero(whole)
    for _ in range(int(rng.integers(1, 6))):
        if not rows.size:
            break
        pick = int(rng.integers(rows.size))
        where = float(cols[pick]), float(rows[pick])
        part = _blob(rng, canvas.size, where, radius * float(rng.uniform(0.08, 0.45)))
        identities.append(canvas.paint(rng, part & whole))
        canvas.offer(identities[-1])
    canvas.offer(*identities)
    if rng.random() < 0.3:
        canvas.offer(identities[0])


def paint_focus(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint what a zoom shows: one object with a margin and its neighbours.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    canvas : Canvas
        Painted on; gets the targets.
    """
    size = canvas.size
    _backdrop(rng, canvas)
    _distractors(rng, canvas, 5)
    radius = size * float(rng.uniform(0.1, 0.36))
    middle = size * (0.5 + rng.uniform(-0.1, 0.1, 2))
    centre = float(middle[0]), float(middle[1])
    for _ in range(int(rng.integers(0, 5))):
        turn = rng.uniform(0, 2 * np.pi)
        reach = radius * rng.uniform(1.0, 2.0)
        where = (
            centre[0] + float(reach * np.cos(turn)),
            centre[1] + float(reach * np.sin(turn)),
        )
        near = _blob(rng, size, where, radius * float(rng.uniform(0.3, 1.3)))
        canvas.offer(canvas.paint(rng, near))
    offered = len(canvas.targets)
    choice = rng.random()
    if choice < 0.5:
        canvas.offer(canvas.paint(rng, _blob(rng, size, centre, radius)))
    elif choice < 0.75:
        _ring(rng, canvas, centre, radius)
    elif choice < 0.85:
        _pair(rng, canvas, centre, radius * 1.4)
    else:
        _lesioned(rng, canvas, centre, radius)
    canvas.targets += canvas.targets[offered:] * 2
    if rng.random() < 0.3:
        _distractors(rng, canvas, 3)


def paint_body(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint a full slice: a body on dark ground with organs, clipped to it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    canvas : Canvas
        Painted on; gets the targets.
    """
    size = canvas.size
    canvas.values[:] = float(rng.random() * 0.12)
    centre = (
        size * float(rng.uniform(0.42, 0.58)),
        size * float(rng.uniform(0.42, 0.58)),
    )
    outline = shapes.contour(
        rng, centre, size * float(rng.uniform(0.28, 0.48)), roughness=0.06
    )
    body = shapes.fill_contour(outline, size)
    skin = canvas.paint(rng, body)
    layers = [skin]
    for factor in np.cumprod(rng.uniform(0.8, 0.97, int(rng.integers(0, 3)))):
        inner = shapes.fill_contour(shapes.scaled(outline, float(factor)), size)
        layers.append(canvas.paint(rng, inner))
        canvas.offer(layers[-1])
    extent = size * 0.3
    for _ in range(int(rng.integers(3, 13))):
        where = (
            centre[0] + float(rng.normal() * extent * 0.6),
            centre[1] + float(rng.normal() * extent * 0.6),
        )
        _organ(rng, canvas, where, extent * float(rng.uniform(0.06, 0.6)))
    canvas.identity[~body] = 0
    canvas.values[~body] = float(rng.random() * 0.1)
    if rng.random() < 0.4:
        canvas.offer(*range(1, canvas.count + 1))


def paint_layers(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint thin sheets: a nest of shells, or rings among other shapes.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    canvas : Canvas
        Painted on; gets the targets.
    """
    size = canvas.size
    if rng.random() < 0.6:
        canvas.values[:] = float(rng.random() * 0.12)
    else:
        _backdrop(rng, canvas)
        _distractors(rng, canvas, 3)
    if rng.random() < 0.25:
        paint_rings(rng, canvas)
        return
    middle = size * (0.5 + rng.uniform(-0.08, 0.08, 2))
    radius = size * float(rng.uniform(0.2, 0.46))
    paint_nest(rng, canvas, (float(middle[0]), float(middle[1])), radius)


def paint_pairs(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint pairs near and far apart in a body; mostly offer both together.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    canvas : Canvas
        Painted on; gets the targets.
    """
    size = canvas.size
    canvas.values[:] = float(rng.random() * 0.12)
    middle = size * (0.5 + rng.uniform(-0.06, 0.06, 2))
    centre = float(middle[0]), float(middle[1])
    reach = size * float(rng.uniform(0.3, 0.48))
    outline = shapes.contour(rng, centre, reach, roughness=0.05)
    canvas.offer(canvas.paint(rng, shapes.fill_contour(outline, size)))
    for _ in range(int(rng.integers(0, 5))):
        where = (
            centre[0] + float(rng.normal() * reach * 0.4),
            centre[1] + float(rng.normal() * reach * 0.4),
        )
        blob = _blob(rng, size, where, reach * float(rng.uniform(0.06, 0.4)))
        canvas.offer(canvas.paint(rng, blob))
    for _ in range(int(rng.integers(1, 3))):
        shift = reach * rng.uniform(-0.3, 0.3)
        radius = reach * float(rng.uniform(0.15, 0.75))
        far = 0.55 * reach / radius
        where = centre[0], centre[1] + float(shift)
        pair = _pair(rng, canvas, where, radius, (min(0.5, far), max(0.9, far)))
        for _ in range(4):
            canvas.offer(*pair)


def _organ(
    rng: np.random.Generator,
    canvas: Canvas,
    where: tuple[float, float],
    radius: float,
) -> None:
    """Paint one organ of a random kind."""
    choice = rng.random()
    if choice < 0.6:
        mask = _blob(rng, canvas.size, where, radius)
        canvas.offer(canvas.paint(rng, mask))
    elif choice < 0.75:
        _ring(rng, canvas, where, radius)
    elif choice < 0.88:
        _pair(rng, canvas, where, radius * 1.3)
    else:
        _lesioned(rng, canvas, where, radius)


def paint_crowd(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint a field of similar cells, sheathed or bare, apart or touching.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    canvas : Canvas
        Painted on; gets the targets.
    """
    size = canvas.size
    _backdrop(rng, canvas)
    across = int(rng.integers(3, 13))
    pitch = size / across
    cells = [(i, j) for i in range(across) for j in range(across)]
    rng.shuffle(cells)
    fill = float(rng.uniform(0.25, 0.7))
    sheath = rng.random() < 0.4
    value, rim = float(rng.random()), float(rng.random())
    spread = float(rng.uniform(0, 0.08))
    roughness = float(rng.uniform(0.02, 0.2))
    for row, col in cells[: max(3, int(len(cells) * rng.uniform(0.3, 1)))]:
        where = np.array([col + 0.5, row + 0.5]) * pitch
        where += pitch * rng.uniform(-0.4, 0.4, 2)
        radius = pitch * fill * float(rng.uniform(0.5, 1.2))
        outline = shapes.contour(
            rng, (float(where[0]), float(where[1])), radius, roughness=roughness
        )
        mask = shapes.fill_contour(outline, size)
        shade = float(np.clip(value + rng.normal() * spread, 0, 1))
        if not sheath:
            canvas.offer(canvas.paint(rng, mask, shade))
            continue
        wall = canvas.paint(rng, mask, rim)
        inner = shapes.fill_contour(
            shapes.scaled(outline, float(rng.uniform(0.4, 0.85))), size
        )
        core = canvas.paint(rng, inner, shade)
        canvas.offer(core)
        canvas.offer(wall)
        canvas.offer(wall, core)


def paint_projection(rng: np.random.Generator, canvas: Canvas) -> None:
    """Add soft shadows as an X-ray does: paired fields, a heart, ribs, wires.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    canvas : Canvas
        Painted on; gets the targets.
    """
    size = canvas.size
    canvas.values = canvas.tint(rng, float(rng.uniform(0.5, 0.9)))
    middle = size * (0.5 + rng.uniform(-0.08, 0.08, 2))
    centre = float(middle[0]), float(middle[1])
    before = canvas.values.copy()
    pair = _pair(rng, canvas, centre, size * float(rng.uniform(0.25, 0.42)))
    canvas.offer(*pair)
    canvas.offer(*pair)
    for _ in range(int(rng.integers(0, 3))):
        where = (
            centre[0] + size * float(rng.uniform(-0.15, 0.15)),
            centre[1] + size * float(rng.uniform(-0.1, 0.3)),
        )
        mask = _blob(rng, size, where, size * float(rng.uniform(0.05, 0.16)))
        canvas.offer(canvas.paint(rng, mask))
    if rng.random() < 0.5:
        canvas.values = 0.6 * canvas.values + 0.4 * before
    sigma = size * float(rng.uniform(0.002, 0.015))
    canvas.values = cv2.GaussianBlur(canvas.values, (0, 0), sigma)
    shadow: np.ndarray = np.zeros((size, size), np.float32)
    gap = size * float(rng.uniform(0.05, 0.12))
    for index in range(int(rng.integers(0, 14))):
        middle_row = size * 0.15 + index * gap
        axes = (int(size * rng.uniform(0.2, 0.5)), int(size * rng.uniform(0.03, 0.15)))
        at = (int(centre[0]), int(middle_row))
        cv2.ellipse(shadow, at, axes, 0, 0, 360, 1.0, max(1, int(gap * 0.25)))
    shadow = cv2.GaussianBlur(shadow, (0, 0), size * 0.004)
    canvas.values = canvas.values + float(rng.uniform(-0.05, 0.15)) * shadow
