"""Click metrics, calibration and comparisons, checked by hand."""

import numpy as np
import pandas as pd
import pytest

from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.bench.analysis.calibration import (
    calibration_error,
    reliability,
    summarise_calibration,
)
from napari_sam_med.bench.analysis.click_metrics import summarise_clicks
from napari_sam_med.bench.analysis.comparison import compare_models, holm
from napari_sam_med.bench.analysis.grid_analysis import summarise_everything
from napari_sam_med.bench.analysis.perturbation_analysis import summarise_perturbation
from napari_sam_med.bench.protocol.result_rows import Row
from napari_sam_med.bench.protocol.run_settings import (
    ModelSpec,
    RunSettings,
    SettingGroup,
)
from napari_sam_med.bench.report.report_page import finish, reliability_figures
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.run_store import RunStore


def table(*rows):
    return pd.DataFrame([row.to_dict() for row in rows])


def chain(case, *ious):
    return [
        Row(case, task="t", setting="clicks", step=k, selection="first", iou=iou)
        for k, iou in enumerate(ious, start=1)
    ]


def test_clicks_to_a_target_count_failures_with_the_cap():
    (one,) = summarise_clicks(
        table(*chain("a", 0.5, 0.82, 0.91), *chain("b", 0.1, 0.2, 0.3))
    ).itertuples()
    assert (one.n, one.cap) == (2, 3)
    assert (one.noc80, one.failed80) == (2.5, 1)
    assert (one.noc90, one.failed90) == (3.0, 1)


def test_the_area_under_the_clicks_is_that_of_the_trapezoids():
    (one,) = summarise_clicks(table(*chain("a", 0.0, 1.0, 0.5))).itertuples()
    assert one.auc == pytest.approx((0.5 + 0.75) / 2)


def test_a_model_that_knows_its_iou_has_no_calibration_error():
    ious = np.array([0.05, 0.35, 0.36, 0.95])
    assert calibration_error(ious, ious) == 0.0
    assert calibration_error(ious + 0.02, ious) == pytest.approx(0.02)


def test_scores_beyond_0_and_1_fall_into_the_outermost_bins():
    bins = reliability(np.array([-0.2, 1.3]), np.array([0.0, 1.0]))
    assert bins["low"].tolist() == [0.0, 0.9]


def test_regret_is_what_the_oracle_gains_over_the_best_score():
    rows = [
        Row(f"c{k}", setting="mode1", step=1, selection=name, iou=iou, score=score)
        for k, values in enumerate([(0.4, 0.6, 0.5), (0.7, 0.7, 0.9)])
        for name, iou, score in (
            ("best_score", values[0], values[2]),
            ("oracle", values[1], 0.0),
        )
    ]
    _, one = summarise_calibration(table(*rows)).itertuples()
    assert one.regret == pytest.approx(0.1)
    assert one.spearman == pytest.approx(1.0)
    assert one.n == 2


def judged(model, *score_iou):
    return [
        Row(f"c{k}", model=model, setting=f"mode{1 + k % 2}", step=1,
            selection=selection, score=score, iou=iou)
        for k, (score, iou) in enumerate(score_iou)
        for selection in ("best_score", "oracle")
    ]  # fmt: skip


def test_one_number_says_whether_the_predicted_iou_orders_all_masks():
    found = summarise_calibration(
        table(*judged("m", (0.1, 0.2), (0.5, 0.9), (0.6, 0.4), (0.9, 0.95)))
    )
    first = found.iloc[0]
    assert (first["setting"], first["n"]) == ("all modes", 4)
    assert first["spearman"] == pytest.approx(0.8)
    assert found["setting"].tolist() == ["all modes", "mode1", "mode2"]


def test_a_model_with_constant_scores_has_no_reliability_diagram():
    rows = table(
        *judged("flat", (0.5, 0.2), (0.5, 0.9)), *judged("m", (0.1, 0.2), (0.5, 0.9))
    )
    (caption,) = reliability_figures(rows)
    assert "of m:" in caption
    assert "Spearman 1.000" in caption
    assert "calibration error 0.250" in caption


def test_a_reliability_diagram_shows_each_bin_its_count_and_the_diagonal():
    rows = table(*judged("m", (0.11, 0.2), (0.13, 0.4), (0.95, 0.9)))
    (figure,) = reliability_figures(rows).values()
    above, below = figure.axes
    diagonal, bins = above.lines
    assert diagonal.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert bins.get_xydata() == pytest.approx(np.array([[0.12, 0.3], [0.95, 0.9]]))
    assert [bar.get_height() for bar in below.patches] == [2, 1]


def model_rows(gains):
    return table(
        *(
            Row(f"p{k}/{s}", patient=f"p{k}", task="t", model=model, setting="mode1",
                step=1, selection="default", iou=0.5 + (gain if model == "a" else 0))
            for k, gain in enumerate(gains)
            for s in range(3)
            for model in ("a", "b")
        )
    )  # fmt: skip


def test_models_are_compared_by_patients_not_by_slices():
    (one,) = compare_models(model_rows([0.1, 0.2, 0.003, -0.1])).itertuples()
    assert (one.n_patients, one.win, one.tie, one.loss) == (4, 2, 1, 1)
    assert one.difference == pytest.approx(0.203 / 4)


def test_the_p_value_is_that_of_the_exact_signed_rank_test():
    (one,) = compare_models(model_rows(np.arange(1, 7) / 100)).itertuples()
    assert one.p == one.p_holm == pytest.approx(2 / 2**6)


def test_models_that_never_differ_have_no_p_value():
    (one,) = compare_models(model_rows([0.0, 0.0])).itertuples()
    assert np.isnan(one.p)


def test_holm_keeps_the_order_and_never_exceeds_one():
    assert holm([0.5, float("nan"), 0.6])[::2] == [1.0, 1.0]
    assert np.isnan(holm([0.5, float("nan")])[1])


def test_a_run_with_everything_reports_everything(source, tmp_path):
    store = RunStore(tmp_path)
    models = [ModelSpec(n, lambda n=n: FakeSegmenter(name=n)) for n in ("a", "b")]
    settings = RunSettings(groups=tuple(SettingGroup), clicks=2, grids=(2,), draws=2)
    list(run_benchmark(source, models, settings, store))
    finish(store)
    rows = store.rows()
    assert not rows["error"].any()
    assert rows["prompts"].str.len().gt(10).all()
    assert rows["nsd"].between(0, 1).all()
    page = (tmp_path / "report.html").read_text()
    for title in (
        "Number of clicks (NoC)",
        "Segment everything",
        "Prompt perturbation",
        "Calibration of the predicted IoU",
        "Comparison of models",
    ):
        assert title in page
    everything = summarise_everything(rows)
    assert everything["recall50"].ge(everything["recall75"]).all()
    assert summarise_perturbation(rows)["draws"].eq(8).all()
