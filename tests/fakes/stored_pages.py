"""Runs written as they would be stored, and the pages made of them."""

import html
import json

import pandas as pd

from napari_sam_med.bench.protocol.result_rows import Row
from napari_sam_med.bench.report.over_volumes.volume_outputs import write_volume_report
from napari_sam_med.bench.report.report_page import write_report
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.bench.run.store.stored_runs import FORMAT

SELECTIONS = ("first", "best_score", "oracle", "single")


def made_row(model, patient, iou, *, name="set", task="liver", **more):
    """A row of one object of a patient, by one box unless told otherwise."""
    known = {
        "image": patient, "patient": f"{name}/{patient}", "label": 1, "axis": 0,
        "slice": 0, "label_name": task, "model_sha256": "ab", "profile": "strict",
        "setting": "mode5", "step": 1, "selection": "single", "dice": iou,
        "score": 0.5, "area_px": 100, "area_fraction": 0.1, "n_parts": 1,
        "height": 10, "width": 10, "seconds_embed": 1.0, "seconds_predict": 0.5,
        "nsd": iou, "hd95_mm": 1.0, "task": f"{name}: {task}",
    }  # fmt: skip
    case = f"{name}/{patient}/axis0/0000/1/{task}"
    return Row(case, model=model, iou=iou, **{**known, **more})


def made_run(folder, rows, *, name="set", floors=(), selections=SELECTIONS, **more):
    """Store a run; a manifest's entries are replaced by those of ``more``."""
    (folder / "results").mkdir(parents=True)
    records = [
        {**row.to_dict(), "selection": selection}
        for row in rows
        for selection in selections
    ]
    frame = pd.DataFrame(records)
    frame.to_parquet(folder / "results" / "part-0000000.parquet", index=False)
    models = {
        row.model: {"sha256": "ab", "family": "baseline" if row.model in floors else ""}
        for row in rows
    }
    settings = {"profile": rows[0].profile, "groups": ["modes"], "tolerance_mm": 2.0}
    manifest = {
        "format": FORMAT, "settings": settings, "dataset": name, "dataset_id": name,
        "data": {"patients": "p"}, "files": [], "models": models, "versions": {},
        "started": "then", "finished": "then",
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps({**manifest, **more}))
    return folder


def volume_run(folder, rows, **more):
    return made_run(folder, rows, selections=("first",), **more)


def page_of(tmp_path, *folders):
    return write_report(list(folders), tmp_path / "page.html").read_text()


def volume_page_of(tmp_path, *folders):
    stores = [RunStore(folder) for folder in folders]
    return write_volume_report(stores, tmp_path / "page.html").read_text()


def quoted(page):
    """The methods to paste."""
    text = html.unescape(page[page.index("<blockquote>") :])
    return text[: text.index("</blockquote>")]
