"""Round things with structure inside: heads, optic discs, left ventricles.

All are smooth ellipses, and neither what lies in them nor what crosses them breaks
their outline, though it looks like what lies outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from napari_sam_med.training.painting import random_shapes as shapes
from napari_sam_med.training.painting.structures import (
    apart,
    near_middle,
    paint_ground,
)

if TYPE_CHECKING:
    from napari_sam_med.training.painting.scene_canvas import Canvas

# Outlines of round things are ellipses but for a few per cent of the radius.
ROUND = (0.01, 0.03)
# Papillary muscles fill no more of a cavity, or it would no longer look like one.
MOST_MUSCLE = 0.3


def _round(
    rng: np.random.Generator,
    centre_xy: tuple[float, float],
    radius: float,
    longest: float,
) -> np.ndarray:
    """Draw the outline of an almost perfect ellipse, at most `longest` as long."""
    roughness = float(rng.uniform(*ROUND))
    aspect = float(rng.uniform(1, longest))
    return shapes.contour(rng, centre_xy, radius, roughness=roughness, aspect=aspect)


def paint_round(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint a head as ultrasound shows it, an optic disc or a left ventricle.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    canvas : Canvas
        Painted on; gets the targets.
    """
    choice = rng.random()
    if choice < 0.3:
        paint_head(rng, canvas)
    elif choice < 0.55:
        paint_disc(rng, canvas)
    else:
        paint_ventricle(rng, canvas)


def paint_head(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint an ellipse with a broken bright rim; inside much as outside.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    canvas : Canvas
        Painted on; gets the whole head and sometimes what is in it as targets.
    """
    size = canvas.size
    base = float(rng.uniform(0.1, 0.5))
    paint_ground(rng, canvas, base, 2)
    outline = _round(
        rng, near_middle(rng, size), size * float(rng.uniform(0.14, 0.4)), 1.55
    )
    head = shapes.fill_contour(outline, size)
    inside = float(np.clip(base + rng.uniform(-0.2, 0.1), 0.02, 1))
    canvas.blend(head, canvas.tint(rng, inside), 1.0)
    whole = [canvas.mark(head)]
    whole += _brain(rng, canvas, outline, head, inside)
    rim = _broken_rim(rng, outline, head)
    canvas.blend(rim, float(np.clip(base + rng.uniform(0.25, 0.7), 0, 1)), 0.8)
    if rng.random() < 0.75:
        canvas.values *= _speckle(rng, size)
    for _ in range(4):
        canvas.offer(*whole)


def _broken_rim(
    rng: np.random.Generator, outline: np.ndarray, head: np.ndarray
) -> np.ndarray:
    """Give a thin rim, 0 to 1, weakest on two sides and interrupted anywhere."""
    size = head.shape[0]
    thickness = size * float(rng.uniform(0.006, 0.025))
    rim = head & (shapes.depth(head) < thickness)
    middle = outline.mean(0)
    axis = np.arange(size, dtype=np.float32)
    dx, dy = axis[None] - float(middle[0]), axis[:, None] - float(middle[1])
    sideways = (dy**2 - dx**2) / (dx**2 + dy**2 + 1)
    if rng.random() < 0.3:
        sideways = -sideways
    gaps = shapes.smooth_noise(rng, size, float(rng.uniform(4, 16)))
    uneven, broken = rng.uniform(0, 0.7), rng.uniform(0, 0.5)
    strength = np.clip(0.7 + uneven * sideways + broken * gaps, 0, 1)
    return np.asarray(rim * strength, np.float32)


def _brain(
    rng: np.random.Generator,
    canvas: Canvas,
    outline: np.ndarray,
    head: np.ndarray,
    inside: float,
) -> list[int]:
    """Paint a midline and bright and dark things; return those that were offered."""
    size = canvas.size
    middle = outline.mean(0)
    _, axes = np.linalg.eigh(np.cov((outline - middle).T))
    long, short = axes[:, 1], axes[:, 0]
    radius = float(np.sqrt(head.sum() / np.pi))
    offered = []
    for _ in range(int(rng.integers(1, 7))):
        along, off = rng.uniform(-0.6, 0.6), rng.uniform(0, 0.45)
        value = apart(rng, inside, 0.08, 0.35)
        reach = radius * float(rng.uniform(0.06, 0.3))
        part = np.zeros((size, size), bool)
        for side in (1, -1)[: 1 + int(rng.random() < 0.5)]:
            x, y = middle + radius * (along * long + side * off * short)
            blob = shapes.contour(rng, (float(x), float(y)), reach)
            part |= shapes.fill_contour(blob, size)
        part &= head
        canvas.blend(part, value, size * float(rng.uniform(0.001, 0.012)))
        if rng.random() < 0.25:
            offered.append(canvas.mark(part))
            canvas.offer(offered[-1])
    if rng.random() < 0.75:
        line = np.zeros((size, size), np.uint8)
        ends = [middle + radius * rng.uniform(0.4, 1.1) * s * long for s in (1, -1)]
        points = [tuple(int(v) for v in np.round(end)) for end in ends]
        cv2.line(line, points[0], points[1], 1, max(1, round(0.008 * size)))
        gaps = shapes.smooth_noise(rng, size, 12) > rng.uniform(-2, 0.5)
        share = float(rng.uniform(0.4, 1)) * (line.astype(bool) & head & gaps)
        canvas.blend(share, float(np.clip(inside + rng.uniform(0.2, 0.6), 0, 1)), 0.7)
    return offered


def _speckle(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw the grain of ultrasound, (S, S) of mean near 1, wider than high."""
    mix = float(rng.uniform(0.2, 0.8))
    width = float(rng.uniform(0.5, 2.0)) * size / 256
    grain = np.asarray(rng.standard_normal((size, size, 2), dtype=np.float32))
    grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), width, sigmaY=0.6 * width))
    grain = grain / (grain.std() + 1e-6)
    # 1.2533 is the mean of a Rayleigh distribution of deviation 1.
    speckle = np.hypot(grain[..., 0], grain[..., 1]) / 1.2533
    return np.asarray(1 - mix + mix * speckle, np.float32)


def paint_disc(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint a disc with a cup; vessels cross both and belong to neither.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    canvas : Canvas
        Painted on; gets disc with cup, cup, and rim as targets.
    """
    size = canvas.size
    base = float(rng.uniform(0.2, 0.7))
    canvas.values = canvas.tint(rng, base)
    light = shapes.smooth_noise(rng, size, float(rng.uniform(1, 3)))
    canvas.values = canvas.values + float(rng.uniform(0, 0.1)) * light
    centre = near_middle(rng, size, 0.2)
    radius = size * float(rng.uniform(0.08, 0.34))
    softness = radius * float(rng.uniform(0.02, 0.15))
    outline = _round(rng, centre, radius, 1.25)
    disc = shapes.fill_contour(outline, size)
    step = float(rng.uniform(0.06, 0.3)) * (1 if rng.random() < 0.8 else -1)
    if rng.random() < 0.3:
        halo = shapes.fill_contour(shapes.scaled(outline, 1.25), size)
        canvas.blend(halo, base + 0.3 * step, 2 * softness)
    canvas.blend(disc, canvas.tint(rng, base + step), softness)
    rim = canvas.mark(disc)
    shift = radius * rng.uniform(-0.12, 0.12, 2)
    at = centre[0] + float(shift[0]), centre[1] + float(shift[1])
    inner = _round(rng, at, radius * float(rng.uniform(0.3, 0.75)), 1.25)
    cup = shapes.fill_contour(inner, size) & disc
    canvas.blend(cup, canvas.tint(rng, base + step * rng.uniform(1.3, 2)), softness)
    middle = canvas.mark(cup)
    _vessels(rng, canvas, at, radius)
    for _ in range(3):
        canvas.offer(rim, middle)
        canvas.offer(middle)
    canvas.offer(rim)


def _vessels(
    rng: np.random.Generator,
    canvas: Canvas,
    root_xy: tuple[float, float],
    radius: float,
) -> None:
    """Draw winding lines out of one place across everything; identities stay."""
    size = canvas.size
    drawn = np.zeros((size, size), np.uint8)
    for _ in range(int(rng.integers(3, 10))):
        width = max(1, round(radius * float(rng.uniform(0.04, 0.16))))
        heading = float(rng.choice([-1, 1])) * np.pi / 2 + rng.normal() * 0.7
        start = np.asarray(root_xy) + 0.15 * radius * rng.standard_normal(2)
        turns = heading + np.cumsum(rng.normal(rng.normal() * 0.06, 0.15, 20))
        steps = np.stack([np.cos(turns), np.sin(turns)], 1) * size / 22
        path = np.round(np.concatenate([start[None], start + np.cumsum(steps, 0)]))
        whole = path.astype(np.int32)
        cv2.polylines(drawn, [whole], isClosed=False, color=1, thickness=width)
        branch = path[int(rng.integers(2, 12)) :] - path[0]
        turn = rng.uniform(-0.7, 0.7)
        rotation = np.array(
            [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
        )
        side = (branch - branch[0]) @ rotation + branch[0] + path[0]
        part, thin = side.astype(np.int32), max(1, width // 2)
        cv2.polylines(drawn, [part], isClosed=False, color=1, thickness=thin)
    depth = float(rng.uniform(0.3, 0.9))
    shade = float(canvas.values.mean() * rng.uniform(0.3, 0.8))
    canvas.blend(depth * drawn, shade, float(rng.uniform(0.4, 1.2)))


def paint_ventricle(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint a round cavity in a wall of muscle, parts of which reach into it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    canvas : Canvas
        Painted on; gets cavity, wall, both, and what touches the wall as targets.
    """
    size = canvas.size
    blood = float(rng.uniform(0.1, 0.95))
    muscle = apart(rng, blood, 0.12, 0.6)
    paint_ground(rng, canvas, float(rng.random()), 4)
    centre = near_middle(rng, size)
    radius = size * float(rng.uniform(0.06, 0.3))
    inner = _round(rng, centre, radius, 1.4)
    shift = radius * rng.uniform(-0.12, 0.12, 2)
    outer = shapes.scaled(inner, float(rng.uniform(1.2, 1.8))) + shift
    reach = float(np.linalg.norm(outer - outer.mean(0), axis=1).mean())
    _touching(rng, canvas, centre, reach, (blood, muscle))
    cavity = shapes.fill_contour(inner, size)
    softness = size * float(rng.uniform(0.001, 0.008))
    whole = shapes.fill_contour(outer, size) | cavity
    canvas.blend(whole, canvas.tint(rng, muscle), softness)
    wall = canvas.mark(whole)
    canvas.blend(cavity, canvas.tint(rng, blood), softness)
    lumen = canvas.mark(cavity)
    canvas.blend(_papillary(rng, inner, cavity), muscle, softness)
    for _ in range(5):
        canvas.offer(lumen)
    for _ in range(2):
        canvas.offer(wall)
        canvas.offer(wall, lumen)


def _touching(
    rng: np.random.Generator,
    canvas: Canvas,
    centre_xy: tuple[float, float],
    reach: float,
    values: tuple[float, float],
) -> None:
    """Paint chambers, liver and lung round the wall, which then covers their edge."""
    turn = float(rng.uniform(0, 2 * np.pi))
    for index in range(int(rng.integers(1, 5))):
        radius = reach * float(rng.uniform(0.5, 1.5))
        far = reach + radius * float(rng.uniform(0.0, 0.6))
        x = centre_xy[0] + far * float(np.cos(turn))
        y = centre_xy[1] + far * float(np.sin(turn))
        turn += float(rng.uniform(0.8, 2.2))
        outline = shapes.contour(rng, (x, y), radius, roughness=0.06)
        region = shapes.fill_contour(outline, canvas.size)
        # First a chamber of the same blood, then what may look like either.
        alike = values[0] if index == 0 else float(rng.choice([*values, rng.random()]))
        if index == 0:
            sheath = shapes.fill_contour(shapes.scaled(outline, 1.15), canvas.size)
            canvas.blend(sheath, values[1], 0.5)
        shade = float(np.clip(alike + rng.normal() * 0.04, 0, 1))
        canvas.offer(canvas.paint(rng, region, shade))


def _papillary(
    rng: np.random.Generator, outline: np.ndarray, cavity: np.ndarray
) -> np.ndarray:
    """Give spots in a cavity near its border, bool (S, S), in four of five cases."""
    size = cavity.shape[0]
    spots = np.zeros_like(cavity)
    if rng.random() < 0.2:
        return spots
    middle = outline.mean(0)
    radius = float(np.sqrt(max(1, int(cavity.sum())) / np.pi))
    for _ in range(int(rng.integers(1, 7))):
        toward = outline[int(rng.integers(len(outline)))] - middle
        x, y = middle + toward * rng.uniform(0.5, 1.0)
        spot = radius * float(rng.uniform(0.06, 0.28))
        blob = shapes.contour(rng, (float(x), float(y)), spot)
        grown = spots | (cavity & shapes.fill_contour(blob, size))
        if grown.sum() <= MOST_MUSCLE * cavity.sum():
            spots = grown
    return spots
