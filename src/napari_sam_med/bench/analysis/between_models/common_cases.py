"""The cases that all models answered: what may be set side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.analysis.ladder import kept

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pandas as pd

KEY = ["profile", "setting", "step", "selection"]
ALL, COMMON, OWN = "all", "common", "own"


def common_cases(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep what all models of a profile, setting, step and selection answered.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``, without errors.

    Returns
    -------
    pandas.DataFrame
        A part of the rows. Models count where they answered the setting and selection
        at all, in whatever number of clicks: a step that one of them was not given is
        left out for all.
    """
    asked = rows.groupby(["profile", "setting", "selection"])["model"].nunique()
    answered = rows.groupby([*KEY, "case_id"])["model"].transform("nunique")
    wanted = rows.set_index(["profile", "setting", "selection"]).index.map(asked)
    return kept(rows, answered == wanted.to_numpy())


def answered_throughout(
    rows: pd.DataFrame, within: Sequence[str], asked: Sequence[str] = ("model",)
) -> pd.DataFrame:
    """Keep the cases of a group that have every answer which the group has at all.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``, without errors.
    within : sequence of str
        Columns that make a group, such as profile and task.
    asked : sequence of str
        Columns that tell answers to a case apart.

    Returns
    -------
    pandas.DataFrame
        A part of the rows.
    """
    if rows.empty:  # pandas numbers more than 127 categories of no row in 8 bits
        return rows
    within, asked = list(within), list(asked)
    wanted = rows.drop_duplicates([*within, *asked]).groupby(within).size()
    of_cases = rows.drop_duplicates([*within, "case_id", *asked])
    found = of_cases.groupby([*within, "case_id"]).size()
    groups = rows.set_index(within if len(within) > 1 else within[0]).index
    cases = rows.set_index([*within, "case_id"]).index
    whole = groups.map(wanted).to_numpy() == cases.map(found).to_numpy()
    return kept(rows, rows["case_id"].notna() & whole)


def asked_both_ways(
    rows: pd.DataFrame, other: str, within: Sequence[str]
) -> pd.DataFrame:
    """Keep the cases of a group that have a second value too, if any of them has.

    Parameters
    ----------
    rows : pandas.DataFrame
        One or more rows for each case and model.
    other : str
        The column of that value; NaN where a case has none.
    within : sequence of str
        Columns that make a group, such as profile and task.

    Returns
    -------
    pandas.DataFrame
        A part of the rows, such that both values of a model are over the same cases;
        and of all models over those that all of them have.
    """
    group = [rows[name] for name in (*within, "model")]
    known = rows[other].notna().groupby([*group, rows["case_id"]]).transform("all")
    some = known.groupby(group).transform("any")
    return answered_throughout(kept(rows, known | ~some), within)


def set_side_by_side(
    rows: pd.DataFrame, within: Sequence[str], floors: Collection[str] = ()
) -> pd.DataFrame:
    """Keep the cases of a group that all its models have, if there are any.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row for each case, model and whatever makes a group.
    within : sequence of str
        Columns that make a group, such as profile and setting.
    floors : collection of str
        Models that do not decide which cases are kept.

    Returns
    -------
    pandas.DataFrame
        A part of the rows, and ``cases``: ``all`` that there are, those in ``common``,
        or the model's ``own``, which are not those of the other models.
    """
    if rows.empty:
        return rows.assign(cases=ALL)
    within = list(within)
    key = [*within, "case_id"]
    real = rows[~rows["model"].isin(list(floors))]
    deciding = real if len(real) else rows
    shared = answered_throughout(deciding, within)
    group = within if len(within) > 1 else within[0]
    groups = rows.set_index(group).index
    some = groups.isin(shared.set_index(group).index)
    chosen = rows[rows.set_index(key).index.isin(shared.set_index(key).index) | ~some]
    wanted = chosen.groupby(within)["case_id"].nunique()
    of_all = rows.groupby(within)["case_id"].nunique()
    found = chosen.groupby([*within, "model"])["case_id"].transform("nunique")
    index = chosen.set_index(group).index
    whole = found.to_numpy() == index.map(wanted).to_numpy()
    every = index.map(of_all).to_numpy() == index.map(wanted).to_numpy()
    return chosen.assign(cases=np.where(whole, np.where(every, ALL, COMMON), OWN))


def left_out_of(rows: pd.DataFrame, common: pd.DataFrame, where: str = "") -> str:
    """Say what does not stand in a comparison of models.

    Parameters
    ----------
    rows, common : pandas.DataFrame
        All rows of what is shown, and those that ``common_cases`` kept.
    where : str
        What they are of, such as `` under strict``.

    Returns
    -------
    str
        One sentence; empty if nothing was left out.
    """
    if len(rows) == len(common):
        return ""
    cases = set(rows["case_id"]) - set(common["case_id"])
    tasks = set(rows["task"]) - set(common["task"])
    steps = _steps(rows) - _steps(common)
    parts = [
        f"{len(cases)} of {rows['case_id'].nunique()} cases" if cases else "",
        f"the tasks {', '.join(sorted(tasks))}" if tasks else "",
        _clicks(sorted({step for _, step in steps})),
    ]
    said = [part for part in parts if part] or ["some cases of single prompts"]
    return f"Left out{where}, since not every model answered them: {'; '.join(said)}."


def _steps(rows: pd.DataFrame) -> set[tuple[str, int]]:
    """Give the clicks of each profile; another one may have more of them."""
    clicks = rows.loc[rows["setting"].eq("clicks"), ["profile", "step"]]
    pairs = clicks.drop_duplicates().itertuples(index=False)
    return {(str(profile), int(step)) for profile, step in pairs}


def _clicks(steps: Sequence[int]) -> str:
    if not steps:
        return ""
    return f"click {steps[0]}" + f" to {steps[-1]}" * (len(steps) > 1)
