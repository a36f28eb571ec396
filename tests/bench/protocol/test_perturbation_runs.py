"""Perturbed prompts in a run."""

import json

import numpy as np

from fakes.fake_segmenter import FakeSegmenter
from fakes.labelled_volumes import made_volume
from napari_sam_med.bench.data.labelled_volumes import InMemory
from napari_sam_med.bench.protocol.run_settings import (
    ModelSpec,
    RunSettings,
    SettingGroup,
)
from napari_sam_med.bench.run.engine import run_benchmark


def rows_of(name="fake", **settings):
    choice = ModelSpec(name, lambda: FakeSegmenter(name=name))
    source = InMemory([made_volume("p1", slices=1)])
    run = RunSettings(groups=(SettingGroup.PERTURBATION,), **settings)
    return [r for one in run_benchmark(source, [choice], run) for r in one.rows]


def test_each_kind_has_a_row_for_each_draw_and_selection():
    rows = rows_of(draws=3)
    kinds = {"box_shift", "box_expand", "box_corners", "point_shift"}
    assert {row.setting for row in rows} == kinds
    assert len(rows) == 2 * 4 * 3 * 4


def test_points_stay_on_the_object():
    labels = made_volume("p1", slices=1).labels[0]
    for row in rows_of(draws=3, jitter=0.5):
        if row.setting == "point_shift":
            ((point,),) = [p["points_rc"] for p in json.loads(row.prompts)]
            assert labels[int(point[0]), int(point[1])] == row.label


def test_all_models_get_the_same_draws():
    prompts = [[r.prompts for r in rows_of(name, draws=2)] for name in ("a", "b")]
    assert prompts[0] == prompts[1]


def test_without_any_jitter_all_draws_are_the_tight_box():
    rows = [r for r in rows_of(draws=3, jitter=0.0) if r.setting.startswith("box")]
    assert len({r.prompts for r in rows if r.label == 1}) == 1


def test_pixels_and_fractions_of_the_side_are_told_apart():
    far = rows_of(draws=4, jitter=0.5)
    near = rows_of(draws=4, jitter=0.5, jitter_unit="px")
    boxes = [
        np.array(
            [json.loads(r.prompts)[0]["box_rc"] for r in rows if "box" in r.setting]
        )
        for rows in (far, near)
    ]
    assert np.ptp(boxes[0][:16], axis=0).max() > 3
    assert np.ptp(boxes[1][:16], axis=0).max() <= 2
