"""How fast slices are computed by one worker and by two, and whether memory stays.

``python benchmarks/throughput.py [SLICES]`` (2,000 by default) makes slices with one
object each, runs ``ellipse`` over them with the profile strict on one worker process of
one thread and on two, and prints slices a second, the ratio, and the memory of this
process after each quarter of the run. ``python benchmarks/throughput.py 20000 --alone``
runs them in this process, writes the report too, and prints the most memory that was
resident.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from rich.console import Console

from napari_sam_med.bench.data.labelled_volumes import LabelledVolume
from napari_sam_med.bench.protocol.run_settings import RunSettings
from napari_sam_med.bench.report.report_page import finish
from napari_sam_med.bench.run.cluster.workers import Workers
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.processes.peak_memory import peak_memory_bytes
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.cli.choices import model_choice
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume

if TYPE_CHECKING:
    from collections.abc import Iterator

SIDE, SLICES_OF_VOLUME = 128, 50
QUARTERS = 4
MIB = 2**20


@dataclass(frozen=True)
class MadeVolumes:
    """Volumes with a bright ellipse on each slice, made when their turn comes."""

    slices: int
    name: str = "made"

    def fingerprint(self) -> list[dict[str, str]]:
        """Nothing is read."""
        return []

    def options(self) -> dict[str, Any]:
        """Each volume is a patient."""
        return {"patients": "", "labels": {}}

    def __len__(self) -> int:
        """Count the volumes."""
        return math.ceil(self.slices / SLICES_OF_VOLUME)

    def __iter__(self) -> Iterator[LabelledVolume]:
        """Make volume after volume."""
        for number in range(len(self)):
            count = min(SLICES_OF_VOLUME, self.slices - number * SLICES_OF_VOLUME)
            yield made_volume(number, count)


def made_volume(number: int, slices: int) -> LabelledVolume:
    """Draw an ellipse of its own on each slice, in noise."""
    rng = np.random.default_rng(number)
    rows, cols = np.mgrid[:SIDE, :SIDE]
    labels = np.zeros((slices, SIDE, SIDE), np.uint8)
    for one in labels:
        centre, radii = rng.uniform(40, 88, 2), rng.uniform(8, 30, 2)
        away = np.hypot((rows - centre[0]) / radii[0], (cols - centre[1]) / radii[1])
        one[away <= 1] = 1
    image = rng.normal(100, 20, labels.shape) + 80 * labels
    volume = Volume(image.astype(np.int16), Geometry((1.0, 1.0, 1.0)))
    return LabelledVolume(volume, labels, f"v{number:05}")


def measured(slices: int, folder: Path, workers: Workers | None) -> list[float]:
    """Run; give seconds, then MiB of this process after each quarter."""
    process, store = psutil.Process(), RunStore(folder)
    marks = [slices * (quarter + 1) // QUARTERS for quarter in range(QUARTERS)]
    memory, start = [], 0.0
    choice = model_choice("ellipse")
    run = run_benchmark(MadeVolumes(slices), [choice], RunSettings(), store,
                        workers=workers)  # fmt: skip
    for done, _ in enumerate(run, start=1):
        start = start or time.perf_counter()  # workers are up, and have the model
        if done in marks:
            memory.append(process.memory_info().rss / MIB)
    return [time.perf_counter() - start, *memory]


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("slices", nargs="?", type=int, default=2000)
    parser.add_argument("--alone", action="store_true")
    asked = parser.parse_args()
    tell = Console().print
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    tell(f"{asked.slices} slices, {os.cpu_count()} cores, load {load}")
    seconds = {}
    ways: dict[str, Workers | None] = {
        "one worker": Workers(1),
        "two workers": Workers(2),
    }
    if asked.alone:
        ways = {"this process": None}
    with tempfile.TemporaryDirectory() as made:
        for way, workers in ways.items():
            folder = Path(made) / way.replace(" ", "-")
            seconds[way], *memory = measured(asked.slices, folder, workers)
            rate = asked.slices / seconds[way]
            quarters = ", ".join(f"{one:.0f}" for one in memory)
            tell(f"{way:13} {rate:6.1f} slices a second; {quarters} MiB by quarters")
        if asked.alone:
            start = time.perf_counter()
            finish(RunStore(Path(made) / "this-process"))
            tell(f"report        {time.perf_counter() - start:.0f} seconds")
        else:
            ratio = seconds["one worker"] / seconds["two workers"]
            tell(f"two workers are {ratio:.2f} times as fast as one")
        tell(f"most memory   {peak_memory_bytes() / MIB:.0f} MiB resident")


if __name__ == "__main__":
    main()
