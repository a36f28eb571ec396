"""Prompts of one run given to another model."""

import json
from dataclasses import replace

import pytest

from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
from napari_sam_med.bench.report.report_notes import warnings_of
from napari_sam_med.bench.report.report_page import write_report
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.bench.run.stored_prompts import StoredPrompts
from napari_sam_med.errors import RunError

KEY = ["case_id", "setting", "step", "selection"]


class Larger(FakeSegmenter):
    """Answers with other masks than the first model."""

    def predict(self, embedding, prompts):
        answer = super().predict(embedding, prompts)
        answer.masks[:, :, ::2] = True
        return answer


def run(source, folder, model, profile=Profile.STRICT, prompts_from=None, clicks=3):
    settings, store = RunSettings(profile, clicks=clicks), RunStore(folder)
    choice = ModelSpec(model.name, lambda: model)
    list(run_benchmark(source, [choice], settings, store, prompts_from))
    return store


@pytest.mark.parametrize("profile", [Profile.STRICT, Profile.AS_RELEASED])
def test_another_model_gets_the_very_prompts_of_the_stored_run(
    source, tmp_path, profile
):
    first = run(source, tmp_path / "first", FakeSegmenter(), profile)
    prompts_from = StoredPrompts.of(first)
    other = run(
        source, tmp_path / "other", Larger(name="larger"), profile, prompts_from
    )
    one, two = (store.rows().set_index(KEY) for store in (first, other))
    assert not two["error"].any()
    assert two["prompts"].equals(one["prompts"].reindex(two.index))
    assert not two["iou"].equals(one["iou"].reindex(two.index))


def test_the_same_model_gives_the_same_rows_again(source, tmp_path):
    first = run(source, tmp_path / "first", FakeSegmenter())
    again = run(
        source,
        tmp_path / "again",
        FakeSegmenter(),
        prompts_from=StoredPrompts.of(first),
    )
    numbers = ["iou", "dice", "score", "prompts"]
    assert again.rows()[numbers].equals(first.rows()[numbers])


def test_a_run_with_other_prompts_cannot_be_resumed_with_simulated_ones(
    source, tmp_path
):
    first = run(source, tmp_path / "first", FakeSegmenter())
    run(
        source,
        tmp_path / "again",
        FakeSegmenter(),
        prompts_from=StoredPrompts.of(first),
    )
    with pytest.raises(RunError, match="prompts_from"):
        run(source, tmp_path / "again", FakeSegmenter())


def test_of_several_models_the_first_is_taken_or_the_one_named(source, tmp_path):
    for name in ("b", "a"):
        store = run(source, tmp_path, FakeSegmenter(name=name))
    assert StoredPrompts.of(store).origin.endswith(", b")
    assert StoredPrompts.of(store, "a").origin.endswith(", a")
    with pytest.raises(RunError, match="a, b, not of c"):
        StoredPrompts.of(store, "c")


def test_a_case_that_the_stored_run_lacks_is_a_row_with_its_error(source, tmp_path):
    first = run(source, tmp_path / "first", FakeSegmenter())
    prompts_from = StoredPrompts("elsewhere", {}, StoredPrompts.of(first).clicks)
    rows = run(
        source, tmp_path / "again", FakeSegmenter(), prompts_from=prompts_from
    ).rows()
    assert rows["error"].str.contains("elsewhere has no modes").sum() == 6


def test_prompts_that_were_made_on_other_files_are_told(source, tmp_path):
    first = run(source, tmp_path / "first", FakeSegmenter())
    prompts = StoredPrompts.of(first)
    moved = [{**each, "sha256": "0"} for each in prompts.files]
    on_moved = replace(prompts, files=moved)
    told = {
        name: warnings_of(
            run(source, tmp_path / name, FakeSegmenter(), prompts_from=each).manifest()
        )
        for name, each in {"same": prompts, "other": on_moved}.items()
    }
    assert not told["same"]
    assert told["other"][0].startswith("Prompts of other files: first, ")


def test_other_prompts_of_a_run_with_the_same_name_are_another_run(source, tmp_path):
    models = FakeSegmenter(), Larger()
    one, two = (
        StoredPrompts.of(run(source, tmp_path / name / "first", model))
        for name, model in zip("ab", models, strict=True)
    )
    assert one.origin == two.origin
    run(source, tmp_path / "run", FakeSegmenter(), prompts_from=one)
    with pytest.raises(RunError, match="prompts_sha256 was"):
        run(source, tmp_path / "run", FakeSegmenter(), prompts_from=two)


def test_a_chain_of_fewer_stored_clicks_ends_and_repeats_none(source, tmp_path):
    first = run(
        source, tmp_path / "first", FakeSegmenter(), Profile.AS_RELEASED, clicks=2
    )
    prompts_from = StoredPrompts.of(first)
    other = run(
        source,
        tmp_path / "other",
        Larger(),
        Profile.AS_RELEASED,
        prompts_from,
        clicks=4,
    )
    clicks = other.rows().query("setting == 'clicks'")
    assert set(clicks["step"]) == {1, 2}
    asked = clicks["prompts"].map(lambda text: len(json.loads(text)[0]["labels"]))
    assert asked.eq(clicks["step"]).all()
    page = write_report([other.folder], tmp_path / "page.html").read_text()
    count = len(clicks) // 2
    assert f"{count} of {count} chains of clicks end before the 4 clicks" in page


def test_a_model_that_is_right_by_fewer_clicks_carries_its_mask_forward(
    source, tmp_path
):
    class Right(FakeSegmenter):
        def predict(self, embedding, prompts):
            answer = super().predict(embedding, prompts)
            answer.masks[:] = self.truth
            return answer

    first = run(source, tmp_path / "first", FakeSegmenter(), clicks=1)
    model = Right()
    model.truth = source.pairs[0].labels[0] == 1
    other = run(
        source, tmp_path / "other", model, prompts_from=StoredPrompts.of(first),
        clicks=3,
    )  # fmt: skip
    clicks = other.rows().query("setting == 'clicks'")
    right = clicks[clicks["iou"].eq(1)]
    assert set(right["step"]) == {1, 2, 3}
    assert set(clicks.loc[clicks["iou"].lt(1), "step"]) == {1}
