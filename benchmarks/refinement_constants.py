"""What the constants of crop refinement are worth, on held-out synthetic scenes.

``python benchmarks/refinement_constants.py [--prompted 150] [--clicked 100]``. Each
constant is changed alone; the first table gives the mean IoU of one box and of one
click, the second that after five and after nine clicks at the errors, with the earlier
logits fed back, and how far each is from that of the constants as they stand, with the
standard error of the paired difference. Scenes are 192 to 512 pixels a side.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from napari_sam_med.core.metrics import iou
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.models import load_model
from napari_sam_med.models.wrappers import correction_crops, crop_refinement
from napari_sam_med.simulate.clicks import first_click, ritm_click
from napari_sam_med.simulate.distance_maps import exact_distance
from napari_sam_med.training.painting.scenes import make_scene

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from napari_sam_med.core.embedding import Embedding
    from napari_sam_med.core.ports import Segmenter

SEED = 90210  # of no training run
SIDES = (192, 256, 384, 512)
FEW, MOST = 5, 9
# Those of the first table, for each module.
PROMPT_CONSTANTS: dict[ModuleType, dict[str, tuple[float, ...]]] = {
    crop_refinement: {
        "MARGIN": (2.0, 3.5),
        "CLOSE_MARGIN": (1.15, 1.6, 2.0),
        "WIDE_MARGIN": (3.5, 8.0),
        "TINY_FRACTION": (0.0, 1 / 16, 1 / 4),
        "SMALL_FRACTION": (0.0, 0.25, 0.75),
        "MOST_OF_A_LOOK": (0.3, 0.9),
        "LEVELS": (1, 3),
    }
}
# Those of the second; with the wide crop's margin the close one is left out.
CLICK_CONSTANTS: dict[ModuleType, dict[str, tuple[float, ...]]] = {
    crop_refinement: {"CLOSE_MARGIN": (1.15, 1.6, crop_refinement.MARGIN)},
    correction_crops: {
        "MARGIN": (2.0, 3.0),
        "CLOSER": (0.0, 0.25, 0.35),
        "WEIGHT": (0.7, 1.0),
    },
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompted", type=int, default=150)
    parser.add_argument("--clicked", type=int, default=100)
    asked = parser.parse_args()
    model = load_model("nano", device="cpu")
    if asked.prompted:
        measured = over_cases(after_a_prompt, model, asked.prompted)
        show(measured, PROMPT_CONSTANTS, ("box", "one click"))
    if asked.clicked:
        measured = over_cases(after_clicks, model, asked.clicked)
        show(measured, CLICK_CONSTANTS, (f"{FEW} clicks", f"{MOST} clicks"))


def over_cases(
    after: Callable[[Segmenter, Embedding, np.ndarray], tuple[float, float]],
    model: Segmenter,
    objects: int,
) -> Callable[[], np.ndarray]:
    """Prepare a measurement, (2, N), on an object of each scene."""
    cases = []
    for number in range(objects):
        rng = np.random.default_rng([SEED, number])
        scene = make_scene(rng, int(rng.choice(SIDES)), phantoms=False)
        mask = scene.masks[int(rng.integers(len(scene.masks)))]
        cases.append((model.embed(scene.image), mask))

    def measured() -> np.ndarray:
        return np.array([after(model, *case) for case in cases]).T

    return measured


def after_a_prompt(
    model: Segmenter, embedding: Embedding, truth: np.ndarray
) -> tuple[float, float]:
    """IoU of one box (single mask) and of one click (best score)."""
    rows, cols = np.flatnonzero(truth.any(1)), np.flatnonzero(truth.any(0))
    box = model.predict(
        embedding, Prompts(box_rc=(rows[0], cols[0], rows[-1], cols[-1]))
    )
    point = first_click(truth, exact_distance, always_first).point_rc
    click = model.predict(embedding, Prompts([point], [1]))
    alone = (box.single or box).masks[0]
    return iou(alone, truth), iou(click.masks[click.best_index], truth)


def always_first(_count: int) -> int:
    """Draw the first of equally deep places."""
    return 0


def after_clicks(
    model: Segmenter, embedding: Embedding, truth: np.ndarray
) -> tuple[float, float]:
    """IoU after a few clicks and after all, as ``strict`` makes and answers them."""
    click = first_click(truth, exact_distance, always_first)
    points, labels, ious = [click.point_rc], [click.polarity], []
    answer = model.predict(embedding, Prompts(points, labels))
    slot = answer.best_index
    for _ in range(MOST):
        mask, logits = answer.masks[slot], answer.logits[slot]
        ious.append(iou(mask, truth))
        clicked = np.array(points, dtype=np.float64)
        following = ritm_click(truth, mask, clicked, always_first)
        if following is None or len(ious) == MOST:
            break
        points.append(following.point_rc)
        labels.append(following.polarity)
        asked = Prompts(points, labels, mask_logits=logits)
        answer = model.predict(embedding, asked)
        answer, slot = answer.single or answer, 0
    return ious[min(FEW, len(ious)) - 1], ious[-1]


def show(
    measured: Callable[[], np.ndarray],
    constants: dict[ModuleType, dict[str, tuple[float, ...]]],
    heads: tuple[str, str],
) -> None:
    """Measure with each constant of the modules changed alone, and print a table."""
    base = measured()
    table = Table(title=f"Mean IoU, {base.shape[1]} objects; difference to the first")
    for heading in ("constant", "value", heads[0], "", heads[1], ""):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_row(
        "as they stand", "", f"{base[0].mean():.4f}", "", f"{base[1].mean():.4f}"
    )
    changes = [
        (module, name, value)
        for module, alternatives in constants.items()
        for name, values in alternatives.items()
        for value in values
    ]
    for module, name, value in changes:
        chosen = getattr(module, name)
        setattr(module, name, value)
        found = measured()
        setattr(module, name, chosen)
        table.add_row(
            name,
            f"{value:g}",
            *_cells(found[0], base[0]),
            *_cells(found[1], base[1]),
        )
    Console(width=100).print(table)


def _cells(found: np.ndarray, base: np.ndarray) -> tuple[str, str]:
    change = found - base
    error = change.std() / np.sqrt(len(change))
    return f"{found.mean():.4f}", f"{change.mean():+.4f} ± {error:.4f}"


if __name__ == "__main__":
    main()
