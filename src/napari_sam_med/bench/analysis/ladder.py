"""The one way from cases to numbers: case, unit, task, mean over tasks.

A unit is what counts as one observation: under ``strict`` a patient, whose value is the
mean over his or her cases of the task; under the published profiles each slice, as in
the study. Everything that is said of a task (mean, median, SD, interval, test, share)
is taken over its units, and everything over tasks from one value for each task. No
interval and no test is given for fewer than six units.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.protocol.profiles import Profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

ALL_TASKS = "Mean over tasks"
ENOUGH = 6
"""Units for an interval or a test: of five, not even five wins have a p below .05 in
the two-sided signed-rank test (2 / 2^5 = .063; of six it is .031)."""
RESAMPLES = 999
"""One less than a thousand, so that the interval's ends are ranks of the resamples
(Davison and Hinkley 1997, chapter 5)."""
SEED = 1
"""Any; always the same, so that the same rows give the same interval."""
CONFIDENCE = 0.95
"""The usual one."""
PATIENTS, SLICES, TASKS = "patients", "slices", "tasks"
SPREAD = ("mean", "median", "sd", "ci_low", "ci_high")


def unit_name(profile: str) -> str:
    """Say what a profile counts: ``patients`` or ``slices``."""
    return PATIENTS if profile == Profile.STRICT else SLICES


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
    named = cases.assign(unit=cases["patient"].where(strict, cases["case_id"]))
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
        than one task, ``Mean over tasks`` follows them, its units being tasks.
    """
    import pandas as pd

    by, measures = list(by), list(measures)
    units = unit_means(cases, by, measures)
    groups = units.groupby(by, sort=True)
    means = groups[measures].mean()
    means.insert(0, "n", groups["n"].sum())
    means.insert(1, "n_units", groups.size())
    tasks = means.reset_index()
    tasks.insert(len(by) + 2, "unit", [unit_name(one) for one in tasks["profile"]])
    others = [name for name in by if name != "task"]
    over = tasks.groupby(others, sort=True)
    of_all = over[measures].mean()
    of_all.insert(0, "n", over["n"].sum())
    of_all.insert(1, "n_units", over.size())
    of_all = of_all[of_all["n_units"].gt(1)].reset_index()
    of_all = of_all.assign(task=ALL_TASKS, unit=TASKS)[list(tasks.columns)]
    return pd.concat([tasks, of_all], ignore_index=True) if len(of_all) else tasks


def spread_of(values: npt.NDArray[np.floating]) -> dict[str, float]:
    """Sum up the values of units.

    Parameters
    ----------
    values : (n,) float
        One for each unit; NaN where nothing was measured.

    Returns
    -------
    dict
        ``mean``, ``median``, ``sd`` (NaN of one unit), ``ci_low`` and ``ci_high`` (95 %
        interval of the mean, NaN of fewer than six units).

    Examples
    --------
    >>> spread_of(np.array([0.0, 1.0]))["mean"]
    0.5
    """
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    nan = float("nan")
    if not len(values):
        return dict.fromkeys(SPREAD, nan)
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else nan
    mean, median = float(values.mean()), float(np.median(values))
    found = (mean, median, sd, *bootstrap_interval(values))
    return dict(zip(SPREAD, found, strict=True))


def bootstrap_interval(values: npt.NDArray[np.floating]) -> tuple[float, float]:
    """Estimate the 95 % interval of a mean by resampling.

    Parameters
    ----------
    values : (n,) float
        One value for each unit.

    Returns
    -------
    low, high : float
        NaN if there are fewer than six values.

    Notes
    -----
    Efron's percentile interval, 999 resamples, seed 1; the numbers of
    ``scipy.stats.bootstrap(..., method="percentile", rng=default_rng(1))``, whose
    resamples are drawn once for each number of values instead of for each group.
    """
    values = np.asarray(values, dtype=float)
    if len(values) < ENOUGH:
        return (float("nan"), float("nan"))
    means = np.sort(values[_resamples(len(values))].mean(axis=1))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return (float(low), float(high))


@lru_cache(maxsize=8)
def _resamples(count: int) -> npt.NDArray[np.intp]:
    """Draw (999, count) positions; kept, since groups of one size follow each other."""
    rng = np.random.default_rng(SEED)
    return rng.integers(0, count, (RESAMPLES, count))
