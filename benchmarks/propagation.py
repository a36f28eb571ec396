"""How well an object is followed through a volume from a few boxes, and how fast.

``python benchmarks/propagation.py [--real FOLDER ...] [--random N] [--seed N ...]
[--speed] [--set MODULE.CONSTANT=VALUE ...]``. The sample CT's liver, spleen and each
kidney are measured, of other phantoms with ``--seed``; so many objects of
random_objects.py with ``--random``; a FOLDER holds volumes NAME.nii.gz with
NAME_label.nii.gz. Boxes are the
tight ones of the truth: (a) one on the largest slice, ends found; (b) the same with the
object's first and last slice given; (c) on three slices, at a quarter, a half and three
quarters of its range, ends found. Floors need no propagation: the mask of the prompted
slice nearest by is copied over the true range, or over the range that was found.

Tables go to the terminal, and with ``--keep`` to benchmarks/results.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from random_objects import random_object
from rich.console import Console
from skimage import measure

from napari_sam_med.core.metrics import dice
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.storage.atomic_files import write_text
from napari_sam_med.core.volumes import Volume
from napari_sam_med.io.volume_files import read_labels, read_volume
from napari_sam_med.models import load_model
from napari_sam_med.propagation import (
    Origin,
    Propagation,
    PropagationSettings,
    gathered,
    iterate_propagation,
    propagate,
)
from napari_sam_med.propagation.propagation_settings import PromptedBy
from napari_sam_med.samples import ct_abdomen

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from napari_sam_med.core.ports import Segmenter

    Mask = npt.NDArray[np.bool_]

RESULTS = Path(__file__).parent / "results"
QUARTERS = (0.25, 0.5, 0.75)
PROTOCOLS = ("a", "b", "c")
METHODS = (
    "projection, box",
    "projection, mask",
    "projection, both",
    "interpolation",
    "floor: copied over the true range",
    "floor: copied over the found range",
)
HEAD = """# Propagation: mean 3D Dice

`python benchmarks/propagation.py --keep [--real FOLDER ...]`; its docstring says what
the columns are. The method "projection, box" is the default.

"""
SPEED_SHAPE = (100, 512, 512)


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """An object to be followed: its volume, and the truth (Z, Y, X) bool."""

    group: str
    name: str
    volume: Volume
    truth: Mask


def main() -> None:
    """Measure what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", nargs="*", type=Path, default=[])
    parser.add_argument("--seed", nargs="*", type=int, default=[0])
    parser.add_argument("--random", type=int, default=0, help="how many objects")
    parser.add_argument("--model", default="nano")
    parser.add_argument("--methods", nargs="*", default=METHODS, choices=METHODS)
    parser.add_argument("--set", nargs="*", default=[], help="MODULE.CONSTANT=VALUE")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args()
    for text in given.set:
        change(text)
    console = Console()
    model = load_model(given.model)
    if given.speed:
        console.print(speed(model))
        return
    targets = [each for seed in given.seed for each in phantoms(seed)]
    targets += [
        Target("random objects", volume.name, volume, truth)
        for volume, truth in map(random_object, range(given.random))
    ]
    targets += [each for folder in given.real for each in volumes_of(folder)]
    rows: list[dict[str, object]] = []
    for target in targets:
        for row in rows_of(model, target, given.methods):
            rows.append(row)
            console.print(*row.values(), sep="  ")
        if given.keep:
            write_text(RESULTS / "propagation.json", json.dumps(rows, indent=1) + "\n")
            write_text(RESULTS / "propagation.md", HEAD + table_of(rows) + "\n")
    console.print(table_of(rows), markup=False)


def change(text: str) -> None:
    """Change a constant of the room for projection, such as slice_step.REACH=2."""
    place, value = text.split("=")
    module, name = place.split(".")
    found = import_module(f"napari_sam_med.propagation.projecting.{module}")
    setattr(found, name, type(getattr(found, name))(float(value)))


def phantoms(seed: int) -> Iterator[Target]:
    """Liver, spleen and each kidney of a CT-like phantom; seed 0 is the sample."""
    sample = ct_abdomen(seed)
    kidneys = measure.label(sample.labels == 3)
    sizes = np.bincount(kidneys.ravel())[1:]
    largest = np.argsort(-sizes)[:2] + 1
    masks = [sample.labels == 1, sample.labels == 2]
    masks += [kidneys == each for each in largest]
    for name, mask in zip(
        ("liver", "spleen", "kidney 1", "kidney 2"), masks, strict=True
    ):
        group = "sample CT" if seed == 0 else "other phantoms"
        yield Target(group, f"{sample.volume.name} {name}", sample.volume, mask)


def volumes_of(folder: Path) -> Iterator[Target]:
    """Each volume of a folder with its labels taken together."""
    for labels in sorted(folder.glob("*_label.nii.gz")):
        image = labels.with_name(labels.name.replace("_label", ""))
        truth = read_labels(labels).array > 0
        group = folder.name if folder.name != "volumes" else folder.parent.name
        yield Target(group, image.name.split(".")[0], read_volume(image), truth)


def rows_of(
    model: Segmenter, target: Target, methods: tuple[str, ...]
) -> Iterator[dict[str, object]]:
    """Dice of each method and protocol."""
    for protocol in PROTOCOLS:
        given, index_range = prompts_of(target.truth, protocol)
        usual = propagate(model, target.volume, given, 0, "projection", index_range)
        for method in methods:
            found = _found(model, target, method, given, index_range, usual)
            if found is not None:
                score = round(dice(found, target.truth), 4)
                yield {
                    "group": target.group,
                    "object": target.name,
                    "prompts": protocol,
                    "method": method,
                    "dice": score,
                }


def prompts_of(
    truth: Mask, protocol: str
) -> tuple[dict[int, Prompts], tuple[int, int] | None]:
    """Boxes of a protocol, and the range if it is given."""
    areas = truth.sum(axis=(1, 2))
    filled = np.flatnonzero(areas)
    first, last = int(filled[0]), int(filled[-1])
    chosen = [int(areas.argmax())]
    if protocol == "c":
        chosen = [round(first + part * (last - first)) for part in QUARTERS]
        chosen = [index for index in chosen if areas[index]]
    boxes = {index: Prompts(box_rc=_box(truth[index])) for index in chosen}
    return boxes, (first, last) if protocol == "b" else None


def _box(mask: Mask) -> tuple[int, int, int, int]:
    rows, cols = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return int(rows[0]), int(cols[0]), int(rows[-1]), int(cols[-1])


def _found(
    model: Segmenter,
    target: Target,
    method: str,
    given: dict[int, Prompts],
    index_range: tuple[int, int] | None,
    usual: Propagation,
) -> Mask | None:
    """What a method finds (Z, Y, X) bool; None where it does not apply."""
    if method == "projection, box":
        return usual.volume_mask()
    if method.startswith("projection"):
        by = PromptedBy(method.split(", ")[1])
        settings = PropagationSettings(index_range=index_range, prompted_by=by)
        run = iterate_propagation(model, target.volume, given, settings)
        return gathered(run, target.volume, 0).volume_mask()
    if method == "interpolation":
        if len(given) < 2:
            return None
        return propagate(model, target.volume, given, 0, method).volume_mask()
    filled = np.flatnonzero(target.truth.any(axis=(1, 2)))
    over = filled if "true" in method else list(usual.masks)
    return _copied(usual, over, target.truth.shape)


def _copied(usual: Propagation, over: list[int], shape: tuple[int, ...]) -> Mask:
    """Copy the nearest prompted mask over slices."""
    prompted = [each for each in usual if each.origin is Origin.PROMPTED]
    full = np.zeros(shape, dtype=bool)
    for index in over:
        full[index] = min(prompted, key=lambda each: abs(each.index - index)).mask
    return full


def table_of(rows: list[dict[str, object]]) -> str:
    """Markdown: mean Dice of each group, a column for each protocol."""
    lines = []
    for group in dict.fromkeys(row["group"] for row in rows):
        of_group = [row for row in rows if row["group"] == group]
        count = len({row["object"] for row in of_group})
        lines += [f"{group} ({count} objects)", "", "| method | a | b | c |"]
        lines.append("|---|--:|--:|--:|")
        for method in dict.fromkeys(row["method"] for row in of_group):
            cells = [
                _mean(
                    [
                        float(str(row["dice"]))
                        for row in of_group
                        if (row["method"], row["prompts"]) == (method, protocol)
                    ]
                )
                for protocol in PROTOCOLS
            ]
            lines.append(f"| {method} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines).rstrip()


def _mean(values: list[float]) -> str:
    return f"{np.mean(values):.3f}" if values else ""


def speed(model: Segmenter) -> str:
    """Slices a second on a volume of 100 slices of 512 x 512, after a first slice."""
    places = np.indices(SPEED_SHAPE, dtype=np.float32)
    centre = np.array([50, 256, 256]).reshape(3, 1, 1, 1)
    radii = np.array([60, 90, 120]).reshape(3, 1, 1, 1)
    truth = (((places - centre) / radii) ** 2).sum(axis=0) < 1
    noise = np.random.default_rng(0).normal(0, 12, SPEED_SHAPE)
    volume = Volume((np.where(truth, 150, 90) + noise).clip(0, 255).astype(np.uint8))
    given = {50: Prompts(box_rc=_box(truth[50]))}
    run = iterate_propagation(model, volume, given, PropagationSettings())
    next(run)
    start, busy = time.perf_counter(), time.process_time()
    count = sum(1 for _ in run)
    rate = count / (time.perf_counter() - start)
    seconds = (time.process_time() - busy) / count
    return (
        f"{model.name}: {rate:.1f} slices a second over {count} slices, "
        f"{seconds:.3f} s of processor time each"
    )


if __name__ == "__main__":
    main()
