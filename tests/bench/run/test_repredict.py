"""Masks predicted again from the prompts of a row."""

import pytest

from fakes.fake_segmenter import FakeSegmenter
from fakes.labelled_volumes import made_volume
from napari_sam_med.bench.data.labelled_volumes import InMemory
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.result_rows import Row
from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.repredict import mask_of_row
from napari_sam_med.core.metrics import iou
from napari_sam_med.errors import DatasetError, RunError


@pytest.mark.parametrize("profile", [Profile.STRICT, Profile.AS_RELEASED])
def test_the_mask_of_each_row_has_the_iou_that_the_row_reports(profile):
    volume, model = made_volume("p1", slices=1), FakeSegmenter()
    settings = RunSettings(profile, clicks=3)
    choice = ModelSpec("fake", lambda: model)
    rows = [
        row
        for one in run_benchmark(InMemory([volume]), [choice], settings)
        for row in one.rows
    ]
    assert rows
    for row in rows:
        truth = volume.labels[row.slice] == row.label
        assert iou(mask_of_row(row, volume, model, settings), truth) == row.iou


def test_a_failure_has_no_mask():
    with pytest.raises(RunError, match="no memory"):
        mask_of_row(
            Row("case", error="no memory"),
            made_volume("p1", slices=1),
            FakeSegmenter(),
            RunSettings(),
        )


def test_another_volume_is_refused():
    row = Row("p2/axis0/0007/1", axis=0, slice=7, label=1, selection="first")
    with pytest.raises(DatasetError, match="p2/axis0/0007/1"):
        mask_of_row(row, made_volume("p1", slices=1), FakeSegmenter(), RunSettings())


def test_an_object_of_a_whole_volume_is_left_to_the_export():
    row = Row("p1/axis0/volume/1", profile="cvpr25-3d", axis=0, slice=1, label=1)
    with pytest.raises(RunError, match="run napari-sam-med export"):
        mask_of_row(row, made_volume("p1", slices=2), FakeSegmenter(), RunSettings())
