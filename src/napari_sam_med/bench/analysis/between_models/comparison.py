"""Which of two models is better, on the same cases."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.analysis.click_metrics import chain_values
from napari_sam_med.bench.analysis.ladder import (
    ALL_TASKS,
    ENOUGH,
    TASKS,
    bootstrap_interval,
    unit_means,
    unit_name,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import numpy.typing as npt
    import pandas as pd

TIE = 0.005
"""IoU is told to two decimals; what is closer is the same number when rounded."""
MOST_COUNTED = 13
"""Up to so many differences scipy's test is exact among equals too."""
FLOOR = "floor: not tested"
KEY = ["profile", "setting"]
CASE = ["task", "patient", "case_id"]
COUNTED = ("n_cases", "left_out", "n_units", "unit")
TESTED = ("difference", "ci_low", "ci_high", "effect", "win", "tie", "loss", "p")
COLUMNS = [*KEY, "first", "second", "task", *COUNTED, *TESTED, "p_holm", "note"]


def compare_models(
    defaults: pd.DataFrame, floors: Collection[str] = ()
) -> pd.DataFrame:
    """Compare every two models on the cases that both answered.

    Parameters
    ----------
    defaults : pandas.DataFrame
        Rows of the default mask, as ``defaults_of`` gives them; the five modes count by
        their IoU, chains of clicks by the area under the curve of as many clicks as
        both models were given.
    floors : collection of str
        Models that need no training: the difference to them is told and not tested.

    Returns
    -------
    pandas.DataFrame
        By profile, setting, pair of models and task, ``Mean over tasks`` last:
        ``n_cases``, ``left_out`` (cases that only one of them answered), ``n_units``
        and ``unit`` (patients, slices or tasks), ``difference`` (mean IoU of the first
        minus the second), its interval ``ci_low`` to ``ci_high``, ``effect`` (matched-
        pairs rank-biserial correlation, -1 to 1), ``win``, ``tie`` and ``loss`` (units
        for which the first is better, within .005, or worse), ``p`` (Wilcoxon
        signed-rank test), ``p_holm`` and ``note``.

    Notes
    -----
    Over tasks a unit is a task (Demsar 2006, "Statistical comparisons of classifiers
    over multiple data sets"). Fewer than six units that differ have neither interval
    nor p. Holm's correction is made in each profile over two families: all comparisons
    over tasks, and all comparisons within a task. Each prompt stands in them once: the
    first click is mode 1's prompt and no test of its own, perturbed prompts and floors
    are none. Effect size: Kerby 2014, "The simple difference formula".
    """
    import pandas as pd

    records: list[dict[str, object]] = []
    for key, cases in measured_cases(defaults):
        for first, second in combinations(sorted(cases["model"].unique()), 2):
            pair = {**dict(zip(KEY, key, strict=True)), "first": first}
            pair["second"] = second
            tested = not {first, second} & set(floors)
            found = _compared(cases, (first, second), str(key[0]), tested=tested)
            records += [{**pair, **one} for one in found]
    table = pd.DataFrame.from_records(records, columns=COLUMNS)
    over_tasks = table["task"].eq(ALL_TASKS)
    for _, family in table.groupby([table["profile"], over_tasks]):
        table.loc[family.index, "p_holm"] = holm(family["p"].to_numpy(float))
    return table


def holm(p_values: Sequence[float] | npt.NDArray[np.floating]) -> list[float]:
    """Correct p-values for their number.

    Parameters
    ----------
    p_values : (n,) float
        NaN for a test that could not be made; it stays NaN and does not count.

    Returns
    -------
    list of float
        In the same order.

    Notes
    -----
    Holm 1979, "A simple sequentially rejective multiple test procedure".

    Examples
    --------
    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, dtype=float)
    order = [
        int(i) for i in np.argsort(values, kind="stable") if not np.isnan(values[i])
    ]
    corrected, highest = np.full(len(values), np.nan), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * values[index]))
        corrected[index] = highest
    return [float(value) for value in corrected]


def measured_cases(
    defaults: pd.DataFrame,
) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """Give the rows of each profile and setting by which models are compared.

    Parameters
    ----------
    defaults : pandas.DataFrame
        As ``compare_models`` takes them.

    Yields
    ------
    (profile, setting), pandas.DataFrame
    """
    modes = defaults[defaults["setting"].str.startswith("mode")]
    clicks = defaults[defaults["setting"].eq("clicks")]
    for part in (modes, clicks):
        yield from part.groupby(KEY, sort=True)


def values_by_model(cases: pd.DataFrame, models: Sequence[str]) -> list[pd.DataFrame]:
    """Give what each case counts with.

    Parameters
    ----------
    cases : pandas.DataFrame
        Rows of one profile and setting.
    models : sequence of str
        Whose.

    Returns
    -------
    list of pandas.DataFrame
        For each model ``task``, ``patient``, ``case_id`` and ``value``: the IoU of a
        mode, or the area under the curve of as many clicks as all of them were given.
    """
    sides = [cases[cases["model"].eq(name)] for name in models]
    if cases["setting"].iloc[0] == "clicks":
        steps = min(int(side["step"].max()) for side in sides)
        sides = [chain_values(side, steps) for side in sides]
    names = {"auc": "value", "iou": "value"}
    return [side.rename(columns=names)[[*CASE, "value"]] for side in sides]


def _compared(
    cases: pd.DataFrame, pair: tuple[str, str], profile: str, *, tested: bool
) -> list[dict[str, object]]:
    """Compare two models in each task, and over the tasks."""
    both, left_out = _differences(cases, pair)
    units = unit_means(both.assign(profile=profile), ["task", "profile"], ["gained"])
    records, means = [], []
    for task, of_task in units.groupby("task", sort=True):
        gained = of_task["gained"].to_numpy(float)
        means.append(float(gained.mean()))
        counted = (int(of_task["n"].sum()), left_out.get(task, 0), len(gained))
        records.append(_record(str(task), counted, unit_name(profile), gained, tested))
    elsewhere = set(left_out) - {str(record["task"]) for record in records}
    if len(means) > 1 or elsewhere or not records:
        counted = (len(both), sum(left_out.values()), len(means))
        records.append(_record(ALL_TASKS, counted, TASKS, np.array(means), tested))
    return records


def _differences(
    cases: pd.DataFrame, pair: tuple[str, str]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Give the gain of the first model for each common case, and the others' number."""
    first, second = values_by_model(cases, pair)
    both = first.merge(second, on=CASE, how="outer", indicator=True)
    alone = both[both["_merge"].ne("both")]
    common = both[both["_merge"].eq("both")]
    gained = common["value_x"] - common["value_y"]
    counts = alone.groupby("task").size()
    left_out = {str(task): int(count) for task, count in counts.items()}
    return common[CASE].assign(gained=gained), left_out


def _record(
    task: str,
    counted: tuple[int, int, int],
    unit: str,
    gained: npt.NDArray[np.float64],
    tested: bool,  # noqa: FBT001
) -> dict[str, object]:
    found: dict[str, object] = {"task": task}
    found.update(zip(COUNTED, (*counted, unit), strict=True))
    found.update(zip(TESTED, _test(gained, tested=tested), strict=True))
    differing = int(np.count_nonzero(gained))
    note = "" if tested else FLOOR
    if not counted[0]:
        note = "no case in common"
    elif tested and differing < ENOUGH:
        what = f"{unit} that differ" if len(gained) >= ENOUGH else unit
        note = f"too few {what} ({differing} of {ENOUGH})"
    return {**found, "note": note}


def _test(gained: npt.NDArray[np.float64], *, tested: bool) -> tuple[float, ...]:
    nan = float("nan")
    if not len(gained):
        return (nan, nan, nan, nan, 0, 0, 0, nan)
    p = nan
    if tested and np.count_nonzero(gained) >= ENOUGH:
        p = _signed_rank_p(gained[gained != 0])
    return (
        float(gained.mean()),
        *bootstrap_interval(gained),
        _rank_biserial(gained),
        int(np.count_nonzero(gained > TIE)),
        int(np.count_nonzero(np.abs(gained) <= TIE)),
        int(np.count_nonzero(gained < -TIE)),
        p,
    )


def _signed_rank_p(moved: npt.NDArray[np.float64]) -> float:
    """Return the two-sided p of the signed-rank test of differences that are not 0."""
    from scipy import stats

    ranks = stats.rankdata(np.abs(moved))
    if len(moved) > MOST_COUNTED or len(np.unique(ranks)) == len(ranks):
        return float(stats.wilcoxon(moved).pvalue)
    # among equals scipy goes through all signs, a third of a second for each test; the
    # same number by counting how many signs give each sum of (doubled) ranks
    doubled = np.rint(2 * ranks).astype(int)
    ways = np.ones(1)
    for rank in doubled:
        ways = np.pad(ways, (0, rank)) + np.pad(ways, (rank, 0))
    positive = int(doubled[moved > 0].sum())
    lower = min(positive, int(doubled.sum()) - positive)
    return float(min(1.0, 2 * ways[: lower + 1].sum() / ways.sum()))


def _rank_biserial(gained: npt.NDArray[np.float64]) -> float:
    """Compare the ranks of gains with those of losses: 1 if all units gain."""
    from scipy import stats

    moved = gained[gained != 0]
    if not len(moved):
        return 0.0
    ranks = stats.rankdata(np.abs(moved))
    return float((ranks * np.sign(moved)).sum() / ranks.sum())
