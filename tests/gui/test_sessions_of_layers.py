"""Sessions of work that went into several Labels layers of one image."""

import json
import threading

import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QFileDialog

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import SCALE, SHAPE, PromptsDesk
from napari_sam_med.gui.napari_io import is_ours
from napari_sam_med.session.autosaves import Autosaves
from napari_sam_med.session.replay import load_times
from napari_sam_med.session.saved_session import SavedLabels

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
RED = (200, 30, 40)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def path(tmp_path, monkeypatch):
    path = tmp_path / "ct_session.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    return path


@pytest.fixture
def make_desk(make_napari_viewer, qtbot):
    desks = []

    def make() -> PromptsDesk:
        desks.append(PromptsDesk(make_napari_viewer(), qtbot, FakeShelf()))
        return desks[-1]

    yield make
    for desk in desks:
        desk.view.controller.close()
        assert desk.services.wait_for_end(30)


def accept(desk, index: int) -> None:
    desk.go_to(0, index)
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    assert "Wrote" in desk.told


def write_to(desk, name: str, kind: type = np.uint8, ndim: int = 3) -> Labels:
    """Go on in a new layer."""
    shape, scale = (3, *SHAPE)[-ndim:], (1, *SCALE)[-ndim:]
    layer = desk.viewer.add_labels(np.zeros(shape, kind), name=name, scale=scale)
    desk.viewer.layers.selection.active = None
    desk.send(desk.view.write.labels_chosen, str(layer.unique_id))
    return layer


def worked(desk) -> dict[str, np.ndarray]:
    """Organs went to one layer, lesions to another."""
    organs = write_to(desk, "organs", np.uint16)
    accept(desk, 3)
    desk.send(desk.view.objects.renamed, 1, "liver")
    desk.send(desk.view.objects.recoloured, 1, RED)
    desk.send(desk.view.objects.locked, 1, True)  # noqa: FBT003 - a signal
    lesions = write_to(desk, "lesions")
    accept(desk, 5)
    desk.send(desk.view.objects.renamed, 1, "cyst")
    assert organs.data.any()
    assert lesions.data.any()
    return {each.name: each.data.copy() for each in (organs, lesions)}


def saved(desk, path) -> None:
    desk.press(desk.view.session.save)
    desk.qtbot.waitUntil(lambda: "Saved the session" in desk.told)
    assert path.exists()


def opened(desk) -> None:
    desk.press(desk.view.session.open)
    desk.qtbot.waitUntil(lambda: "goes on" in desk.told)
    desk.settle()


def restore(desk) -> None:
    desk.press(desk.view.offer.restore)
    desk.qtbot.waitUntil(lambda: desk.session.can_undo)
    desk.settle()


def labels_in(desk) -> dict[str, np.ndarray]:
    layers = [each for each in desk.viewer.layers if isinstance(each, Labels)]
    return {each.name: each.data for each in layers if not is_ours(each)}


def assert_same(desk, before) -> None:
    found = labels_in(desk)
    assert found.keys() == before.keys()
    for name, array in before.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def written_to(desk) -> str:
    return desk.view.write.labels.currentText()


def assert_all_is_back(desk, before) -> None:
    assert_same(desk, before)
    organs, lesions = (desk.viewer.layers[name] for name in ("organs", "lesions"))
    assert written_to(desk) == "lesions"
    assert organs.metadata["label_names"] == {1: "liver"}
    assert lesions.metadata["label_names"] == {1: "cyst"}
    assert (np.rint(organs.get_color(1)[:3] * 255) == RED).all()
    state = desk.session.state
    assert state.locked(str(organs.unique_id)) == {1}
    assert not state.locked(str(lesions.unique_id))
    keys = [each.layer_key for each in state.records]
    assert keys == [str(each.unique_id) for each in (organs, lesions)]
    scored = {(key.place, key.label, key.index) for key in state.sources}
    assert {(keys[0], 1, 3), (keys[1], 1, 5)} <= scored


def test_both_layers_are_saved_and_opened_and_undone_as_one_step(make_desk, path):
    desk = make_desk()
    before = worked(desk)
    saved(desk, path)
    assert "is not in the file" not in desk.told
    other = make_desk()
    opened(other)
    assert_all_is_back(other, before)
    other.key(Qt.Key.Key_Z, CONTROL)
    assert not any(each.any() for each in labels_in(other).values())
    other.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    assert_same(other, before)


def test_a_session_that_was_opened_is_saved_whole_again(make_desk, path):
    desk = make_desk()
    before = worked(desk)
    saved(desk, path)
    other = make_desk()
    opened(other)
    path.unlink()
    saved(other, path)
    third = make_desk()
    opened(third)
    assert_all_is_back(third, before)


def test_both_layers_are_kept_as_it_goes_and_offered_again(make_desk, capture_notes):
    desk = make_desk()
    before = worked(desk)
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)
    assert not [each for each in capture_notes if "not in the file" in each]
    other = make_desk()
    other.qtbot.waitUntil(lambda: other.shows(other.view.offer))
    assert "2 objects, 2 slices" in other.view.offer.text.text()
    restore(other)
    assert_all_is_back(other, before)


def test_a_new_layer_stays_chosen_where_it_was(make_desk, path):
    desk = make_desk()
    before = worked(desk)
    desk.send(desk.view.write.labels_chosen, "new")
    saved(desk, path)
    other = make_desk()
    opened(other)
    assert_same(other, before)
    assert written_to(other) == "a new Labels layer"
    assert "left out" not in other.told


def test_a_stroke_in_the_layer_that_is_not_written_to_is_kept(make_desk):
    desk = make_desk()
    before = worked(desk)
    desk.qtbot.waitUntil(lambda: kept_in_files().keys() == before.keys())
    organs = desk.viewer.layers["organs"]
    desk.go_to(0, 8)
    desk.viewer.layers.selection.active = organs
    organs.mode, organs.brush_size, organs.selected_label = "paint", 12, 2
    desk.drag((-30, 0), (30, 0))
    organs.mode = "pan_zoom"
    assert (organs.data[8] == 2).any()
    desk.qtbot.waitUntil(lambda: 2 in kept_in_files()["organs"])


def kept_in_files() -> dict[str, set[int]]:
    """Labels of the layers that the files of the folder hold."""
    found: dict[str, set[int]] = {}
    for path in Autosaves().folder.glob("*.json"):
        for work in load_times(path)[0].session.layers:
            if work.labels is not None:
                found[work.labels.name] = set(np.unique(work.labels.array()).tolist())
    return found


def test_what_cannot_be_kept_of_another_layer_is_told(make_desk, path, capture_notes):
    desk = make_desk()
    worked(desk)
    organs = desk.viewer.layers["organs"]
    organs.translate = (0, 8, 0)
    desk.settle()
    saved(desk, path)
    text = "the session is kept without the labels in organs: organs lies on another"
    assert text in desk.told
    assert any(text in each for each in capture_notes)
    other = make_desk()
    opened(other)
    assert "labels of organs are left out" in other.told
    assert not other.viewer.layers["organs"].data.any()
    assert other.viewer.layers["organs"].metadata["label_names"] == {1: "liver"}
    assert other.viewer.layers["lesions"].data.any()


def test_work_of_another_image_is_in_its_own_file(make_desk, path):
    desk = make_desk()
    accept(desk, 3)
    second = desk.viewer.add_image(
        desk.image.data[::-1].copy(), name="mr", contrast_limits=(0, 1), scale=SCALE
    )
    desk.send(desk.view.source.image_chosen, str(second.unique_id))
    accept(desk, 5)
    saved(desk, path)
    assert "the work in ct segmentation is not in the file" in desk.told
    (time,) = load_times(path)
    assert [each.labels.name for each in time.session.layers] == ["mr segmentation"]


def test_a_file_of_version_7_is_still_opened(make_desk, path):
    desk = make_desk()
    before = worked(desk)
    saved(desk, path)
    stored = json.loads(path.read_text())
    assert stored["version"] == 8
    del stored["session"]["beside"]
    path.write_text(json.dumps(stored | {"version": 7}))
    other = make_desk()
    opened(other)
    assert_same(other, {"lesions": before["lesions"]})
    assert written_to(other) == "lesions"


def add_cine(desk) -> None:
    cine = np.random.default_rng(1).random((3, *SHAPE), dtype=np.float32)
    layer = desk.viewer.add_image(cine, name="cine", scale=(1, *SCALE))
    desk.send(desk.view.source.image_chosen, str(layer.unique_id))
    at(desk, 0)


def at(desk, time: int) -> None:
    desk.viewer.dims.set_current_step(0, time)
    desk.viewer.dims.set_current_step(1, 3)
    desk.settle()


def accept_at(desk, time: int, label: int) -> None:
    at(desk, time)
    desk.send(desk.view.write.label_chosen, label)
    desk.view.controller.click((time, *np.multiply(SCALE, (3, 30, 30))), 1)
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    assert "Wrote" in desk.told


def worked_over_time(desk) -> dict[str, np.ndarray]:
    """At each time point another layer was written to last."""
    add_cine(desk)
    organs = write_to(desk, "organs", ndim=4)
    accept_at(desk, 0, 1)
    accept_at(desk, 1, 2)
    desk.send(desk.view.objects.renamed, 1, "liver")
    lesions = write_to(desk, "lesions", ndim=4)
    accept_at(desk, 1, 3)
    desk.send(desk.view.objects.renamed, 3, "cyst")
    return {each.name: each.data.copy() for each in (organs, lesions)}


def test_time_points_of_both_layers_are_saved_and_opened(make_desk, path):
    desk = make_desk()
    before = worked_over_time(desk)
    saved(desk, path)
    assert "time points 0, 1" in desk.told
    other = make_desk()
    add_cine(other)
    opened(other)
    assert "left out" not in other.told
    assert_same(other, before)
    assert written_to(other) == "lesions"
    for time in (1, 0):
        at(other, time)
        other.key(Qt.Key.Key_Z, CONTROL)
        assert not any(each[time].any() for each in labels_in(other).values())


def test_time_points_kept_as_it_goes_go_into_the_layers_of_the_first(make_desk):
    desk = make_desk()
    before = worked_over_time(desk)
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)
    other = make_desk()
    add_cine(other)
    for time in (0, 1):
        at(other, time)
        other.qtbot.waitUntil(lambda: other.shows(other.view.offer))
        restore(other)
    assert_same(other, before)
    assert written_to(other) == "lesions"


@pytest.fixture
def gate(monkeypatch):
    """Labels are unpacked only once somebody lets them."""
    go_on, unpack = threading.Event(), SavedLabels.array

    def array(self):
        assert go_on.wait(30)
        return unpack(self)

    monkeypatch.setattr(SavedLabels, "array", array)
    yield go_on
    go_on.set()


def test_layers_come_one_a_turn(make_desk, path):
    desk = make_desk()
    worked(desk)
    saved(desk, path)
    other, turns, came = make_desk(), [0], {}
    timer = QTimer(other.view)
    timer.timeout.connect(lambda: turns.append(turns[-1] + 1))
    timer.start(0)
    other.viewer.layers.events.inserted.connect(
        lambda event: came.setdefault(event.value.name, turns[-1])
    )
    opened(other)
    timer.stop()
    assert came["organs"] < came["lesions"]


def test_work_is_offered_again_where_its_image_was_left_before_it_came(make_desk, gate):
    desk = make_desk()
    before = worked(desk)
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)
    other = make_desk()
    other.qtbot.waitUntil(lambda: other.shows(other.view.offer))
    other.press(other.view.offer.restore)
    assert not other.shows(other.view.offer)
    second = other.viewer.add_image(
        other.image.data[::-1].copy(), name="mr", contrast_limits=(0, 1), scale=SCALE
    )
    other.send(other.view.source.image_chosen, str(second.unique_id))
    gate.set()
    other.rest()
    assert not labels_in(other)
    other.send(other.view.source.image_chosen, str(other.image.unique_id))
    other.qtbot.waitUntil(lambda: other.shows(other.view.offer))
    restore(other)
    assert_same(other, before)


def test_labels_do_not_go_where_masks_were_accepted_meanwhile(make_desk, path, gate):
    desk = make_desk()
    before = worked_over_time(desk)
    saved(desk, path)
    other = make_desk()
    add_cine(other)
    own = write_to(other, "mine", ndim=4)
    at(other, 1)
    other.press(other.view.session.open)
    other.qtbot.waitUntil(lambda: "Unpacking" in other.told)
    accept_at(other, 1, 6)
    mine = own.data.copy()
    gate.set()
    other.qtbot.waitUntil(lambda: "goes on" in other.told)
    other.settle()
    np.testing.assert_array_equal(own.data, mine)
    assert_same(other, {**before, "mine": mine})
    assert "mine holds labels at that time point already" in other.told
