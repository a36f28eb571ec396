"""Slices of the package's own phantoms as scenes: what is where in a body.

Their seeds start at `FIRST_SEED`; those of the sample data, and all others below it,
are never trained on.
"""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

import cv2
import numpy as np

from napari_sam_med.core.windows import default_window
from napari_sam_med.samples import ct_abdomen, mr_head, us_lesion, xray_chest

if TYPE_CHECKING:
    from napari_sam_med.samples import Sample
    from napari_sam_med.training.painting.scene_canvas import Canvas

FIRST_SEED = 1000
MAKERS = (ct_abdomen, mr_head, xray_chest, us_lesion)
POOLS = (20, 40, 48, 48)
KIND_SHARES = (0.38, 0.34, 0.18, 0.1)
SMALLEST_PART = 30
CLOSEST = 2.5
_generated: dict[tuple[int, int], Sample] = {}


def phantom(kind: int, number: int) -> Sample:
    """Generate a phantom, or recall it: a CT takes seconds."""
    if (kind, number) not in _generated:
        _generated[kind, number] = MAKERS[kind](FIRST_SEED + number)
    return _generated[kind, number]


def generate_all(processes: int) -> None:
    """Generate all phantoms, which processes that are forked later then share.

    Parameters
    ----------
    processes : int
        At work at the same time, forked too; each phantom alone takes up to three
        seconds of one core, all of them some hundred.
    """
    wanted = [(kind, at) for kind, count in enumerate(POOLS) for at in range(count)]
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        made = pool.starmap(phantom, wanted, chunksize=1)
    _generated.update(zip(wanted, made, strict=True))


def paint_phantom(rng: np.random.Generator, canvas: Canvas) -> None:
    """Paint a slice of a phantom, whole or a detail of it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    canvas : Canvas
        Painted on; gets every class as a target, and each of two parts.
    """
    kind = int(rng.choice(len(MAKERS), p=KIND_SHARES))
    sample = phantom(kind, int(rng.integers(POOLS[kind])))
    labelled = np.flatnonzero(sample.labels.any((1, 2)))
    index = int(rng.choice(labelled))
    pixels, labels = sample.volume.array[index], sample.labels[index]
    window = default_window(sample.volume.array, sample.volume.modality)
    grey = window.apply(pixels).astype(np.float32) / 255
    turn = _placed(rng, labels, canvas.size)
    box = (canvas.size, canvas.size)
    canvas.values = cv2.warpAffine(grey, turn, box, flags=cv2.INTER_AREA)
    placed = cv2.warpAffine(labels, turn, box, flags=cv2.INTER_NEAREST)
    for label in np.unique(placed[placed > 0]):
        _offer_class(canvas, placed == label)


def _placed(rng: np.random.Generator, labels: np.ndarray, size: int) -> np.ndarray:
    """Map a slice to the canvas: all of it, or closer round a labelled pixel."""
    height, width = labels.shape
    fit = size / max(height, width)
    if rng.random() < 0.5:
        return np.array([[fit, 0, 0], [0, fit, 0]])
    scale = fit * float(np.exp(rng.uniform(-0.1, np.log(CLOSEST))))
    rows, cols = np.nonzero(labels)
    pick = int(rng.integers(rows.size))
    middle = size * (0.5 + rng.uniform(-0.25, 0.25, 2))
    shift = middle - scale * np.array([cols[pick], rows[pick]])
    return np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])


def _offer_class(canvas: Canvas, mask: np.ndarray) -> None:
    """Give each part an identity; offer all together, and seldom one of two alone."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    identities = []
    for part in range(1, count):
        canvas.count += 1
        canvas.identity[parts == part] = canvas.count
        if stats[part, cv2.CC_STAT_AREA] >= SMALLEST_PART:
            identities.append(canvas.count)
    everything = range(canvas.count - count + 2, canvas.count + 1)
    for _ in range(4):
        canvas.offer(*everything)
    if len(identities) == 2:
        for identity in identities:
            canvas.offer(identity)
