"""The table in the model card of nano comes from the stored results."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def nano_card():
    path = ROOT / "benchmarks" / "nano_card.py"
    spec = importlib.util.spec_from_file_location("nano_card", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def summary(task, value):
    """A summary in which every mean of nano is `value`, of the ellipse half of it."""
    rows = [
        {"task": task, "model": model, "setting": setting, "step": step}
        | {"selection": selection, "n": 5, "mean": value * share}
        for model, share in (("nano", 1.0), ("ellipse", 0.5))
        for setting, step in (("mode1", 1), ("mode4", 1), ("mode5", 1), ("clicks", 5))
        for selection in ("best_score", "oracle")
    ]
    rows += [row | {"step": 9} for row in rows if row["setting"] == "clicks"]
    return pd.DataFrame(rows)


def test_the_card_holds_the_table_of_the_stored_results(nano_card):
    card = nano_card.CARD.read_text("utf-8")
    assert nano_card.table(nano_card.RESULTS) in card


def test_a_row_is_the_mean_of_its_classes_and_the_last_the_mean_of_rows(
    nano_card, tmp_path
):
    pd.concat([summary("a", 0.2), summary("b", 0.4)]).to_csv(tmp_path / "two.csv")
    summary("heart", 0.8).to_csv(tmp_path / "one.csv")
    lines = nano_card.table(tmp_path).splitlines()
    assert lines[2].startswith("| heart | 5 | 0.400 | 0.800 |")
    assert lines[3].startswith("| two | 10 | 0.150 | 0.300 |")
    assert lines[4].startswith("| **mean of the rows above** |  | 0.275 | 0.550 |")


def test_phantoms_do_not_count_in_the_mean(nano_card, tmp_path):
    summary("heart", 0.8).to_csv(tmp_path / "heart.csv")
    pd.concat([summary("a", 0.2), summary("b", 0.4)]).to_csv(tmp_path / "phantoms.csv")
    lines = nano_card.table(tmp_path).splitlines()
    assert lines[3].startswith("| **mean of the rows above** |  | 0.400 | 0.800 |")
    assert lines[4].startswith("| phantoms")


def test_only_the_table_of_a_card_is_replaced(nano_card):
    card = f"above\n{nano_card.BEGIN}\nold\n{nano_card.END}\nbelow\n"
    expected = f"above\n{nano_card.BEGIN}\nnew\n{nano_card.END}\nbelow\n"
    assert nano_card.card_with("new", card) == expected


@pytest.mark.parametrize(("given", "called"), [("", "heart"), ("LV=", "LV")])
def test_the_results_of_a_run_are_kept_under_its_class_or_a_title(
    nano_card, tmp_path, given, called
):
    run = tmp_path / "run"
    run.mkdir()
    summary("heart", 0.8).to_csv(run / "summary.csv", index=False)
    nano_card.keep(f"{given}{run}", tmp_path / "results")
    kept = pd.read_csv(tmp_path / "results" / "run.csv")
    assert set(kept["task"]) == {called}
    assert len(kept) == len(nano_card.COLUMNS)
    assert (
        nano_card.table(tmp_path / "results")
        .splitlines()[2]
        .startswith(f"| {called} | 5 |")
    )
