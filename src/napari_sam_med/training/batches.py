"""Batches: scenes with prompts, a pure function of (configuration, step)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from torch.utils.data import Dataset

from napari_sam_med.models.sam.batched_decoder import CORNER_LOW
from napari_sam_med.training.painting.scenes import Scene, make_scene
from napari_sam_med.training.training_prompts import (
    SINGLE_WIDTH,
    PromptTokens,
    first_prompt,
)

if TYPE_CHECKING:
    from napari_sam_med.training.config import TrainConfig

LOW_RES_SCALE = 2
REPLAY_LAG = 12
SCENE_STREAM, BATCH_STREAM, VALIDATION_STREAM = 0, 1, 2
WIDE_WIDTHS = (4, 7)
# Large objects are asked for a little more often. With 0.35 answers of twice the size
# were the common fault of one click.
SIZE_POWER = 0.2
COMPACT_LOW, COMPACT_HIGH = 0.75, 1.25


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step learns from; P prompts on B images.

    Attributes
    ----------
    images : numpy.ndarray
        uint8 (B, S, S, 3).
    edges : numpy.ndarray
        bool (B, S/2, S/2), where painted objects meet.
    masks : numpy.ndarray
        bool (P, S, S), the object of each prompt.
    image_index : numpy.ndarray
        int64 (P,).
    prompts : PromptTokens
        First prompts.
    """

    images: np.ndarray
    edges: np.ndarray
    masks: np.ndarray
    image_index: np.ndarray
    prompts: PromptTokens


class SceneSource:
    """Scenes by number, the recent ones kept.

    Parameters
    ----------
    seed : int
        Seed of the run.
    size : int
        Side of the scenes in pixels.
    keep : int
        How many recent scenes stay in memory.
    """

    def __init__(self, seed: int, size: int, keep: int) -> None:
        self._seed = seed
        self._size = size
        self._keep = keep
        self._recent: OrderedDict[int, Scene] = OrderedDict()

    def scene(self, number: int) -> Scene:
        """Give scene `number`, painting it if it is not in memory."""
        if number not in self._recent:
            rng = np.random.default_rng([self._seed, SCENE_STREAM, number])
            self._recent[number] = make_scene(rng, self._size)
            while len(self._recent) > self._keep:
                self._recent.popitem(last=False)
        return self._recent[number]


class PaintedBatches(Dataset[Batch]):
    """The batches of a run by step, for a loader.

    Parameters
    ----------
    config : TrainConfig
        The run.
    size : int
        Side of the images in pixels.
    """

    def __init__(self, config: TrainConfig, size: int) -> None:
        self._config = config
        keep = (REPLAY_LAG + 2) * config.fresh_scenes
        self._source = SceneSource(config.seed, size, keep)

    def __len__(self) -> int:
        return self._config.steps

    def __getitem__(self, step: int) -> Batch:
        """Assemble the batch of a step, from 0; see `make_batch`."""
        return make_batch(self._config, self._source, step)


def make_batch(config: TrainConfig, source: SceneSource, step: int) -> Batch:
    """Assemble the batch of a step.

    Parameters
    ----------
    config : TrainConfig
        Seed and sizes.
    source : SceneSource
        Scenes of the same seed.
    step : int
        From 0.

    Returns
    -------
    Batch
    """
    rng = np.random.default_rng([config.seed, BATCH_STREAM, step])
    fresh = config.fresh_scenes
    numbers = [step * fresh + index for index in range(fresh)]
    earlier = max(0, step - REPLAY_LAG) * fresh
    numbers += [earlier + index % fresh for index in range(config.images - fresh)]
    scenes = [_turned(rng, source.scene(number)) for number in numbers]
    wide = rng.random() < config.wide_share
    width = int(rng.choice(WIDE_WIDTHS)) if wide else SINGLE_WIDTH
    return assemble(rng, scenes, config.prompts, width)


def assemble(
    rng: np.random.Generator, scenes: list[Scene], prompts: int, width: int
) -> Batch:
    """Draw objects and first prompts on scenes; see `Batch`."""
    masks, index, coords, labels = [], [], [], []
    for number, scene in enumerate(scenes):
        shares = scene.masks.sum((1, 2)) ** SIZE_POWER
        shares /= shares.sum()
        for _ in range(prompts):
            mask, (coord, label) = _asked_for(rng, scene.masks, shares, width)
            masks.append(mask)
            index.append(number)
            coords.append(coord)
            labels.append(label)
    return Batch(
        np.stack([scene.image for scene in scenes]),
        np.stack([edge_map(scene.identity) for scene in scenes]),
        np.stack(masks),
        np.array(index),
        PromptTokens(np.stack(coords), np.stack(labels)),
    )


def _asked_for(
    rng: np.random.Generator, masks: np.ndarray, shares: np.ndarray, width: int
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Draw an object and a prompt for it.

    A box is mostly drawn round one compact thing: in most of the other cases
    something else is asked for.
    """
    mask = masks[int(rng.choice(len(masks), p=shares))]
    prompt = first_prompt(rng, mask, width)
    if CORNER_LOW in prompt[1] and not is_compact(mask) and rng.random() < 0.65:
        mask = masks[int(rng.choice(len(masks), p=shares))]
        prompt = first_prompt(rng, mask, width)
    return mask, prompt


def is_compact(mask: np.ndarray) -> bool:
    """Say whether a mask is nearly one part without large holes.

    Parameters
    ----------
    mask : numpy.ndarray
        bool (S, S), not empty.

    Returns
    -------
    bool
        Whether the largest outline encloses about as much as the mask covers.
    """
    outlines, _ = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    enclosed = max(cv2.contourArea(outline) for outline in outlines)
    return bool(COMPACT_LOW < enclosed / mask.sum() < COMPACT_HIGH)


def edge_map(identity: np.ndarray) -> np.ndarray:
    """Mark low-resolution pixels in which two painted objects meet.

    Parameters
    ----------
    identity : numpy.ndarray
        int16 (S, S).

    Returns
    -------
    numpy.ndarray
        bool (S/2, S/2).
    """
    edge = np.zeros(identity.shape, np.uint8)
    edge[:-1] |= identity[:-1] != identity[1:]
    edge[:, :-1] |= identity[:, :-1] != identity[:, 1:]
    low = identity.shape[0] // LOW_RES_SCALE
    return cv2.resize(edge * 255, (low, low), interpolation=cv2.INTER_AREA) > 0


def _turned(rng: np.random.Generator, scene: Scene) -> Scene:
    """Flip and turn a scene by one of the eight symmetries of the square."""
    turns, flip = int(rng.integers(4)), bool(rng.random() < 0.5)

    def turn(array: np.ndarray, axes: tuple[int, int]) -> np.ndarray:
        turned = np.rot90(array, turns, axes)
        return np.flip(turned, axes[1]) if flip else turned

    return Scene(
        turn(scene.image, (0, 1)),
        turn(scene.masks, (1, 2)),
        turn(scene.identity, (0, 1)),
        scene.kind,
    )
