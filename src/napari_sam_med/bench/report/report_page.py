"""A run, or several, as one page that needs nothing but a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.analysis.calibration import (
    ALL_MODES,
    judged_masks,
    summarise_calibration,
)
from napari_sam_med.bench.analysis.statistics import (
    defaults_of,
    mean_over_tasks,
    summarise,
)
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.report.report_figures import (
    click_curves,
    mode_boxes,
    picture_from_figure,
    reliability_diagram,
)
from napari_sam_med.bench.report.report_tables import (
    more_tables,
    not_asked,
    warnings_of,
)
from napari_sam_med.bench.run.run_store import REPORT, SUMMARY, RunStore
from napari_sam_med.core.storage.atomic_files import check_free, write_text
from napari_sam_med.core.storage.plain_text import printable
from napari_sam_med.errors import RunError
from napari_sam_med.io.writing.tables import cell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure

TEMPLATE = "report.html.j2"
PAGE_MARK = b"<title>Simulated-prompt benchmark</title>"
LONGEST_HEAD = 1024
"""Bytes within which the mark stands in every page, today's and earlier ones."""
ALL_TASKS = "Mean over tasks"
PROFILE_NOTES = {
    Profile.AS_RELEASED: "the study's published code, rule by rule; default mask: "
    "candidate 1; means over slices",
    Profile.AS_WRITTEN: "the study's text; default mask: highest predicted IoU; means "
    "over slices",
    Profile.STRICT: "recommended; default mask: highest predicted IoU for one point, "
    "the single unambiguous mask for everything else; means over patients",
}


def finish(store: RunStore, *, overwrite: bool = False) -> pd.DataFrame:
    """Write ``summary.csv`` and ``report.html`` into a run's folder.

    Parameters
    ----------
    store : RunStore
        With at least one row.
    overwrite : bool
        Replace a ``report.html`` that is no page of ours.

    Returns
    -------
    pandas.DataFrame
        The summary.

    Raises
    ------
    RunError
        If the run has no rows.
    FileReadError, FileWriteError
        If the run cannot be read or the folder not be written.
    """
    store.finish()
    summary = summarise(store.rows())
    path = store.folder / SUMMARY
    write_text(path, summary.map(cell).to_csv(index=False))
    write_report([store.folder], store.folder / REPORT, overwrite=overwrite)
    return summary


def write_report(
    folders: Sequence[Path], out: Path, *, overwrite: bool = False
) -> Path:
    """Write one page about one or several runs.

    Parameters
    ----------
    folders : sequence of Path
        Folders of runs.
    out : Path
        The page; an earlier page of ours is replaced.
    overwrite : bool
        Replace whatever else is there.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    RunError
        If the runs hold no row.
    FileReadError, FileWriteError
        If a run cannot be read, or the page not be written or would replace another
        file.
    """
    check_free(out, overwrite=overwrite or (out.is_file() and is_report(out)))
    stores = [RunStore(folder) for folder in folders]
    found = [store.manifest() for store in stores]  # before a folder is looked up
    manifests = {
        str(store.folder): {**manifest, "run": name}
        for store, manifest, name in zip(stores, found, _names_of(stores), strict=True)
    }
    rows = joined_rows(stores)
    if rows.empty:
        names = ", ".join(str(folder) for folder in folders)
        msg = f"{names} holds no result yet; run the benchmark first"
        raise RunError(msg)
    write_text(out, _page(rows, manifests))
    return out


def is_report(path: Path) -> bool:
    """Whether a file is a page of ours, which may be written anew without asking.

    Parameters
    ----------
    path : Path
        A file.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        return PAGE_MARK in file.read(LONGEST_HEAD)


def joined_rows(stores: Sequence[RunStore]) -> pd.DataFrame:
    """Join runs.

    Parameters
    ----------
    stores : sequence of RunStore
        The runs.

    Returns
    -------
    pandas.DataFrame
        The columns of ``Row`` and ``run``. A model with the same case in several runs,
        or with several weights, is told apart by the run's folder; runs of one model
        over different data are one table.

    Raises
    ------
    FileReadError
        If a part is damaged.
    """
    import pandas as pd

    frames = [
        store.rows().assign(run=name)
        for store, name in zip(stores, _names_of(stores), strict=True)
    ]
    rows = pd.concat(frames, ignore_index=True)
    apart = rows["model"].isin(_told_differently(rows[rows["model"].ne("")]))
    rows.loc[apart, "model"] += " (" + rows.loc[apart, "run"] + ")"
    return rows


def _told_differently(rows: pd.DataFrame) -> set[str]:
    """List models with the same case in several runs, or with several weights."""
    runs_of = rows.groupby(["model", "case_id"])["run"].nunique()
    weights_of = rows.groupby("model")["model_sha256"].nunique()
    twice = runs_of[runs_of.gt(1)].index.get_level_values("model")
    return {*twice, *weights_of[weights_of.gt(1)].index}


def _names_of(stores: Sequence[RunStore]) -> list[str]:
    """Name runs by their folders, by the whole path where the names are the same."""
    names = [store.folder.resolve().name for store in stores]
    return [
        printable(name if names.count(name) == 1 else str(store.folder))
        for store, name in zip(stores, names, strict=True)
    ]


def _page(rows: pd.DataFrame, manifests: dict[str, dict[str, Any]]) -> str:
    import pandas as pd
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("napari_sam_med.bench.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    defaults = defaults_of(rows)
    summary = summarise(pd.concat([rows, defaults], ignore_index=True))
    means = mean_over_tasks(summary)
    figures = {
        "IoU by number of clicks": click_curves(means),
        "IoU of all cases by mode": mode_boxes(defaults),
        **reliability_figures(rows),
    }
    failed = rows[rows["error"].ne("")]
    return environment.get_template(TEMPLATE).render(
        manifests=manifests,
        warnings=[each for one in manifests.values() for each in warnings_of(one)],
        profile_notes={str(key): note for key, note in PROFILE_NOTES.items()},
        counts=_counts(rows),
        tables=[
            {"title": title, **table}
            for title, settings in (
                ("Prompted once: the five modes", "mode"),
                ("Corrected by clicks", "clicks"),
            )
            for table in _tables(summary, means, settings)
        ],
        more=more_tables(rows, defaults, summary),
        figures={
            title: picture_from_figure(figure)
            for title, figure in figures.items()
            if figure is not None
        },
        details=summary.to_dict("records"),
        failures=failed.to_dict("records"),
        not_asked=[
            sentence
            for manifest in manifests.values()
            for sentence in not_asked(
                rows[rows["run"].eq(manifest["run"])], manifest["settings"]["groups"]
            )
        ],
    )


def reliability_figures(rows: pd.DataFrame) -> dict[str, Figure]:
    """Draw a reliability diagram for each model and profile.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``.

    Returns
    -------
    dict of str to Figure
        By caption, which holds the calibration error and the rank correlation; without
        models whose predicted IoU never varies.
    """
    found = {}
    judged = judged_masks(rows)
    totals = summarise_calibration(rows)
    totals = totals[totals["setting"].eq(ALL_MODES) & totals["spearman"].notna()]
    for total in totals.itertuples():
        mine = judged["model"].eq(total.model) & judged["profile"].eq(total.profile)
        caption = (
            f"Calibration of the predicted IoU of {total.model}: {total.n} masks, "
            f"one for each object and mode (profile {total.profile}): calibration "
            f"error {total.error:.3f}, Spearman {total.spearman:.3f}"
        )
        found[caption] = reliability_diagram(judged[mine])
    return found


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    good = rows[rows["error"].eq("")]
    return {
        "images": good["image"].nunique(),
        "patients": good["patient"].nunique(),
        "objects": good["case_id"].nunique(),
        "tasks": good["task"].nunique(),
        "predictions": len(good),
        "failures": len(rows) - len(good),
    }


def _tables(
    summary: pd.DataFrame, means: pd.DataFrame, settings: str
) -> list[dict[str, Any]]:
    """Build one table for each model and profile: tasks down, settings across."""
    found = []
    chosen = summary[summary["setting"].str.startswith(settings)]
    for (model, profile), part in chosen.groupby(["model", "profile"]):
        columns = sorted(set(zip(part["setting"], part["step"], strict=True)))
        of_all = means[means["model"].eq(model) & means["profile"].eq(profile)]
        lines = [
            {
                "task": task,
                "n": int(of_task["n"].max()),
                "cells": _cells(of_task, columns),
            }
            for task, of_task in part.groupby("task")
        ]
        if len(lines) > 1:
            lines.append({"task": ALL_TASKS, "n": "", "cells": _cells(of_all, columns)})
        heads = [f"mode {s[4:]}" if s != "clicks" else f"{k}" for s, k in columns]
        found.append(
            {"model": model, "profile": profile, "heads": heads, "lines": lines}
        )
    return found


def _cells(
    part: pd.DataFrame, columns: Sequence[tuple[str, int]]
) -> list[tuple[float | None, float | None]]:
    """Return default and oracle for each column; None where there is nothing."""
    values = {
        (row.setting, row.step, row.selection): float(row.mean_iou)
        for row in part.rename(columns={"mean": "mean_iou"}).itertuples()
    }
    return [
        (
            values.get((setting, step, "default")),
            values.get((setting, step, "oracle")),
        )
        for setting, step in columns
    ]
