"""A run over volumes with a progress bar, and its result as a table."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from math import isnan
from typing import TYPE_CHECKING

from rich.table import Table

from napari_sam_med.bench.data.given_data import GivenData
from napari_sam_med.bench.protocol.run_settings import ModelSpec
from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
    VolumeProfile,
    VolumeSettings,
)
from napari_sam_med.bench.run.cluster.workers import Workers
from napari_sam_med.bench.run.store.data_places import noting_places
from napari_sam_med.bench.run.store.run_store import REPORT, RunStore
from napari_sam_med.bench.run.volume_engine import run_volumes
from napari_sam_med.cli.progress import counting
from napari_sam_med.cli.running import (
    pictures_of_run,
    tell_empty,
    tell_failures,
    tell_unread,
)
from napari_sam_med.cli.terminal import Console

if TYPE_CHECKING:
    import pandas as pd

HEADINGS = {
    "iou": "IoU",
    "dice": "Dice",
    "nsd": "NSD",
    "surplus_slices": "extra\nslices",
    "lost_mm": "lost\nat mm",
    "dsc_auc": "Dice\narea",
    "nsd_auc": "NSD\narea",
}
SHOWN = {
    VolumeProfile.SAM2_MEDICAL: ("iou", "dice", "nsd", "surplus_slices", "lost_mm"),
    VolumeProfile.CVPR25_3D: ("dice", "nsd", "dsc_auc", "nsd_auc"),
}
"""What each profile's paper reports; ``summary.csv`` has all measures."""
COUNTED = ("surplus_slices", "lost_mm")
"""Slices and millimetres, no shares: one digit behind the point."""


def run_volumes_and_tell(
    given: GivenData,
    models: Sequence[ModelSpec],
    settings: VolumeSettings,
    store: RunStore,
    workers: Workers | None = None,
) -> int:
    """Run, write the summary, and print the means.

    Parameters
    ----------
    given : GivenData
        What is read; where it lies is noted in the run's folder.
    models, settings, store, workers
        As ``run_volumes`` takes them.

    Returns
    -------
    int
        Exit status: 0, or 1 if an object or a pair failed.
    """
    from napari_sam_med.bench.report.over_volumes.volume_outputs import (
        write_volume_report,
        write_volume_summary,
    )

    source = given.open()
    tell_unread(given)
    run = run_volumes(source, models, settings, store, workers)
    with counting("Prompting") as step, closing(run):
        for event in noting_places(run, store.folder, given):
            step(event.done, event.total, event.seconds_left)
    store.finish()
    summary = write_volume_summary(store)
    console = Console()
    tell_volume_means(summary, console)
    tell_empty(store, console)
    pictures = pictures_of_run(store, source, models, settings)
    report = write_volume_report([store], store.folder / REPORT, pictures=pictures)
    tell_cautions([store], console)
    console.print(f"Report: {report}", soft_wrap=True)
    return tell_failures(store, console)


def tell_cautions(stores: Sequence[RunStore], console: Console) -> None:
    """Say which runs were not finished, and what the figures cannot show.

    Parameters
    ----------
    stores : sequence of RunStore
        Of one report.
    console : Console
        Where to print.
    """
    from napari_sam_med.bench.analysis.between_models.told_apart import (
        with_told_names,
    )
    from napari_sam_med.bench.report.figures.figure_fonts import DRAWN, FigureFonts
    from napari_sam_med.bench.report.joined_runs import joined_rows, names_of
    from napari_sam_med.bench.report.page_template import of_each_run
    from napari_sam_med.bench.report.report_notes import unfinished_note

    rows = joined_rows(stores, DRAWN, categories=True)
    runs = dict(zip(names_of(stores), stores, strict=True))
    named = {name: {**store.manifest(), "run": name} for name, store in runs.items()}
    unfinished = of_each_run(rows, with_told_names(named, rows), unfinished_note)
    for note in filter(None, [*unfinished, FigureFonts.of(rows).note]):
        console.print(note, soft_wrap=True, highlight=False)


def tell_volume_means(summary: pd.DataFrame, console: Console) -> None:
    """Print the means over tasks.

    Parameters
    ----------
    summary : DataFrame
        As ``summarise_volumes`` gives it.
    console : Console
        Where to print.
    """
    from napari_sam_med.bench.analysis.volume_summary import means_over_tasks

    if summary.empty:
        return
    means = means_over_tasks(summary)
    profile = VolumeProfile(summary["profile"].iloc[0])
    shown = [name for name in SHOWN[profile] if means[name].notna().any()]
    table = Table(title="Means over classes (patients within a class)")
    for heading in ("model", "prompts"):
        table.add_column(heading, no_wrap=True)
    for name in shown:
        table.add_column(HEADINGS[name], justify="right")
    for row in means.itertuples():
        values = [(name, getattr(row, name)) for name in shown]
        cells = [
            "-" if isnan(value) else f"{value:.{1 if name in COUNTED else 3}f}"
            for name, value in values
        ]
        number = f" {row.step}" if row.setting == "clicks" else ""
        prompts = f"{row.setting}{number}"
        table.add_row(str(row.model), prompts, *cells)
    console.print(table)
