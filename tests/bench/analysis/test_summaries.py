"""Click metrics, calibration and comparisons, checked by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.bench.analysis.between_models.comparison import compare_models, holm
from napari_sam_med.bench.analysis.calibration import (
    calibration_error,
    reliability,
    summarise_calibration,
)
from napari_sam_med.bench.analysis.click_metrics import summarise_clicks
from napari_sam_med.bench.analysis.grid_analysis import summarise_everything
from napari_sam_med.bench.analysis.ladder import ALL_TASKS
from napari_sam_med.bench.analysis.perturbation_analysis import summarise_perturbation
from napari_sam_med.bench.analysis.statistics import defaults_of
from napari_sam_med.bench.protocol.result_rows import Row
from napari_sam_med.bench.protocol.run_settings import (
    ModelSpec,
    RunSettings,
    SettingGroup,
)
from napari_sam_med.bench.report.figures.calibration_figures import reliability_figures
from napari_sam_med.bench.report.report_page import finish
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.store.run_store import RunStore


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
    assert (one.noc80, one.failed80) == (2.5, 0.5)
    assert (one.noc90, one.failed90) == (3.0, 0.5)


def test_a_chain_of_fewer_clicks_counts_with_its_own_cap():
    (one,) = summarise_clicks(
        table(*chain("a", 0.5, 0.82, 0.91), *chain("b", 0.1))
    ).itertuples()
    assert (one.cap, one.noc80) == (2, 1.5)
    assert one.auc == pytest.approx((0.7625 + 0.1) / 2)


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


def row_of(model, patient, iou, *, case=0, setting="mode1", step=1, task="t"):
    return Row(
        f"{patient}/{task}/{case}", patient=patient, task=task, model=model, iou=iou,
        profile="strict", setting=setting, step=step, selection="default",
    )  # fmt: skip


def model_rows(gains, *, task="t"):
    return [
        row_of(model, f"p{k}", 0.5 + gain * (model == "a"), case=case, task=task)
        for k, gain in enumerate(gains)
        for case in range(3)
        for model in "ab"
    ]


def compared(*rows, **options):
    return compare_models(table(*rows), **options)


def test_models_are_compared_by_patients_not_by_slices():
    (one,) = compared(*model_rows([0.1, 0.2, 0.003, -0.1])).itertuples()
    assert (one.n_cases, one.n_units, one.unit) == (12, 4, "patients")
    assert (one.win, one.tie, one.loss) == (2, 1, 1)
    assert one.difference == pytest.approx(0.203 / 4)


def test_the_p_value_is_that_of_the_exact_signed_rank_test():
    (one,) = compared(*model_rows(np.arange(1, 7) / 100)).itertuples()
    assert one.p == one.p_holm == pytest.approx(2 / 2**6)
    assert one.effect == 1
    assert one.ci_low < one.difference < one.ci_high


@pytest.mark.parametrize("count", [6, 9, 13, 14])
def test_among_equal_gains_the_p_value_is_that_of_scipy(count):
    rng = np.random.default_rng(count)
    gains = rng.choice([-0.25, 0.125, 0.25, 0.375], count)
    (one,) = compared(*model_rows(gains)).itertuples()
    expected = stats.wilcoxon(gains).pvalue
    assert one.p == pytest.approx(expected)


def test_five_patients_have_neither_p_nor_interval_and_are_said_to_be_too_few():
    (one,) = compared(*model_rows(np.arange(1, 6) / 100)).itertuples()
    assert np.isnan([one.p, one.p_holm, one.ci_low, one.ci_high]).all()
    assert one.note == "too few patients (5 of 6)"


def test_models_that_never_differ_have_no_p_value():
    (one,) = compared(*model_rows([0.0] * 8)).itertuples()
    assert np.isnan(one.p)
    assert one.note == "too few patients that differ (0 of 6)"


def test_only_cases_that_both_models_answered_are_compared():
    easy = [row_of("a", f"p{k}", 0.9, task="easy") for k in range(9)]
    one, over = compared(*easy, *model_rows([-0.06] * 7)).itertuples()
    assert one.difference == pytest.approx(-0.06)
    assert (one.n_cases, one.left_out, one.win) == (21, 0, 0)
    assert (over.task, over.left_out) == (ALL_TASKS, 9)


def test_over_tasks_every_task_counts_alike_and_is_one_observation():
    many, few = model_rows([0.1] * 9), model_rows([-0.1], task="u")
    over = compared(*many, *few).set_index("task").loc[ALL_TASKS]
    assert over["difference"] == pytest.approx(0.0)
    assert (over["n_units"], over["unit"]) == (2, "tasks")


def test_chains_of_other_lengths_are_compared_in_as_many_clicks_as_both_have():
    a = [row_of("a", "p", 0.5, setting="clicks", step=k) for k in (1, 2)]
    b = [
        row_of("b", "p", 0.5 + 0.2 * (k > 2), setting="clicks", step=k)
        for k in (1, 2, 3, 4)
    ]
    (one,) = compared(*a, *b).itertuples()
    assert one.difference == 0


def test_of_each_case_as_many_clicks_count_as_both_models_were_given_there():
    rows = []
    for patient, longest in (("p", {"a": 2, "b": 4}), ("q", {"a": 4, "b": 4})):
        for model, count in longest.items():
            rows += [
                row_of(model, patient, 0.5 + 0.2 * (k > 2), setting="clicks", step=k)
                for k in range(1, count + 1)
            ]
    (one,) = compared(*rows).itertuples()
    assert (one.n_cases, one.difference) == (2, 0)


def test_holms_families_hold_each_prompt_once_and_no_floor():
    modes = table(*model_rows(np.arange(1, 8) / 100))
    floor = modes[modes["model"].eq("b")].assign(model="floor", iou=0.1)
    clicks = modes.assign(setting="clicks")
    jitter = [modes.assign(setting="box_shift", step=k) for k in (1, 2)]
    found = compare_models(pd.concat([modes, floor, clicks, *jitter]), {"floor"})
    tested = found[found["p"].notna()]
    names = tested[["setting", "first", "second"]].itertuples(index=False)
    assert set(names) == {("mode1", "a", "b"), ("clicks", "a", "b")}
    assert tested["p_holm"].to_numpy() == pytest.approx(2 * tested["p"].to_numpy())
    assert set(found.loc[found["second"].eq("floor"), "note"]) == {"floor: not tested"}


def test_correlation_within_tasks_stands_beside_the_one_over_all_masks():
    rng = np.random.default_rng(0)
    rows = [
        replace(one, task=task, case_id=f"{task}{one.case_id}")
        for task, shift in (("easy", 0.5), ("hard", 0.0))
        for one in judged("m", *(shift + rng.random((40, 2)) * 0.4))
    ]
    first = summarise_calibration(table(*rows)).iloc[0]
    assert first["n_tasks"] == 2
    assert first["spearman"] > 0.6
    assert abs(first["spearman_within"]) < 0.3


def test_a_floors_scores_are_no_predicted_iou():
    rows = table(*judged("m", (0.1, 0.2), (0.5, 0.9)), *judged("f", (0.1, 0.2)))
    assert set(summarise_calibration(rows, {"f"})["model"]) == {"m"}
    assert all("of m:" in caption for caption in reliability_figures(rows, {"f"}))


def test_a_perturbed_prompt_stands_beside_the_exact_one():
    rows = [
        row_of("a", patient, iou, setting=setting, step=step)
        for patient, exact in (("p", 0.8), ("q", 0.6))
        for setting, step, iou in (
            ("mode5", 1, exact), ("box_shift", 1, 0.5), ("box_shift", 2, 0.7),
        )
    ]  # fmt: skip
    (one,) = summarise_perturbation(table(*rows)).itertuples()
    assert (one.n, one.draws) == (2, 2)
    assert (one.unperturbed, one.mean) == pytest.approx((0.7, 0.6))


def test_holm_keeps_the_order_and_never_exceeds_one():
    assert holm([0.5, float("nan"), 0.6])[::2] == [1.0, 1.0]
    assert np.isnan(holm([0.5, float("nan")])[1])


def test_a_run_with_everything_reports_everything(source, tmp_path):
    store = RunStore(tmp_path)
    models = [ModelSpec(n, lambda n=n: FakeSegmenter(name=n)) for n in ("a", "b")]
    simulated = tuple(group for group in SettingGroup if group != SettingGroup.RECORDED)
    settings = RunSettings(groups=simulated, clicks=2, grids=(2,), draws=2)
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
    assert summarise_perturbation(defaults_of(rows))["draws"].eq(2).all()


def beside(*pairs, setting="mode5"):
    """Rows of two models: for each patient a list of his or her (IoU, IoU) cases."""
    return table(
        *(
            Row(f"p{k}/{case}", task="t", patient=f"p{k}", model=model, setting=setting,
                profile="strict", step=1, selection="default", iou=iou)
            for k, of_patient in enumerate(pairs)
            for case, ious in enumerate(of_patient)
            for model, iou in zip("ab", ious, strict=True)
        )
    )  # fmt: skip


def test_differences_that_are_equal_but_for_a_bit_are_ties_of_rank():
    # 1 - 2/3 and 2/3 - 1/3 are other floats than 1/3
    pairs = [[(1.0, 2 / 3)]] * 6 + [[(1 / 3, 2 / 3)]]
    (one,) = compare_models(beside(*pairs)).itertuples()
    assert one.p == pytest.approx(2 * (1 + 7) / 2**7)
    assert one.effect == pytest.approx(5 / 7)


def test_gains_that_cancel_are_no_difference():
    pairs = [[(0.4, 0.3), (0.5, 0.3), (0.0, 0.3)]] * 6
    (one,) = compare_models(beside(*pairs)).itertuples()
    assert (one.effect, one.win, one.tie, one.loss) == (0, 0, 6, 0)
    assert np.isnan(one.p)
    assert one.note == "too few patients that differ (0 of 6)"


def test_a_difference_of_the_tie_itself_is_a_tie():
    (one,) = compare_models(beside(*[[(0.505, 0.5)]] * 6)).itertuples()
    assert (one.win, one.tie, one.loss) == (0, 6, 0)
