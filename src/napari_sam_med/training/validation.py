"""How good a model is on scenes that training never paints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_sam_med.models.sam.batched_decoder import (
    CORNER_HIGH,
    CORNER_LOW,
    PADDING,
    POSITIVE,
)
from napari_sam_med.training.batches import VALIDATION_STREAM, Batch, edge_map
from napari_sam_med.training.losses import true_iou
from napari_sam_med.training.painting.scenes import make_scene
from napari_sam_med.training.steps import answer, embed_images, first_round, next_round
from napari_sam_med.training.training_prompts import PromptTokens, centre_rc

if TYPE_CHECKING:
    from segment_anything.modeling import Sam

OBJECTS_PER_SCENE = 2
CLICKS = 5


def validation_batch(seed: int, size: int, scenes: int, *, boxes: bool) -> Batch:
    """Assemble held-out scenes with tight boxes or with centre points.

    Parameters
    ----------
    seed : int
        Seed of the run; the stream of scenes is another than training's.
    size : int
        Side in pixels.
    scenes : int
        How many scenes; two objects each.
    boxes : bool
        Boxes, else points.

    Returns
    -------
    Batch
    """
    images, edges, masks, index, coords, labels = [], [], [], [], [], []
    for number in range(scenes):
        rng = np.random.default_rng([seed, VALIDATION_STREAM, number])
        scene = make_scene(rng, size, phantoms=False)
        images.append(scene.image)
        edges.append(edge_map(scene.identity))
        for _ in range(OBJECTS_PER_SCENE):
            mask = scene.masks[int(rng.integers(len(scene.masks)))]
            rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            row, col = centre_rc(rng, mask)
            masks.append(mask)
            index.append(number)
            box = [(cols[0], rows[0]), (cols[-1], rows[-1])]
            coords.append(box if boxes else [(col, row), (0, 0)])
            labels.append([CORNER_LOW, CORNER_HIGH] if boxes else [POSITIVE, PADDING])
    return Batch(
        np.stack(images),
        np.stack(edges),
        np.stack(masks),
        np.array(index),
        PromptTokens(np.array(coords, np.float32), np.array(labels, np.int64)),
    )


@torch.no_grad()
def validate(sam: Sam, seed: int, scenes: int) -> dict[str, float]:
    """Measure mean IoU with one box, one click and five clicks.

    Parameters
    ----------
    sam : segment_anything.modeling.Sam
        Set to evaluation by the caller.
    seed : int
        Seed of the run.
    scenes : int
        Number of held-out scenes.

    Returns
    -------
    dict of str to float
        ``box`` (single mask), ``box_first`` (first of three), ``point`` (highest
        predicted IoU), ``point_oracle``, ``clicks_5`` with the logits fed back,
        ``clicks_5_unfed`` without, and ``score_error``, the mean absolute error of
        the predicted IoU.
    """
    size = sam.image_encoder.img_size
    found: dict[str, float] = {}
    batch = validation_batch(seed, size, scenes, boxes=True)
    embeddings = torch.cat(
        [embed_images(sam, batch.images[at : at + 4]) for at in range(0, scenes, 4)]
    )
    asked = first_round(batch, embeddings.device)
    answer(sam, embeddings, asked)
    actual = true_iou(asked.logits, asked.truth)
    found["box"] = float(actual[:, 0].mean())
    found["box_first"] = float(actual[:, 1].mean())
    found["score_error"] = float((asked.scores[:, 0] - actual[:, 0]).abs().mean())
    points = validation_batch(seed, size, scenes, boxes=False)
    for name, feedback in (("clicks_5", 1.0), ("clicks_5_unfed", 0.0)):
        rng = np.random.default_rng([seed, VALIDATION_STREAM])
        asked = first_round(points, embeddings.device)
        answer(sam, embeddings, asked)
        actual = true_iou(asked.logits, asked.truth)
        best = asked.scores[:, 1:].argmax(1, keepdim=True)
        found["point"] = float(actual[:, 1:].gather(1, best).mean())
        found["point_oracle"] = float(actual[:, 1:].max(1).values.mean())
        for _ in range(CLICKS - 1):
            asked = next_round(rng, asked, feedback)
            answer(sam, embeddings, asked)
        found[name] = float(true_iou(asked.logits[:, :1], asked.truth).mean())
    return found
