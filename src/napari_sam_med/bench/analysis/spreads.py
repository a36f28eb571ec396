"""Mean, median, spread and interval of many groups at once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.analysis.ladder import ENOUGH

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

RESAMPLES = 999
"""One less than a thousand, so that the interval's ends are ranks of the resamples
(Davison and Hinkley 1997, chapter 5)."""
SEED = 1
"""Any; always the same, so that the same rows give the same interval."""
CONFIDENCE = 0.95
"""The usual one."""
SPREAD = ("mean", "median", "sd", "ci_low", "ci_high")
AT_ONCE = 2**21
"""Numbers of a block: 16 MiB, whether a group has six units or twenty thousand."""

MOST_GROUPS = AT_ONCE // RESAMPLES


def spreads_of(
    values: npt.NDArray[np.floating], groups: npt.NDArray[np.integer], count: int
) -> dict[str, npt.NDArray[np.float64]]:
    """Sum up the values of each group's units.

    Parameters
    ----------
    values : (n,) float
        One for each unit; NaN where nothing was measured.
    groups : (n,) int
        The group of each unit, 0 to count - 1.
    count : int
        Number of groups.

    Returns
    -------
    dict of str to (count,) float
        ``mean``, ``median``, ``sd`` (NaN of one unit), ``ci_low`` and ``ci_high`` (95 %
        interval of the mean, NaN of fewer than six units); NaN of a group of which
        nothing was measured.

    Examples
    --------
    >>> found = spreads_of(np.array([0.0, 1.0, 0.5]), np.array([0, 0, 1]), 2)
    >>> found["mean"].tolist(), found["median"].tolist()
    ([0.5, 0.5], [0.5, 0.5])
    """
    found = {name: np.full(count, np.nan) for name in SPREAD}
    for members, table in _by_size(values, groups):
        found["mean"][members] = table.mean(axis=1)
        found["median"][members] = np.median(table, axis=1)
        if table.shape[1] > 1:
            found["sd"][members] = np.std(table, axis=1, ddof=1)
        found["ci_low"][members], found["ci_high"][members] = _intervals(table)
    return found


def means_of(
    values: npt.NDArray[np.floating], groups: npt.NDArray[np.integer], count: int
) -> npt.NDArray[np.float64]:
    """Take the mean of what was measured in each group.

    Parameters
    ----------
    values, groups, count
        As ``spreads_of`` takes them.

    Returns
    -------
    (count,) float
        NaN of a group of which nothing was measured.
    """
    found = np.full(count, np.nan)
    for members, table in _by_size(values, groups):
        found[members] = table.mean(axis=1)
    return found


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
    low, high = _intervals(np.asarray(values, dtype=float)[np.newaxis])
    return (float(low[0]), float(high[0]))


def drawn_counts(rng: np.random.Generator, count: int) -> npt.NDArray[np.uint8]:
    """Draw resamples of units, with replacement.

    Parameters
    ----------
    rng : numpy.random.Generator
        Gives what ``rng.integers(0, count, (999, count))`` would.
    count : int
        Number of units.

    Returns
    -------
    (999, count) uint8
        How often each unit is drawn: once on average, practically never ten times.
    """
    found = np.empty((RESAMPLES, count), np.uint8)
    for rows in _blocks(count):
        made = found[rows]
        drawn = rng.integers(0, count, made.shape)
        drawn += count * np.arange(len(made))[:, np.newaxis]
        made[:] = np.bincount(drawn.ravel(), minlength=made.size).reshape(made.shape)
    return found


def resampled_means(
    counts: npt.NDArray[np.uint8], units: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Take the means of resamples.

    Parameters
    ----------
    counts : (999, n) uint8
        As ``drawn_counts`` gives them, or some of their columns.
    units : (n, k) float
        Values of n units in k groups.

    Returns
    -------
    (999, k) float
        NaN of a resample in which none of the units is drawn.
    """
    sums = [counts[rows].astype(float) @ units for rows in _blocks(len(units))]
    drawn = counts.sum(axis=1, keepdims=True)
    means = np.full((len(counts), units.shape[1]), np.nan)
    np.divide(np.concatenate(sums), drawn, where=drawn > 0, out=means)
    return means


def _by_size(
    values: npt.NDArray[np.floating], groups: npt.NDArray[np.integer]
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]]:
    """Give (groups,) and their (groups, units) values, groups of one size together."""
    values = np.asarray(values, dtype=float)
    measured = ~np.isnan(values)
    values, groups = values[measured], groups[measured]
    order = np.argsort(groups, kind="stable")
    names, starts, sizes = np.unique(
        groups[order], return_index=True, return_counts=True
    )
    for size in np.unique(sizes):
        chosen = np.flatnonzero(sizes == size)
        for start in range(0, len(chosen), MOST_GROUPS):
            some = chosen[start : start + MOST_GROUPS]
            places = starts[some][:, np.newaxis] + np.arange(size)
            yield names[some], values[order[places]]


def _intervals(
    table: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Resample the units of (groups, units), the same ones in each group."""
    count = table.shape[1]
    if count < ENOUGH:
        nothing = np.full(len(table), np.nan)
        return nothing, nothing
    units = table.T
    means = resampled_means(_resamples(count), units)
    # the sum of equal numbers may miss them by a bit
    means = means.clip(units.min(axis=0), units.max(axis=0))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail], axis=0)
    return low, high


@lru_cache(maxsize=8)
def _resamples(count: int) -> npt.NDArray[np.uint8]:
    """Keep the resamples of a size, since groups of one size follow each other."""
    return drawn_counts(np.random.default_rng(SEED), count)


def _blocks(count: int) -> Iterator[slice]:
    """Split the resamples so that a block of them fits into the caches."""
    rows = max(1, AT_ONCE // count)
    for start in range(0, RESAMPLES, rows):
        yield slice(start, start + rows)
