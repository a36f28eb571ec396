"""What bfloat16 encoding changes: the IoU of a model, and masks of ViT-B.

``python benchmarks/half_precision.py FOLDER [--model nano] [--images 12]
[--objects 6]``. Each folder in FOLDER that holds ``images`` and ``masks`` is a data
set. The five modes are run on the same slices in both precisions; the table gives the
mean IoU of the best-scored mask over all modes, the difference of the means, and that
of single rows.

``python benchmarks/half_precision.py`` asks ViT-B with placeholder weights for a box
round each object on the largest slice of each sample, in both precisions; the table
gives how far its masks overlap.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from speed_rows import placeholder

from napari_sam_med.bench.data.given_data import paired_files
from napari_sam_med.bench.data.subsets import FewerObjects
from napari_sam_med.bench.protocol.cases import slices_of
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.run_settings import (
    ModelSpec,
    RunSettings,
    SettingGroup,
)
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.core.metrics import iou
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.selection import Selection
from napari_sam_med.core.slice_view import EmbeddedSlice
from napari_sam_med.models import load_model
from napari_sam_med.simulate.components import tight_box

PRECISIONS = ("fp32", "bf16")
SAMPLES = Path(__file__).parents[1] / "sample_data"


def main() -> None:
    """Run both precisions over what is asked for, and print what changes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--model", default="nano")
    parser.add_argument("--images", type=int, default=12, help="of each data set")
    parser.add_argument("--objects", type=int, default=6, help="of each image")
    asked = parser.parse_args()
    if asked.folder is None:
        Console().print(_masks_of_samples())
        return
    sets = sorted(each.parent for each in asked.folder.glob("*/images"))
    if not sets:
        sys.exit(f"{asked.folder} holds no folder with images and masks")
    table = Table(title=f"Mean IoU of {asked.model} in both precisions")
    for heading in ("data", "rows", *PRECISIONS, "difference", "of a row", "largest"):
        table.add_column(heading)
    for folder in sets:
        one, other = (_ious(folder, precision, asked) for precision in PRECISIONS)
        apart = np.abs(one - other)
        numbers = one.mean(), other.mean(), other.mean() - one.mean()
        numbers += apart.mean(), apart.max()
        table.add_row(folder.name, str(len(one)), *(f"{n:.4f}" for n in numbers))
        sys.stderr.write(f"{folder.name} done\n")
    Console().print(table)


def _ious(folder: Path, precision: str, asked: argparse.Namespace) -> np.ndarray:
    """(rows,) IoU of the best-scored masks, in the order of the run."""
    paired = paired_files(folder / "images", folder / "masks", name=folder.name)
    few = FewerObjects(
        replace(paired, pairs=tuple(paired.pairs)[: asked.images]), asked.objects
    )
    model = asked.model
    spec = ModelSpec(model, lambda: load_model(model, precision=precision))
    settings = RunSettings(groups=(SettingGroup.MODES,), tolerance_mm=None)
    rows = [row for one in run_benchmark(few, [spec], settings) for row in one.rows]
    failed = [row.error for row in rows if row.error]
    if failed:
        sys.exit(f"{folder.name}: {failed[0]}")
    return np.array([row.iou for row in rows if row.selection == Selection.BEST_SCORE])


def _masks_of_samples() -> Table:
    """How far the candidates of ViT-B overlap between the precisions."""
    table = Table(title="IoU of ViT-B's masks in one precision with those in the other")
    for heading in ("data", "masks", "mean", "lowest"):
        table.add_column(heading)
    models = [placeholder("vit_b", precision) for precision in PRECISIONS]
    for images in sorted(SAMPLES.glob("*_images")):
        kind = images.name.removesuffix("_images")
        labelled = next(iter(paired_files(images, SAMPLES / f"{kind}_labels")))
        largest = max(
            slices_of(labelled, profile=Profile.STRICT, axis=0),
            key=lambda one: np.count_nonzero(one.cases[0].labels),
        )
        one, other = (EmbeddedSlice.of(model, largest.view) for model in models)
        overlaps: list[float] = []
        for case in largest.cases:
            box = Prompts(box_rc=tight_box(case.truth))
            pairs = zip(one.predict(box).masks, other.predict(box).masks, strict=True)
            overlaps += [iou(mask, again) for mask, again in pairs]
        numbers = f"{np.mean(overlaps):.4f}", f"{min(overlaps):.4f}"
        table.add_row(kind, str(len(overlaps)), *numbers)
    return table


if __name__ == "__main__":
    main()
