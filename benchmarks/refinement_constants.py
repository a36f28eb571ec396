"""What the constants of crop refinement are worth, on held-out synthetic scenes.

``python benchmarks/refinement_constants.py [--scenes 24]``. Each constant is changed
alone; the table gives the mean IoU of one box and of one click, and how far it is from
that of the constants as they stand, with the standard error of the paired difference.
"""

from __future__ import annotations

import argparse

import numpy as np
from rich.console import Console
from rich.table import Table

from napari_sam_med.core.metrics import iou
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.models import load_model
from napari_sam_med.models.wrappers import crop_refinement
from napari_sam_med.training.validation import validation_batch

SEED = 90210  # of no training run
ALTERNATIVES = {
    "MARGIN": (1.5, 2.0, 3.5),
    "WIDE_MARGIN": (3.5, 8.0),
    "TINY_FRACTION": (0.0, 1 / 16, 1 / 4),
    "SMALL_FRACTION": (0.0, 0.25, 0.75),
    "MOST_OF_A_LOOK": (0.3, 0.9),
    "LEVELS": (1, 3),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=24)
    scenes = parser.parse_args().scenes
    model = load_model("nano", device="cpu")
    batch = validation_batch(SEED, 256, scenes, boxes=True)
    clicks = validation_batch(SEED, 256, scenes, boxes=False)
    embeddings = [model.embed(image) for image in batch.images]

    def measured() -> np.ndarray:
        """(2, N): IoU of one box (single mask), of one click (best score)."""
        found = []
        for number, mask in enumerate(batch.masks):
            embedding = embeddings[batch.image_index[number]]
            (col0, row0), (col1, row1) = batch.prompts.coords_xy[number]
            box = model.predict(embedding, Prompts(box_rc=(row0, col0, row1, col1)))
            (col, row), _ = clicks.prompts.coords_xy[number]
            click = model.predict(embedding, Prompts([(row, col)], [1]))
            alone = (box.single or box).masks[0]
            truth = clicks.masks[number]
            found.append((iou(alone, mask), iou(click.masks[click.best_index], truth)))
        return np.array(found).T

    table = Table(
        title=f"Mean IoU, {len(batch.masks)} objects; difference to the first"
    )
    for heading in ("constant", "value", "box", "", "one click", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    base = measured()
    table.add_row(
        "as they stand", "", f"{base[0].mean():.4f}", "", f"{base[1].mean():.4f}"
    )
    for name, values in ALTERNATIVES.items():
        chosen = getattr(crop_refinement, name)
        for value in values:
            setattr(crop_refinement, name, value)
            found = measured()
            table.add_row(
                name,
                f"{value:g}",
                *_cells(found[0], base[0]),
                *_cells(found[1], base[1]),
            )
        setattr(crop_refinement, name, chosen)
    Console(width=100).print(table)


def _cells(found: np.ndarray, base: np.ndarray) -> tuple[str, str]:
    change = found - base
    error = change.std() / np.sqrt(len(change))
    return f"{found.mean():.4f}", f"{change.mean():+.4f} ± {error:.4f}"


if __name__ == "__main__":
    main()
