"""Ranks, gaps, correlations and costs, recomputed with plain pandas and scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fakes.made_runs import MODELS, TASKS, made_rows
from napari_sam_med.bench.analysis.costs import summarise_costs
from napari_sam_med.bench.analysis.object_factors import (
    factor_correlations,
    modalities_of_tasks,
    prompt_gaps,
    summarise_gaps,
    summarise_modalities,
)
from napari_sam_med.bench.analysis.published_tables import published_modes
from napari_sam_med.bench.analysis.statistics import summarise, with_defaults
from napari_sam_med.bench.analysis.task_ranking import rank_tasks


@pytest.fixture(scope="module")
def rows():
    return made_rows()


@pytest.fixture(scope="module")
def defaults(rows):
    return rows[rows["selection"].eq("first")].assign(selection="default")


def test_tasks_are_ranked_by_the_mean_over_their_modes(rows):
    ranked = rank_tasks(summarise(with_defaults(rows)), {"ellipse"})
    assert set(ranked["model"]) == {"sam_vit_h", "nano"}
    for model in ("sam_vit_h", "nano"):
        first = rows[rows["model"].eq(model) & rows["selection"].eq("first")]
        modes = first[first["setting"].str.startswith("mode")]
        means = modes.groupby(["task", "setting"])["iou"].mean().groupby("task").mean()
        order = list(means.sort_values(ascending=False).index)
        mine = ranked[ranked["model"].eq(model)].drop_duplicates("task")
        assert list(mine["task"]) == order
        assert list(mine["rank"]) == [1, 2, 3]


def test_published_values_stand_beside_and_say_whether_they_match(rows):
    ranked = rank_tasks(summarise(with_defaults(rows)))
    study = published_modes().set_index(["task", "mode", "selection"])["iou"]
    for one in ranked.itertuples():
        key = (one.task, int(one.setting[-1]))
        assert one.published == study[(*key, "default")]
        assert one.published_oracle == study[(*key, "oracle")]
    told = ranked.groupby("model")["match"].first()
    assert told["sam_vit_h"].startswith("same name and rules, weights not known")
    assert told["nano"] == "other model"


def test_a_task_that_the_study_lacks_has_no_published_value(rows):
    own = rows.assign(task=rows["task"].replace("CT-Spleen", "mine"))
    ranked = rank_tasks(summarise(with_defaults(own)))
    mine = ranked[ranked["task"].eq("mine")]
    assert mine["published"].isna().all()
    assert mine["match"].eq("").all()


def test_gaps_are_those_of_box_and_point_on_the_same_object(defaults):
    gaps = prompt_gaps(defaults)
    assert len(gaps) == len(MODELS) * len(TASKS) * 8
    wide = defaults.pivot_table(
        index=["model", "case_id"], columns="setting", values="iou"
    )
    expected = (wide["mode5"] - wide["mode1"]).to_dict()
    found = gaps.set_index(["model", "case_id"])["gap"].to_dict()
    assert found == pytest.approx(expected)
    by_task = summarise_gaps(gaps).set_index(["model", "task"])["gap"]
    for (model, task), mine in gaps.groupby(["model", "task"]):
        assert by_task[model, task] == pytest.approx(mine["gap"].mean())


def test_correlations_are_spearmans_over_all_objects_and_within_tasks(defaults):
    gaps = prompt_gaps(defaults)
    table = factor_correlations(gaps).set_index(["model", "factor", "of"])
    columns = {"size": "area_px", "share of slice": "area_fraction", "parts": "n_parts"}
    measures = {"mode1": "point", "mode5": "box", "box minus point": "gap"}
    for model, mine in gaps.groupby("model"):
        for factor, column in columns.items():
            for name, measure in measures.items():
                line = table.loc[(model, factor, name)]
                pooled = stats.spearmanr(mine[column], mine[measure]).statistic
                within = [
                    stats.spearmanr(one[column], one[measure]).statistic
                    for _, one in mine.groupby("task")
                ]
                assert line["n"] == 24
                assert line["spearman"] == pytest.approx(pooled)
                assert line["spearman_within"] == pytest.approx(np.mean(within))
                assert line["n_tasks"] == 3


def test_a_factor_that_does_not_vary_has_no_correlation(defaults):
    table = factor_correlations(prompt_gaps(defaults.assign(n_parts=1)))
    assert table.loc[table["factor"].eq("parts"), "spearman"].isna().all()


def test_modalities_are_told_by_data_set_and_name():
    names = ["CT-Spleen", "samples: X-ray heart", "US-Muscle", "tumours", "CTs of it"]
    names += ["PET/CT: lesion", "PET-CT", "MRI and US of the prostate"]
    assert modalities_of_tasks(names, [{"dataset": ""}]) == {
        "CT-Spleen": "CT",
        "samples: X-ray heart": "radiograph",
        "US-Muscle": "ultrasound",
    }


def test_the_means_of_a_modality_are_over_its_tasks(defaults):
    by_task = summarise_gaps(prompt_gaps(defaults))
    modalities = {"CT-Spleen": "CT", "MRI-Heart": "MR", "US-Kidney": "MR"}
    table = summarise_modalities(by_task, modalities)
    mine = table[table["model"].eq("nano")].set_index("modality")
    assert mine["n_tasks"].to_dict() == {"CT": 1, "MR": 2}
    own = by_task[by_task["model"].eq("nano")].set_index("task")["box"]
    mean = (own["MRI-Heart"] + own["US-Kidney"]) / 2
    assert mine.loc["MR", "box"] == pytest.approx(mean)


def test_one_modality_is_no_comparison(defaults):
    by_task = summarise_gaps(prompt_gaps(defaults))
    assert summarise_modalities(by_task, dict.fromkeys(TASKS, "CT")).empty


def test_costs_are_medians_and_what_the_manifest_knows(rows):
    manifest = {
        "run": "r",
        "models": {
            "nano": {
                "parameters": 2_000_000,
                "computed": {"device": "cpu", "precision": "bf16", "threads": "1"},
            }
        },
        "machine": {"peak_memory_bytes": 512 * 2**20},
    }
    table = summarise_costs(rows.assign(run="r"), {"r": manifest})
    one = table.set_index("model").loc["nano"]
    assert (one["parameters_m"], one["n_slices"]) == (2.0, 24)
    assert one["weights_mib"] == pytest.approx(2_000_000 * 2 / 2**20)
    assert (one["embed_s"], one["predict_s"], one["peak_mib"]) == (2.0, 0.5, 512.0)
    assert pd.isna(table.set_index("model").loc["ellipse", "parameters_m"])
