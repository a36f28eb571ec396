"""The one way from cases to numbers: case, unit, task, mean over tasks.

A unit is what counts as one observation: under ``strict`` a patient, whose value is the
mean over his or her cases of the task; under the published profiles each slice, as in
the study. Everything that is said of a task (mean, median, SD, interval, test, share)
is taken over its units, and everything over tasks from one value for each task. No
interval and no test is given for fewer than six units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.bench.protocol.profiles import Profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

ALL_TASKS = "Mean over tasks"
ENOUGH = 6
"""Units for an interval or a test: of five, not even five wins have a p below .05 in
the two-sided signed-rank test (2 / 2^5 = .063; of six it is .031)."""
ROUNDED = 12
"""Decimals of a mean of IoU that its bits hold whatever the order of adding."""
PATIENTS, SLICES, TASKS = "patients", "slices", "tasks"


def unit_name(profile: str) -> str:
    """Say what a profile counts: ``patients`` or ``slices``."""
    return PATIENTS if profile == Profile.STRICT else SLICES


def kept(rows: pd.DataFrame, which: pd.Series) -> pd.DataFrame:
    """Keep some rows; where that is all of them, nothing is copied.

    Parameters
    ----------
    rows : pandas.DataFrame
        Any.
    which : Series of bool
        For each row whether it stays.
    """
    return rows if which.all() else rows[which]


def in_words(table: pd.DataFrame) -> pd.DataFrame:
    """Give the categories of a small table as texts."""
    names = table.select_dtypes("category").columns
    return table.astype(dict.fromkeys(names, str))


def unit_means(
    cases: pd.DataFrame, by: Sequence[str], measures: Sequence[str]
) -> pd.DataFrame:
    """Take the mean of each unit's cases.

    Parameters
    ----------
    cases : pandas.DataFrame
        One row for each case and group: ``case_id``, ``patient``, ``profile``, the
        columns of ``by`` and of ``measures``.
    by : sequence of str
        What makes a group; ``profile`` and ``task`` among them.
    measures : sequence of str
        Columns of numbers; NaN where nothing was measured.

    Returns
    -------
    pandas.DataFrame
        One row for each group and unit, sorted: ``by``, ``unit``, the measures, and
        ``n``, the number of the unit's cases.
    """
    strict = cases["profile"].eq(Profile.STRICT)
    # categories of the one are not those of the other
    patients = cases["patient"] if strict.all() else cases["patient"].astype(str)
    units = patients if strict.all() else patients.where(strict, cases["case_id"])
    named = cases.assign(unit=units)
    groups = named.groupby([*by, "unit"], sort=True)
    means = groups[list(measures)].mean()
    return means.assign(n=groups.size()).reset_index()


def task_means(
    cases: pd.DataFrame, by: Sequence[str], measures: Sequence[str]
) -> pd.DataFrame:
    """Take the mean over units in each task, and over the tasks.

    Parameters
    ----------
    cases, by, measures
        As ``unit_means`` takes them.

    Returns
    -------
    pandas.DataFrame
        ``by``, ``n`` (cases), ``n_units``, ``unit``, the measures. Where there is more
        than one task, ``Mean over tasks`` follows them, its units being tasks; NaN of
        what one of them lacks.
    """
    import pandas as pd

    by, measures = list(by), list(measures)
    units = unit_means(cases, by, measures)
    groups = units.groupby(by, sort=True)
    means = groups[measures].mean()
    means.insert(0, "n", groups["n"].sum())
    means.insert(1, "n_units", groups.size())
    tasks = in_words(means.reset_index())
    tasks.insert(len(by) + 2, "unit", [unit_name(one) for one in tasks["profile"]])
    others = [name for name in by if name != "task"]
    over = tasks.groupby(others, sort=True)
    of_all = over[measures].mean(skipna=False)  # else over other tasks each
    of_all.insert(0, "n", over["n"].sum())
    of_all.insert(1, "n_units", over.size())
    of_all = of_all[of_all["n_units"].gt(1)].reset_index()
    of_all = of_all.assign(task=ALL_TASKS, unit=TASKS)[list(tasks.columns)]
    return pd.concat([tasks, of_all], ignore_index=True) if len(of_all) else tasks
