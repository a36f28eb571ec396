"""What a training run is asked to do, read from TOML."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Literal

import torch
from pydantic import Field

from napari_sam_med.core.storage.documents import STRICT, Document
from napari_sam_med.errors import DatasetError
from napari_sam_med.training.losses import LossWeights

if TYPE_CHECKING:
    from pathlib import Path

TrainPrecision = Literal["fp32", "bf16"]

# the bounds refuse slips of the finger, which would fill memory or never end; the
# largest run so far took 40,000 steps of 6 images
_Seed = Annotated[int, Field(ge=0, lt=2**63)]
MOST_STEPS = 10**9
_Steps = Annotated[int, Field(ge=1, le=MOST_STEPS)]
_StepsOrNone = Annotated[int, Field(ge=0, le=MOST_STEPS)]
_Number = Annotated[int, Field(ge=1, le=4096)]
_Threads = Annotated[int, Field(ge=0, le=1024)]
_Painters = Annotated[int, Field(ge=1, le=256)]
_Share = Annotated[float, Field(ge=0, le=1)]
# a step moves a weight by about the rate: at 1 nothing of it would be left
_Rate = Annotated[float, Field(gt=0, le=1)]
_Decay = Annotated[float, Field(ge=0, le=1)]
# far above what any run used, far below what single precision no longer holds
_Positive = Annotated[float, Field(gt=0, le=1e6)]
_NotNegative = Annotated[float, Field(ge=0, le=1e6)]
LONGEST_FALL = 0.75
SECONDS_PER_MINUTE = 60
MOST_MINUTES = 1e6


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """A training run.

    Attributes
    ----------
    seed : int
        Everything random follows from it and the step.
    steps, warmup_steps, decay_steps : int
        Optimiser steps in all; linear warm-up; linear fall to zero at the end. In
        between the rate is constant, so that a run can be ended when time is up:
        resume it with fewer steps.
    minutes : float
        Time for the steps, all parts of a run together; the fall then follows the
        clock, over as large a part of the run as `decay_steps` are of `steps`. 0 goes
        by steps.
    learning_rate, weight_decay, clip_norm : float
        AdamW and gradient clipping.
    ema_decay : float
        Of the averaged weights, which are what is exported.
    train_encoder : bool
        Whether the image encoder learns too. Without it a step on a CPU takes half the
        time, for what only the decoder has to learn.
    images, prompts : int
        Images per step and prompts per image.
    fresh_scenes : int
        New scenes per step; the other images are earlier scenes, flipped and turned.
    painters : int
        Processes that paint scenes.
    pool : int
        Scenes to keep on the device at most: a step then draws all its images from
        them, and prompts are drawn on the device (see `training.pool`). 0 paints the
        images of each step for it alone, so that a run can be repeated to the last bit.
    corrections : tuple of float
        Shares of steps with 1, 2, 3 ... rounds of correction clicks.
    corrected_share : float
        Share of the prompts of a step that are corrected.
    again_share : float
        Share of the rounds of correction without a click: the same is asked once more,
        with the answer fed back.
    given_share : float
        Share of the steps whose corrections begin with a person's mask of the object,
        somewhat worn, instead of with the first answer and its prompts.
    wide_share : float
        Share of steps whose first prompts may hold several points and a box.
    spread : float
        See `losses.combined`.
    validate_every, checkpoint_every : int
        In steps.
    validation_scenes : int
        Scenes of the synthetic validation split.
    threads : int
        Torch threads; 0 leaves torch's choice.
    precision : {"fp32", "bf16"}
        Of the forward pass: bfloat16 (mixed precision) where the processor is fast at
        it; weights, losses and optimiser are float32 in either case.
    loss, late_loss : LossWeights
        Weights of the loss terms before and from step `late_from` on.
    late_from : int
        Step at which `late_loss` takes over: balanced cross-entropy is needed to
        start, but makes masks too large (by a third in the shipped run).
    """

    __pydantic_config__ = STRICT

    seed: _Seed = 0
    steps: _Steps = 6000
    warmup_steps: _StepsOrNone = 200
    decay_steps: _StepsOrNone = 1200
    minutes: _NotNegative = 0.0
    learning_rate: _Rate = 1e-3
    weight_decay: _Decay = 0.05
    clip_norm: _Positive = 1.0
    ema_decay: _Share = 0.998
    train_encoder: bool = True
    images: _Number = 6
    prompts: _Number = 8
    fresh_scenes: _Number = 3
    painters: _Painters = 1
    pool: _StepsOrNone = 0
    corrections: tuple[_Share, ...] = (0.55, 0.3, 0.15)
    corrected_share: _Share = 0.5
    again_share: _Share = 0.0
    given_share: _Share = 0.0
    wide_share: _Share = 0.4
    spread: _NotNegative = 0.1
    validate_every: _Steps = 250
    checkpoint_every: _Steps = 100
    validation_scenes: _Number = 48
    threads: _Threads = 2
    precision: TrainPrecision = "fp32"
    late_from: _StepsOrNone = 1000
    loss: LossWeights = field(default_factory=LossWeights)
    late_loss: LossWeights = field(
        default_factory=lambda: LossWeights(balanced=0.1, plain=1.5)
    )


CONFIGURATION = Document(
    "a training configuration", TrainConfig, "give TOML with the fields of TrainConfig"
)


def load_config(path: Path) -> TrainConfig:
    """Read a configuration.

    Parameters
    ----------
    path : pathlib.Path
        TOML with the fields of `TrainConfig`, those of the losses under ``[loss]``
        and ``[late_loss]``.

    Returns
    -------
    TrainConfig

    Raises
    ------
    FileReadError
        If the file is absent, not TOML, or a field is unknown or of another type or
        range.
    DatasetError
        If fields contradict each other; all faults are listed.
    """
    config = CONFIGURATION.read(path)
    faults = _faults(config)
    if faults:
        msg = f"{path}: {'; '.join(faults)}"
        raise DatasetError(msg)
    return config


def bundled_config() -> TrainConfig:
    """Read what the bundled weights were made with, or without a GPU the one for a CPU.

    Returns
    -------
    TrainConfig
    """
    name = "nano.toml" if torch.cuda.is_available() else "nano_cpu.toml"
    path = resources.files("napari_sam_med.training") / "configs" / name
    with resources.as_file(path) as file:
        return load_config(file)


def ending(
    config: TrainConfig, *, steps: int | None = None, minutes: float | None = None
) -> TrainConfig:
    """Let a run end otherwise than its configuration says.

    Parameters
    ----------
    config : TrainConfig
        The run.
    steps : int, optional
        End after so many steps, counted from its start.
    minutes : float, optional
        End after so much time, all parts of the run together.

    Returns
    -------
    TrainConfig

    Raises
    ------
    DatasetError
        If both are given, or the run would end at once.
    """
    if steps is not None and minutes is not None:
        msg = f"{steps} steps and {minutes:g} minutes; give one of both"
        raise DatasetError(msg)
    if steps is not None:
        if not 1 <= steps <= MOST_STEPS:
            msg = f"{steps} steps; give 1 to {MOST_STEPS}"
            raise DatasetError(msg)
        return replace(config, steps=steps, minutes=0.0)
    if minutes is not None:
        if not 0 < minutes <= MOST_MINUTES:
            msg = f"{minutes:g} minutes; give more than 0, to {MOST_MINUTES:g}"
            raise DatasetError(msg)
        return replace(config, minutes=minutes)
    return config


def part_done(config: TrainConfig, step: int, seconds: float) -> float:
    """Say how much of a run is done, 1 or more at its end.

    Parameters
    ----------
    config : TrainConfig
        The run.
    step : int
        Steps done.
    seconds : float
        Time spent on them.
    """
    if config.minutes:
        return seconds / (config.minutes * SECONDS_PER_MINUTE)
    return step / config.steps


def learning_rate(config: TrainConfig, step: int, seconds: float = 0.0) -> float:
    """Give the rate of the next step: warm-up, plateau, linear fall to zero.

    A run shorter than its fall falls over its last three quarters.

    Parameters
    ----------
    config, step, seconds
        As `part_done` takes them.
    """
    up = min(1.0, (step + 1) / max(1, config.warmup_steps))
    fall = min(config.decay_steps / config.steps, LONGEST_FALL)
    left = max(0.0, 1 - part_done(config, step, seconds))
    down = min(1.0, left / max(1 / config.steps, fall))
    return config.learning_rate * min(up, down)


def _faults(config: TrainConfig) -> list[str]:
    """List what no run can do though each field alone could be."""
    faults = []
    if config.fresh_scenes > config.images:
        faults.append(f"fresh_scenes is {config.fresh_scenes}, give 1 to images")
    if abs(sum(config.corrections) - 1) > 1e-6:
        faults.append("the shares in corrections must add up to 1")
    for name, weights in (("loss", config.loss), ("late_loss", config.late_loss)):
        if not any(asdict(weights).values()):
            faults.append(f"all of {name} is 0, give one term a weight at least")
    return faults
