"""Segment everything: best matches, counted masks, one grid for a whole slice."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fakes.fake_segmenter import FakeSegmenter, fake_mask
from fakes.labelled_volumes import made_volume
from napari_sam_med.bench.data.labelled_volumes import InMemory
from napari_sam_med.bench.protocol.grid_runs import _Boxes, _count_different
from napari_sam_med.bench.protocol.run_settings import (
    ModelSpec,
    RunSettings,
    SettingGroup,
)
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.repredict import mask_of_row
from napari_sam_med.core.metrics import iou
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.errors import RunError
from napari_sam_med.models.wrappers.crop_refinement import CropRefinement

VOLUME = made_volume("p1", slices=1)


def run(**settings):
    model = FakeSegmenter()
    events = run_benchmark(
        InMemory([VOLUME]),
        [ModelSpec("fake", lambda: model)],
        RunSettings(groups=(SettingGroup.EVERYTHING,), **settings),
    )
    return model, [row for one in events for row in one.rows]


def test_each_object_has_a_row_for_each_grid_and_selection():
    _, rows = run(grids=(2, 4))
    keys = {(row.label, row.step, row.selection) for row in rows}
    assert len(keys) == len(rows) == 2 * 2 * 4
    assert {row.setting for row in rows} == {"everything"}


def test_the_grid_is_answered_once_for_all_objects_of_a_slice():
    model, _ = run(grids=(4,))
    assert model.n_predict == 16


@pytest.mark.parametrize(
    ("selection", "radii"), [("first", [8]), ("oracle", [8, 4, 12])]
)
def test_the_best_mask_of_the_whole_grid_counts(selection, radii):
    model, rows = run(grids=(4,))
    (row,) = (r for r in rows if r.selection == selection and r.label == 1)
    truth = VOLUME.labels[0] == 1
    all_ious = [
        iou(fake_mask(truth.shape, prompts, radius), truth)
        for prompts in model.seen_prompts
        for radius in radii
    ]
    assert row.iou == max(all_ious)


def test_the_point_behind_the_best_mask_is_stored():
    _, rows = run(grids=(4,))
    (row,) = (r for r in rows if r.selection == "first" and r.label == 2)
    (prompts,) = [Prompts.from_json(each) for each in json.loads(row.prompts)]
    truth = VOLUME.labels[0] == 2
    assert iou(fake_mask(truth.shape, prompts, 8), truth) == row.iou


def test_masks_whose_boxes_agree_are_counted_once():
    seen = _Boxes(
        [np.array(b, float) for b in ([0, 0, 9, 9], [0, 0, 9, 10], [20, 20, 25, 25])],
        [0.5, 0.9, 0.1],
    )
    assert _count_different(seen) == 2
    assert _count_different(_Boxes()) == 0


def test_a_model_that_looks_twice_answers_the_grid_at_one_look():
    inner = FakeSegmenter()
    settings = RunSettings(groups=(SettingGroup.EVERYTHING,), grids=(4,))
    choice = ModelSpec("zooming", lambda: CropRefinement(inner, "on"))
    events = run_benchmark(InMemory([VOLUME]), [choice], settings)
    rows = [row for one in events for row in one.rows]
    assert (inner.n_embed, inner.n_predict) == (1, 16)
    assert {row.zoom for row in rows} == {"off"}
    mask = mask_of_row(rows[0], VOLUME, CropRefinement(inner, "on"), settings)
    assert iou(mask, VOLUME.labels[0] == rows[0].label) == rows[0].iou


def test_rows_of_the_grid_name_a_refiner_that_cannot_be_left_out():
    class Refiner(FakeSegmenter):
        @property
        def info(self):
            return replace(super().info, crop_refinement="on")

    settings = RunSettings(groups=(SettingGroup.EVERYTHING,), grids=(4,))
    choice = ModelSpec("fake", Refiner)
    events = run_benchmark(InMemory([VOLUME]), [choice], settings)
    assert {row.zoom for one in events for row in one.rows} == {"on"}


def test_an_empty_grid_is_refused():
    with pytest.raises(RunError, match="grids"):
        RunSettings(grids=(0,))
