"""``train``: the bundled model, from nothing, on painted scenes."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from napari_sam_med.cli.progress import counting

WEIGHTS = "nano.safetensors"


def train(
    *,
    out: Path,
    config: Path | None = None,
    steps: int | None = None,
    start_from: Path | None = None,
    resume: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Train nano on synthetic scenes.

    Parameters
    ----------
    out
        Folder for checkpoint.pt, log.jsonl and, at the end, nano.safetensors.
    config
        TOML file; by default the one that the bundled weights were made with.
    steps
        End after so many steps in all.
    start_from
        Safetensors with nano's weights to begin with, instead of random ones.
    resume
        Go on from the checkpoint in the folder.
    """
    from napari_sam_med.training.config import load_config
    from napari_sam_med.training.loop import StepReport
    from napari_sam_med.training.loop import train as run
    from napari_sam_med.training.weights_export import export

    if config is None:
        bundled = resources.files("napari_sam_med.training") / "configs" / "nano.toml"
        with resources.as_file(bundled) as file:
            settings = load_config(file)
    else:
        settings = load_config(config)
    with counting("Training") as step:
        seconds: list[float] = []

        def on_step(report: StepReport) -> None:
            seconds.append(report.values["seconds"])
            recent = seconds[-50:]
            each = (recent[-1] - recent[0]) / max(1, len(recent) - 1)
            left = (report.steps - report.step) * each
            step(report.step, report.steps, left)

        run(
            settings,
            out,
            resume=resume,
            steps=steps,
            start_from=start_from,
            on_step=on_step,
        )
    weights = out / WEIGHTS
    export(out, weights)
    print(f"Averaged weights: {weights}; give them as --model nano={weights}")
    return 0
