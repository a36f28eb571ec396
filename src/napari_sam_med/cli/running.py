"""A benchmark run with a progress bar, and its result as tables."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from rich.table import Table

from napari_sam_med.bench.data.given_data import GivenData
from napari_sam_med.bench.data.prompted_cases import PromptedCases
from napari_sam_med.bench.protocol.clicking_group_runs import GROUP_SETTINGS
from napari_sam_med.bench.protocol.people.recorded_runs import (
    RECORDED_BOX,
    RECORDED_CLICKS,
)
from napari_sam_med.bench.protocol.profiles import DEFAULT
from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
from napari_sam_med.bench.run.cluster.workers import Workers
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.store.data_places import noting_places
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.bench.run.stored_prompts import StoredPrompts
from napari_sam_med.cli.progress import counting
from napari_sam_med.cli.terminal import Console

if TYPE_CHECKING:
    import pandas as pd

    from napari_sam_med.bench.data.labelled_volumes import VolumeSource
    from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
        VolumeSettings,
    )
    from napari_sam_med.bench.report.report_page import Pictures

SHOWN_CLICKS = (1, 3, 5, 7, 9)
SHOWN_NAMES = 3
TITLES = {
    "mode1": "1  point in the largest component",
    "mode2": "2  points in up to three components",
    "mode3": "3  box round the largest component",
    "mode4": "4  boxes round up to three components",
    "mode5": "5  one box round all components",
    RECORDED_BOX: "a person's box",
}
CHAINS = {"clicks": "", RECORDED_CLICKS: "a person's "}
TELLING = ("mode5", RECORDED_BOX)
"""Settings of which a table of classes shows the outcome."""


def run_and_tell(
    given: GivenData,
    models: Sequence[ModelSpec],
    settings: RunSettings,
    store: RunStore,
    prompts_from: StoredPrompts | None = None,
    workers: Workers | None = None,
) -> int:
    """Run, write summary and report, and print the means.

    Parameters
    ----------
    given : GivenData
        What is read; where it lies is noted in the run's folder.
    models, settings, store, prompts_from, workers
        As ``run_benchmark`` takes them.

    Returns
    -------
    int
        Exit status: 0, or 1 if a case or a pair failed.
    """
    from napari_sam_med.bench.report.report_page import finish

    source = given.open()
    tell_unread(given)
    if prompts_from is not None and prompts_from.recorded:
        source = PromptedCases(source, frozenset(prompts_from.recorded))
    run = run_benchmark(source, models, settings, store, prompts_from, workers)
    with counting("Prompting") as step, closing(run):
        for event in noting_places(run, store.folder, given):
            step(event.done, event.total, event.seconds_left)
    summary = finish(store, pictures=pictures_of_run(store, source, models, settings))
    console = Console()
    if len(summary):
        console.print(table_of_settings(summary))
        console.print(table_of_tasks(summary))
    tell_quality([store], console)
    tell_empty(store, console)
    console.print(f"Report: {store.folder / 'report.html'}", soft_wrap=True)
    return tell_failures(store, console)


def pictures_of_run(
    store: RunStore,
    source: VolumeSource,
    models: Sequence[ModelSpec],
    settings: RunSettings | VolumeSettings,
) -> Pictures:
    """Say what pictures of a run's cases are made from.

    Parameters
    ----------
    store, source, models, settings
        As ``run_benchmark`` or ``run_volumes`` took them.
    """
    from napari_sam_med.bench.report.figures.panels_again import PictureSource
    from napari_sam_med.bench.report.report_page import Pictures

    loaders = {model.name: model.load for model in models}
    made = PictureSource(source, lambda name: loaders[name](), settings)
    return Pictures({str(store.folder): made})


def tell_quality(stores: Sequence[RunStore], console: Console) -> None:
    """Say what numbers and figures are worth: predicted IoU, patients, weights, fonts.

    Parameters
    ----------
    stores : sequence of RunStore
        Finished runs, taken together.
    console : Console
        Where to print.
    """
    from napari_sam_med.bench.analysis.between_models.told_apart import (
        with_told_names,
    )
    from napari_sam_med.bench.analysis.calibration import (
        ALL_MODES,
        summarise_calibration,
    )
    from napari_sam_med.bench.report.cautions.told_patients import (
        few_patients_notes,
        patients_notes,
    )
    from napari_sam_med.bench.report.figures.figure_fonts import FigureFonts
    from napari_sam_med.bench.report.joined_runs import (
        joined_rows,
        names_of,
        names_used_notes,
    )
    from napari_sam_med.bench.report.page_template import of_each_run
    from napari_sam_med.bench.report.report_data import READ
    from napari_sam_med.bench.report.report_notes import (
        floors_of,
        unfinished_note,
        warnings_of,
    )
    from napari_sam_med.bench.report.report_table import printed

    rows = joined_rows(stores, READ, categories=True)
    runs = dict(zip(names_of(stores), stores, strict=True))
    named = {name: {**store.manifest(), "run": name} for name, store in runs.items()}
    manifests = with_told_names(named, rows)
    told = [*manifests.values()]
    floors = floors_of(rows, told)
    calibration = summarise_calibration(rows, floors)
    of_all = calibration[calibration["setting"].eq(ALL_MODES)]
    profiles = calibration["profile"].nunique() > 1
    for one in of_all[of_all["spearman"].notna()].itertuples():
        under = f" under {one.profile}" * profiles
        console.print(
            f"Predicted IoU of {one.model}{under}, {one.n} masks in all modes: "
            f"Spearman {printed(one.spearman)}, {printed(one.spearman_within)} within "
            f"tasks, calibration error {printed(one.error)}",
            soft_wrap=True,
        )
    notes = [
        *of_each_run(rows, manifests, unfinished_note),
        *names_used_notes(rows, told),
        *patients_notes(rows, told),
        *few_patients_notes(rows),
        FigureFonts.of(rows).note,
    ]
    for sentence in dict.fromkeys(note for note in notes if note):
        console.print(sentence, soft_wrap=True)
    found = [each for one in told for each in warnings_of(one)]
    for sentence in dict.fromkeys(found):
        console.print(f"WARNING: {sentence}", style="bold red", soft_wrap=True)


def table_of_settings(summary: pd.DataFrame) -> Table:
    """Mean IoU over tasks for each kind of prompt, a column for each model.

    Parameters
    ----------
    summary : DataFrame
        As ``finish`` returns it.

    Returns
    -------
    rich.table.Table
    """
    models = list(dict.fromkeys(summary["model"]))
    profile = ", ".join(sorted(summary["profile"].unique()))
    table = Table(title=f"Mean IoU over classes (default mask of {profile})")
    table.add_column("prompt")
    keys = ["model", "selection", "setting", "step"]
    means = summary.groupby(keys)["mean"].mean()
    columns = []
    for model in models:
        default, oracle = (means[model].get(each) for each in (DEFAULT, "oracle"))
        columns.append((model, DEFAULT))
        if oracle is not None and not oracle.equals(default):
            columns.append((model, "oracle"))
    for model, selection in columns:
        table.add_column(f"{model}\n{selection.replace('_', ' ')}", justify="right")
    for setting, step, title in _shown_rows(summary):
        cells = [_cell(means, (*column, setting, step)) for column in columns]
        table.add_row(title, *cells)
    return table


def table_of_tasks(summary: pd.DataFrame) -> Table:
    """IoU of each class for the easiest and the most common prompts (default mask).

    Parameters
    ----------
    summary : DataFrame
        As ``finish`` returns it.

    Returns
    -------
    rich.table.Table
    """
    models = list(dict.fromkeys(summary["model"]))
    shown = [row for row in _shown_rows(summary) if _is_telling(row)]
    table = Table(title="Mean IoU of each class (default mask)")
    for heading in ("class", "model"):
        table.add_column(heading)
    for heading in ("cases", *(_short(title) for _, _, title in shown)):
        table.add_column(heading, justify="right")
    best = summary[summary["selection"] == DEFAULT]
    means = best.set_index(["task", "model", "setting", "step"])["mean"].sort_index()
    for task, cases in best.groupby("task")["n"].max().items():
        for model in models:
            cells = [
                _cell(means, (task, model, setting, step)) for setting, step, _ in shown
            ]
            first = (str(task), str(cases)) if model == models[0] else ("", "")
            table.add_row(first[0], model, first[1], *cells)
        table.add_section()
    return table


def _shown_rows(summary: pd.DataFrame) -> list[tuple[str, int, str]]:
    pairs = sorted(set(zip(summary["setting"], summary["step"], strict=True)))
    rows = [(s, n, TITLES[s]) for s, n in pairs if s in TITLES]
    for setting, before in CHAINS.items():
        steps = [n for s, n in pairs if s == setting]
        shown = [n for n in steps if n in {*SHOWN_CLICKS, steps[-1]}]
        rows += [(setting, n, f"{before}{n} click{'s' * (n > 1)}") for n in shown]
    for group, setting in enumerate(GROUP_SETTINGS, start=1):
        last = max((n for s, n in pairs if s == setting), default=0)
        title = f"{last} click{'s' * (last > 1)} of group {group}"
        rows += [(setting, last, title)] * bool(last)
    grids = [n for s, n in pairs if s == "everything"]
    return rows + [("everything", n, f"every point of {n} x {n}") for n in grids]


def _is_telling(row: tuple[str, int, str]) -> bool:
    return row[0] in TELLING or (row[0] in CHAINS and row[1] in (1, 9))


def _short(title: str) -> str:
    return "box" if title.startswith("5") else title


def _cell(means: pd.Series, key: tuple[object, ...]) -> str:
    return f"{means[key]:.3f}" if key in means.index else "-"


def tell_unread(given: GivenData) -> None:
    """Name the subfolders with images that are not read.

    Parameters
    ----------
    given : GivenData
        What a run is to read.
    """
    folders = [str(folder) for folder in given.folders_unread()]
    if folders:
        Console(stderr=True).print(
            f"Note: subfolders are not read: {_first(folders)}; give one of them in "
            "place of the folder that it lies in, or move its files up",
            soft_wrap=True,
        )


def tell_empty(store: RunStore, console: Console) -> None:
    """Name the images that hold no object: a note, since nothing failed.

    Parameters
    ----------
    store : RunStore
        A finished run.
    console : Console
        Where to print.
    """
    names = store.manifest().get("without_object", ())
    if names:
        told = f"No labelled object, so no case: {_first(names)}"
        console.print(told, soft_wrap=True)


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN_NAMES} more" * (len(names) > SHOWN_NAMES)
    return f"{', '.join(names[:SHOWN_NAMES])}{more}"


def tell_failures(store: RunStore, console: Console) -> int:
    """Name the first failure.

    Parameters
    ----------
    store : RunStore
        A finished run.
    console : Console
        Where to print.

    Returns
    -------
    int
        Exit status: 0, or 1 if something failed.
    """
    rows = store.rows(["case_id", "error"], categories=True)
    failed = rows[rows["error"] != ""]
    if not len(failed):
        return 0
    first = failed.iloc[0]
    names = failed["case_id"].nunique()
    console.print(
        f"{names} could not be done, the first being {first['case_id']}: "
        f"{first['error']}",
        soft_wrap=True,
    )
    return 1
