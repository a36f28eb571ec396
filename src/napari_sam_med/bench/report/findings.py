"""The finding of a report in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.protocol.profiles import DEFAULT
from napari_sam_med.bench.report.report_table import printed

if TYPE_CHECKING:
    import pandas as pd

    from napari_sam_med.bench.report.report_data import ReportData

PROMPTS = {
    "mode1": "one point (mode 1)",
    "mode2": "a point in each part (mode 2)",
    "mode3": "the box of the largest part (mode 3)",
    "mode4": "a box for each part (mode 4)",
    "mode5": "one box round the object (mode 5)",
}


def findings_of(data: ReportData, best: pd.DataFrame) -> list[str]:
    """Say which prompt serves best, what it gains, and what clicks add.

    Parameters
    ----------
    data : ReportData
        Of the runs.
    best : pandas.DataFrame
        As ``best_prompts`` gives it.

    Returns
    -------
    list of str
        One text for each profile and model that is no floor; default masks throughout.
    """
    return [
        " ".join(_sentences(data, best, str(profile), str(model)))
        for (profile, model), _ in data.means.groupby(["profile", "model"], sort=True)
        if model not in data.floors
    ]


def findings_by_task(best: pd.DataFrame) -> list[str]:
    """Say for each task which prompt of which model serves best, and what it gains.

    Parameters
    ----------
    best : pandas.DataFrame
        As ``best_prompts`` gives it.

    Returns
    -------
    list of str
        One text for each profile and task, from the highest IoU to the lowest.
    """
    several = best["model"].nunique() > 1
    ordered = best.sort_values(["mean", "model"], ascending=[False, True])
    firsts = ordered.drop_duplicates(["profile", "task"])
    profiles = firsts["profile"].nunique() > 1
    return [
        _of_task(one, several=several, profiles=profiles)
        for _, one in firsts.iterrows()
    ]


def _of_task(one: pd.Series, *, several: bool, profiles: bool) -> str:
    where = f"{one['task']} ({one['profile']})" if profiles else f"{one['task']}"
    said = f"{where}: {PROMPTS[one['best']]}"
    said += f" with {one['model']}" if several else ""
    said += f", IoU {printed(float(one['mean']))}"
    if one["next"]:
        gain = printed(float(one["over_next"]))
        above = f"{gain} above" if float(gain) else "no more than"
        said += f", {above} {PROMPTS[one['next']]}"
    if not np.isnan(one["floor"]):
        said += f"; floor {printed(float(one['floor']))}"
    return f"{said}."


def _sentences(
    data: ReportData, best: pd.DataFrame, profile: str, model: str
) -> list[str]:
    mine = data.means[
        data.means["profile"].eq(profile)
        & data.means["model"].eq(model)
        & data.means["selection"].eq(DEFAULT)
    ]
    modes = mine[mine["setting"].isin(list(PROMPTS))]
    said = []
    if len(modes):
        said += [_best_of(modes, model, profile), _by_task(best, profile, model)]
        said.append(_floor_of(data, profile, modes))
    clicks = mine[mine["setting"].eq("clicks")].sort_values("step")
    if len(clicks):
        said.append(_clicks_of(clicks, model))
    return [sentence for sentence in said if sentence]


def _best_of(modes: pd.DataFrame, model: str, profile: str) -> str:
    means = dict(zip(modes["setting"], modes["mean"], strict=True))
    best = max(means, key=lambda name: (means[name], name))
    count = int(modes["n_tasks"].max())
    tasks = "one task" if count == 1 else f"{count} tasks"
    gain = ""
    others = [name for name in means if name != best]
    if others:
        after = max(others, key=lambda name: (means[name], name))
        gain = f", {printed(means[best] - means[after])} above {PROMPTS[after]}"
    if "mode1" in others and after != "mode1":
        gain += f" and {printed(means[best] - means['mode1'])} above one point"
    return (
        f"{model} ({profile}) reaches the highest mean IoU over {tasks} with "
        f"{PROMPTS[best]}: {printed(means[best])}{gain}."
    )


def _by_task(table: pd.DataFrame, profile: str, model: str) -> str:
    mine = table[table["profile"].eq(profile) & table["model"].eq(model)]
    if len(mine) < 2:
        return ""
    counts = mine["best"].value_counts().sort_index()
    parts = [f"{PROMPTS[mode]} in {count}" for mode, count in counts.items()]
    low, high = (mine.loc[mine["mean"].eq(v)].iloc[0] for v in _ends(mine["mean"]))
    return (
        f"Best by task: {', '.join(parts)}; from {printed(float(low['mean']))} "
        f"({low['task']}) to {printed(float(high['mean']))} ({high['task']})."
    )


def _floor_of(data: ReportData, profile: str, modes: pd.DataFrame) -> str:
    floors = data.means[
        data.means["model"].isin(list(data.floors))
        & data.means["profile"].eq(profile)
        & data.means["selection"].eq(DEFAULT)
        & data.means["setting"].isin(modes["setting"])
    ]
    if floors.empty:
        return ""
    best = floors.loc[floors["mean"].idxmax()]
    return (
        f"The floor is {printed(float(best['mean']))}, by {best['model']} with "
        f"{PROMPTS[best['setting']]}."
    )


def _clicks_of(clicks: pd.DataFrame, model: str) -> str:
    first, last = clicks.iloc[0], clicks.iloc[-1]
    if first["step"] == last["step"]:
        return ""
    return (
        f"By clicks {model} goes from {printed(float(first['mean']))} with "
        f"{first['step']} to {printed(float(last['mean']))} with {last['step']}."
    )


def _ends(values: pd.Series) -> tuple[float, float]:
    return (float(np.min(values)), float(np.max(values)))
