"""Means and intervals of many groups at once, beside plain code for each of them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from napari_sam_med.bench.analysis.between_models.comparison import compare_models
from napari_sam_med.bench.analysis.spreads import drawn_counts, means_of, spreads_of


def plain(values):
    values = values[~np.isnan(values)]
    found = stats.bootstrap(
        (values,), np.mean, n_resamples=999, method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval  # fmt: skip
    return values.mean(), np.median(values), values.std(ddof=1), found.low, found.high


def test_groups_of_all_sizes_have_the_numbers_of_each_alone():
    rng = np.random.default_rng(0)
    sizes = [6, 9, 6, 40, 9, 6]
    groups = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    values = rng.random(len(groups))
    values[np.flatnonzero(groups == 3)[:5]] = np.nan
    found = spreads_of(values, groups, len(sizes))
    for group in range(len(sizes)):
        told = [found[name][group] for name in found]
        assert told == pytest.approx(plain(values[groups == group]), abs=1e-12)


def test_equal_values_have_an_interval_of_no_width():
    found = spreads_of(np.full(7, 0.1), np.zeros(7, int), 1)
    assert found["ci_low"] == found["ci_high"] == 0.1


def test_a_group_of_which_nothing_was_measured_has_no_mean():
    values = np.array([np.nan, 0.5, np.nan])
    found = means_of(values, np.array([0, 1, 1]), 3)
    np.testing.assert_array_equal(found, [np.nan, 0.5, np.nan])


@pytest.mark.parametrize("count", [7, 5000])  # the second one in several blocks
def test_resamples_are_those_that_one_call_draws(count):
    drawn = np.random.default_rng(3).integers(0, count, (999, count))
    counts = drawn_counts(np.random.default_rng(3), count)
    for made, places in zip(counts[::99], drawn[::99], strict=True):
        np.testing.assert_array_equal(made, np.bincount(places, minlength=count))


@pytest.mark.parametrize("patients", [6, 30, 50, 60])
def test_the_p_of_differences_without_equals_is_that_of_scipy(patients):
    gained = np.random.default_rng(patients).normal(0.03, 0.1, patients)
    rows = pd.DataFrame(
        {
            "case_id": f"p{k}", "patient": f"p{k}", "task": "t", "model": model,
            "profile": "strict", "setting": "mode1", "step": 1,
            "selection": "default", "iou": 0.5 + gain * (model == "a"),
        }
        for k, gain in enumerate(gained) for model in "ab"
    )  # fmt: skip
    (one,) = compare_models(rows).itertuples()
    assert one.p == pytest.approx(stats.wilcoxon(gained).pvalue, rel=1e-9)
