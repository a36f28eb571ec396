"""Many small things in one organ, and what runs through a body as tubes.

Lesions are spots that are one object alone and together; trees of vessels and
airways, loops of bowel, and a cord in its canal are drawn branch by branch.
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

# A tree has no more branches: enough for a lung, few enough to paint quickly.
MOST_BRANCHES = 40
# What all spots of a scene cover at least, as a share of the canvas.
LEAST_SPOTTED = 0.004


def paint_many(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint spots in one textured organ, or the cut ends of small vessels.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    canvas : Canvas
        Painted on; gets each spot, all spots, and the organ as targets.
    """
    size = canvas.size
    paint_ground(rng, canvas, float(rng.random() * rng.choice([0.1, 1])), 2)
    outline = shapes.contour(
        rng,
        near_middle(rng, size, 0.08),
        size * float(rng.uniform(0.22, 0.46)),
        roughness=float(rng.uniform(0.02, 0.1)),
    )
    organ = shapes.fill_contour(outline, size)
    organs = [canvas.paint(rng, organ)]
    if rng.random() < 0.4:
        factor = float(rng.uniform(0.75, 0.95))
        organ = shapes.fill_contour(shapes.scaled(outline, factor), size)
        organs.append(canvas.paint(rng, organ))
    value = float(canvas.values[organ].mean()) if organ.any() else 0.5
    canvas.blend(organ, value + float(rng.uniform(0, 0.05)) * canvas.grain(rng))
    shade = apart(rng, value, 0.08, 0.5)
    if rng.random() < 0.5:
        organs += _look_alikes(rng, canvas, organ, shade)
    spots = _spots(rng, canvas, organ, shade)
    for _ in range(4):
        canvas.offer(*spots)
    canvas.offer(*organs, *spots)


def _look_alikes(
    rng: np.random.Generator, canvas: Canvas, organ: np.ndarray, value: float
) -> list[int]:
    """Paint a pair of cavities about as bright as the spots; return both."""
    size = canvas.size
    rows, cols = np.nonzero(organ)
    if not rows.size:
        return []
    reach = float(np.sqrt(rows.size / np.pi))
    outline = shapes.contour(rng, (0.0, 0.0), reach * float(rng.uniform(0.1, 0.25)))
    off = reach * float(rng.uniform(0.15, 0.4))
    shade = float(np.clip(value + rng.normal() * 0.1, 0, 1))
    found = []
    for side in (1, -1):
        shift = np.array([cols.mean() + side * off, rows.mean()])
        points = outline * (side, 1) + shift
        cavity = shapes.fill_contour(points, size) & organ
        found.append(canvas.paint(rng, cavity, shade))
    canvas.offer(*found)
    return found


def _spots(
    rng: np.random.Generator, canvas: Canvas, organ: np.ndarray, value: float
) -> list[int]:
    """Paint spots within an organ, anywhere or in groups; offer each alone."""
    size = canvas.size
    places = np.flatnonzero(organ)
    if not places.size:
        return []
    count = int(rng.integers(5, 41))
    typical = float(np.exp(rng.uniform(np.log(0.006), np.log(0.03))))
    typical = max(typical, float(np.sqrt(LEAST_SPOTTED / np.pi / count)))
    at = np.stack(np.divmod(rng.choice(places, count), size)[::-1], 1).astype(float)
    if rng.random() < 0.4:
        groups = at[rng.integers(0, max(1, count // 6), count)]
        at = groups + rng.normal(0, 0.07 * size, (count, 2))
    labels = np.zeros((size, size), np.int32)
    walls = np.zeros((size, size), np.uint8)
    walled = rng.random() < 0.25
    for number, (x, y) in enumerate(at, 1):
        radius = typical * float(np.exp(rng.normal() * 0.4))
        radius = size * min(0.05, max(0.006, radius))
        points = shapes.contour(rng, (float(x), float(y)), radius)
        fixed = np.round(points * 16).astype(np.int32)
        cv2.fillPoly(labels, [fixed], number, shift=4)
        if walled:
            grown = np.round(shapes.scaled(points, 1.6) * 16).astype(np.int32)
            cv2.fillPoly(walls, [grown], 1, shift=4)
    labels[~organ] = 0
    canvas.blend(walls.astype(bool) & organ, apart(rng, value, 0.1, 0.5), 0.6)
    shades = value + rng.normal(0, float(rng.choice([0.01, 0.06])), count + 1)
    # More blur than this would wash out the smallest spots.
    softness = size * min(float(rng.uniform(0.001, 0.006)), 0.3 * typical)
    canvas.blend(labels > 0, shades[labels].astype(np.float32), softness)
    if rng.random() < 0.4:
        labels = np.minimum(labels, 1)
    found = []
    for number in np.unique(labels[labels > 0]):
        found.append(canvas.mark(labels == number))
        canvas.offer(found[-1])
    return found


def paint_tubes(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint a tree of vessels or airways, loops of bowel, or a cord in its canal.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    canvas : Canvas
        Painted on; gets whole trees, branches, loops, cord and canal as targets.
    """
    paint_ground(rng, canvas, float(rng.random()), 3)
    choice = rng.random()
    if choice < 0.45:
        _tree(rng, canvas)
    elif choice < 0.7:
        _loops(rng, canvas)
    else:
        _cord(rng, canvas)


def _tree(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint a tree whose branches taper; offer all of it, some branches, its trunk."""
    size = canvas.size
    if rng.random() < 0.7:
        outline = shapes.contour(
            rng, (size / 2, size / 2), size * float(rng.uniform(0.3, 0.5))
        )
        organ = canvas.paint(rng, shapes.fill_contour(outline, size))
        canvas.offer(organ)
    under = float(np.median(canvas.values))
    value = apart(rng, under, 0.12, 0.6)
    labels, walls = _branches(rng, size)
    if rng.random() < 0.3:
        canvas.blend(walls, apart(rng, value, 0.15, 0.6), 0.6)
    drawn = labels > 0
    softness = float(rng.uniform(0.3, 1.2))
    canvas.blend(drawn, canvas.tint(rng, value), softness)
    # Colours follow identities: a tree of one colour is one identity.
    if rng.random() < 0.5:
        labels = np.minimum(labels, 1)
    found = [canvas.mark(labels == n) for n in np.unique(labels[drawn])]
    for branch in rng.permutation(found)[:4]:
        canvas.offer(int(branch))
    for _ in range(4):
        canvas.offer(*found)
    canvas.offer(found[0])


def _branches(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw a tree: the number of the branch at each pixel, and the grown tree."""
    labels = np.zeros((size, size), np.int32)
    walls = np.zeros((size, size), np.uint8)
    side = float(rng.uniform(0, 2 * np.pi))
    out = np.array([np.cos(side), np.sin(side)])
    root = size * (0.5 + float(rng.uniform(0.05, 0.48)) * out)
    width = size * float(rng.uniform(0.02, 0.09))
    length = size * float(rng.uniform(0.15, 0.35))
    shrink, bent = rng.uniform(0.6, 0.85), float(rng.uniform(0.02, 0.2))
    # Breadth first, so that a limit on branches leaves off the thinnest.
    waiting = [(root, side + np.pi + float(rng.normal() * 0.3), width, length)]
    number = 0
    while waiting and number < MOST_BRANCHES:
        start, heading, width, length = waiting.pop(0)
        number += 1
        turns = heading + np.cumsum(rng.normal(0, bent, 8))
        steps = np.stack([np.cos(turns), np.sin(turns)], 1) * (length / 8)
        path = np.concatenate([start[None], start + np.cumsum(steps, 0)])
        thin = width * float(rng.uniform(0.7, 0.95))
        for index, wide in enumerate(np.linspace(width, thin, 8)):
            ends = np.round(path[index : index + 2]).astype(np.int32)
            drawn = max(1, round(wide))
            cv2.polylines(labels, [ends], isClosed=False, color=number, thickness=drawn)
            drawn += max(2, round(0.4 * wide))
            cv2.polylines(walls, [ends], isClosed=False, color=1, thickness=drawn)
        children = int(rng.choice([1, 2, 3], p=[0.15, 0.7, 0.15]))
        spread = float(rng.uniform(0.3, 0.9))
        for turn in np.linspace(-spread, spread, children + 2)[1:-1] * 2:
            if thin * shrink < 0.006 * size:
                break
            swing = float(turns[-1] + turn + rng.normal() * 0.15)
            near = length * float(rng.uniform(0.6, 0.95))
            waiting.append((path[-1], swing, thin * float(shrink), near))
    return labels, walls.astype(bool)


def _loops(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint wide winding tubes of alike contents, each with a thin wall."""
    size = canvas.size
    wall_value = float(rng.random())
    contents = apart(rng, wall_value, 0.08, 0.5)
    width = size * float(rng.uniform(0.05, 0.14))
    centre = near_middle(rng, size)
    found = []
    for _ in range(int(rng.integers(2, 8))):
        at = np.asarray(centre) + rng.normal(0, 0.17 * size, 2)
        length = width * float(rng.uniform(1, 7))
        loop = shapes.tube(rng, size, (float(at[0]), float(at[1])), length, width)
        loop = cv2.GaussianBlur(loop.astype(np.float32), (0, 0), 0.15 * width) > 0.5
        canvas.blend(loop, wall_value, 0.6)
        inner = loop & (shapes.depth(loop) > width * float(rng.uniform(0.08, 0.2)))
        value = contents + float(rng.normal()) * 0.05
        if rng.random() < 0.2:
            value = float(rng.random())
        canvas.blend(inner, canvas.tint(rng, value), 0.8)
        if rng.random() < 0.3:
            field = shapes.smooth_noise(rng, size, size / width * 2)
            canvas.blend(inner & (field > 0.6), float(rng.random()), 1.0)
        found.append(canvas.mark(loop))
    for loop_id in found:
        canvas.offer(loop_id)
        canvas.offer(loop_id)
    canvas.offer(*found)


def _cord(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint a cord in its canal, across or along, by a vertebra and a great vessel."""
    size = canvas.size
    x, y = near_middle(rng, size, 0.2)
    radius = size * float(rng.uniform(0.03, 0.13))
    bone = float(rng.random())
    fluid, body = apart(rng, bone, 0.1, 0.6), float(rng.random())
    if rng.random() < 0.35:
        length = size * float(rng.uniform(0.6, 1.3))
        cord = shapes.tube(rng, size, (x, y), length, 2 * radius)
        canal = shapes.depth(~cord) < radius * float(rng.uniform(0.3, 1.2))
    else:
        for _ in range(int(rng.integers(1, 4))):
            turn, far = rng.uniform(0, 2 * np.pi), radius * float(rng.uniform(3, 4.5))
            at = x + far * float(np.cos(turn)), y + far * float(np.sin(turn))
            near = shapes.contour(rng, at, radius * float(rng.uniform(0.8, 2.5)))
            value = float(rng.choice([bone, body, rng.random()]))
            canvas.offer(canvas.paint(rng, shapes.fill_contour(near, size), value))
        outline = shapes.contour(rng, (x, y), radius * 2.4, roughness=0.12)
        canvas.paint(rng, shapes.fill_contour(outline, size), bone)
        wide = radius * float(rng.uniform(1.3, 1.9))
        canal = shapes.fill_contour(
            shapes.contour(rng, (x, y), wide, roughness=0.03, aspect=1.2), size
        )
        at = x + float(rng.normal()) * 0.1 * radius, y
        aspect = float(rng.uniform(1, 1.7))
        inner = shapes.contour(rng, at, radius, roughness=0.02, aspect=aspect)
        cord = shapes.fill_contour(inner, size) & canal
    canvas.blend(canal, canvas.tint(rng, fluid), 0.8)
    around = canvas.mark(canal)
    canvas.blend(cord, canvas.tint(rng, apart(rng, fluid, 0.08, 0.5)), 0.8)
    within = canvas.mark(cord)
    for _ in range(4):
        canvas.offer(within)
    for _ in range(2):
        canvas.offer(around, within)
    canvas.offer(around)
