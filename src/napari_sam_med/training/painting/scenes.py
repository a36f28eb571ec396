"""Synthetic scenes: what nano learns from instead of patients.

A kind of scene is drawn and painted (see `painters`, `round_things`, `structures`
and `branches`), mostly bent, exposed, and its objects cut out. Every scene is a pure
function of the generator it is given.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from napari_sam_med.training.painting import (
    branches,
    painters,
    random_shapes,
    structures,
)
from napari_sam_med.training.painting.imaging import expose
from napari_sam_med.training.painting.phantoms import paint_phantom
from napari_sam_med.training.painting.round_things import paint_round
from napari_sam_med.training.painting.scene_canvas import Canvas

SMALLEST_AREA = 100
MOST_OBJECTS = 16
# Phantoms come last, because a scene may be asked for without them.
PAINTERS = {
    "focus": (painters.paint_focus, 0.30),
    "body": (painters.paint_body, 0.11),
    "crowd": (painters.paint_crowd, 0.06),
    "projection": (painters.paint_projection, 0.05),
    "layers": (painters.paint_layers, 0.09),
    "pairs": (painters.paint_pairs, 0.06),
    "round": (paint_round, 0.08),
    "faint": (structures.paint_faint, 0.05),
    "parts": (structures.paint_parts, 0.03),
    "many": (branches.paint_many, 0.03),
    "tubes": (branches.paint_tubes, 0.03),
    "phantom": (paint_phantom, 0.11),
}
KINDS = tuple(PAINTERS)
# Bent, a ventricle or a skull would no longer be the ellipse that it always is.
UNBENT = frozenset({"round"})


@dataclass(frozen=True, slots=True)
class Scene:
    """A training image and its promptable objects.

    Attributes
    ----------
    image : numpy.ndarray
        uint8 (S, S, 3).
    masks : numpy.ndarray
        bool (K, S, S), at least one, none empty; they may overlap.
    identity : numpy.ndarray
        int16 (S, S), the painted object at each pixel (for edge supervision).
    kind : str
        One of KINDS.
    """

    image: np.ndarray
    masks: np.ndarray
    identity: np.ndarray
    kind: str


def make_scene(rng: np.random.Generator, size: int, *, phantoms: bool = True) -> Scene:
    """Paint one scene.

    Parameters
    ----------
    rng : numpy.random.Generator
        The scene is a pure function of its state.
    size : int
        Side in pixels.
    phantoms : bool
        Whether slices of phantoms may occur, which come from a pool of some hundred.

    Returns
    -------
    Scene
        With at least one object.
    """
    kinds = KINDS if phantoms else KINDS[:-1]
    shares = np.array([PAINTERS[kind][1] for kind in kinds])
    while True:
        kind = str(rng.choice(kinds, p=shares / shares.sum()))
        canvas = Canvas.blank(rng, size)
        PAINTERS[kind][0](rng, canvas)
        if kind not in UNBENT:
            _warp(rng, canvas)
        image, seen = expose(rng, canvas.values, canvas.identity)
        canvas.identity[~seen] = 0
        masks = _visible(rng, canvas)
        if masks:
            return Scene(image, np.stack(masks), canvas.identity, kind)


def _visible(rng: np.random.Generator, canvas: Canvas) -> list[np.ndarray]:
    """Give the masks of some offered objects that are large enough to see."""
    masks: list[np.ndarray] = []
    for index in rng.permutation(len(canvas.targets)):
        if len(masks) == MOST_OBJECTS:
            break
        identities = canvas.targets[index]
        table = np.zeros(canvas.count + 1, bool)
        table[list(identities)] = True
        mask = table[canvas.identity]
        if SMALLEST_AREA <= mask.sum() <= 0.85 * mask.size:
            masks.append(mask)
    return masks


def _warp(rng: np.random.Generator, canvas: Canvas) -> None:
    """Bend the whole scene by a smooth displacement."""
    if rng.random() < 0.35:
        return
    size = canvas.size
    strength = float(rng.uniform(0.005, 0.03)) * size
    cells = float(rng.uniform(2, 7))
    grid = np.arange(size, dtype=np.float32)
    x = grid[None] + strength * random_shapes.smooth_noise(rng, size, cells)
    y = grid[:, None] + strength * random_shapes.smooth_noise(rng, size, cells)
    canvas.values = cv2.remap(
        canvas.values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    canvas.identity = cv2.remap(
        canvas.identity, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT
    )
