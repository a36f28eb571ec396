"""What nano's scores are worth on held-out synthetic scenes, and what fits them.

``python benchmarks/score_calibration.py [--scenes 260]``. Two objects a scene are asked
for with one box, with one click and with up to five clicks at the errors, the earlier
logits fed back. For each kind of answer: the mean of predicted less true IoU, the
calibration error as the network says it and as calibrated, and the gain that fits best
to one half of the scenes and to the other. Scenes are 128 to 512 pixels a side.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from napari_sam_med.bench.analysis.calibration import calibration_error
from napari_sam_med.core.metrics import iou
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.models import load_model
from napari_sam_med.models.wrappers import score_calibration
from napari_sam_med.simulate.clicks import first_click, ritm_click
from napari_sam_med.simulate.distance_maps import exact_distance
from napari_sam_med.training.painting.scenes import make_scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam_med.core.embedding import Embedding
    from napari_sam_med.core.ports import Segmenter

SEED = 2121  # of no training run
SIDES = (128, 192, 256, 384, 512)
OBJECTS = 2
SMALLEST_PX = 80
CLICKS = 6
BOX, BEST, OTHERS, CORRECTED = "one box", "one click", "its others", "corrections"
KINDS = {
    BOX: (BOX,),
    BEST: (BEST,),
    CORRECTED: (CORRECTED,),
    "all refined": (BOX, BEST, CORRECTED),
    "one click, not refined": (OTHERS,),
}

Scored = tuple[str, float, float]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=260)
    scenes = parser.parse_args().scenes
    gain = score_calibration.GAIN
    score_calibration.GAIN = 0.0
    model = load_model("nano", device="cpu")
    found = [(number, *each) for number in range(scenes) for each in of(model, number)]
    score_calibration.GAIN = gain
    table = Table(title=f"{scenes} scenes, gain {gain:g}")
    for heading in ("answers", "n", "bias", "error", "calibrated", "fits"):
        table.add_column(heading, justify="right", no_wrap=True)
    for title, kinds in KINDS.items():
        rows = [each for each in found if each[1] in kinds]
        numbers, _, scores, ious = (np.array(each) for each in zip(*rows, strict=True))
        raised = score_calibration.raised(scores)
        halves = [
            fitted(scores[numbers % 2 == k], ious[numbers % 2 == k]) for k in (0, 1)
        ]
        table.add_row(
            title,
            str(len(rows)),
            f"{(scores - ious).mean():+.3f}",
            f"{calibration_error(scores, ious):.3f}",
            "" if kinds == (OTHERS,) else f"{calibration_error(raised, ious):.3f}",
            f"{halves[0]:.2f}, {halves[1]:.2f}",
        )
    Console(width=100).print(table)


def of(model: Segmenter, number: int) -> Iterator[Scored]:
    """Give kind, score and IoU of answers on a scene."""
    rng = np.random.default_rng([SEED, number])
    scene = make_scene(rng, int(rng.choice(SIDES)), phantoms=False)
    embedding = model.embed(scene.image)
    for index in rng.permutation(len(scene.masks))[:OBJECTS]:
        truth = scene.masks[index]
        if truth.sum() >= SMALLEST_PX:
            yield from after_a_box(model, embedding, truth)
            yield from after_clicks(model, embedding, truth)


def after_a_box(
    model: Segmenter, embedding: Embedding, truth: np.ndarray
) -> Iterator[Scored]:
    """Give the single answer to a tight box."""
    rows, cols = np.flatnonzero(truth.any(1)), np.flatnonzero(truth.any(0))
    box = (rows[0], cols[0], rows[-1], cols[-1])
    found = model.predict(embedding, Prompts(box_rc=box))
    found = found.single or found
    yield BOX, float(found.scores[0]), iou(found.masks[0], truth)


def after_clicks(
    model: Segmenter, embedding: Embedding, truth: np.ndarray
) -> Iterator[Scored]:
    """Give the candidates for a click, and the single answers to corrections."""
    click = first_click(truth, exact_distance, always_first)
    points, labels = [click.point_rc], [click.polarity]
    answer = model.predict(embedding, Prompts(points, labels))
    slot = answer.best_index
    for at, (score, mask) in enumerate(zip(answer.scores, answer.masks, strict=True)):
        yield BEST if at == slot else OTHERS, float(score), iou(mask, truth)
    while len(points) < CLICKS:
        clicked = np.array(points, dtype=np.float64)
        following = ritm_click(truth, answer.masks[slot], clicked, always_first)
        if following is None:
            return
        points.append(following.point_rc)
        labels.append(following.polarity)
        asked = Prompts(points, labels, mask_logits=answer.logits[slot])
        answer = model.predict(embedding, asked)
        answer, slot = answer.single or answer, 0
        yield CORRECTED, float(answer.scores[0]), iou(answer.masks[0], truth)


def always_first(_count: int) -> int:
    """Draw the first of equally deep places."""
    return 0


def fitted(scores: np.ndarray, ious: np.ndarray) -> float:
    """Give the gain of least squares."""
    unit = np.clip(scores, 0, 1)
    slope = unit * (1 - unit)
    return float((slope * (ious - scores)).sum() / (slope**2).sum())


if __name__ == "__main__":
    main()
