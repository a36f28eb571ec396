"""One optimiser step on drawn scenes, on a GPU replayed as a CUDA graph.

Launched kernel by kernel a step took 0.43 s on one H200 whatever its size. As a graph,
in bfloat16, one with 64 images of 12 prompts takes 0.10 s with one round of corrections
and 0.17 s with three, one with 48 images of 8 prompts 0.06 s with one round; the mean
of the run that made the shipped weights was 0.09 s.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from napari_sam_med.training.batches import LOW_RES_SCALE
from napari_sam_med.training.pool.pool_prompts import (
    JOINT_WIDTH,
    corrections,
    first_prompts,
)
from napari_sam_med.training.steps import (
    FEEDBACK_SHARE,
    Round,
    answer,
    handed_in,
    round_loss,
)
from napari_sam_med.training.training_prompts import SINGLE_WIDTH

if TYPE_CHECKING:
    import numpy as np

    from napari_sam_med.training.config import TrainConfig
    from napari_sam_med.training.pool.scene_pool import DrawnScenes
    from napari_sam_med.training.run_checkpoints import RunState

BOXES = 0.45
# Of an object that a cut has left over; smaller ones teach nothing.
SMALLEST_LEFT = 40


@dataclass(frozen=True, slots=True)
class Variant:
    """What makes a step another graph.

    Attributes
    ----------
    width : int
        Tokens of a first prompt.
    again : tuple of bool
        For each round of correction whether it asks the same again, without a click.
    late : bool
        Whether `TrainConfig.late_loss` counts.
    given : bool
        Whether the corrections begin with a person's mask.
    """

    width: int
    again: tuple[bool, ...]
    late: bool
    given: bool = False


def draw_variant(config: TrainConfig, rng: np.random.Generator, step: int) -> Variant:
    """Draw what a step does.

    At most the first round of correction asks again: each combination is a graph of its
    own, and takes its time to be captured.
    """
    rounds = 1 + int(rng.choice(len(config.corrections), p=config.corrections))
    again = bool(rng.random() < config.again_share * rounds)
    width = JOINT_WIDTH if rng.random() < config.wide_share else SINGLE_WIDTH
    given = bool(rng.random() < config.given_share)
    return Variant(
        width,
        (again and not given, *[False] * (rounds - 1)),
        step >= config.late_from,
        given,
    )


class PoolStep:
    """Takes steps; captures each variant of a step once where there is a GPU.

    Parameters
    ----------
    config : TrainConfig
        The run.
    state : RunState
        Changed in place by each step, but for its average, step and seconds.
    """

    def __init__(self, config: TrainConfig, state: RunState) -> None:
        self._config = config
        self._state = state
        self._device = torch.device(state.trainee.sam.device)
        self._rate = torch.zeros((), device=self._device)
        self._graphs: dict[Variant, tuple[torch.cuda.CUDAGraph, torch.Tensor]] = {}
        self._drawn: DrawnScenes | None = None

    def take(self, drawn: DrawnScenes, variant: Variant, rate: float) -> torch.Tensor:
        """Take a step.

        Parameters
        ----------
        drawn : DrawnScenes
            What it learns from.
        variant : Variant
            What it does.
        rate : float
            Learning rate.

        Returns
        -------
        torch.Tensor
            float (4,) on the device: loss, IoU of the single mask at first and after
            the corrections, norm of the gradient. A later step may overwrite it.
        """
        self._rate.fill_(rate)
        for group in self._state.optimiser.param_groups:
            group["lr"] = self._rate
        if self._device.type != "cuda":
            return self._eager(drawn, variant)
        return self._replayed(drawn, variant)

    def _replayed(self, drawn: DrawnScenes, variant: Variant) -> torch.Tensor:
        """Replay the graph of a variant; the first time, take an eager step instead.

        Needs a current stream that is not the default one. To capture one takes about a
        second.
        """
        if self._drawn is None:
            self._drawn = drawn
        pairs = (
            (self._drawn.images, drawn.images),
            (self._drawn.masks, drawn.masks),
            (self._drawn.edges, drawn.edges),
            (self._drawn.boxed, drawn.boxed),
        )
        for kept, given in pairs:
            kept.copy_(given)
        if variant in self._graphs:
            graph, values = self._graphs[variant]
            graph.replay()
            return values
        values = self._eager(self._drawn, variant)
        torch.cuda.synchronize()
        self._state.optimiser.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        memory = next((each.pool() for each, _ in self._graphs.values()), None)
        with torch.cuda.graph(graph, memory, stream=torch.cuda.current_stream()):
            captured = self._eager(self._drawn, variant)
        self._graphs[variant] = graph, captured
        return values

    def _eager(self, drawn: DrawnScenes, variant: Variant) -> torch.Tensor:
        """Forward, backward and update, without a look at a value."""
        config, state = self._config, self._state
        if variant.late:
            config = replace(config, loss=config.late_loss)
        kind, half = self._device.type, config.precision == "bf16"
        with torch.autocast(kind, torch.bfloat16, enabled=half, cache_enabled=False):
            loss, first, last = _losses(state, drawn, variant, config)
        state.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        parameters = list(state.trainee.parameters())
        norm = torch.nn.utils.clip_grad_norm_(parameters, config.clip_norm)
        state.optimiser.step()
        return torch.stack([loss.detach(), first, last, norm.detach()])


def _losses(
    state: RunState, drawn: DrawnScenes, variant: Variant, config: TrainConfig
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Give the loss of a step, and the IoU of its first and of its last round."""
    trainee, sam = state.trainee, state.trainee.sam
    embeddings = sam.image_encoder(sam.preprocess(drawn.images))
    edges = trainee.edge_logits(embeddings).float()
    total = config.loss.edges * functional.binary_cross_entropy_with_logits(
        edges, drawn.edges
    )
    asked = _first(drawn, variant.width)
    answer(sam, embeddings, asked)
    masks, scores = round_loss(asked, config)
    total, first = total + masks + scores, _iou(asked)
    asked = _kept(asked, max(1, round(config.corrected_share * len(asked.truth))))
    if variant.given:
        asked = handed_in(asked)
    for at, again in enumerate(variant.again):
        share = 1.0 if variant.given and at == 0 else FEEDBACK_SHARE
        asked = _next(asked, share, again=again)
        answer(sam, embeddings, asked)
        masks, scores = round_loss(asked, config)
        total = total + (masks + scores) / len(variant.again)
    return total, first, _iou(asked)


def _iou(asked: Round) -> torch.Tensor:
    """Give the mean IoU of the single masks of a round, without gradient."""
    found, wanted = asked.logits.detach()[:, 0] > 0, asked.truth > 0.5
    union = (found | wanted).sum((1, 2)).clamp(min=1)
    return ((found & wanted).sum((1, 2)) / union).mean()


def _first(drawn: DrawnScenes, width: int) -> Round:
    """Ask for the drawn objects; what a cut took away is asked as the whole scene is.

    Objects of fewer pixels than `SMALLEST_LEFT` give their place to another object of
    the batch: shapes must stay.
    """
    large = drawn.masks.sum((1, 2)) >= SMALLEST_LEFT
    count = len(large)
    places = torch.arange(count, device=large.device)
    # sorted by being small, the front is large; cycle through it
    order = torch.argsort((~large).int(), stable=True)
    spare = order[places % large.sum().clamp(min=1)]
    chosen = torch.where(large, places, spare)
    masks = drawn.masks[chosen]
    image = (chosen * len(drawn.images)) // count
    with torch.no_grad():
        coords, labels = first_prompts(masks, drawn.boxed[chosen], width)
    truth = functional.avg_pool2d(masks[:, None], LOW_RES_SCALE)[:, 0]
    nothing = torch.empty(0, device=truth.device)
    return Round(image, truth, coords, labels, nothing, nothing)


def _kept(asked: Round, count: int) -> Round:
    """Keep `count` prompts of an answered round, drawn at random."""
    chosen = torch.rand(len(asked.truth), device=asked.truth.device).topk(count).indices
    return Round(
        asked.image_index[chosen],
        asked.truth[chosen],
        asked.coords_xy[chosen],
        asked.labels[chosen],
        asked.logits[chosen],
        asked.scores[chosen],
    )


@torch.no_grad()
def _next(before: Round, feedback_share: float, *, again: bool) -> Round:
    """Click at the errors of the masks that were chosen, or ask the same again."""
    rows = torch.arange(len(before.truth), device=before.truth.device)
    best = 1 + before.scores[:, 1:].argmax(1)
    chosen = torch.where(before.ambiguous, best, torch.zeros_like(best))
    logits = before.logits[rows, chosen].detach()
    coords, labels, fed = before.coords_xy, before.labels, logits[:, None]
    if not again:
        click, kind = corrections(before.truth, logits)
        coords = torch.cat([coords, click[:, None]], 1)
        labels = torch.cat([labels, kind[:, None]], 1)
        withheld = torch.rand_like(logits[:, :1, :1]) >= feedback_share
        fed = torch.where(withheld[:, None], torch.nan, fed)
    nothing = before.logits[:0]
    return Round(
        before.image_index, before.truth, coords, labels, nothing, nothing, fed
    )
