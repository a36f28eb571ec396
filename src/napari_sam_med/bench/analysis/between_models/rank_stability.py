"""Whether other patients of the same tasks would rank the models in the same order."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.analysis.between_models.comparison import (
    CASE,
    KEY,
    measured_cases,
    values_by_model,
)
from napari_sam_med.bench.analysis.ladder import (
    ENOUGH,
    ROUNDED,
    unit_means,
    unit_name,
)
from napari_sam_med.bench.analysis.spreads import (
    CONFIDENCE,
    SEED,
    drawn_counts,
    resampled_means,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

COUNTED = ("n_tasks", "n_units", "unit")
RANKED = ("mean", "rank", "rank_low", "rank_high", "ranked_first", "kendall_tau")
COLUMNS = [*KEY, "model", *COUNTED, *RANKED]


def rank_stability(defaults: pd.DataFrame) -> pd.DataFrame:
    """Rank models again on resampled patients.

    Parameters
    ----------
    defaults : pandas.DataFrame
        Rows of the default mask, as ``compare_models`` takes them.

    Returns
    -------
    pandas.DataFrame
        By profile, setting and model, in the order of the ranking: ``n_tasks`` (those
        with six units or more; others cannot be resampled), ``n_units`` (a patient of
        several tasks counts once) and ``unit``, ``mean`` (over those tasks), ``rank``
        (1 is best; equal means share the lower number), ``rank_low`` to ``rank_high``
        (95 % of the resamples), ``ranked_first`` (share of the resamples with
        rank 1) and ``kendall_tau`` (mean correlation of a resample's ranking with
        the ranking told; 1 if no two models ever change places, NaN where all are equal
        throughout). Empty for one model.

    Notes
    -----
    Units of a task are drawn with replacement, for all models alike, and the mean over
    tasks is taken anew: Wiesenfarth et al. 2021, "Methods and open-source toolkit for
    analyzing and visualizing challenge results". Patients who are in several tasks are
    drawn with all of them, since organs of a patient are not independent. Only cases
    that all models answered.
    """
    import pandas as pd

    records: list[dict[str, object]] = []
    for key, cases in measured_cases(defaults):
        models = sorted(cases["model"].unique())
        if len(models) > 1:
            found = _ranked(_units(cases, models, str(key[0])), models, str(key[0]))
            records += [{**dict(zip(KEY, key, strict=True)), **one} for one in found]
    return pd.DataFrame.from_records(records, columns=COLUMNS)


def _units(cases: pd.DataFrame, models: list[str], profile: str) -> list[pd.DataFrame]:
    """Give the values of each task that has enough units, a column for each model."""
    sides = [
        one.rename(columns={"value": model})
        for model, one in zip(models, values_by_model(cases, models), strict=True)
    ]
    common = reduce(lambda a, b: a.merge(b, on=CASE), sides)
    units = unit_means(common.assign(profile=profile), ["task", "profile"], models)
    found = [one.set_index("unit")[models] for _, one in units.groupby("task")]
    return [one for one in found if len(one) >= ENOUGH]


def _ranked(
    tasks: list[pd.DataFrame], models: list[str], profile: str
) -> list[dict[str, object]]:
    from scipy import stats

    if not tasks:
        return []
    units = sorted({str(unit) for one in tasks for unit in one.index})
    # rounded, so that equal models stay equal whichever way their sums were added up
    drawn = np.nanmean(_resampled(tasks, units), axis=0).round(ROUNDED)
    means = np.mean([one.to_numpy(float).mean(axis=0) for one in tasks], axis=0)
    ranks = stats.rankdata(-means.round(ROUNDED), method="min")
    resampled = stats.rankdata(-drawn, method="min", axis=1)
    taus = _kendall_taus(ranks, resampled)
    taus = taus[~np.isnan(taus)]
    tau = float(taus.mean()) if len(taus) else float("nan")
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(
        resampled, [tail, 1 - tail], axis=0, method="closest_observation"
    )
    counts = (len(tasks), len(units), unit_name(profile))
    return [
        {
            "model": models[i],
            **dict(zip(COUNTED, counts, strict=True)),
            "mean": float(means[i]),
            "rank": int(ranks[i]),
            "rank_low": int(low[i]),
            "rank_high": int(high[i]),
            "ranked_first": float(np.mean(resampled[:, i] == 1)),
            "kendall_tau": tau,
        }
        for i in np.argsort(ranks, kind="stable")
    ]


def _resampled(
    tasks: list[pd.DataFrame], units: list[str]
) -> list[npt.NDArray[np.float64]]:
    """Give (resamples, models) means of each task; NaN where it has no unit.

    Tasks with a unit in common are resampled together.
    """
    from scipy.sparse import csgraph

    numbers = {unit: number for number, unit in enumerate(units)}
    members = [np.array([numbers[str(unit)] for unit in one.index]) for one in tasks]
    has = np.zeros((len(tasks), len(units)), bool)
    for task, own in enumerate(members):
        has[task, own] = True
    together = csgraph.connected_components(has @ has.T)[1]
    rng = np.random.default_rng(SEED)
    found: dict[int, npt.NDArray[np.float64]] = {}
    for group in np.unique(together):
        among = np.flatnonzero(has[together == group].any(axis=0))
        counts = drawn_counts(rng, len(among))
        for task in np.flatnonzero(together == group).tolist():
            drawn = counts[:, np.searchsorted(among, members[task])]
            found[task] = resampled_means(drawn, tasks[task].to_numpy(float))
    return list(found.values())


def _kendall_taus(
    ranks: npt.NDArray[np.floating], others: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Correlate (models,) ranks with each of (n, models), as ``stats.kendalltau``.

    NaN where all ranks are equal; a thousand of them at once, and not each for itself.
    """
    first, second = np.triu_indices(len(ranks), 1)
    here = np.sign(ranks[first] - ranks[second])
    there = np.sign(others[:, first] - others[:, second])
    pairs = np.count_nonzero(here) * np.count_nonzero(there, axis=1)
    agreed = there @ here
    found = np.full(len(others), np.nan)
    np.divide(agreed, np.sqrt(pairs), where=pairs > 0, out=found)
    return found
