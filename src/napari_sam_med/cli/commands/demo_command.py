"""``demo``: the benchmark on the samples, with the model in the box."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from napari_sam_med.bench.data.given_data import GivenData
from napari_sam_med.bench.protocol.run_settings import RunSettings
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.cli.choices import check_names, model_choice
from napari_sam_med.cli.repeating import command_of
from napari_sam_med.cli.running import run_and_tell


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class DemoRun:
    """What is measured.

    Parameters
    ----------
    data
        Folder of samples; by default sample_data of the repository, or phantoms made
        on the spot.
    model
        Model to measure; may be given several times.
    max_slices
        Slices of each class in each volume, evenly spaced.
    """

    data: Path | None = None
    model: Annotated[tuple[str, ...], Parameter(negative=())] = ("nano", "ellipse")
    max_slices: int = 2


def demo(*, out: Path = Path("out/demo"), run: DemoRun = DemoRun()) -> int:
    """Run the five modes and nine clicks on the sample images.

    Prints a table and writes report.html. A second run into the same folder goes on
    where the first stopped.

    Parameters
    ----------
    out
        Folder for the results.
    run
        What is measured.
    """
    check_names(run.model)
    choices = [model_choice(name) for name in run.model]
    given = GivenData(run.data, kind="samples", max_slices=run.max_slices)
    store = RunStore(out, command_of("demo", [], out, [run]))
    return run_and_tell(given, choices, RunSettings(), store)
