"""Checkpoints of a run: everything needed to go on as if nothing had happened."""

from __future__ import annotations

import copy
import math
import pickle
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import torch

from napari_sam_med.core.storage.atomic_files import replacing
from napari_sam_med.core.storage.plain_text import shown
from napari_sam_med.errors import CheckpointError
from napari_sam_med.io.detect import open_regular
from napari_sam_med.training.config import MOST_STEPS

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam_med.training.config import TrainConfig
    from napari_sam_med.training.steps import Trainee

NAME = "checkpoint.pt"
MAY_CHANGE = frozenset(
    {
        "steps",
        "minutes",
        "decay_steps",
        "validate_every",
        "checkpoint_every",
        "threads",
        "painters",
    }
)
"""When a run ends and is looked at; all else decides what is learnt."""

MOST_SECONDS = 1e10
"""Three centuries: what is above is a damaged number, which no clock can show."""

UNREADABLE = (
    OSError,
    RuntimeError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    pickle.UnpicklingError,
)
"""What torch raises for files of other kinds and damaged ones, found by trying."""


@dataclass(slots=True)
class RunState:
    """A run between two steps.

    Attributes
    ----------
    trainee, average : Trainee
        The trained weights and their exponential moving average.
    optimiser : torch.optim.Optimizer
        With its moments.
    step : int
        Steps done.
    seconds : float
        Time spent on them, all parts of the run together.
    config : TrainConfig or None
        What the run is asked to do; held to when it is resumed.
    """

    trainee: Trainee
    average: Trainee
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0
    config: TrainConfig | None = None

    @classmethod
    def fresh(
        cls,
        trainee: Trainee,
        optimiser: torch.optim.Optimizer,
        config: TrainConfig | None = None,
    ) -> RunState:
        """Start a run; the average starts at the initial weights."""
        average = copy.deepcopy(trainee).requires_grad_(requires_grad=False)
        return cls(trainee, average, optimiser, config=config)

    @torch.no_grad()
    def follow(self, decay: float) -> None:
        """Move the average towards the weights, faster in the first steps."""
        decay = min(decay, (1 + self.step) / (10 + self.step))
        pairs = zip(self.average.parameters(), self.trainee.parameters(), strict=True)
        for mean, value in pairs:
            mean.lerp_(value, 1 - decay)


def save(state: RunState, folder: Path) -> None:
    """Write the checkpoint of a run so that a kill leaves the old or the new one."""
    stored = {
        "trainee": state.trainee.state_dict(),
        "average": state.average.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "step": state.step,
        "seconds": state.seconds,
        "config": None if state.config is None else asdict(state.config),
    }
    # torch turns a full disk into a RuntimeError; nano's 60 MB fit into memory
    packed = BytesIO()
    torch.save(stored, packed)
    with replacing(folder / NAME) as part:
        part.write_bytes(packed.getbuffer())


def read(folder: Path) -> dict[str, Any]:
    """Read the checkpoint of a run.

    Raises
    ------
    CheckpointError
        If there is none, or it is damaged or no checkpoint of a training.
    """
    path = folder / NAME
    try:
        # never a pipe, which would be waited for without end
        with open_regular(path) as file:
            stored = torch.load(file, weights_only=True, map_location="cpu")
    except UNREADABLE as error:
        msg = f"{path} cannot be read; start the run without --resume"
        raise CheckpointError(msg) from error
    wrong = _faults(stored)
    if wrong:
        msg = (
            f"{path} is no checkpoint of a training ({', '.join(wrong)}); start the "
            "run without --resume"
        )
        raise CheckpointError(msg)
    found: dict[str, Any] = stored
    return found


def check_same_run(config: TrainConfig, folder: Path) -> None:
    """Refuse a checkpoint that `restore` would not go on from, without a network.

    Raises
    ------
    CheckpointError
        As `read` does; or if the run was asked for other things.
    """
    _check_same(read(folder).get("config"), config, folder / NAME)


def restore(state: RunState, folder: Path) -> None:
    """Put a run back to its last checkpoint.

    Raises
    ------
    CheckpointError
        As `read` does; if the checkpoint is another network's; or if the run that it
        belongs to was asked for other things, which are named.
    """
    stored = read(folder)
    _check_same(stored.get("config"), state.config, folder / NAME)
    try:
        state.trainee.load_state_dict(stored["trainee"])
        state.average.load_state_dict(stored["average"])
        state.optimiser.load_state_dict(stored["optimiser"])
    except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        msg = (
            f"{folder / NAME} is of another network than nano; start the run without "
            "--resume"
        )
        raise CheckpointError(msg) from error
    state.step = stored["step"]
    state.seconds = float(stored["seconds"])


def _faults(stored: object) -> list[str]:
    """List what a checkpoint lacks; one from before ``config`` was kept is sound."""
    if not isinstance(stored, dict):
        return [f"it holds {type(stored).__name__}"]
    faults = [
        f"{name} is missing or no set of values"
        for name in ("trainee", "average", "optimiser")
        if not isinstance(stored.get(name), dict)
    ]
    step: object = stored.get("step")
    if not _is_within(step, int, MOST_STEPS):
        faults.append(f"step is {shown(step)}")
    seconds: object = stored.get("seconds")
    if not _is_within(seconds, float, MOST_SECONDS):
        faults.append(f"seconds is {shown(seconds)}")
    return faults + [
        f"{name} holds numbers that are not finite"
        for name in ("trainee", "average", "optimiser")
        if not _is_finite(stored.get(name))
    ]


def _is_within(value: object, kind: type[int | float], most: float) -> bool:
    """Whether a value is a number of this kind from 0 to ``most``; a bool is none."""
    if isinstance(value, bool) or not isinstance(value, kind | int):
        return False
    return 0 <= value <= most


def _is_finite(stored: object) -> bool:
    if isinstance(stored, dict):
        return all(_is_finite(value) for value in stored.values())
    if isinstance(stored, list | tuple):
        return all(_is_finite(value) for value in stored)
    if isinstance(stored, torch.Tensor):
        return bool(torch.isfinite(stored).all())
    return not isinstance(stored, float) or math.isfinite(stored)


def _check_same(stored: object, config: TrainConfig | None, path: Path) -> None:
    """Refuse to go on with other rules than the run was begun with."""
    if not isinstance(stored, dict) or config is None:
        return
    wanted = asdict(config)
    differing = [
        f"{name} {shown(stored.get(name))} instead of {shown(wanted[name])}"
        for name in wanted
        if name not in MAY_CHANGE and stored.get(name) != wanted[name]
    ]
    if differing:
        msg = (
            f"{path} was made with {', '.join(differing)}; give the same "
            "configuration to go on, or another folder to begin anew"
        )
        raise CheckpointError(msg)
