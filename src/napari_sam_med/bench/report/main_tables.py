"""The main tables: each task's numbers, models side by side, and the best prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam_med.bench.analysis.between_models.common_cases import (
    answered_throughout,
)
from napari_sam_med.bench.analysis.ladder import ALL_TASKS, ROUNDED, TASKS
from napari_sam_med.bench.analysis.spreads import SPREAD
from napari_sam_med.bench.analysis.statistics import summarise
from napari_sam_med.bench.protocol.profiles import DEFAULT
from napari_sam_med.bench.report.report_table import ReportTable, printed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from napari_sam_med.bench.report.report_data import ReportData

COUNTS = ("n", "n_patients")
MAIN = ["profile", "prompt", "task", "model", *COUNTS, *SPREAD, "unit", "failed_share"]
BEST = (
    "best",
    "mean",
    "next",
    "over_next",
    "mode1",
    "gain",
    "oracle",
    "floor",
    "n",
    "left_out",
)
NOTES = {
    "main": "IoU of the default mask. Cases become patients (strict) or slices (the "
    "published profiles), these become tasks: mean, median, SD and the 95 % bootstrap "
    "interval of the mean are over those of the column unit, the last line of each "
    "prompt over tasks. No interval for fewer than six. A patient counts in a "
    "task once under strict and once for each slice under the published profiles; in "
    "the last line once for each task: its n_patients are those of the tasks, added "
    "up. Clicks: the last one that all models were given in all tasks. failed_share: "
    "part with an IoU below .5.",
    "side_by_side": "Mean IoU of the default mask, and its 95 % interval where there "
    "are six units or more, over the n cases of a task that all models of its line "
    "answered. The last line is over the tasks that all models have.",
    "best_prompts": "Of the five modes the one with the highest mean IoU (default "
    "mask); over_next: what it gains over the next best one; gain: over one point "
    "(mode1); oracle: the best candidate under the same prompt; floor: the best "
    "baseline under the same prompt. All over the n cases of the task that have every "
    "model's answer to every mode; left_out counts the others. No floor is told that "
    "did not answer all of these.",
}


def main_tables(data: ReportData, best: pd.DataFrame) -> list[ReportTable]:
    """Build the tables that a reader looks at first.

    Parameters
    ----------
    data : ReportData
        Of the runs.
    best : pandas.DataFrame
        As ``best_prompts`` gives it.

    Returns
    -------
    list of ReportTable
        Without those that would be empty.
    """
    main = _main(data)
    found = [
        ReportTable("best_prompts", "Best prompt of each task", NOTES["best_prompts"],
                    best),
        *_side_by_side(data, main),
        ReportTable("main", "All tasks and models", NOTES["main"], main),
    ]  # fmt: skip
    return [table for table in found if len(table.frame)]


def best_prompts(data: ReportData) -> pd.DataFrame:
    """Find the mode that serves each task best, and what it gains.

    Parameters
    ----------
    data : ReportData
        Of the runs.

    Returns
    -------
    pandas.DataFrame
        By profile, model and task: ``best`` mode, its ``mean`` IoU, the ``next`` best
        mode and what the best one gains over it (``over_next``; empty and NaN if one
        mode was asked only), the IoU of ``mode1`` (NaN if it was not asked), the
        ``gain`` over that, the ``oracle`` under the best mode, and the ``floor``, the
        best baseline there (NaN without any that answered these cases); ``n`` cases
        that have every model's answer to every mode, ``left_out`` others.
    """
    import pandas as pd

    shown = data.joined[
        data.joined["setting"].str.startswith("mode")
        & data.joined["error"].eq("")
        & data.joined["selection"].isin([DEFAULT, "oracle"])
    ]
    own = shown[shown["selection"].eq(DEFAULT) & ~shown["model"].isin(data.floors)]
    of_task = ["profile", "task"]
    shared = answered_throughout(own, of_task, ("model", "setting"))
    all_cases = own.groupby(of_task)["case_id"].nunique()
    chosen = [*of_task, "case_id"]
    index = shown.set_index(chosen).index
    same = index.isin(shared.set_index(chosen).index)
    if not same.all():  # floors too may have answered others
        modes = summarise(shown[same])
    else:
        modes = data.summary[data.summary["setting"].str.startswith("mode")]
    key = ["profile", "model", "task"]
    index = [*key, "setting", "selection"]
    keyed = modes.set_index(index)["mean"]
    counts = dict(modes.set_index(index)["n"].items())
    values = {tuple(index): float(mean) for index, mean in keyed.items()}
    defaults = modes[modes["selection"].eq(DEFAULT)]
    records = []
    for of_task, group in defaults.groupby(key, sort=True):
        profile, model, task = of_task
        if model in data.floors:
            continue
        nan = float("nan")
        order = sorted((-round(float(m), ROUNDED), str(s)) for m, s in
                       zip(group["mean"], group["setting"], strict=True))  # fmt: skip
        (lost, mode), (lost_next, second) = [*order, (nan, "")][:2]
        mean, n = -lost, int(group["n"].max())
        one = values.get((*of_task, "mode1", DEFAULT), nan)
        oracle = values.get((*of_task, mode, "oracle"), nan)
        floors = [
            values[profile, floor, task, mode, DEFAULT]
            for floor in data.floors
            if counts.get((profile, floor, task, mode, DEFAULT), 0) == n
        ]
        floor = max(floors, default=nan)
        after = (second, mean + lost_next)
        record = (*of_task, mode, mean, *after, one, mean - one, oracle, floor, n)
        records.append((*record, int(all_cases[profile, task]) - n))
    return pd.DataFrame.from_records(records, columns=[*key, *BEST])


def _main(data: ReportData) -> pd.DataFrame:
    """List the five modes and a click of each task, then over the tasks.

    The click is the last one that every model was given in every task: joined runs may
    have more in one task, whose mean would not be one over the tasks.
    """
    import pandas as pd

    of_tasks = data.summary.rename(columns={"ci_unit": "unit"})
    of_all = data.means[data.means["n_tasks"].gt(1)]
    of_all = of_all.assign(task=ALL_TASKS, unit=TASKS, failed_share=np.nan)
    both = pd.concat([of_tasks, of_all], ignore_index=True)
    both = both[both["selection"].eq(DEFAULT)]
    clicks = both["setting"].eq("clicks")
    of_each = both[clicks].groupby(["profile", "model", "task"])["step"].max()
    last = of_each.drop(ALL_TASKS, level="task", errors="ignore").groupby("profile")
    wanted = both["setting"].str.startswith("mode")
    wanted |= clicks & both["step"].eq(both["profile"].map(last.min()))
    chosen = both[wanted]
    chosen = chosen.assign(prompt=_prompts(chosen), _last=chosen["task"].eq(ALL_TASKS))
    order = ["profile", "setting", "prompt", "_last", "task", "model"]
    order.remove("setting")
    return chosen.sort_values(order, ignore_index=True)[MAIN]


def _prompts(rows: pd.DataFrame) -> list[str]:
    return [
        f"{step} clicks" if setting == "clicks" else str(setting)
        for setting, step in zip(rows["setting"], rows["step"], strict=True)
    ]


def _shared(data: ReportData, main: pd.DataFrame) -> pd.DataFrame:
    """Do as ``_main`` over the cases of a task that all models answered."""
    by = ["profile", "prompt", "task"]
    modes = data.defaults["setting"].str.startswith("mode")
    rows = data.defaults[modes | data.defaults["setting"].eq("clicks")]
    rows = rows.assign(prompt=_prompts(rows))
    index = [*by, "model"]
    rows = rows[rows.set_index(index).index.isin(main.set_index(index).index)]
    shared = answered_throughout(rows, by)
    if len(shared) == len(rows):
        return main
    found = summarise(shared)
    return found.assign(prompt=_prompts(found))


def _side_by_side(data: ReportData, main: pd.DataFrame) -> Iterator[ReportTable]:
    """Set the models of each prompt side by side."""
    import pandas as pd

    shared_cases = _shared(data, main)
    by_prompt = shared_cases.groupby(["profile", "prompt"], sort=True)
    for (profile, prompt), part in by_prompt:
        models = sorted(part["model"].unique())
        if len(models) < 2:
            continue
        tasks = part[part["task"].ne(ALL_TASKS)]
        text = [
            _with_interval(*values)
            for values in zip(tasks["mean"], tasks["ci_low"], tasks["ci_high"],
                              strict=True)
        ]  # fmt: skip
        wide = tasks.assign(text=text).pivot_table(
            index="task", columns="model", values="text", aggfunc="first"
        )
        means = tasks.pivot_table(index="task", columns="model", values="mean")
        shared = means.dropna()
        table = wide.reindex(columns=models).fillna(printed(float("nan")))
        if len(shared) > 1:
            line = [printed(float(shared[model].mean())) for model in models]
            name = f"{ALL_TASKS} ({len(shared)} of {len(wide)})"
            table = pd.concat([table, pd.DataFrame([line], [name], models)])
        counts = tasks.groupby("task")["n"].max()
        table.insert(0, "n", counts.reindex(table.index).map(_count))
        table.index.name = "task"
        yield ReportTable(
            f"side_by_side_{profile}_{prompt.replace(' ', '_')}",
            f"Models side by side: {prompt} ({profile})",
            NOTES["side_by_side"],
            table.reset_index(),
        )


def _count(n: float) -> str:
    return "" if np.isnan(n) else str(int(n))


def _with_interval(mean: float, low: float, high: float) -> str:
    interval = "" if np.isnan(low) else f" ({printed(low)} to {printed(high)})"
    return printed(mean) + interval


def tables_by_model(data: ReportData, settings: str) -> list[dict[str, Any]]:
    """Build one table for each model and profile: tasks down, settings across.

    Parameters
    ----------
    data : ReportData
        Of the runs.
    settings : str
        ``mode`` or ``clicks``.

    Returns
    -------
    list of dict
        With ``model``, ``profile``, ``heads`` and ``lines``, whose cells are the means
        of default and oracle; over the tasks where all of them have one.
    """
    summary, means = data.summary, data.means
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
            of_all = of_all[of_all["n_tasks"].eq(len(lines))]
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
    names = ("setting", "step", "selection", "mean")
    columns_of_part = (part[name].tolist() for name in names)
    values = {tuple(key): mean for *key, mean in zip(*columns_of_part, strict=True)}
    return [
        (
            values.get((setting, step, "default")),
            values.get((setting, step, "oracle")),
        )
        for setting, step in columns
    ]
