"""The finding of a report in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.analysis.between_models.common_cases import (
    answered_throughout,
)
from napari_sam_med.bench.analysis.between_models.comparison import TIE
from napari_sam_med.bench.analysis.ladder import ROUNDED
from napari_sam_med.bench.analysis.statistics import mean_over_tasks, summarise
from napari_sam_med.bench.protocol.profiles import DEFAULT
from napari_sam_med.bench.report.report_table import printed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from napari_sam_med.bench.report.report_data import ReportData

PROMPTS = {
    "mode1": "one point (mode 1)",
    "mode2": "a point in each part (mode 2)",
    "mode3": "the box of the largest part (mode 3)",
    "mode4": "a box for each part (mode 4)",
    "mode5": "one box round the object (mode 5)",
}


@dataclass(frozen=True, slots=True, eq=False)
class RankedMeans:
    """Means by which models are set beside each other.

    Parameters
    ----------
    means : pandas.DataFrame
        As ``mean_over_tasks``, of the default masks of modes and clicks.
    said, said_of_clicks : str
        Over which cases; empty where it is all of them.
    cases : frozenset of str
        Those that the modes are over; empty where each model has its own.
    """

    means: pd.DataFrame
    said: str
    said_of_clicks: str
    cases: frozenset[str]


def _ranked(data: ReportData, profile: str) -> RankedMeans:
    """Take the means over the cases that all models but the floors answered."""
    import pandas as pd

    rows = data.defaults[
        data.defaults["profile"].eq(profile) & ~data.defaults["model"].isin(data.floors)
    ]
    told = data.means[
        data.means["profile"].eq(profile) & data.means["selection"].eq(DEFAULT)
    ]
    tables, said, cases = [], [], []
    for kind in ("mode", "clicks"):
        asked = rows[rows["setting"].str.startswith(kind)]
        asked = asked[asked["setting"].isin([*PROMPTS, "clicks"])]
        shared = answered_throughout(asked, ["profile"], ("model", "setting", "step"))
        count, of_all = (one["case_id"].nunique() for one in (shared, asked))
        own = told[told["setting"].str.startswith(kind)]
        tables.append(
            own if count in (0, of_all) else mean_over_tasks(summarise(shared))
        )
        said.append("" if count == of_all else _said(count, of_all))
        cases.append(frozenset(str(case) for case in shared["case_id"].unique()))
    means = pd.concat(tables, ignore_index=True)
    return RankedMeans(means, said[0], said[1], cases[0])


def _said(count: int, of_all: int) -> str:
    if not count:
        return " (over its own cases, since none has every answer of every model)"
    return f" (on the {count} of {of_all} cases with every answer of every model)"


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
        _of_task(one, _tied(ordered, one), several=several, profiles=profiles)
        for _, one in firsts.iterrows()
    ]


def _tied(best: pd.DataFrame, one: pd.Series) -> list[str]:
    """List the other models that tie with the best one of a task."""
    others = best[
        best["profile"].eq(one["profile"])
        & best["task"].eq(one["task"])
        & best["model"].ne(one["model"])
    ]
    near = (one["mean"] - others["mean"]).round(ROUNDED).le(TIE)
    return [str(model) for model in others.loc[near, "model"]]


def lead_in_words(gain: float, other: str) -> str:
    """Tell by how much something is above another, or that the two tie.

    Parameters
    ----------
    gain : float
        Of IoU; what is no more than ``TIE`` is a tie, here as in every table.
    other : str
        What is compared with.

    Examples
    --------
    >>> lead_in_words(0.1, "one point"), lead_in_words(0.005, "one point")
    ('0.100 above one point', 'a tie with one point')
    """
    if abs(round(gain, ROUNDED)) <= TIE:
        return f"a tie with {other}"
    return f"{printed(gain)} above {other}"


def _of_task(
    one: pd.Series, tied: Sequence[str], *, several: bool, profiles: bool
) -> str:
    where = f"{one['task']} ({one['profile']})" if profiles else f"{one['task']}"
    said = f"{where}: {PROMPTS[one['best']]}"
    said += f" with {one['model']}" if several else ""
    said += f" (a tie with {' and '.join(tied)})" if tied else ""
    said += f", IoU {printed(float(one['mean']))}"
    if one["next"]:
        said += f", {lead_in_words(float(one['over_next']), PROMPTS[one['next']])}"
    if one["left_out"]:
        said += f", on {one['n']} of {one['n'] + one['left_out']} cases"
    if not np.isnan(one["floor"]):
        said += f"; floor {printed(float(one['floor']))}"
    return f"{said}."


def _sentences(
    data: ReportData, best: pd.DataFrame, profile: str, model: str
) -> list[str]:
    ranked = _ranked(data, profile)
    mine = ranked.means[ranked.means["model"].eq(model)]
    modes = mine[mine["setting"].isin(list(PROMPTS))]
    said = []
    if len(modes):
        said.append(_best_of(modes, f"{model} ({profile})", ranked.said))
        said += [
            _by_task(best, profile, model),
            _floor_of(data, ranked, profile, model),
        ]
    clicks = mine[mine["setting"].eq("clicks")].sort_values("step")
    if len(clicks):
        said.append(_clicks_of(clicks, model, ranked.said_of_clicks))
    return [sentence for sentence in said if sentence]


def _best_of(modes: pd.DataFrame, model: str, cases: str) -> str:
    means = dict(zip(modes["setting"], modes["mean"], strict=True))
    # of equal ones the first, as in the table
    best, *others = sorted(means, key=lambda name: (-round(means[name], ROUNDED), name))
    count = int(modes["n_tasks"].max())
    tasks = "one task" if count == 1 else f"{count} tasks"
    gain = ""
    if others:
        after = others[0]
        gain = f", {lead_in_words(means[best] - means[after], PROMPTS[after])}"
    if "mode1" in others and after != "mode1":
        gain += f" and {lead_in_words(means[best] - means['mode1'], 'one point')}"
    return (
        f"{model} reaches the highest mean IoU over {tasks}{cases} with "
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


def _floor_of(data: ReportData, ranked: RankedMeans, profile: str, model: str) -> str:
    """Name the best floor, over the model's cases that it has of those told before."""
    rows = data.defaults[
        data.defaults["profile"].eq(profile) & data.defaults["setting"].isin([*PROMPTS])
    ]
    if ranked.cases:
        rows = rows[rows["case_id"].isin([*ranked.cases])]
    mine = rows[rows["model"].eq(model)]
    found = []
    for floor in sorted(data.floors & {*rows["model"]}):
        key = ["case_id", "setting"]
        other = rows[rows["model"].eq(floor)]
        other = other[other.set_index(key).index.isin(mine.set_index(key).index)]
        both = mine[mine.set_index(key).index.isin(other.set_index(key).index)]
        if other.empty:
            continue
        theirs, ours = (_means(one, profile) for one in (other, both))
        mode = str(theirs["mean"].idxmax())
        count = both["case_id"].nunique()
        prompt = str(ours["mean"].idxmax())
        reached = float(ours["mean"][prompt])
        found.append((float(theirs["mean"][mode]), floor, mode, count, reached, prompt))
    if not found:
        return ""
    # of equal ones the first by name, as everywhere
    mean, floor, mode, count, reached, prompt = max(
        found, key=lambda one: round(one[0], ROUNDED)
    )
    cases, whose = mine["case_id"].nunique(), "these" if ranked.said else "its"
    if count == cases:
        return f"The floor is {printed(mean)}, by {floor} with {PROMPTS[mode]}."
    return (
        f"On the {count} of {whose} {cases} cases that a floor answered too, the floor "
        f"is {printed(mean)}, by {floor} with {PROMPTS[mode]}, and {model} reaches "
        f"{printed(reached)} with {PROMPTS[prompt]}."
    )


def _means(rows: pd.DataFrame, profile: str) -> pd.DataFrame:
    """Take the mean over the tasks, by setting."""
    means = mean_over_tasks(summarise(rows))
    return means[means["profile"].eq(profile)].set_index("setting")


def _clicks_of(clicks: pd.DataFrame, model: str, cases: str) -> str:
    first, last = clicks.iloc[0], clicks.iloc[-1]
    if first["step"] == last["step"]:
        return ""
    return (
        f"By clicks {model} goes{cases} from {printed(float(first['mean']))} with "
        f"{first['step']} to {printed(float(last['mean']))} with {last['step']}."
    )


def _ends(values: pd.Series) -> tuple[float, float]:
    return (float(np.min(values)), float(np.max(values)))
