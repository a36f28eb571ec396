"""A rehearsal: whether a run would start, without its hours and its GPU."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import torch

from napari_sam_med.training.loop import train
from napari_sam_med.training.weights_export import export

if TYPE_CHECKING:
    from napari_sam_med.training.config import TrainConfig

IMAGES, PROMPTS, POOL, STEPS = 2, 3, 8, 2


def rehearse(config: TrainConfig, start_from: Path | None = None) -> float:
    """Do a few small steps of a run in a folder that is then removed.

    Painting, prompts, both losses, a validation, a checkpoint, going on from it, and
    the weights at the end are those of the run; images, prompts and painters are few,
    and without a GPU, where bfloat16 may be slow, all is in single precision. What it
    cannot show is whether a GPU's memory suffices.

    Parameters
    ----------
    config : TrainConfig
        The run.
    start_from : pathlib.Path, optional
        The weights that it begins with.

    Returns
    -------
    float
        Seconds that this took.

    Raises
    ------
    SamMedError
        Whatever the run would raise.
    """
    small = replace(
        config,
        images=min(IMAGES, config.images),
        fresh_scenes=1,
        prompts=min(PROMPTS, config.prompts),
        painters=1,
        pool=min(POOL, config.pool),
        minutes=0.0,
        steps=STEPS,
        late_from=min(1, config.late_from),
        validation_scenes=1,
        precision=config.precision if torch.cuda.is_available() else "fp32",
    )
    started = time.perf_counter()
    with TemporaryDirectory(prefix="napari-sam-med-rehearsal-") as folder:
        out_dir = Path(folder)
        train(small, out_dir, start_from=start_from)
        train(replace(small, steps=STEPS + 1), out_dir, resume=True)
        export(out_dir, out_dir / "nano.safetensors")
    return time.perf_counter() - started
