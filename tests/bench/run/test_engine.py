"""Runs with a fake model: rows, order, cancelling, failures."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from fakes.fake_segmenter import FakeSegmenter
from fakes.labelled_volumes import made_volume
from napari_sam_med.bench.data.labelled_volumes import BadPair, InMemory
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.run_settings import (
    ModelSpec,
    RunSettings,
    SettingGroup,
)
from napari_sam_med.bench.run import executors
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.core.ports import Capabilities
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.errors import DatasetError
from napari_sam_med.models.wrappers.crop_refinement import CropRefinement

N_CASES = 6


def run(source, settings=None, model=None, **options):
    model = model or FakeSegmenter()
    choice = ModelSpec(model.name, lambda: model)
    return list(
        run_benchmark(source, [choice], settings or RunSettings(clicks=3), **options)
    )


def rows_of(events):
    return [row for one in events for row in one.rows]


@pytest.mark.parametrize("profile", list(Profile))
def test_each_case_has_a_row_for_each_setting_step_and_selection(source, profile):
    events = run(source, RunSettings(profile, clicks=4))
    assert len(events) == N_CASES
    chains = 5 if profile is Profile.STRICT else 4  # one more of default masks
    assert {len(one.rows) for one in events} == {5 * 4 + 4 * chains}
    assert not [row.error for row in rows_of(events) if row.error]


def test_cases_come_sorted_by_volume_slice_and_label(source):
    cases = [
        (one.rows[0].image, one.rows[0].slice, one.rows[0].label) for one in run(source)
    ]
    assert cases == sorted(cases)
    assert cases[0] == ("p1_a", 0, 1)


def test_progress_ends_at_the_exact_total(source):
    last = run(source)[-1]
    assert (last.done, last.total, last.seconds_left) == (N_CASES, N_CASES, 0.0)


def test_the_time_left_does_not_count_the_loading_of_the_model(source, monkeypatch):
    now = 0.0

    def read():
        nonlocal now
        now += 1
        return now

    def load():
        nonlocal now
        now += 1000
        return FakeSegmenter()

    monkeypatch.setattr(executors, "time", SimpleNamespace(perf_counter=read))
    events = run_benchmark(source, [ModelSpec("fake", load)], RunSettings(clicks=1))
    first = next(events)
    assert 0 < first.seconds_left < 1000 * (first.total - first.done)


def test_every_row_has_prompts_that_can_be_used_again(source):
    for row in rows_of(run(source)):
        prompts = [Prompts.from_json(each) for each in json.loads(row.prompts)]
        assert len(prompts) == (2 if row.setting == "mode4" and row.label == 1 else 1)
        for each in prompts:
            each.check_inside((row.height, row.width))


def test_a_slice_is_embedded_once_for_all_of_its_cases(source):
    model = FakeSegmenter()
    run(source, model=model)
    assert model.n_embed == 3


def test_closing_the_generator_stops_the_run(source):
    model = FakeSegmenter()
    events = run_benchmark(source, [ModelSpec("fake", lambda: model)], RunSettings())
    next(events)
    called = model.n_predict
    events.close()
    assert model.n_predict == called
    assert list(events) == []


def test_click_prompts_grow_by_one_point_each_step(source):
    settings = RunSettings(Profile.AS_RELEASED, (SettingGroup.CLICKS,), clicks=5)
    for row in rows_of(run(source, settings)):
        (prompts,) = json.loads(row.prompts)
        assert len(prompts["points_rc"]) == row.step


def test_strict_places_the_first_click_where_mode_1_does(source):
    rows = rows_of(run(source))
    first = {r.case_id: r.prompts for r in rows if r.setting == "mode1"}
    clicks = [r for r in rows if r.setting == "clicks" and r.step == 1]
    assert all(r.prompts == first[r.case_id] for r in clicks)


class _Exact(FakeSegmenter):
    """Knows the truth of class 1."""

    def __init__(self, truth):
        super().__init__(n_candidates=1)
        self._truth = truth

    def predict(self, embedding, prompts):
        answer = super().predict(embedding, prompts)
        answer.masks[0] = answer.single.masks[0] = self._truth
        return answer


def test_strict_stops_at_a_perfect_mask_and_carries_it_forward():
    volume = made_volume("p1", slices=1)
    model = _Exact(volume.labels[0] == 1)
    rows = [r for r in rows_of(run(InMemory([volume]), model=model)) if r.label == 1]
    clicks = [r for r in rows if r.setting == "clicks" and r.selection == "first"]
    assert [r.iou for r in clicks] == [1.0] * 3
    assert len({r.prompts for r in clicks}) == 1


def test_the_oracle_is_never_below_another_candidate(source):
    rows = [r for r in rows_of(run(source)) if r.setting.startswith("mode")]
    by_key = {(r.case_id, r.setting, r.selection): r.iou for r in rows}
    for (case, setting, selection), value in by_key.items():
        if selection == "first" or (selection == "best_score" and setting != "mode4"):
            assert by_key[case, setting, "oracle"] >= value


class _Failing(FakeSegmenter):
    """Fails on every prompt with more than one point."""

    def predict(self, embedding, prompts):
        if len(prompts.points_rc) > 1:
            msg = "too many points"
            raise ArithmeticError(msg)
        return super().predict(embedding, prompts)


def test_what_fails_in_a_case_is_a_row_with_its_error(source):
    rows = rows_of(run(source, RunSettings(clicks=3), _Failing()))
    failed = [r for r in rows if r.error]
    assert {r.error for r in failed} == {"ArithmeticError: too many points"}
    assert len({r.case_id for r in failed}) == N_CASES


def test_a_slice_that_cannot_be_embedded_is_one_row_for_each_of_its_cases(source):
    class NoEmbedding(FakeSegmenter):
        def embed(self, image):
            msg = "no memory"
            raise MemoryError(msg)

    rows = rows_of(run(source, model=NoEmbedding()))
    assert len(rows) == N_CASES
    assert {r.error for r in rows} == {"MemoryError: no memory"}


def test_a_model_without_boxes_is_asked_for_points_alone(source):
    model = FakeSegmenter(capabilities=Capabilities(boxes=False))
    settings = {r.setting for r in rows_of(run(source, model=model))}
    assert settings == {"mode1", "mode2", "clicks"}


def test_bad_pairs_are_rows_with_their_reason():
    pairs = [made_volume("p1"), BadPair("p0", "labels of p0 are absent")]
    (bad,) = [r for r in rows_of(run(InMemory(pairs))) if r.error]
    assert (bad.image, bad.error) == ("p0", "labels of p0 are absent")


def test_a_run_without_any_case_is_refused():
    with pytest.raises(DatasetError, match="labels of p0 are absent"):
        run(InMemory([BadPair("p0", "labels of p0 are absent")]))


def test_strict_shows_the_model_square_pixels(source):
    seen = []

    class Watching(FakeSegmenter):
        def embed(self, image):
            seen.append(image.shape)
            return super().embed(image)

    tall = InMemory([made_volume("p1", slices=1, spacing_xyz=(1.0, 3.0, 1.0))])
    rows = rows_of(run(tall, model=Watching()))
    assert seen == [(120, 48)]
    assert {(r.height, r.width) for r in rows} == {(40, 48)}
    seen.clear()
    run(tall, RunSettings(Profile.AS_RELEASED, clicks=3), Watching())
    assert seen == [(40, 48)]


def test_released_run_predicts_one_call_at_a_time(source):
    class NoBatch(FakeSegmenter):
        def predict_many(self, embedding, prompts):
            raise AssertionError

    for profile in (Profile.AS_RELEASED, Profile.AS_WRITTEN):
        rows = rows_of(run(source, RunSettings(profile, clicks=3), NoBatch()))
        assert not [r for r in rows if r.error]


def test_rows_are_numbers_between_0_and_1(source):
    ious = np.array([row.iou for row in rows_of(run(source))])
    assert ((ious >= 0) & (ious <= 1)).all()


@pytest.mark.parametrize("mode", ["auto", "on"])
def test_rows_say_whether_the_model_looked_at_crops(source, mode):
    plain = FakeSegmenter()
    zooming = CropRefinement(FakeSegmenter(name="zooming"), mode)
    models = [ModelSpec(m.name, lambda m=m: m) for m in (plain, zooming)]
    events = run_benchmark(source, models, RunSettings(clicks=1))
    found = {(row.model, row.zoom) for one in events for row in one.rows}
    assert found == {("fake", "off"), ("zooming", mode)}


def test_a_volume_that_cannot_be_cut_is_a_row_and_the_run_goes_on(source):
    class Lost(np.ndarray):
        def any(self, axis=None, **options):
            if axis is not None:
                msg = "the disk is gone"
                raise BufferError(msg)
            return super().any(**options)

    good, other = source.pairs
    strange = replace(other, labels=other.labels.view(Lost))
    events = run(InMemory([good, strange]))
    [failed] = [row for row in rows_of(events) if row.error]
    assert failed.image == strange.name
    assert failed.error == "BufferError: the disk is gone"
    assert {row.image for row in rows_of(events) if not row.error} == {good.name}


def test_scores_that_differ_in_their_last_bits_are_stored_alike(source):
    class Noisy(FakeSegmenter):
        def predict(self, embedding, prompts):
            found = super().predict(embedding, prompts)
            return replace(found, scores=np.nextafter(found.scores, np.float32(1)))

    exact, noisy = (
        [(row.score, row.iou) for row in rows_of(run(source, model=model))]
        for model in (FakeSegmenter(), Noisy())
    )
    assert exact == noisy


def test_chains_of_clicks_that_ask_the_same_are_answered_once(source):
    """Of a model with one mask all four chains of a case make the same clicks."""

    class OneMask(FakeSegmenter):
        asked = 0

        def predict_many(self, embedding, prompts):
            self.asked += len(prompts)
            return super().predict_many(embedding, prompts)

    model = OneMask(n_candidates=1)
    settings = RunSettings(groups=("clicks",), clicks=2, feed_back=False)
    events = list(run_benchmark(source, [ModelSpec("m", lambda: model)], settings))
    rows = [row for one in events for row in one.rows]
    distinct = {(row.case_id, row.prompts) for row in rows}
    assert model.asked <= len(distinct) < len(rows)
