"""Time, memory and size of a report on 28 tasks and five models.

``python benchmarks/report_size.py [FOLDER]`` makes a run of the study's 28 tasks with
five models and a floor, 40 objects each, round the published means, writes its report
and prints what that took. Rows are drawn, no model is asked. Then the run is opened as
in the dock *SAM Benchmark*: what a thread does, and what the window waits for.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from rich.console import Console

from napari_sam_med.bench.analysis.published_tables import (
    published_clicks,
    published_modes,
)
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.result_rows import Row
from napari_sam_med.bench.report.report_page import write_outputs
from napari_sam_med.bench.run.processes.peak_memory import peak_memory_bytes
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.bench.run.store.stored_runs import FORMAT
from napari_sam_med.gui.benchmark.stored.stored_rows import opened_run
from napari_sam_med.gui.benchmark.views.benchmark_table import COLUMNS, ResultsModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODELS = {"sam_vit_h": 0.0, "sam_vit_b": -0.03, "medsam_vit_b": -0.06,
          "hq_sam_vit_h": 0.02, "nano": -0.1, "ellipse": -0.2}  # fmt: skip
CASES, PATIENTS = 12, 6
SELECTIONS = {"first": 0.0, "best_score": 0.01, "single": 0.01, "oracle": 0.08}
KINDS = ("box_shift", "box_expand", "box_corners", "point_shift")
DRAWS = 5
MIB = 2**20


def made_rows(seed: int = 1, cases: int = CASES) -> pd.DataFrame:
    """Draw the rows of a run round the study's means."""
    rng = np.random.default_rng(seed)
    modes, clicks = published_modes(), published_clicks()
    modes = modes[modes["selection"].eq("default")]
    clicks = clicks[clicks["method"].eq("SAM")]
    prompts = [
        (t, f"mode{m}", 1, iou) for t, m, _, iou in modes.itertuples(index=False)
    ]
    prompts += [
        (t, "clicks", n, iou) for t, _, n, iou in clicks.itertuples(index=False)
    ]
    box = modes[modes["mode"].eq(5)]
    prompts += [
        (task, kind, draw, iou - 0.05)
        for task, iou in zip(box["task"], box["iou"], strict=True)
        for kind in KINDS
        for draw in range(1, DRAWS + 1)
    ]
    asked = pd.DataFrame(prompts, columns=["task", "setting", "step", "published"])
    frame = asked.merge(pd.DataFrame({"number": range(cases)}), how="cross")
    frame = frame.merge(pd.DataFrame({"model": list(MODELS)}), how="cross")
    frame = frame.merge(pd.DataFrame({"selection": list(SELECTIONS)}), how="cross")
    count = len(frame)
    easy = rng.normal(0, 0.15, (28, cases))
    tasks = {task: k for k, task in enumerate(sorted(modes["task"].unique()))}
    frame["iou"] = (
        frame["published"]
        + frame["model"].map(MODELS)
        + frame["selection"].map(SELECTIONS)
        + easy[frame["task"].map(tasks), frame["number"]]
        + rng.normal(0, 0.05, count)
    ).clip(0, 1)
    frame["area_px"] = np.exp(7 + 4 * easy[frame["task"].map(tasks), frame["number"]])
    number = frame["number"].astype(str).str.zfill(3)
    return _filled(frame.assign(
        case_id=frame["task"] + "/" + number + "/axis0/0000/1",
        image=frame["task"] + "_" + number,
        patient=frame["task"] + "/p" + (frame["number"] % PATIENTS).astype(str),
        label=1, label_name=frame["task"], axis=0, slice=0,
        profile=str(Profile.AS_RELEASED),
        dice=2 * frame["iou"] / (1 + frame["iou"]),
        score=(frame["iou"] + rng.normal(0, 0.1, count)).clip(0, 1),
        nsd=frame["iou"], hd95_mm=20 * (1 - frame["iou"]),
        area_px=frame["area_px"].round().astype(int),
        area_fraction=frame["area_px"] / 256**2,
        n_parts=1 + frame["number"] % 4, height=256, width=256,
        seconds_embed=1.0, seconds_predict=0.01,
    ))  # fmt: skip


def write_run(folder: Path, rows: pd.DataFrame) -> RunStore:
    """Store rows as a run."""
    (folder / "results").mkdir(parents=True)
    rows.to_parquet(folder / "results" / "part-0000000.parquet", index=False)
    models = {
        name: {
            "sha256": "", "parameters": 10**8, "citation": f"The paper of {name}",
            "family": "baseline" if name == "ellipse" else "sam",
            "computed": {"device": "cpu", "precision": "fp32", "threads": "all"},
        }
        for name in sorted(set(rows["model"]))
    }  # fmt: skip
    profile = str(rows["profile"].iloc[0])
    settings = {"profile": profile, "groups": ["modes", "clicks", "jitter"]}
    manifest = {
        "format": FORMAT, "settings": settings, "dataset": "study",
        "dataset_id": "study", "data": {"patients": "p"}, "files": [],
        "models": models, "versions": {"napari-sam-med": "0"}, "started": "now",
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return RunStore(folder)


def _filled(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the columns of a row that nothing was drawn for."""
    empty = Row("").to_dict()
    return frame.assign(
        **{name: value for name, value in empty.items() if name not in frame}
    )[list(empty)]


def main(folder: Path) -> None:
    """Make the run, write its report, open it, and say what that took."""
    measure_report(folder)
    for what, seconds in times_in_dock(folder):
        Console().print(f"dock, {what:<9}{seconds:.2f} s")


def measure_report(folder: Path) -> None:
    """Make the run, write its report, and say what that took."""
    rows = made_rows()
    store = write_run(folder, rows)
    count = len(rows)
    del rows
    start, worked = time.perf_counter(), time.process_time()
    write_outputs(store)
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    page = (folder / "report.html").stat().st_size
    files = sum(p.stat().st_size for p in (folder / "report_files").rglob("*.*"))
    tell = Console().print
    tell(f"rows           {count}")
    tell(f"seconds        {seconds:.1f} ({worked:.1f} of the processor)")
    tell(f"peak memory    {peak_memory_bytes() / MIB:.0f} MiB (rows are made in it)")
    tell(f"page           {page / MIB:.2f} MiB")
    tell(f"report_files   {files / MIB:.2f} MiB")


def times_in_dock(folder: Path) -> Iterator[tuple[str, float]]:
    """Open a run, show its rows, filter and sort them; gives seconds."""
    start = time.perf_counter()
    run = opened_run(folder)
    yield "thread", time.perf_counter() - start
    model = ResultsModel()
    model.set_selection(str(run.rows[0]["selection"]))
    steps: dict[str, Callable[[], None]] = {
        "show": lambda: model.append(run.rows, run.texts),
        "filter": lambda: model.set_filter(f"{run.rows[0]['image']} iou<0.5"),
        "all": lambda: model.set_filter(""),
        "numbers": lambda: model.sort(COLUMNS.index("iou")),
        "names": lambda: model.sort(COLUMNS.index("image")),
    }
    for what, step in steps.items():
        start = time.perf_counter()
        step()
        yield what, time.perf_counter() - start


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(Path(made) / "run")
