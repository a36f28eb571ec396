"""Checkpoints of a run: everything needed to go on as if nothing had happened."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import torch

from napari_sam_med.core.atomic_files import replacing
from napari_sam_med.errors import CheckpointError

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam_med.training.steps import Trainee

NAME = "checkpoint.pt"


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
    """

    trainee: Trainee
    average: Trainee
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0

    @classmethod
    def fresh(cls, trainee: Trainee, optimiser: torch.optim.Optimizer) -> RunState:
        """Start a run; the average starts at the initial weights."""
        average = copy.deepcopy(trainee).requires_grad_(requires_grad=False)
        return cls(trainee, average, optimiser)

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
        If there is none, or it is damaged.
    """
    path = folder / NAME
    try:
        stored: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        msg = f"{path} cannot be read; start the run without --resume"
        raise CheckpointError(msg) from error
    return stored


def restore(state: RunState, folder: Path) -> None:
    """Put a run back to its last checkpoint; raises as `read` does."""
    stored = read(folder)
    state.trainee.load_state_dict(stored["trainee"])
    state.average.load_state_dict(stored["average"])
    state.optimiser.load_state_dict(stored["optimiser"])
    state.step = int(stored["step"])
    state.seconds = float(stored["seconds"])
