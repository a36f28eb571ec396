"""How sure a ranking of models is, beside plain resampling."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from napari_sam_med.bench.analysis.between_models.rank_stability import rank_stability

MODELS = ("a", "b", "c")


def table(values, *, task="t", setting="mode1", step=1, profile="strict", patients="p"):
    """Rows of (patients, models) values, two cases for each patient."""
    return pd.DataFrame(
        {
            "task": task, "patient": f"{patients}{k:02}",
            "case_id": f"{task}/p{k:02}/{case}", "model": model,
            "profile": profile, "setting": setting, "step": step,
            "selection": "default", "iou": value + (-0.01, 0.01)[case],
        }
        for k, of_patient in enumerate(values)
        for model, value in zip(MODELS, of_patient, strict=False)
        for case in range(2)
    )  # fmt: skip


def close_race(patients, seed=0):
    rng = np.random.default_rng(seed)
    return 0.6 + 0.2 * rng.random((patients, 3)) + [0.02, 0.0, -0.3]


def test_a_model_that_is_better_for_every_patient_is_first_in_every_resample():
    found = rank_stability(table([[0.9, 0.8, 0.7]] * 6))
    assert found["model"].tolist() == ["a", "b", "c"]
    assert found["rank"].tolist() == [1, 2, 3]
    assert found["rank_low"].tolist() == found["rank_high"].tolist() == [1, 2, 3]
    assert found["ranked_first"].tolist() == [1, 0, 0]
    assert found["kendall_tau"].tolist() == pytest.approx([1, 1, 1])


def test_shares_and_ranks_are_those_of_plain_resampling():
    tasks = [close_race(8), close_race(12, seed=1)]
    frame = pd.concat(
        [table(tasks[0], task="s", patients="s"), table(tasks[1], task="t")]
    )
    found = rank_stability(frame).set_index("model").loc[list(MODELS)]
    rng = np.random.default_rng(1)
    drawn = [
        np.array([of_task[chosen].mean(0) for chosen in
                  rng.integers(0, len(of_task), (999, len(of_task)))])
        for of_task in tasks
    ]  # fmt: skip
    means = (drawn[0] + drawn[1]) / 2
    ranks = len(MODELS) - means.argsort(axis=1).argsort(axis=1)
    told = np.mean([of_task.mean(0) for of_task in tasks], axis=0)
    assert found["mean"].tolist() == pytest.approx(told)
    assert 0 < found["ranked_first"]["b"] < found["ranked_first"]["a"] < 1
    np.testing.assert_allclose(found["ranked_first"], (ranks == 1).mean(0))
    ends = np.sort(ranks, axis=0)[[24, 974]]
    assert found[["rank_low", "rank_high"]].to_numpy().T.tolist() == ends.tolist()
    order = found["rank"].to_numpy()
    taus = [stats.kendalltau(order, each).statistic for each in ranks]
    assert found["kendall_tau"].tolist() == pytest.approx([np.mean(taus)] * 3)
    assert found["n_units"].tolist() == [20] * 3


def test_a_patient_is_drawn_with_every_task_that_he_or_she_is_in():
    values = close_race(8)
    organs = [table(values, task=task) for task in ("liver", "spleen", "kidney")]
    of_one, of_three = rank_stability(organs[0]), rank_stability(pd.concat(organs))
    assert 0 < of_one["ranked_first"].iloc[1] < 1
    told = ["model", "n_units", "rank_low", "rank_high", "ranked_first", "kendall_tau"]
    pd.testing.assert_frame_equal(of_three[told], of_one[told])
    assert set(of_three["n_tasks"]) == {3}


def test_a_task_of_a_few_of_the_patients_counts_where_one_of_them_is_drawn():
    of_all, of_few = close_race(60), close_race(6, seed=3)
    frame = pd.concat([table(of_all, task="liver"), table(of_few, task="lesion")])
    found = rank_stability(frame).set_index("model").loc[list(MODELS)]
    counts = np.array(
        [
            np.bincount(drawn, minlength=60)
            for drawn in np.random.default_rng(1).integers(0, 60, (999, 60))
        ]
    )
    assert (counts[:, :6].sum(1) == 0).any()
    means = counts @ of_all / 60
    has = counts[:, :6].sum(1) > 0
    few = counts[has, :6] @ of_few / counts[has, :6].sum(1, keepdims=True)
    means[has] = (means[has] + few) / 2
    first = means.argmax(axis=1)[:, None] == range(len(MODELS))
    np.testing.assert_allclose(found["ranked_first"], first.mean(0))
    assert set(found["n_units"]) == {60}


def test_only_cases_that_all_models_answered_count():
    frame = table(close_race(6))
    alone = table([[0.1, 0.2, 0.9]], task="other").query("model == 'c'")
    both = pd.concat([frame, alone])
    pd.testing.assert_frame_equal(rank_stability(both), rank_stability(frame))


def test_tasks_of_fewer_than_six_patients_are_left_out():
    frame = pd.concat([table(close_race(6), task="s"), table(close_race(5))])
    found = rank_stability(frame)
    assert set(found["n_tasks"]) == {1}
    assert set(found["n_units"]) == {6}
    assert rank_stability(table(close_race(5))).empty


def test_one_model_has_no_ranking():
    assert rank_stability(table([[0.9]] * 6)).empty


def test_chains_of_clicks_count_by_the_area_under_as_many_clicks_as_all_had():
    firsts, lasts = close_race(6), close_race(6, seed=2)
    frame = pd.concat(
        [
            table(firsts, setting="clicks"),
            table(lasts, setting="clicks", step=2),
            table(np.ones((6, 1)), setting="clicks", step=3),
        ]
    )
    found = rank_stability(frame).set_index("model").loc[list(MODELS)]
    areas = ((firsts + lasts) / 2).mean(0)
    assert found["mean"].tolist() == pytest.approx(areas)


def test_of_each_case_as_many_clicks_count_as_all_models_were_given_there():
    same = np.full((6, 2), 0.5)
    frame = pd.concat(
        [table(same, setting="clicks"), table(same, setting="clicks", step=2)]
    )
    more = table(np.ones((6, 2)), setting="clicks", step=3)
    longer = [
        *more.index[more["model"].eq("b")],
        *more.index[more["model"].eq("a")][:1],
    ]
    found = rank_stability(pd.concat([frame, more.loc[longer]]))
    assert found["rank"].tolist() == [1, 1]


def test_equal_means_added_up_in_another_order_share_a_rank():
    values = [(0.1, 0.3), (0.2, 0.2), (0.3, 0.1), (0.7, 0.7), (0.1, 0.6), (0.6, 0.1)]
    found = rank_stability(table(values))
    assert found["rank"].tolist() == [1, 1]


def test_models_that_are_equal_throughout_have_no_correlation_and_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = rank_stability(table([(0.5, 0.5)] * 6))
    assert found["kendall_tau"].isna().all()
