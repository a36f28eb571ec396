"""What scribbles, lassos and starting masks are best asked as, on the sample data.

``python benchmarks/prompt_kinds.py [--model nano] [--every 1] [--what scribble lasso
start]``: mean Dice of the best-scored mask over objects of ``sample_data``, in all
three orientations. Scribbles run at random along the inside; lassos follow the outline
with a careful or a careless hand (errors of 8 and 20 % of the radius); masks to correct
have a piece cut off or added, or are the model's own answer to one click, and get a
click in the middle of the largest error.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy import ndimage
from skimage import measure
from skimage.graph import route_through_array

from napari_sam_med import load_model, read_volume
from napari_sam_med.core.metrics import dice
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.slice_view import EmbeddedSlice, SliceView
from napari_sam_med.core.strokes.corrections import corrected
from napari_sam_med.core.strokes.lassos import deepest_point, enclosed
from napari_sam_med.core.strokes.scribbles import points_along
from napari_sam_med.core.windows import default_window

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parents[1] / "sample_data"
SEED = 1
FEWEST_PX = 60
PER_AXIS = 12
"""Slices taken of each axis, about."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """An object (H, W) bool on a slice that a model has seen."""

    seen: EmbeddedSlice
    mask: np.ndarray
    plane: SlicePlane
    rng: np.random.Generator


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="nano")
    parser.add_argument("--every", type=int, default=1, help="take every n-th slice")
    parser.add_argument("--what", nargs="+", default=list(MEASURED), choices=MEASURED)
    asked = parser.parse_args()
    model, rng = load_model(asked.model), np.random.default_rng(SEED)
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for number, (view, masks) in enumerate(slices()):
        if number % asked.every:
            continue
        seen = EmbeddedSlice.of(model, view)
        for mask in masks:
            for what in asked.what:
                case = Drawn(seen, mask, view.plane, rng)
                for name, value in MEASURED[what](case):
                    found[what, name].append(value)
    table = Table(title=f"Mean Dice of {asked.model} on the sample data")
    for heading in ("", "asked", "objects", "Dice"):
        table.add_column(heading)
    for (what, name), values in sorted(found.items()):
        table.add_row(what, name, str(len(values)), f"{np.mean(values):.3f}")
    Console().print(table)


def slices() -> Iterator[tuple[SliceView, list[np.ndarray]]]:
    """Give slices of all sample images, and the objects on them."""
    rng = np.random.default_rng(0)
    for path in sorted(DATA.glob("*_images/*")):
        folder = DATA / path.parent.name.replace("images", "labels")
        stem = path.name.partition(".")[0]
        labels = next(p for p in folder.glob(f"{stem}.*") if p.suffix != ".json")
        volume, truth = read_volume(path), read_volume(labels).array
        is_grey = volume.array.ndim == 3
        window = default_window(volume.array, volume.modality) if is_grey else None
        for axis in range(3 if len(truth) > 1 else 1):
            for index in range(truth.shape[axis]):
                plane = SlicePlane.of(volume.geometry, axis, index)
                here = plane.take(truth)
                masks = [here == k for k in np.unique(here) if k]
                masks = [mask for mask in masks if mask.sum() >= FEWEST_PX]
                if masks and rng.random() < PER_AXIS / truth.shape[axis]:
                    yield SliceView.of(volume, plane, window), masks


def best(seen: EmbeddedSlice, prompts: Prompts, truth: np.ndarray) -> float:
    """Dice of the mask of best score."""
    answer = seen.predict(prompts)
    return dice(answer.masks[answer.best_index], truth)


def scribbles(case: Drawn) -> Iterator[tuple[str, float]]:
    """Ask a scribble as more and more points."""
    seen, mask, plane, rng = case.seen, case.mask, case.plane, case.rng
    part = largest(mask)
    padded = np.pad(part, 1)
    depth = ndimage.distance_transform_edt(padded, sampling=plane.spacing_rc)
    depth = depth[1:-1, 1:-1]
    inner = np.argwhere(depth >= 0.5 * depth.max())
    start = inner[rng.integers(len(inner))]
    far = (((inner - start) * plane.spacing_rc) ** 2).sum(axis=1)
    cost = np.where(part, 1 / (depth / depth.max() + 0.05), 100.0)
    path, _ = route_through_array(cost, start, inner[far.argmax()])
    path = np.array(path) + rng.normal(0, 0.3, (len(path), 2))
    path = np.clip(path, 0, np.array(mask.shape) - 1)
    for most in (1, 2, 3, 4, 6, 8, 12, 16):
        points = points_along(path, plane.spacing_rc, mask.shape, most)
        yield f"{most:2d} points", best(seen, Prompts(points, [1] * len(points)), mask)


def lassos(case: Drawn) -> Iterator[tuple[str, float]]:
    """Ask a lasso as a box, points and a mask, in all combinations."""
    seen, mask, plane, rng = case.seen, case.mask, case.plane, case.rng
    for hand, error in (("careful", 0.08), ("careless", 0.2)):
        inside = outlined_by_hand(mask, error, rng)
        if not inside.any():
            continue
        yield f"{hand}: its inside", dice(inside, mask)
        rows, cols = np.nonzero(inside)
        box = (rows.min(), cols.min(), rows.max(), cols.max())
        point = [deepest_point(inside, plane.spacing_rc)]
        kinds = {"box": ((), (), box), "point": (point, [1], None)}
        kinds["box and point"] = (point, [1], box)
        for name, prompts in kinds.items():
            yield f"{hand}: {name}", best(seen, Prompts(*prompts), mask)
            with_mask = Prompts(*prompts, seen.logits_of(inside))
            yield f"{hand}: {name} and mask", best(seen, with_mask, mask)


def starts(case: Drawn) -> Iterator[tuple[str, float]]:
    """Correct a mask by a click: alone, with the mask, and with what is kept of it."""
    seen, mask, plane, rng = case.seen, case.mask, case.plane, case.rng
    middle = [deepest_point(mask, plane.spacing_rc)]
    first = seen.predict(Prompts(middle, [1]))
    wrong = {
        "cut": damaged(mask, rng, adds=False),
        "added": damaged(mask, rng, adds=True),
        "own answer": first.masks[first.best_index],
    }
    for name, start in wrong.items():
        if not start.any() or np.array_equal(start, mask):
            continue
        yield f"{name}: no click", dice(start, mask)
        point, label = correction(mask, start)
        yield f"{name}: click", best(seen, Prompts([point], [label]), mask)
        asked = Prompts([point], [label], None, seen.logits_of(start))
        answer = seen.predict(asked)
        yield f"{name}: click, mask", dice(answer.masks[answer.best_index], mask)
        kept = corrected(answer.masks, start, asked.points_rc)[answer.best_index]
        yield f"{name}: click, mask, changes at the click", dice(kept, mask)


MEASURED = {"scribble": scribbles, "lasso": lassos, "start": starts}


def largest(mask: np.ndarray) -> np.ndarray:
    """Give the largest connected part."""
    parts = measure.label(mask)
    return parts == 1 + np.bincount(parts[parts > 0] - 1).argmax()


def outlined_by_hand(
    mask: np.ndarray, error: float, rng: np.random.Generator
) -> np.ndarray:
    """Give the inside of a line that goes round an object, rather outside than in."""
    padded = np.pad(largest(mask), 1).astype(float)
    contour = max(measure.find_contours(padded, 0.5), key=len) - 1
    count = min(40, max(8, len(contour) // 4))
    at = np.linspace(0, len(contour), count, endpoint=False).astype(int)
    path = contour[at]
    outward = path - path.mean(axis=0)
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
    drift = ndimage.gaussian_filter1d(rng.normal(0, 1, count), 1.5, mode="wrap")
    radius = np.sqrt(mask.sum() / np.pi)
    path = path + outward * (error * radius * (drift / drift.std() + 0.7))[:, None]
    return enclosed(np.clip(path, 0, np.array(mask.shape) - 1), mask.shape)


def damaged(mask: np.ndarray, rng: np.random.Generator, *, adds: bool) -> np.ndarray:
    """Cut a disc off at the outline, or add one."""
    rim = np.argwhere(mask & ~ndimage.binary_erosion(mask))
    row, col = rim[rng.integers(len(rim))]
    rows, cols = np.indices(mask.shape)
    disc = np.hypot(rows - row, cols - col) < 0.7 * np.sqrt(mask.sum() / np.pi)
    return mask | disc if adds else mask & ~disc


def correction(truth: np.ndarray, mask: np.ndarray) -> tuple[tuple[float, float], int]:
    """Click in the middle of the largest error: the place, and 1 or 0."""
    errors = (mask & ~truth, truth & ~mask)
    depths = [ndimage.distance_transform_edt(np.pad(e, 1)).max() for e in errors]
    label = int(depths[1] >= depths[0])
    return deepest_point(errors[label], (1.0, 1.0)), label


if __name__ == "__main__":
    main()
