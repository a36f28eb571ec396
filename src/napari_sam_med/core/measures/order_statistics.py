"""Exact percentiles of large arrays, without a sorted or converted copy of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.volumes import slices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

_HALF = 1 << 16  # values of 16 bits: two rounds of so many counts order 32 bits
_SIGN = np.uint32(1 << 31)


def percentiles_above_minimum(
    array: npt.NDArray[np.generic], percents: Sequence[float], *, centre: float = 0.0
) -> tuple[float, ...]:
    """Percentiles of the values above the lowest one, taken as float32.

    Parameters
    ----------
    array : any shape, number
        Finite values; gone through twice in small pieces.
    percents : sequence of float
        From 0 to 100.
    centre : float
        Taken off every value in double precision first: float32 is fine near zero.

    Returns
    -------
    tuple of float
        One for each percent, less ``centre``; empty if all values are equal.

    Notes
    -----
    The numbers are those of ``np.percentile(values[values > values.min()], percents)``
    with ``values`` as float32 (linear, method 7 of Hyndman and Fan, 1996).
    A float32's bits, turned so that they sort as numbers, are counted by their upper
    and then, where a wanted rank lies, by their lower 16 bits (radix selection). Types
    of 8 and 16 bits are counted value by value.

    Examples
    --------
    >>> percentiles_above_minimum(np.array([0, 0, 1, 2, 3]), (0, 50, 75))
    (1.0, 2.0, 2.5)
    """
    whole = array.dtype.itemsize <= 2 and not centre
    counted = _Whole(array) if whole else _Radix(array, centre)
    lowest = counted.n_lowest
    n = array.size - lowest
    if n == 0:
        return ()

    def value_at(rank: int) -> np.float32:
        """Look up the value that is ``rank``-th above the lowest ones."""
        return counted.value_at(rank + lowest)

    return tuple(_interpolated(value_at, n, percent) for percent in percents)


class _Whole:
    """Counts of all values of a type of 8 or 16 bits."""

    def __init__(self, array: npt.NDArray[np.generic]) -> None:
        counts = np.zeros(_HALF, np.int64)
        unsigned = np.dtype(f"u{array.dtype.itemsize}")
        for part in slices_of(array):
            codes = np.ascontiguousarray(part).reshape(-1).view(unsigned)
            counts += np.bincount(codes, minlength=_HALF)
        used = np.flatnonzero(counts)
        values = used.astype(unsigned).view(array.dtype).astype(np.float32)
        order = np.argsort(values, kind="stable")
        self._values = values[order]
        self._up_to = np.cumsum(counts[used[order]])
        self.n_lowest = int(self._up_to[0])

    def value_at(self, place: int) -> np.float32:
        """Look up the value at ``place`` of the sorted ones."""
        found: np.float32 = self._values[
            np.searchsorted(self._up_to, place, side="right")
        ]
        return found


class _Radix:
    """Counts of float32 values by the upper and lower 16 bits of their keys."""

    def __init__(self, array: npt.NDArray[np.generic], centre: float) -> None:
        self._array, self._centre = array, centre
        self._upper = _count(array, centre, lambda keys: keys >> np.uint32(16))
        self._up_to = np.cumsum(self._upper)
        self._lowers: dict[int, npt.NDArray[np.int64]] = {}
        lower = self._lower_of(int(np.flatnonzero(self._upper)[0]))
        self.n_lowest = int(lower[np.flatnonzero(lower)[0]])

    def value_at(self, place: int) -> np.float32:
        """Look up the value at ``place`` of the sorted ones."""
        bucket = int(np.searchsorted(self._up_to, place, side="right"))
        inside = place - int(self._up_to[bucket] - self._upper[bucket])
        ends = np.cumsum(self._lower_of(bucket))
        low = int(np.searchsorted(ends, inside, side="right"))
        return _value_of(bucket * _HALF + low)

    def _lower_of(self, upper: int) -> npt.NDArray[np.int64]:
        if upper not in self._lowers:

            def lower(keys: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
                here = keys[keys >> np.uint32(16) == upper]
                return np.asarray(here % np.uint32(_HALF), dtype=np.uint32)

            self._lowers[upper] = _count(self._array, self._centre, lower)
        return self._lowers[upper]


def _interpolated(
    value_at: Callable[[int], np.float32], n: int, percent: float
) -> float:
    """Interpolate as numpy does, so that not even the last bit differs."""
    place = (percent / 100) * (n - 1)
    before = int(place)
    first, second = value_at(before), value_at(min(before + 1, n - 1))
    part = place - before
    step = second - first  # float32, as numpy takes it
    if part < 0.5:
        return float(np.float64(first) + np.float64(step) * part)
    return float(np.float64(second) - np.float64(step) * (1 - part))


def _keys(part: npt.NDArray[np.generic], centre: float) -> npt.NDArray[np.uint32]:
    """Bits of float32 values in an order in which they sort as the numbers do."""
    if centre:
        part = part.astype(np.float64) - centre
    values = np.ascontiguousarray(part, dtype=np.float32).reshape(-1) + np.float32(0)
    bits = values.view(np.uint32)  # adding 0 has turned -0 into 0
    negative = (values.view(np.int32) >> 31).view(np.uint32)  # all bits or none
    keys: npt.NDArray[np.uint32] = bits ^ (negative | _SIGN)
    return keys


def _value_of(key: int) -> np.float32:
    bits = key ^ 0x80000000 if key & 0x80000000 else ~key & 0xFFFFFFFF
    value: np.float32 = np.uint32(bits).view(np.float32)
    return value


def _count(
    array: npt.NDArray[np.generic],
    centre: float,
    of_keys: Callable[[npt.NDArray[np.uint32]], npt.NDArray[np.uint32]],
) -> npt.NDArray[np.int64]:
    counts = np.zeros(_HALF, np.int64)
    for part in slices_of(array):
        counts += np.bincount(of_keys(_keys(part, centre)), minlength=_HALF)
    return counts
