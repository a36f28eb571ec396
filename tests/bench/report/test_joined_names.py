"""What models are called in a report over several runs."""

import html
from dataclasses import replace

import pandas as pd
import pytest

from fakes.stored_pages import made_row, made_run, page_of, volume_page_of, volume_run


def tables_of(tmp_path):
    return tmp_path / "page_files" / "tables"


def run_of(tmp_path, run, model, data, *, weights="ab", profile="strict", **more):
    """A run of three patients of a data set of its own name."""
    rows = [
        made_row(model, f"p{k}", 0.5, name=data, profile=profile, model_sha256=weights)
        for k in range(3)
    ]
    models = {model: {"sha256": weights, "family": ""}}
    return made_run(tmp_path / run, rows, name=data, **{"models": models, **more})


def test_other_weights_in_one_run_do_not_tear_the_other_runs_apart(tmp_path):
    folders = [
        run_of(tmp_path, "ct", "nano", "ct"),
        run_of(tmp_path, "mr", "nano", "mr"),
        run_of(tmp_path, "new", "nano", "ct", weights="cd"),
    ]
    page_of(tmp_path, *folders)
    main = pd.read_csv(tables_of(tmp_path) / "main.csv")
    tasks = main.groupby("model")["task"].agg(list).to_dict()
    assert tasks == {
        "nano (ct and mr)": ["ct: liver", "mr: liver", "Mean over tasks"],
        "nano (new)": ["ct: liver"],
    }


def test_a_case_asked_twice_tears_only_the_second_run_from_the_others(tmp_path):
    folders = [
        run_of(tmp_path, run, "nano", data)
        for run, data in (("ct", "ct"), ("mr", "mr"), ("us", "us"), ("again", "ct"))
    ]
    page = html.unescape(page_of(tmp_path, *folders))
    assert "nano (ct and 2 more) is of the runs ct, mr, us." in page
    main = pd.read_csv(tables_of(tmp_path) / "main.csv")
    assert main["model"].value_counts().to_dict() == {
        "nano (ct and 2 more)": 4,
        "nano (again)": 1,
    }


@pytest.mark.parametrize("profile", ["as-released", "as-written"])
def test_one_model_under_two_profiles_keeps_its_name_and_all_its_clicks(
    tmp_path, profile
):
    def rows(profile):
        return [
            made_row("nano", "p0", 0.2 * step, setting="clicks", step=step,
                     profile=profile)
            for step in (1, 2, 3)
        ]  # fmt: skip

    strict = made_run(
        tmp_path / "one", rows("strict"), selections=("first", "best_score", "default")
    )
    other = made_run(
        tmp_path / "two", rows(profile), selections=("first", "best_score", "oracle")
    )
    page_of(tmp_path, strict, other)
    needed = pd.read_csv(tables_of(tmp_path) / "clicks_needed.csv")
    defaults = needed[needed["selection"].eq("default")]
    assert set(defaults["model"]) == {"nano"}
    assert set(defaults["profile"]) == {"strict", profile}
    assert defaults["cap"].eq(3).all()


def test_volumes_of_equal_weights_stay_one_model(tmp_path):
    folders = [
        volume_run(
            tmp_path / run,
            [made_row("nano", "p0", 0.8, name=data, profile="cvpr25-3d", setting="box",
                      model_sha256=weights)],
            name=data,
        )
        for run, data, weights in (("a", "x", "1"), ("b", "y", "1"), ("c", "x", "2"))
    ]  # fmt: skip
    volume_page_of(tmp_path, *folders)
    means = pd.read_csv(tables_of(tmp_path) / "volumes_over_tasks.csv")
    assert means[["model", "n_tasks"]].to_numpy().tolist() == [
        ["nano (a and b)", 2],
        ["nano (c)", 1],
    ]


def test_a_case_that_failed_in_one_run_is_that_of_the_other(tmp_path):
    failed = made_row("nano", "p0", float("nan"), model_sha256="", error="no memory")
    one = made_run(tmp_path / "one", [failed, made_row("nano", "p1", 0.6)])
    two = made_run(tmp_path / "two", [made_row("nano", "p0", 0.8)])
    page_of(tmp_path, one, two)
    (main,) = pd.read_csv(tables_of(tmp_path) / "main.csv").itertuples()
    assert (main.model, main.n, round(main.mean, 6)) == ("nano", 2, 0.7)


@pytest.mark.parametrize("weights", ["ab", "cd"])
def test_the_study_stands_beside_the_weights_of_every_run_of_a_name(tmp_path, weights):
    folders = [
        made_run(
            tmp_path / run,
            [replace(made_row("sam_vit_h", "p0", 0.8, name=name, model_sha256=digest,
                              profile="as-released"), task=task)],
            name=name,
            models={"sam_vit_h": {"sha256": digest, "published_sha256": "ab"}},
        )
        for run, name, task, digest in (
            ("a", "liver", "CT-Liver", weights),
            ("b", "spleen", "CT-Spleen", weights),
            ("c", "liver", "CT-Liver", "ef"),
        )
    ]  # fmt: skip
    page_of(tmp_path, *folders)
    beside = pd.read_csv(tables_of(tmp_path) / "published.csv")
    match = beside.groupby("model")["match"].agg(set).to_dict()
    assert match == {
        "sam_vit_h (a and b)": {
            "same model and rules" if weights == "ab" else "other weights"
        },
        "sam_vit_h (c)": {"other weights"},
    }


def test_placeholder_weights_are_named_as_in_the_tables(tmp_path):
    told = {"nano": {"sha256": "cd", "stand_in": True}}
    folders = [
        run_of(tmp_path, "real", "nano", "ct"),
        run_of(tmp_path, "random", "nano", "ct", weights="cd", models=told),
    ]
    top = html.unescape(page_of(tmp_path, *folders)).partition("<nav>")[0]
    assert "those of nano (random) only show" in top


@pytest.mark.parametrize("runs", [("one",), ("one", "two")])
def test_a_name_with_brackets_of_its_own_stays_whole(tmp_path, runs):
    name, floor = "nano (mine)", "ellipse (mine)"
    known = {
        name: {"sha256": "ab", "family": "sam", "parameters": 2_000_000},
        floor: {"sha256": "", "family": "baseline"},
    }
    folders = []
    for run in runs:
        rows = [
            made_row(model, f"p{k}", 0.5, model_sha256=known[model]["sha256"])
            for model in known
            for k in range(3)
        ]
        folders.append(made_run(tmp_path / run, rows, models=known))
    page = html.unescape(page_of(tmp_path, *folders))
    told = [f"{name} ({run})" for run in runs] if len(runs) > 1 else [name]
    costs = pd.read_csv(tables_of(tmp_path) / "costs.csv")
    costs = costs[costs["model"].str.startswith("nano")]
    assert costs["model"].tolist() == told
    assert costs["parameters_m"].eq(2).all()
    best = pd.read_csv(tables_of(tmp_path) / "best_prompts.csv")
    assert set(best["model"]) == set(told)
    assert "--model 'nano (mine)' --setting" in page
    assert "--model nano" not in page


def test_an_unfinished_run_says_what_a_model_with_brackets_lacks(tmp_path):
    rows = [made_row("a", f"p{k}", 0.5) for k in range(3)]
    rows.append(made_row("b (mine)", "p0", 0.5))
    folder = made_run(tmp_path / "run", rows, finished="")
    assert "Of the 3 cases begun, b (mine) lacks 2." in page_of(tmp_path, folder)


def test_a_run_called_like_a_part_of_another_models_name_mixes_no_rows(tmp_path):
    folders = [
        run_of(tmp_path, "mine", "nano", "ct"),
        run_of(tmp_path, "other", "nano", "ct", weights="cd"),
        run_of(tmp_path, "third", "nano (mine)", "ct"),
    ]
    page_of(tmp_path, *folders)
    main = pd.read_csv(tables_of(tmp_path) / "main.csv")
    assert main["n"].tolist() == [3, 3, 3]
    assert main["model"].nunique() == 3


def test_the_study_stands_beside_no_model_whose_name_goes_on(tmp_path):
    name = "sam_vit_h (mine)"
    row = made_row(name, "p0", 0.8, profile="as-released", model_sha256="ab")
    models = {name: {"sha256": "ab", "published_sha256": "ab"}}
    folder = made_run(tmp_path / "run", [replace(row, task="CT-Liver")], models=models)
    page_of(tmp_path, folder)
    (match,) = pd.read_csv(tables_of(tmp_path) / "published.csv")["match"].unique()
    assert match == "other model"


def test_volumes_of_a_model_with_brackets_are_opened_by_its_whole_name(tmp_path):
    rows = [made_row("nano (mine)", f"p{k}", 0.8, profile="sam2-medical",
                     setting="box_middle_both") for k in range(2)]  # fmt: skip
    folders = [volume_run(tmp_path / run, rows) for run in ("one", "two")]
    page = html.unescape(volume_page_of(tmp_path, *folders))
    assert "--model 'nano (mine)' --setting" in page
    assert "--model nano " not in page
