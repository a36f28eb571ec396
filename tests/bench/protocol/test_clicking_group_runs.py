"""Clicking groups in a run."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from fakes.fake_segmenter import FakeSegmenter
from fakes.labelled_volumes import made_volume
from napari_sam_med.bench.data.labelled_volumes import InMemory
from napari_sam_med.bench.protocol.clicking_group_runs import GROUP_SETTINGS
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.run_settings import (
    ModelSpec,
    RunSettings,
    SettingGroup,
)
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.repredict import mask_of_row
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.bench.run.stored_prompts import StoredPrompts
from napari_sam_med.core.metrics import iou
from napari_sam_med.core.ports import Capabilities
from napari_sam_med.errors import RunError

VOLUME = made_volume("p1", slices=2)
CLICKS, GROUPS = SettingGroup.CLICKS, SettingGroup.CLICKING_GROUPS
ALONE = RunSettings(groups=(GROUPS,), clicks=3, tolerance_mm=None)


def run(settings=ALONE, folder=None, name="fake", prompts_from=None, **able):
    choice = ModelSpec(name, lambda: FakeSegmenter(name=name, **able))
    store = RunStore(folder) if folder else None
    return run_benchmark(InMemory([VOLUME]), [choice], settings, store, prompts_from)


def rows_of(settings=ALONE, **more):
    return [row for one in run(settings, **more) for row in one.rows]


def points_of(row):
    (said,) = json.loads(row.prompts)
    return [tuple(map(int, point)) for point in said["points_rc"]], said["labels"]


def bits(rows):
    return [replace(row, seconds_embed=0.0, seconds_predict=0.0) for row in rows]


def test_each_group_has_a_row_for_each_click_of_the_default_chain():
    rows = rows_of()
    assert {row.setting for row in rows} == set(GROUP_SETTINGS)
    assert {row.selection for row in rows} == {"default"}
    assert len(rows) == 4 * 10 * 3
    assert not any(row.error for row in rows)


@pytest.mark.parametrize("profile", list(Profile))
def test_the_first_click_of_a_group_lies_in_its_tenth_of_the_object(profile):
    for row in rows_of(replace(ALONE, profile=profile)):
        if row.step > 1:
            continue
        ((point,), (polarity,)) = points_of(row)
        parts, _ = ndimage.label(VOLUME.labels[row.slice] == row.label, np.ones((3, 3)))
        part = parts == parts[point]
        inside = ndimage.distance_transform_edt(np.pad(part, 1))[1:-1, 1:-1]
        nearer = np.mean(inside[part] < inside[point])
        not_farther = np.mean(inside[part] <= inside[point])
        group = int(row.setting[-2:])
        assert polarity == 1
        assert parts[point] > 0
        # the study's distances are a chamfer's, up to 2 % off
        assert nearer <= group / 10 + 0.02
        assert not_farther >= (group - 1) / 10 - 0.02


def test_later_clicks_go_into_what_is_wrong():
    rows = rows_of()
    for before, row in pairwise(rows):
        if row.step == 1 or row.prompts == before.prompts:
            continue
        points, labels = points_of(row)
        truth = VOLUME.labels[row.slice] == row.label
        mask = mask_of_row(before, VOLUME, FakeSegmenter(), ALONE)
        assert truth[points[-1]] == bool(labels[-1])
        assert mask[points[-1]] != truth[points[-1]]


@pytest.mark.parametrize("profile", list(Profile))
def test_the_other_rows_of_a_run_are_the_same_to_the_bit(profile):
    groups = (SettingGroup.MODES, CLICKS)
    usual = RunSettings(profile, groups, clicks=3)
    without = rows_of(usual)
    beside = rows_of(replace(usual, groups=(*groups, GROUPS)))
    kept = [row for row in beside if row.setting not in GROUP_SETTINGS]
    assert bits(kept) == bits(without)
    assert len(beside) > len(kept)


def test_all_models_get_the_same_first_clicks_and_each_group_its_own():
    first = [
        {(r.case_id, r.setting): r.prompts for r in rows_of(name=name) if r.step == 1}
        for name in ("a", "b")
    ]
    assert first[0] == first[1]
    assert len(set(first[0].values())) > len(first[0]) * 0.9


def test_another_seed_clicks_elsewhere():
    assert [r.prompts for r in rows_of()] != [
        r.prompts for r in rows_of(replace(ALONE, seed=2))
    ]


@pytest.mark.parametrize("profile", [Profile.STRICT, Profile.AS_RELEASED])
def test_a_stopped_run_goes_on_and_equals_one_without_a_stop(tmp_path, profile):
    settings = replace(ALONE, profile=profile, groups=(CLICKS, GROUPS), clicks=2)
    whole = bits(rows_of(settings))
    stopped = run(settings, tmp_path)
    _ = [next(stopped) for _ in range(2)]
    stopped.close()
    again = list(run(settings, tmp_path))
    assert sum(one.resumed for one in again) == 2
    assert bits([row for one in again for row in one.rows]) == whole[len(whole) // 2 :]


def test_a_run_without_the_groups_does_not_go_on_with_them(tmp_path):
    list(run(replace(ALONE, groups=(CLICKS,)), tmp_path))
    with pytest.raises(RunError, match=r"settings\.groups was"):
        next(run(replace(ALONE, groups=(CLICKS, GROUPS)), tmp_path))


def test_a_model_without_points_is_not_asked():
    boxes = Capabilities(points=False, n_candidates=3)
    assert rows_of(capabilities=boxes) == []


def test_a_model_of_one_mask_has_one_chain_of_the_best_score():
    rows = rows_of(n_candidates=1)
    assert {row.selection for row in rows} == {"best_score"}


def test_clicks_of_another_run_are_refused_and_not_left_unused(tmp_path):
    list(run(replace(ALONE, groups=(CLICKS,)), tmp_path))
    stored = StoredPrompts.of(RunStore(tmp_path))
    with pytest.raises(RunError, match="clicking groups make their own clicks"):
        next(run(ALONE, prompts_from=stored))


def test_a_mask_of_a_group_is_predicted_again_from_its_row():
    row = next(r for r in rows_of() if r.setting == GROUP_SETTINGS[2] and r.step == 3)
    mask = mask_of_row(row, VOLUME, FakeSegmenter(), ALONE)
    assert iou(mask, VOLUME.labels[row.slice] == row.label) == row.iou
