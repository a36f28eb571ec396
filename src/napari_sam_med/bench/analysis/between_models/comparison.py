"""Which of two models is better, on the same cases."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.analysis.click_metrics import chain_values, common_clicks
from napari_sam_med.bench.analysis.ladder import (
    ALL_TASKS,
    ENOUGH,
    ROUNDED,
    TASKS,
    unit_means,
    unit_name,
)
from napari_sam_med.bench.analysis.spreads import spreads_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import numpy.typing as npt
    import pandas as pd

TIE = 0.005
"""IoU is told to two decimals; what is closer is the same number when rounded."""
MOST_EXACT, MOST_EXACT_TIED = 50, 13
"""Up to so many differences scipy's test is exact, without and with equal ones."""
FLOOR = "floor: not tested"
KEY = ["profile", "setting"]
SPREAD = ("mean", "ci_low", "ci_high")
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
        their IoU, chains of clicks by the area under the curve of as many clicks on a
        case as both models were given there.
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
        values = _CaseValues(cases)
        for first, second in combinations(sorted(cases["model"].unique()), 2):
            pair = {**dict(zip(KEY, key, strict=True)), "first": first}
            pair["second"] = second
            tested = not {first, second} & set(floors)
            both = values.of_pair(first, second)
            found = _compared(both, str(key[0]), tested=tested)
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
        mode, or the area under the curve of as many clicks on the case as all of them
        were given there.
    """
    if cases["setting"].iloc[0] == "clicks":
        cases = chain_values(common_clicks(cases))
    sides = [cases[cases["model"].eq(name)] for name in models]
    names = {"auc": "value", "iou": "value"}
    return [side.rename(columns=names)[[*CASE, "value"]] for side in sides]


class _CaseValues:
    """What the cases of a profile and setting count with, a column for each model.

    Parameters
    ----------
    cases : pandas.DataFrame
        As ``measured_cases`` gives them.
    """

    def __init__(self, cases: pd.DataFrame) -> None:
        self._cases = cases
        last = cases.groupby([*CASE, "model"])["step"].max()
        self._last = last.unstack("model")
        self._tables: dict[int, pd.DataFrame] = {}

    def of_pair(self, first: str, second: str) -> pd.DataFrame:
        """Give ``CASE``, ``first`` and ``second``; NaN where a model did not answer."""
        import pandas as pd

        # runs may have given other numbers of clicks to one case and to the next
        steps = self._last[[first, second]].min(axis=1).dropna()
        parts = [
            self._table(int(count)).loc[steps.index[steps.eq(count)], [first, second]]
            for count in sorted(steps.unique())
        ]
        pair = pd.concat(parts).sort_index()
        return pair.set_axis(["first", "second"], axis=1).reset_index()

    def _table(self, steps: int) -> pd.DataFrame:
        """Give what each case counts with after so many clicks."""
        if steps not in self._tables:
            name, cases = "iou", self._cases
            if cases["setting"].iloc[0] == "clicks":
                name, cases = "auc", chain_values(cases, steps)
            self._tables[steps] = cases.set_index([*CASE, "model"])[name].unstack(
                "model"
            )
        return self._tables[steps]


def _compared(
    both: pd.DataFrame, profile: str, *, tested: bool
) -> list[dict[str, object]]:
    """Compare two models in each task, and over the tasks."""
    common = both[both["first"].notna() & both["second"].notna()]
    gained = common[CASE].assign(
        gained=common["first"] - common["second"], profile=profile
    )
    alone = both.loc[both.index.difference(common.index), "task"]
    left_out = {str(task): int(n) for task, n in alone.value_counts().items()}
    units = unit_means(gained, ["task", "profile"], ["gained"])
    of_tasks = units.groupby("task", sort=True)
    tasks = {str(task): members for task, members in of_tasks.indices.items()}
    cases, values = units["n"].to_numpy(), units["gained"].to_numpy(float)
    found = spreads_of(values, of_tasks.ngroup().to_numpy(), len(tasks))
    records = []
    for number, (task, members) in enumerate(tasks.items()):
        counted = (int(cases[members].sum()), left_out.get(task, 0), len(members))
        spread = tuple(float(found[name][number]) for name in SPREAD)
        records.append(
            _record(task, (*counted, unit_name(profile)), values[members], spread,
                    tested)
        )  # fmt: skip
    if len(tasks) > 1 or set(left_out) - set(tasks) or not records:
        counted = (len(common), sum(left_out.values()), len(tasks))
        over = spreads_of(found["mean"], np.zeros(len(tasks), int), 1)
        spread = tuple(float(over[name][0]) for name in SPREAD)
        records.append(
            _record(ALL_TASKS, (*counted, TASKS), found["mean"], spread, tested)
        )
    return records


def _record(
    task: str,
    counted: tuple[int, int, int, str],
    gained: npt.NDArray[np.float64],
    spread: tuple[float, ...],
    tested: bool,  # noqa: FBT001
) -> dict[str, object]:
    """Sum up what the first of two models gained, with its mean and interval."""
    found: dict[str, object] = {"task": task}
    gained = gained.round(ROUNDED)  # equal differences stay equal, and none is none
    found.update(zip(COUNTED, counted, strict=True))
    found.update(zip(TESTED, (*spread, *_test(gained, tested=tested)), strict=True))
    differing = int(np.count_nonzero(gained))
    note = "" if tested else FLOOR
    if not counted[0]:
        note = "no case in common"
    elif tested and differing < ENOUGH:
        unit = counted[-1]
        what = f"{unit} that differ" if len(gained) >= ENOUGH else unit
        note = f"too few {what} ({differing} of {ENOUGH})"
    return {**found, "note": note}


def _test(gained: npt.NDArray[np.float64], *, tested: bool) -> tuple[float, ...]:
    """Give effect, wins, ties, losses and p."""
    nan = float("nan")
    if not len(gained):
        return (nan, 0, 0, 0, nan)
    moved = gained[gained != 0]
    p = _signed_rank_p(moved) if tested and len(moved) >= ENOUGH else nan
    return (
        _rank_biserial(moved),
        int(np.count_nonzero(gained > TIE)),
        int(np.count_nonzero(np.abs(gained) <= TIE)),
        int(np.count_nonzero(gained < -TIE)),
        p,
    )


def _signed_rank_p(moved: npt.NDArray[np.float64]) -> float:
    """Return the two-sided p of the signed-rank test of differences that are not 0."""
    from scipy import stats

    ranks = stats.rankdata(np.abs(moved))
    tied = len(np.unique(ranks)) < len(ranks)
    if len(moved) > (MOST_EXACT_TIED if tied else MOST_EXACT):
        return float(stats.wilcoxon(moved).pvalue)
    # scipy goes through all signs among equals, a third of a second for each test, and
    # needs milliseconds otherwise; the same number from the number of ways to a sum
    doubled = np.rint(2 * ranks).astype(int)
    ways = _ways_to_sums(tuple(sorted(doubled.tolist())))
    positive = int(doubled[moved > 0].sum())
    lower = min(positive, int(doubled.sum()) - positive)
    return float(min(1.0, 2 * ways[: lower + 1].sum() / ways.sum()))


@lru_cache(maxsize=32)
def _ways_to_sums(ranks: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Count for each sum of (doubled) ranks how many of their subsets have it."""
    ways = np.ones(1)
    for rank in ranks:
        ways = np.pad(ways, (0, rank)) + np.pad(ways, (rank, 0))
    return ways


def _rank_biserial(moved: npt.NDArray[np.float64]) -> float:
    """Compare the ranks of gains with those of losses: 1 if all units gain."""
    from scipy import stats

    if not len(moved):
        return 0.0
    ranks = stats.rankdata(np.abs(moved))
    return float((ranks * np.sign(moved)).sum() / ranks.sum())
