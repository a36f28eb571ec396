"""Runs over volumes: rows, floors, resuming, failures."""

import numpy as np
import pytest

from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.bench.analysis.volume_summary import summarise_volumes
from napari_sam_med.bench.data.labelled_volumes import (
    BadPair,
    InMemory,
    LabelledVolume,
)
from napari_sam_med.bench.protocol.run_settings import ModelSpec
from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
    PromptedSlices,
    SlicePromptKind,
    VolumeProfile,
    VolumeSettings,
)
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.bench.run.volume_engine import run_volumes
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import RunError

FEW = VolumeSettings(
    VolumeProfile.SAM2_MEDICAL,
    choices=(PromptedSlices.MIDDLE, PromptedSlices.THREE),
    kinds=(SlicePromptKind.BOX,),
)


def volume(name):
    labels = np.zeros((6, 32, 32), np.uint8)
    labels[1:5, 4:14, 4:14] = 1
    labels[2:5, 18:28, 18:28] = 2
    image = (labels * 80 + 10).astype(np.uint8)
    return LabelledVolume(Volume(image, name=name), labels, name)


SOURCE = InMemory([volume("a"), BadPair("b", "labels of b are absent"), volume("c")])
MODEL = ModelSpec("fake", FakeSegmenter)


def run(folder=None, settings=FEW, source=SOURCE, model=MODEL):
    store = RunStore(folder) if folder else None
    return run_volumes(source, [model], settings, store)


def rows_of(events):
    return [row for event in events for row in event.rows]


def test_models_and_floors_have_a_row_for_each_object_and_way():
    rows = [row for row in rows_of(run()) if not row.error]
    found = {(row.model, row.setting) for row in rows}
    assert found == {
        ("fake", "box_middle_both"),
        ("fake", "box_three_both"),
        ("copy", "mask_middle_both"),
        ("copy", "mask_three_both"),
        ("interpolation", "mask_three_both"),
    }
    assert len(rows) == 4 * len(found)
    assert len({row.case_id for row in rows}) == 4


def test_the_truth_copied_along_a_block_is_the_block():
    copied = [row for row in rows_of(run()) if row.model == "copy"]
    assert {(row.iou, row.dice, row.nsd) for row in copied} == {(1.0, 1.0, 1.0)}
    assert {row.hd95_mm for row in copied} == {0.0}


def test_a_bad_pair_is_a_row():
    errors = [row.error for row in rows_of(run()) if row.error]
    assert errors == ["labels of b are absent"]


@pytest.mark.parametrize(
    "settings", [FEW, VolumeSettings(VolumeProfile.CVPR25_3D)], ids=["sam2", "cvpr25"]
)
def test_a_stopped_run_goes_on_and_equals_one_without_a_stop(tmp_path, settings):
    times = ["seconds_embed", "seconds_predict"]
    list(run(tmp_path / "whole", settings))
    stopped = run(tmp_path / "stopped", settings)
    _ = [next(stopped) for _ in range(3)]
    stopped.close()
    again = list(run(tmp_path / "stopped", settings))
    assert sum(event.resumed for event in again) == 3
    whole, joined = (
        RunStore(tmp_path / name).rows().drop(columns=times)
        for name in ("whole", "stopped")
    )
    assert joined.equals(whole)


def test_other_settings_in_the_same_folder_are_refused(tmp_path):
    list(run(tmp_path / "run"))
    with pytest.raises(RunError, match="another run"):
        next(run(tmp_path / "run", VolumeSettings(VolumeProfile.CVPR25_3D)))


def test_what_fails_is_a_row_and_the_others_go_on():
    class Failing(FakeSegmenter):
        def embed(self, image):
            msg = "no memory"
            raise ArithmeticError(msg)

    rows = rows_of(run(model=ModelSpec("fake", Failing)))
    failed = [row for row in rows if row.model == "fake"]
    assert {row.error for row in failed} == {"ArithmeticError: no memory"}
    assert {row.setting for row in failed} == {"box_middle_both", "box_three_both"}
    assert [row for row in rows if row.model == "copy" and not row.error]


def test_a_model_may_not_bear_the_name_of_a_floor():
    with pytest.raises(RunError, match="copy is the name of a floor"):
        next(run(model=ModelSpec("copy", FakeSegmenter)))


def test_the_summary_averages_objects_to_patients_to_tasks(tmp_path):
    list(run(tmp_path / "run"))
    rows = RunStore(tmp_path / "run").rows()
    summary = summarise_volumes(rows).set_index(["task", "model", "setting"])
    task = next(iter(sorted(set(rows["task"]) - {""})))
    mine = rows[
        rows["task"].eq(task)
        & rows["model"].eq("fake")
        & rows["setting"].eq("box_middle_both")
    ]
    one = summary.loc[(task, "fake", "box_middle_both")]
    assert (one["n"], one["n_patients"]) == (2, 2)
    assert one["dice"] == pytest.approx(mine["dice"].mean())
