"""Percentiles that are numpy's, found without a copy of the array."""

import tracemalloc

import numpy as np
import pytest

from napari_sam_med.core.measures.order_statistics import percentiles_above_minimum

ENDS = (0.5, 99.5)


def by_numpy(array):
    values = array.astype(np.float32)
    return tuple(float(v) for v in np.percentile(values[values > values.min()], ENDS))


@pytest.mark.parametrize(
    "dtype",
    ["u1", "i1", "u2", "i2", "f2", "i4", "u4", "i8", "f4", "f8", ">i2", ">f4"],
)
@pytest.mark.parametrize("seed", range(5))
def test_they_are_numpys_to_the_last_bit(dtype, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(20, 40, int(rng.integers(2, 3000)))
    array = np.clip(values, 0 if "u" in dtype else -100, 120).astype(dtype)
    assert percentiles_above_minimum(array, ENDS) == by_numpy(array)


def test_values_beyond_float32_count_as_float32_has_them():
    array = np.array([2**24, 2**24 + 1, 2**24 + 2, 2**24 + 6])
    assert percentiles_above_minimum(array, ENDS) == by_numpy(array)


def test_negative_zero_is_zero():
    assert percentiles_above_minimum(np.array([-0.0, 0.0, 2.0]), (50,)) == (2.0,)


def test_a_constant_array_has_none():
    assert percentiles_above_minimum(np.full(5, 3, np.int16), ENDS) == ()


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_little_memory_is_needed(dtype):
    array = np.random.default_rng(0).normal(0, 300, (40, 256, 256)).astype(dtype)
    tracemalloc.start()
    percentiles_above_minimum(array, ENDS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < array.nbytes
