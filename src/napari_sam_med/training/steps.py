"""One training step: first prompts, then corrections at the model's own errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from napari_sam_med.models.sam.batched_decoder import (
    PADDING,
    decode,
    dense_tokens,
    sparse_tokens,
)
from napari_sam_med.training.batches import LOW_RES_SCALE, Batch
from napari_sam_med.training.losses import combined, mask_losses, rank_loss, true_iou
from napari_sam_med.training.training_prompts import correction, given_logits

if TYPE_CHECKING:
    from segment_anything.modeling import Sam

    from napari_sam_med.training.config import TrainConfig

FEEDBACK_SHARE = 0.7
EDGE_SCALE = 4


class Trainee(nn.Module):
    """The model and the auxiliary edge head that only training knows.

    Parameters
    ----------
    sam : segment_anything.modeling.Sam
        What is trained and exported.
    """

    def __init__(self, sam: Sam) -> None:
        super().__init__()
        self.sam = sam
        channels = sam.prompt_encoder.embed_dim
        self.edges = nn.Conv2d(channels, EDGE_SCALE**2, 1)

    def edge_logits(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Predict where objects meet, (B, 4h, 4w), from embeddings (B, C, h, w)."""
        return functional.pixel_shuffle(self.edges(embeddings), EDGE_SCALE)[:, 0]


@dataclass(slots=True)
class Round:
    """Prompts of one round and the answers to them.

    Attributes
    ----------
    image_index, truth : torch.Tensor
        int (P,) and float (P, h, w).
    coords_xy, labels : torch.Tensor
        float (P, T, 2) and int (P, T).
    logits, scores : torch.Tensor
        float (P, 4, h, w) and (P, 4); empty before the round was decoded.
    feedback : torch.Tensor or None
        float (P, 1, h, w), NaN where no mask is fed.
    """

    image_index: torch.Tensor
    truth: torch.Tensor
    coords_xy: torch.Tensor
    labels: torch.Tensor
    logits: torch.Tensor
    scores: torch.Tensor
    feedback: torch.Tensor | None = None

    @property
    def ambiguous(self) -> torch.Tensor:
        """Say which prompts are a lone point, bool (P,)."""
        lone = (self.labels >= 0).sum(1) == 1
        return lone if self.feedback is None else torch.zeros_like(lone)


def mixed_precision(sam: Sam, config: TrainConfig) -> torch.autocast:
    """Give the context in which a step's forward pass computes."""
    kind = torch.device(sam.device).type
    return torch.autocast(kind, torch.bfloat16, enabled=config.precision == "bf16")


def embed_images(sam: Sam, images: np.ndarray) -> torch.Tensor:
    """Embed uint8 images (B, S, S, 3) as float (B, C, h, w)."""
    pixels = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
    pixels = pixels.to(sam.device)
    return torch.as_tensor(sam.image_encoder(sam.preprocess(pixels.float())))


def first_round(batch: Batch, device: torch.device) -> Round:
    """Turn a batch into the first round; masks are averaged to low resolution."""
    masks = torch.from_numpy(batch.masks).to(device).float()
    truth = functional.avg_pool2d(masks[:, None], LOW_RES_SCALE)[:, 0]
    nothing = torch.empty(0, device=device)
    return Round(
        torch.from_numpy(batch.image_index).to(device),
        truth,
        torch.from_numpy(batch.prompts.coords_xy).to(device),
        torch.from_numpy(batch.prompts.labels).to(device),
        nothing,
        nothing,
    )


def answer(sam: Sam, embeddings: torch.Tensor, asked: Round) -> None:
    """Decode a round in place."""
    encoder = sam.prompt_encoder
    sparse = sparse_tokens(encoder, asked.coords_xy, asked.labels)
    fed = asked.feedback
    dense = None if fed is None else dense_tokens(encoder, fed)
    logits, scores = decode(sam, embeddings, asked.image_index, sparse, dense)
    asked.logits, asked.scores = logits.float(), scores.float()


def next_round(
    rng: np.random.Generator,
    before: Round,
    feedback_share: float,
    *,
    click: bool = True,
) -> Round:
    """Click at the errors of the masks chosen in the round before.

    Parameters
    ----------
    rng : numpy.random.Generator
        Breaks ties, picks the rule of the click and who gets the mask fed back.
    before : Round
        An answered round.
    feedback_share : float
        Share of the prompts whose previous logits are fed back.
    click : bool
        Else the same is asked again and all previous logits are fed back, as
        `FlipAugmentation` asks in use.

    Returns
    -------
    Round
        One token longer if it has a click, not yet answered.
    """
    rows = torch.arange(len(before.truth), device=before.truth.device)
    best = 1 + before.scores[:, 1:].argmax(1)
    chosen = torch.where(before.ambiguous, best, torch.zeros_like(best))
    logits = before.logits.detach()[rows, chosen]
    feedback = logits[:, None].clone()
    coords, labels = before.coords_xy, before.labels
    if click:
        points, kinds = _clicks(rng, before, logits)
        coords = torch.cat([coords, points[:, None]], 1)
        labels = torch.cat([labels, kinds[:, None]], 1)
        withheld = torch.from_numpy(rng.random(len(points)) >= feedback_share)
        feedback[withheld.to(feedback.device)] = torch.nan
    return Round(
        before.image_index,
        before.truth,
        coords,
        labels,
        before.logits[:0],
        before.scores[:0],
        feedback,
    )


def handed_in(asked: Round, generator: torch.Generator | None = None) -> Round:
    """Begin anew with a mask of each object, as if it were an answer to no prompt.

    Parameters
    ----------
    asked : Round
        Whose objects.
    generator : torch.Generator, optional
        See `given_logits`.

    Returns
    -------
    Round
        Answered, with one token of padding.
    """
    count, device = len(asked.truth), asked.truth.device
    logits = given_logits(asked.truth, generator)[:, None].expand(-1, 4, -1, -1)
    return Round(
        asked.image_index,
        asked.truth,
        torch.zeros(count, 1, 2, device=device),
        torch.full((count, 1), PADDING, device=device),
        logits,
        torch.ones(count, 4, device=device),
    )


def _clicks(
    rng: np.random.Generator, before: Round, logits: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Give a click (P, 2), x first, and its label (P,) at the errors of masks."""
    predicted = (logits > 0).cpu().numpy()
    truth = (before.truth > 0.5).cpu().numpy()
    clicks = [
        correction(rng, actual, guess, LOW_RES_SCALE)
        for actual, guess in zip(truth, predicted, strict=True)
    ]
    points = torch.tensor([click[:2] for click in clicks], dtype=torch.float32)
    labels = torch.tensor([click[2] for click in clicks])
    return points.to(logits.device), labels.to(logits.device)


def round_loss(asked: Round, config: TrainConfig) -> tuple[torch.Tensor, torch.Tensor]:
    """Give the mean loss of the masks and the weighted one of the predicted IoU."""
    losses = mask_losses(asked.logits, asked.truth, config.loss)
    masks = combined(losses, asked.ambiguous, config.spread).mean()
    actual = true_iou(asked.logits, asked.truth)
    error = functional.mse_loss(asked.scores, actual)
    order = rank_loss(asked.scores[:, 1:], actual[:, 1:])
    return masks, config.loss.score * error + config.loss.rank * order


def _some(rng: np.random.Generator, asked: Round, share: float) -> Round:
    """Keep a random share of an answered round's prompts."""
    count = max(1, round(share * len(asked.truth)))
    kept = torch.from_numpy(np.sort(rng.permutation(len(asked.truth))[:count]))
    kept = kept.to(asked.truth.device)
    return Round(
        asked.image_index[kept],
        asked.truth[kept],
        asked.coords_xy[kept],
        asked.labels[kept],
        asked.logits[kept],
        asked.scores[kept],
    )


def step_losses(
    trainee: Trainee, batch: Batch, config: TrainConfig, rng: np.random.Generator
) -> dict[str, torch.Tensor]:
    """Run the rounds of one step.

    Parameters
    ----------
    trainee : Trainee
        Model and edge head.
    batch : Batch
        Images and first prompts.
    config : TrainConfig
        Shares and weights.
    rng : numpy.random.Generator
        Of this step.

    Returns
    -------
    dict of str to torch.Tensor
        ``loss`` to be minimised, and its parts ``first``, ``corrected``, ``score``,
        ``edges``, and ``iou`` and ``iou_corrected`` of the single mask.
    """
    sam = trainee.sam
    embeddings = embed_images(sam, batch.images)
    edges = torch.from_numpy(batch.edges).to(embeddings.device).float()
    edge_loss = functional.binary_cross_entropy_with_logits(
        trainee.edge_logits(embeddings).float(), edges
    )
    asked = first_round(batch, embeddings.device)
    answer(sam, embeddings, asked)
    first, score = round_loss(asked, config)
    iou = true_iou(asked.logits[:, :1], asked.truth).mean()
    corrected = torch.zeros((), device=first.device)
    rounds = 1 + int(rng.choice(len(config.corrections), p=config.corrections))
    asked = _some(rng, asked, config.corrected_share)
    given = bool(rng.random() < config.given_share)
    if given:
        seed = int(rng.integers(2**62))
        asked = handed_in(asked, torch.Generator(asked.truth.device).manual_seed(seed))
    for at in range(rounds):
        handed = given and at == 0
        click = handed or bool(rng.random() >= config.again_share)
        share = 1.0 if handed else FEEDBACK_SHARE
        asked = next_round(rng, asked, share, click=click)
        answer(sam, embeddings, asked)
        masks, calibration = round_loss(asked, config)
        corrected = corrected + masks / rounds
        score = score + calibration / rounds
    weights = config.loss
    total = first + corrected + score + weights.edges * edge_loss
    return {
        "loss": total,
        "first": first,
        "corrected": corrected,
        "score": score,
        "edges": edge_loss,
        "iou": iou,
        "iou_corrected": true_iou(asked.logits[:, :1], asked.truth).mean(),
    }
