"""Means over slices, patients and tasks, checked by hand."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.bench.analysis.spreads import bootstrap_interval
from napari_sam_med.bench.analysis.statistics import (
    defaults_of,
    mean_over_tasks,
    summarise,
)
from napari_sam_med.bench.protocol.result_rows import Row
from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
from napari_sam_med.bench.run.engine import run_benchmark


def table(*rows):
    return pd.DataFrame([row.to_dict() for row in rows])


def row(patient, iou, *, profile="strict", setting="mode1", **more):
    case = f"{patient}/{more.pop('case', 0)}"
    more = {"step": 1, "selection": "first", "task": "liver", "n_parts": 1, **more}
    return Row(case, patient=patient, iou=iou, profile=profile, setting=setting, **more)


def test_strict_takes_each_patients_mean_first():
    rows = [row("a", 0.0, case=k) for k in range(3)] + [row("b", 1.0)]
    (strict,) = summarise(table(*rows)).itertuples()
    assert (strict.mean, strict.n, strict.n_patients) == (0.5, 4, 2)
    assert strict.ci_unit == "patients"


def test_the_published_profiles_take_the_mean_over_slices():
    rows = [row("a", 0.0, case=k, profile="as-released") for k in range(3)]
    rows.append(row("b", 1.0, profile="as-released"))
    (released,) = summarise(table(*rows)).itertuples()
    assert released.mean == 0.25
    assert (released.median, released.sd) == (0.0, 0.5)
    assert released.ci_unit == "slices"


def test_rows_with_an_error_do_not_count():
    rows = [row("a", 0.5), row("b", float("nan"), error="unreadable")]
    (one,) = summarise(table(*rows)).itertuples()
    assert one.n == 1


def test_without_any_result_the_summary_is_empty_but_has_its_columns():
    summary = summarise(table(row("a", float("nan"), error="unreadable")))
    assert summary.empty
    assert {"task", "mean", "ci_low"} <= set(summary.columns)


def test_every_task_counts_alike():
    rows = [row("a", 1.0, case=k) for k in range(9)] + [row("a", 0.0, task="spleen")]
    (mean,) = mean_over_tasks(summarise(table(*rows))).itertuples()
    assert (mean.mean, mean.n_tasks) == (0.5, 2)


def test_everything_under_strict_is_over_patients():
    rows = [row("a", v, case=k, dice=v, nsd=v) for k, v in enumerate((0.0, 0.2, 0.4))]
    rows += [row("b", 1.0, dice=1.0, nsd=1.0)]
    (one,) = summarise(table(*rows)).itertuples()
    assert (one.mean, one.median) == pytest.approx((0.6, 0.6))
    assert one.sd == pytest.approx(np.std([0.2, 1.0], ddof=1))
    assert (one.dice_mean, one.nsd_mean) == pytest.approx((0.6, 0.6))
    assert one.failed_share == 0.5


@pytest.mark.parametrize(("patients", "has_one"), [(5, False), (6, True)])
def test_fewer_than_six_patients_have_no_interval(patients, has_one):
    rows = [row(f"p{k}", k / 10, case=c) for k in range(patients) for c in range(4)]
    (one,) = summarise(table(*rows)).itertuples()
    assert np.isfinite([one.ci_low, one.ci_high]).all() == has_one


def test_the_interval_is_that_of_scipy():
    values = np.random.default_rng(3).random(23)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=999, method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval  # fmt: skip
    assert bootstrap_interval(values) == pytest.approx((expected.low, expected.high))


def test_the_interval_holds_the_mean_and_shrinks_with_more_values():
    values = np.linspace(0, 1, 11)
    low, high = bootstrap_interval(values)
    low_of_many, high_of_many = bootstrap_interval(np.tile(values, 20))
    assert low < 0.5 < high
    assert high_of_many - low_of_many < high - low


def test_one_value_has_no_interval():
    assert np.isnan(bootstrap_interval(np.array([0.5]))).all()


@pytest.mark.parametrize(
    ("profile", "setting", "step", "expected"),
    [
        ("as-released", "mode1", 1, "first"),
        ("as-written", "mode5", 1, "best_score"),
        ("strict", "mode1", 1, "best_score"),
        ("strict", "mode5", 1, "single"),
        ("as-released", "clicks", 2, "first"),
    ],
)
def test_the_default_mask_is_the_profiles(profile, setting, step, expected):
    ious = {"first": 0.1, "best_score": 0.2, "oracle": 0.3, "single": 0.4}
    rows = [
        row("a", iou, profile=profile, setting=setting, step=step, selection=name)
        for name, iou in ious.items()
    ]
    (default,) = defaults_of(table(*rows)).itertuples()
    assert (default.iou, default.selection) == (ious[expected], "default")


def test_the_default_clicks_of_strict_are_one_chain_that_corrects_the_default_mask(
    source,
):
    choice = ModelSpec("fake", FakeSegmenter)
    events = run_benchmark(source, [choice], RunSettings(clicks=3, tolerance_mm=None))
    rows = table(*(row for one in events for row in one.rows))
    clicks = rows[rows["setting"].eq("clicks")]
    defaults = defaults_of(clicks).set_index(["case_id", "step"]).sort_index()
    best = clicks[clicks["selection"].eq("best_score")].set_index(["case_id", "step"])
    mode1 = defaults_of(rows[rows["setting"].eq("mode1")]).set_index("case_id")
    for case in rows["case_id"].unique():
        # the first click is mode 1's; the second corrects the mask of the first
        assert defaults.loc[(case, 1), "iou"] == mode1.loc[case, "iou"]
        assert defaults.loc[(case, 2), "prompts"] == best.loc[(case, 2), "prompts"]
        (before,), (after,) = (
            json.loads(defaults.loc[(case, step), "prompts"]) for step in (2, 3)
        )
        assert after["points_rc"][:2] == before["points_rc"]


def test_clicks_without_a_default_chain_are_those_of_the_best_score():
    rows = [
        row("a", iou, setting="clicks", step=step, selection=name)
        for step in (1, 2)
        for name, iou in (("best_score", 0.2), ("single", 0.4))
    ]
    assert defaults_of(table(*rows))["iou"].tolist() == [0.2, 0.2]
