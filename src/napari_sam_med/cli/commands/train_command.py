"""``train``: the bundled model, from nothing, on painted scenes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from napari_sam_med.cli.progress import counting
from napari_sam_med.cli.terminal import Console
from napari_sam_med.core.storage.atomic_files import check_free, check_not_read
from napari_sam_med.errors import FileWriteError

if TYPE_CHECKING:
    from napari_sam_med.training.config import TrainConfig

WEIGHTS = "nano.safetensors"
STOPPED = "Stopped. The last checkpoint is kept: add --resume to go on from it."


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How far a training goes.

    Parameters
    ----------
    steps
        End after so many steps in all.
    minutes
        End after so much time in all; the learning rate then falls by the clock.
    resume
        Go on from the checkpoint in the folder.
    dry_run
        Only show that the training would start: a few small steps, a validation and a
        checkpoint, in a folder that is removed. Nothing is written to the other one.
    """

    steps: int | None = None
    minutes: float | None = None
    resume: Annotated[bool, Parameter(negative=())] = False
    dry_run: Annotated[bool, Parameter(negative=())] = False


NO_OPTIONS = RunOptions()


def train(
    *,
    out: Path,
    config: Path | None = None,
    start_from: Path | None = None,
    options: RunOptions = NO_OPTIONS,
) -> int:
    """Train nano on synthetic scenes.

    Parameters
    ----------
    out
        Folder for checkpoint.pt, log.jsonl and, at the end, nano.safetensors.
    config
        TOML file; by default the one that the bundled weights were made with, or where
        there is no GPU, one for a CPU.
    start_from
        Safetensors with nano's weights to begin with, instead of random ones.
    options
        How far it goes.
    """
    from napari_sam_med.training.config import ending
    from napari_sam_med.training.dry_run import rehearse
    from napari_sam_med.training.logs import LOG_NAME
    from napari_sam_med.training.loop import check_folder
    from napari_sam_med.training.loop import train as run
    from napari_sam_med.training.run_checkpoints import NAME, check_same_run
    from napari_sam_med.training.run_records import StepReport, seconds_left
    from napari_sam_med.training.weights_export import export

    kept = [out / name for name in (WEIGHTS, NAME, LOG_NAME)]
    check_not_read(kept, [each for each in (config, start_from) if each is not None])
    settings = ending(_settings(config), steps=options.steps, minutes=options.minutes)
    exists = check_folder(out, resume=options.resume)
    _check_weights(out / WEIGHTS, exists=exists)
    if options.resume and not exists:
        Console(stderr=True).print(
            f"{out} holds no checkpoint to go on from: the training begins",
            soft_wrap=True,
            highlight=False,
        )
    if options.dry_run:
        if exists:
            check_same_run(settings, out)
        rehearsed = rehearse(settings, start_from)
        print(f"The training would start (tried in {rehearsed:.0f} s)")
        return 0
    with counting("Training") as step:
        reports: list[StepReport] = []

        def on_step(report: StepReport) -> None:
            reports.append(report)
            step(report.step, report.steps, seconds_left(reports[-50:]))

        try:
            run(
                settings,
                out,
                resume=options.resume,
                start_from=start_from,
                on_step=on_step,
            )
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt(STOPPED) from error
    weights = out / WEIGHTS
    export(out, weights)
    print(f"Averaged weights: {weights}; give them as --model nano={weights}")
    return 0


def _check_weights(weights: Path, *, exists: bool) -> None:
    """Refuse, before hours are spent, a place that the weights cannot go to."""
    check_free(weights, overwrite=True)
    if weights.exists() and not exists:
        msg = (
            f"{weights} exists already, with no checkpoint of its training beside it; "
            "give another folder"
        )
        raise FileWriteError(msg)


def _settings(config: Path | None) -> TrainConfig:
    """Read a configuration, or the bundled one for this machine."""
    from napari_sam_med.training.config import bundled_config, load_config

    return bundled_config() if config is None else load_config(config)
