"""How long a model takes on this machine, and what batching and caching save.

``make bench``, or ``python benchmarks/speed.py [MODEL ...]``. Times are medians; since
machines differ, read the ratios.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from napari_sam_med.core.prompts import Prompts
from napari_sam_med.models import list_models, load_model
from napari_sam_med.samples import us_lesion

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam_med.core.ports import Segmenter

BATCH = 16
SECONDS_EACH = 3.0


def main() -> None:
    """Time the models named, by default all whose weights are here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*")
    names = parser.parse_args().models or [
        listed.card.name for listed in list_models() if listed.ready
    ]
    table = Table(title="Medians on this machine, one 384 x 448 slice")
    for heading in (
        "model",
        "embed",
        "one prompt",
        f"each of {BATCH} together",
        "batch gains",
        "embedding kept gains",
    ):
        table.add_column(heading, justify="right")
    for name in names:
        table.add_row(*_row(load_model(name)))
    Console().print(table)


def _row(model: Segmenter) -> tuple[str, ...]:
    sample = us_lesion()
    image = np.ascontiguousarray(sample.volume.array[0])
    rows, cols = np.nonzero(sample.labels[0])
    rng = np.random.default_rng(0)
    chosen = rng.integers(0, len(rows), BATCH)
    prompts = [Prompts([(rows[i], cols[i])], [1]) for i in chosen]
    embedding = model.embed(image)
    embed = _median(lambda: model.embed(image))
    single = _median(lambda: model.predict(embedding, prompts[0]))
    batch = _median(lambda: model.predict_many(embedding, prompts)) / BATCH
    return (
        model.name,
        _milliseconds(embed),
        _milliseconds(single),
        _milliseconds(batch),
        f"{single / batch:.1f} x",
        f"{(embed + single) / single:.1f} x",
    )


def _median(action: Callable[[], object]) -> float:
    """Median seconds of repeated calls, after one to warm up."""
    action()
    times: list[float] = []
    while len(times) < 3 or (sum(times) < SECONDS_EACH and len(times) < 200):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.2f} ms"


if __name__ == "__main__":
    main()
