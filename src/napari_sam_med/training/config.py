"""What a training run is asked to do, read from TOML."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from napari_sam_med.errors import DatasetError, FileReadError
from napari_sam_med.training.losses import LossWeights

if TYPE_CHECKING:
    from pathlib import Path

TrainPrecision = Literal["fp32", "bf16"]


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
    learning_rate, weight_decay, clip_norm : float
        AdamW and gradient clipping.
    ema_decay : float
        Of the averaged weights, which are what is exported.
    images, prompts : int
        Images per step and prompts per image.
    fresh_scenes : int
        New scenes per step; the other images are earlier scenes, flipped and turned.
    corrections : tuple of float
        Shares of steps with 1, 2, 3 ... rounds of correction clicks.
    corrected_share : float
        Share of the prompts of a step that are corrected.
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

    seed: int = 0
    steps: int = 6000
    warmup_steps: int = 200
    decay_steps: int = 1200
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    clip_norm: float = 1.0
    ema_decay: float = 0.998
    images: int = 6
    prompts: int = 8
    fresh_scenes: int = 3
    corrections: tuple[float, ...] = (0.55, 0.3, 0.15)
    corrected_share: float = 0.5
    wide_share: float = 0.4
    spread: float = 0.1
    validate_every: int = 250
    checkpoint_every: int = 100
    validation_scenes: int = 48
    threads: int = 2
    precision: TrainPrecision = "fp32"
    late_from: int = 1000
    loss: LossWeights = field(default_factory=LossWeights)
    late_loss: LossWeights = field(
        default_factory=lambda: LossWeights(balanced=0.1, plain=1.5)
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
        If the file is absent or not TOML.
    DatasetError
        If it holds unknown fields or impossible numbers; all are listed.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        msg = f"{path} cannot be read as a training configuration ({error}); give TOML"
        raise FileReadError(msg) from error
    losses = {name: values.pop(name, None) for name in ("loss", "late_loss")}
    given = {name: each for name, each in losses.items() if each is not None}
    unknown = _unknown(values, TrainConfig)
    for each in given.values():
        unknown += _unknown(each, LossWeights)
    if unknown:
        msg = f"{path} has unknown fields: {', '.join(unknown)}; see TrainConfig"
        raise DatasetError(msg)
    if "corrections" in values:
        values["corrections"] = tuple(values["corrections"])
    values |= {name: LossWeights(**each) for name, each in given.items()}
    config = TrainConfig(**values)
    faults = _faults(config)
    if faults:
        msg = f"{path}: {'; '.join(faults)}"
        raise DatasetError(msg)
    return config


def _unknown(values: dict[str, Any], kind: type) -> list[str]:
    return sorted(set(values) - {item.name for item in fields(kind)})


def _faults(config: TrainConfig) -> list[str]:
    """List what no run can do."""
    counts = ("steps", "images", "prompts", "validate_every", "checkpoint_every")
    faults = [
        f"{name} is {getattr(config, name)}, give at least 1"
        for name in counts
        if getattr(config, name) < 1
    ]
    if not 1 <= config.fresh_scenes <= config.images:
        faults.append(f"fresh_scenes is {config.fresh_scenes}, give 1 to images")
    if abs(sum(config.corrections) - 1) > 1e-6:
        faults.append("the shares in corrections must add up to 1")
    if config.precision not in (known := get_args(TrainPrecision)):
        faults.append(f"precision is {config.precision}, give {' or '.join(known)}")
    return faults
