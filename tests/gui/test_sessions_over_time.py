"""Sessions of images with several time points, and of labels that were moved."""

import json
import threading

import dask.array as da
import numpy as np
import pytest
from napari.layers import Labels
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import SCALE, SHAPE, PromptsDesk
from napari_sam_med.session.replay import load_times

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def path(tmp_path, monkeypatch):
    path = tmp_path / "cine_session.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    return path


@pytest.fixture
def make_desk(make_napari_viewer, qtbot):
    desks = []

    def make() -> PromptsDesk:
        desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
        desks.append(desk)
        cine = np.random.default_rng(1).random((3, *SHAPE), dtype=np.float32)
        layer = desk.viewer.add_image(cine, name="cine", scale=(1, *SCALE))
        desk.send(desk.view.source.image_chosen, str(layer.unique_id))
        at(desk, 0)
        return desk

    yield make
    for desk in desks:
        desk.view.controller.close()
        assert desk.services.wait_for_end(30)


def at(desk, time: int) -> None:
    desk.viewer.dims.set_current_step(0, time)
    desk.viewer.dims.set_current_step(1, 3)
    desk.settle()


def accept(desk, time: int, label: int) -> None:
    at(desk, time)
    desk.send(desk.view.write.label_chosen, label)
    desk.view.controller.click((time, *np.multiply(SCALE, (3, 30, 30))), 1)
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)


def segmentations(desk) -> list[Labels]:
    return [each for each in desk.viewer.layers if "segmentation" in each.name]


def worked(desk) -> np.ndarray:
    """Two of three time points hold work, and the second is shown."""
    accept(desk, 0, 1)
    accept(desk, 1, 2)
    desk.send(desk.view.objects.renamed, 2, "liver")
    desk.send(desk.view.objects.locked, 1, True)  # noqa: FBT003 - a signal
    (labels,) = segmentations(desk)
    assert labels.data[0].any()
    assert labels.data[1].any()
    return labels.data.copy()


def restore(desk) -> None:
    desk.press(desk.view.offer.restore)
    desk.qtbot.waitUntil(lambda: desk.session.can_undo)
    desk.settle()


def restore_each(desk, times) -> None:
    for time in times:
        at(desk, time)
        desk.qtbot.waitUntil(lambda: desk.shows(desk.view.offer))
        restore(desk)


def opened(desk, *, shown: int) -> Labels:
    at(desk, shown)
    desk.press(desk.view.session.open)
    desk.qtbot.waitUntil(lambda: "goes on" in desk.told)
    desk.settle()
    (labels,) = segmentations(desk)
    return labels


def test_all_time_points_that_hold_work_are_saved_and_opened(make_desk, path):
    desk = make_desk()
    before = worked(desk)
    desk.press(desk.view.session.save)
    desk.qtbot.waitUntil(lambda: "time points 0, 1" in desk.told)
    other = make_desk()
    labels = opened(other, shown=2)
    np.testing.assert_array_equal(labels.data, before)
    assert "at the time points 0, 1" in other.told
    assert labels.metadata["label_names"] == {2: "liver"}
    assert other.session.state.locked(str(labels.unique_id)) == {1}
    assert not other.session.can_undo
    for time in (1, 0):  # the lock came with the time point that was shown
        at(other, time)
        assert len(other.session.state.records) == 1
        other.key(Qt.Key.Key_Z, CONTROL)
        assert not labels.data[time].any()
    for time in (0, 1):
        at(other, time)
        other.key(Qt.Key.Key_Z, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    np.testing.assert_array_equal(labels.data, before)


def test_a_session_that_was_saved_before_is_opened_whatever_is_shown(make_desk, path):
    desk = make_desk()
    before = worked(desk)
    desk.press(desk.view.session.save)
    desk.qtbot.waitUntil(path.exists)
    stored = json.loads(path.read_text())
    del stored["others"]
    path.write_text(json.dumps(stored | {"version": 4}))
    labels = opened(make_desk(), shown=0)
    np.testing.assert_array_equal(labels.data[1], before[1])
    assert not labels.data[0].any()


def test_what_was_kept_of_time_points_goes_into_one_layer(make_desk):
    first = make_desk()
    before = worked(first)
    first.view.controller.close()
    assert first.services.wait_for_end(30)
    second = make_desk()
    restore_each(second, (0, 1))
    (labels,) = segmentations(second)
    np.testing.assert_array_equal(labels.data, before)
    assert second.session.state.locked(str(labels.unique_id)) == {1}


def test_what_is_said_of_objects_is_saved_with_time_points_never_seen(make_desk, path):
    desk = make_desk()
    drawn = np.zeros((3, *SHAPE), np.uint8)
    drawn[:, 2:5, 10:20, 10:20] = 1
    labels = desk.viewer.add_labels(
        drawn, name="organs", scale=(1, *SCALE), metadata={"label_names": {1: "liver"}}
    )
    desk.send(desk.view.write.labels_chosen, str(labels.unique_id))
    desk.send(desk.view.objects.locked, 1, True)  # noqa: FBT003 - a signal
    desk.press(desk.view.session.save)
    desk.qtbot.waitUntil(lambda: "time points 0, 1, 2" in desk.told)
    other = make_desk()
    other.press(other.view.session.open)
    other.qtbot.waitUntil(lambda: "goes on" in other.told)
    other.settle()
    (row,) = other.view.objects.rows
    assert (row.name, row.is_locked) == ("liver", True)


def test_time_points_kept_before_an_object_was_locked_go_into_one_layer(make_desk):
    first = make_desk()
    accept(first, 0, 1)
    first.send(first.view.objects.renamed, 1, "liver")
    accept(first, 1, 1)
    first.send(first.view.objects.locked, 1, True)  # noqa: FBT003 - a signal
    first.view.controller.close()
    assert first.services.wait_for_end(30)
    second = make_desk()
    restore_each(second, (1, 0))
    (labels,) = segmentations(second)
    assert labels.data[0].any()
    assert labels.data[1].any()
    assert second.session.state.locked(str(labels.unique_id)) == {1}


def test_time_points_whose_objects_were_renamed_between_say_why_they_are_apart(
    make_desk,
):
    first = make_desk()
    accept(first, 0, 1)
    first.send(first.view.objects.renamed, 1, "liver")
    accept(first, 1, 1)
    first.send(first.view.objects.renamed, 1, "spleen")
    first.view.controller.close()
    assert first.services.wait_for_end(30)
    second = make_desk()
    restore_each(second, (1, 0))
    one, other = segmentations(second)
    told = notification_manager.records[-1].message
    assert f"its labels are in the new layer {other.name}, since label 1" in told
    assert f"has another name or colour in {one.name}" in told


def test_labels_that_were_moved_are_not_saved_as_if_they_lay_in_the_image(
    make_desk, path
):
    desk = make_desk()
    worked(desk)
    (labels,) = segmentations(desk)
    labels.translate = (0, 0, 8, 0)
    desk.settle()
    desk.press(desk.view.session.save)
    desk.qtbot.waitUntil(path.exists)
    desk.qtbot.waitUntil(lambda: "kept without labels" in desk.told)
    assert "lies on another grid than cine" in desk.told
    assert all(each.session.labels is None for each in load_times(path))


class SlowVoxels:
    """Slices of which all but the first few are read only once somebody lets them."""

    shape, dtype, ndim = SHAPE, np.dtype(np.float32), 3

    def __init__(self) -> None:
        self.go_on, self.read = threading.Event(), []
        self._voxels = np.random.default_rng(3).random(SHAPE, dtype=np.float32)

    def __getitem__(self, key):
        first = key[0].start if isinstance(key, tuple) else 0
        self.read.append(first)
        if first > 4:
            assert self.go_on.wait(30)
        return self._voxels[key]


def test_an_export_does_not_wait_for_voxels_that_are_slow_to_read(
    make_desk, path, tmp_path
):
    desk, slow = make_desk(), SlowVoxels()
    voxels = da.from_array(slow, chunks=(1, *SHAPE[1:]), asarray=False, fancy=False)
    image = desk.viewer.add_image(
        voxels, name="slow", scale=SCALE, contrast_limits=(0, 1)
    )
    desk.viewer.dims.set_current_step(1, 3)
    drawn = np.zeros(SHAPE, np.uint8)
    drawn[3, 10:20, 10:20] = 1
    labels = desk.viewer.add_labels(drawn, name="drawn", scale=SCALE)
    desk.send(desk.view.source.image_chosen, str(image.unique_id))
    desk.send(desk.view.write.labels_chosen, str(labels.unique_id))
    desk.qtbot.waitUntil(lambda: max(slow.read) > 4)
    desk.view.outputs.export_requested.emit()
    desk.qtbot.waitUntil(lambda: "cine_session" in desk.told)
    assert not slow.go_on.is_set()
    slow.go_on.set()
    n_read = len(slow.read)
    desk.press(desk.view.session.save)
    desk.qtbot.waitUntil(lambda: "Saved the session" in desk.told)
    assert slow.read[n_read:].count(9) <= 1
