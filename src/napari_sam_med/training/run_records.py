"""What a run leaves behind: a JSONL log, validations, checkpoints, and word of them."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from napari_sam_med.core.storage.atomic_files import remedy_of
from napari_sam_med.errors import CheckpointError, FileWriteError
from napari_sam_med.training import run_checkpoints
from napari_sam_med.training.config import part_done
from napari_sam_med.training.validation import validate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from napari_sam_med.training.config import TrainConfig
    from napari_sam_med.training.run_checkpoints import RunState

# What a kill costs at most where steps are quick.
SAVE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class StepReport:
    """What a caller hears after each logged step.

    Attributes
    ----------
    step, steps : int
        Steps done and expected.
    values : dict of str to float
        Loss and its parts, ``rate`` and ``seconds``; at validations also ``val_*``.
    """

    step: int
    steps: int
    values: dict[str, float]


def seconds_left(reports: Sequence[StepReport]) -> float:
    """Estimate how long the rest of a run takes.

    Parameters
    ----------
    reports : sequence of StepReport
        The latest ones, in order, at least one; steps may lie between them.

    Returns
    -------
    float
        Seconds, at the pace between the first and the last of them.
    """
    first, last = reports[0], reports[-1]
    took = last.values["seconds"] - first.values["seconds"]
    return (last.steps - last.step) * took / max(1, last.step - first.step)


class RunRecords:
    """Keeps a run in its folder.

    Parameters
    ----------
    config : TrainConfig
        The run.
    out_dir : pathlib.Path
        Gets the checkpoints.
    log : TextIO
        Gets a line for each logged step.
    on_step : callable, optional
        Told of each logged step.
    """

    def __init__(
        self,
        config: TrainConfig,
        out_dir: Path,
        log: TextIO,
        on_step: Callable[[StepReport], None] | None,
    ) -> None:
        self._config = config
        self._out_dir = out_dir
        self._file = log
        self._on_step = on_step
        self._saved = time.monotonic()

    def keep(self, state: RunState, values: dict[str, float]) -> None:
        """Log a step; validate and save where that is due.

        Parameters
        ----------
        state : RunState
            After the step.
        values : dict of str to float
            What the step gave.

        Raises
        ------
        FileWriteError
            If the disk does not take the log or the checkpoint.
        """
        config = self._config
        done = part_done(config, state.step, state.seconds)
        if done >= 1 or state.step % config.validate_every == 0:
            values |= self._validation(state)
        self._write({"step": state.step, **values})
        late = time.monotonic() - self._saved > SAVE_SECONDS
        if done >= 1 or late or state.step % config.checkpoint_every == 0:
            run_checkpoints.save(state, self._out_dir)
            self._saved = time.monotonic()
        if self._on_step is not None:
            steps = max(state.step, round(state.step / done))
            self._on_step(StepReport(state.step, steps, values))

    def _write(self, values: dict[str, float]) -> None:
        try:
            self._file.write(json.dumps(values) + "\n")
            self._file.flush()
        except OSError as error:
            msg = (
                f"{self._file.name} cannot be written ({error.strerror}); "
                f"{remedy_of(error, 'see that it can be')} and go on from the last "
                "checkpoint with --resume"
            )
            raise FileWriteError(msg) from error

    def _validation(self, state: RunState) -> dict[str, float]:
        """Measure the averaged weights."""
        state.average.eval()
        config = self._config
        found = validate(state.average.sam, config.seed, config.validation_scenes)
        return {f"val_{name}": round(value, 4) for name, value in found.items()}


def check_finite(norm: float, step: int) -> None:
    """Refuse to go on with weights that are no numbers any more.

    Parameters
    ----------
    norm : float
        Of the gradient.
    step : int
        That it belongs to, from 1.

    Raises
    ------
    CheckpointError
        If the norm is not finite.
    """
    if not math.isfinite(norm):
        msg = (
            f"the training has diverged at step {step}; begin anew in another folder "
            "with a lower learning_rate"
        )
        raise CheckpointError(msg)
