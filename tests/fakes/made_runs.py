"""Runs whose rows are drawn and not computed, for what is made of rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_sam_med.bench.protocol.result_rows import Row
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.bench.run.store.stored_runs import FORMAT

if TYPE_CHECKING:
    from pathlib import Path

MODES = [f"mode{number}" for number in range(1, 6)]
TASKS = ("CT-Spleen", "MRI-Heart", "US-Kidney")
MODELS = ("sam_vit_h", "nano", "ellipse")
CASES = 8
GAINS = {"first": 0.0, "best_score": 0.02, "oracle": 0.1, "single": 0.01}


def made_rows(profile: str = "as-released", seed: int = 3) -> pd.DataFrame:
    """Rows of three models, one of them a floor, over three of the study's tasks."""
    rng = np.random.default_rng(seed)
    prompts = [(mode, 1) for mode in MODES] + [("clicks", k) for k in (1, 2, 3)]
    prompts += [("box_shift", k) for k in (1, 2)]
    rows = []
    for number, model in enumerate(MODELS):
        for task in TASKS:
            for case in range(CASES):
                size = int(rng.integers(20, 2000))
                parts = int(rng.integers(1, 5))
                for setting, step in prompts:
                    first = float(rng.uniform(0.2, 0.8)) + 0.05 * number
                    for selection, more in GAINS.items():
                        iou = min(1.0, first + more)
                        rows.append(Row(
                            f"set/{task}_{case}/axis0/0000/1", image=f"{task}_{case}",
                            patient=f"set/p{case % 4}", axis=0, slice=0, label=1,
                            label_name=task, model=model, profile=profile,
                            setting=setting, step=step, selection=selection, iou=iou,
                            dice=iou, score=float(rng.uniform(0, 1)), area_px=size,
                            area_fraction=size / 1e4, n_parts=parts, height=100,
                            width=100, seconds_embed=2.0, seconds_predict=0.5,
                            task=task, nsd=iou, hd95_mm=5.0,
                        ).to_dict())  # fmt: skip
    return pd.DataFrame(rows)


def write_run(folder: Path, rows: pd.DataFrame) -> RunStore:
    """Store rows as a run over the data set "set"."""
    (folder / "results").mkdir(parents=True)
    rows.to_parquet(folder / "results" / "part-0000000.parquet", index=False)
    models = {
        name: {
            "sha256": "ab" * 32, "parameters": 2_000_000,
            "citation": f"The paper of {name}",
            "family": "baseline" if name == "ellipse" else "sam",
            "computed": {"device": "cpu", "precision": "bf16", "threads": "1"},
        }
        for name in MODELS
    }  # fmt: skip
    manifest = {
        "format": FORMAT,
        "settings": {
            "profile": str(rows["profile"].iloc[0]),
            "groups": ["modes", "clicks", "jitter"],
            "tolerance_mm": 2.0,
        },
        "dataset": "set", "dataset_id": "set", "data": {"patients": "p"}, "files": [],
        "models": models, "versions": {"napari-sam-med": "0.1"}, "started": "now",
        "machine": {"peak_memory_bytes": 512 * 2**20},
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return RunStore(folder)
