"""Work that is kept by itself, offered after a crash, saved and opened."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import SCALE, SHAPE, PromptsDesk
from napari_sam_med.gui.prompting.control.keeping import session_actions
from napari_sam_med.session.autosaves import Autosaves
from napari_sam_med.session.replay import load_records, load_session, save_records
from napari_sam_med.session.saved_session import SavedLabels

CONTROL = Qt.KeyboardModifier.ControlModifier
SHORT_MS = 50
PROGRAM = """
import napari, sys, time
from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import SCALE, SHAPE, PromptsDesk
from napari_sam_med.gui.prompting.control.keeping import session_actions
from napari_sam_med.session.autosaves import Autosaves
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

class Bot:
    def waitUntil(self, done, timeout=60_000):
        until = time.monotonic() + timeout / 1000
        while not done() and time.monotonic() < until:
            napari.Viewer and desk_app.processEvents()
            time.sleep(0.005)
        assert done()

viewer = napari.Viewer(show=False)
from qtpy.QtWidgets import QApplication
desk_app = QApplication.instance()
desk = PromptsDesk(viewer, Bot(), FakeShelf())
desk.go_to(0, 3)
desk.click()
desk.wait_for_candidates()
desk.key(Qt.Key.Key_3)
desk.key(Qt.Key.Key_Return)
desk.send(desk.view.objects.renamed, 1, "liver")
desk.send(desk.view.objects.locked, 1, True)
desk.key(Qt.Key.Key_N)
desk.go_to(0, 5)
desk.click()
desk.wait_for_candidates()
desk.key(Qt.Key.Key_1)
folder = Autosaves().folder
def text():
    return "".join(each.read_text() for each in folder.glob("*.json"))
Bot().waitUntil(lambda: '"choices"' in text() and '"slot": 0' in text())
print("kept", int((viewer.layers["ct segmentation"].data == 1).sum()), flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path / "cache"))


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


def accept(desk, index: int) -> np.ndarray:
    desk.go_to(0, index)
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    return desk.viewer.layers["ct segmentation"].data.copy()


def offered(desk) -> None:
    desk.qtbot.waitUntil(lambda: desk.shows(desk.view.offer))


def restore(desk) -> None:
    desk.press(desk.view.offer.restore)
    desk.qtbot.waitUntil(lambda: desk.session.can_undo)
    desk.settle()


def test_work_is_offered_again_after_the_program_was_killed(make_desk):
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
    kept, count = program.stdout.readline().split()
    assert kept == "kept"
    program.send_signal(signal.SIGKILL)
    program.wait(30)
    desk = make_desk()
    offered(desk)
    assert "1 object, 1 slice" in desk.view.offer.text.text()
    restore(desk)
    labels = desk.viewer.layers["ct segmentation"]
    assert (labels.data == 1).sum() == int(count)
    assert labels.metadata["label_names"] == {1: "liver"}
    state = desk.session.state
    assert state.locked(str(labels.unique_id)) == {1}
    assert len(state.records) == 1
    assert state.label == 2
    assert desk.session.plane.index == 5
    desk.wait_for_candidates()
    assert desk.session.chosen == 0
    assert not desk.shows(desk.view.offer)
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert not labels.data.any()


def test_what_was_not_written_yet_is_written_when_the_dock_is_closed(make_desk):
    desk = make_desk()
    labels = accept(desk, 3)
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)
    (path,) = Autosaves().folder.glob("*.json")
    session, records = load_session(path)
    np.testing.assert_array_equal(session.labels.array(), labels)
    assert len(records) == 1


def test_what_was_accepted_as_the_dock_is_closed_is_kept(make_desk):
    desk = make_desk()
    desk.go_to(0, 3)
    desk.click()
    desk.wait_for_candidates()
    QTest.keyClick(desk.canvas, Qt.Key.Key_Return)
    desk.view.controller.close()  # before anything is drawn
    assert desk.services.wait_for_end(30)
    again = make_desk()
    offered(again)
    assert "1 object, 1 slice" in again.view.offer.text.text()


def test_a_session_that_is_forgotten_is_not_offered_again(make_desk):
    first = make_desk()
    accept(first, 3)
    first.view.controller.close()
    assert first.services.wait_for_end(30)
    second = make_desk()
    offered(second)
    second.press(second.view.offer.forget)
    assert list(Autosaves().folder.glob("*.json")) == []
    assert not second.shows(second.view.offer)


def test_work_that_goes_on_in_another_viewer_is_not_offered(make_desk, qtbot):
    first = make_desk()
    accept(first, 3)
    folder = Autosaves().folder
    qtbot.waitUntil(lambda: any(folder.glob("*.json")))
    second = make_desk()
    second.rest()
    assert not second.shows(second.view.offer)
    first.view.controller.close()
    assert first.services.wait_for_end(30)
    third = make_desk()
    offered(third)
    third.press(third.view.offer.forget)
    assert list(folder.iterdir()) == []


def test_work_that_goes_on_in_another_program_is_not_offered(make_desk, qtbot):
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
    try:
        assert program.stdout.readline().startswith("kept")
        desk = make_desk()
        desk.rest()
        assert not desk.shows(desk.view.offer)
    finally:
        program.kill()
        program.wait(30)


def test_another_image_of_the_same_name_is_offered_nothing(make_desk, qtbot):
    first = make_desk()
    accept(first, 3)
    first.view.controller.close()
    assert first.services.wait_for_end(30)
    second = make_desk()
    offered(second)
    second.image.data = second.image.data[::-1].copy()
    second.view.controller.close()
    second.view.controller.open()
    second.settle()
    second.rest()
    assert not second.shows(second.view.offer)


def test_a_saved_session_is_opened_and_its_prompts_still_replay(
    make_desk, tmp_path, monkeypatch
):
    desk, path = make_desk(), tmp_path / "today.json"
    labels = accept(desk, 3)
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(path), "Sessions (*.json)")
    )
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda *_: (str(path), "Sessions (*.json)")
    )
    desk.press(desk.view.session.save)
    desk.qtbot.waitUntil(path.exists)
    assert len(load_records(path)) == 1
    other = make_desk()
    other.press(other.view.session.open)
    other.qtbot.waitUntil(lambda: "goes on" in other.told)
    restored = other.viewer.layers["ct segmentation"].data
    np.testing.assert_array_equal(restored, labels)


def save_session(desk, path, monkeypatch):
    """Save it into a file that is opened later."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    desk.press(desk.view.session.save)
    desk.qtbot.waitUntil(path.exists)


def test_a_session_of_another_image_is_refused_in_a_sentence(
    make_desk, tmp_path, monkeypatch
):
    desk, path = make_desk(), tmp_path / "today.json"
    accept(desk, 3)
    save_session(desk, path, monkeypatch)
    other = make_desk()
    before = other.session.image.revision
    other.image.data = other.image.data[::-1].copy()
    other.qtbot.waitUntil(lambda: other.session.image.revision > before)
    other.press(other.view.session.open)
    other.qtbot.waitUntil(lambda: "open that image first" in other.told)
    assert "ct segmentation" not in other.viewer.layers


@pytest.mark.parametrize("leaves", ["other image", "new voxels"])
def test_a_session_is_put_onto_no_image_but_the_one_it_was_compared_with(
    make_desk, tmp_path, monkeypatch, leaves
):
    desk, path = make_desk(), tmp_path / "today.json"
    accept(desk, 3)
    save_session(desk, path, monkeypatch)
    other = make_desk()
    another = np.random.default_rng(0).random(SHAPE).astype(np.float32)
    left = other.image
    added = other.viewer.add_image(another, name="other", scale=SCALE, visible=False)
    other.viewer.layers.selection.active = left
    other.settle()
    assert other.view.controller.image is left
    go_on, load = threading.Event(), session_actions.load_times

    def load_late(of):
        assert go_on.wait(20)
        return load(of)

    monkeypatch.setattr(session_actions, "load_times", load_late)
    other.press(other.view.session.open)
    if leaves == "other image":
        added.visible = True
        other.send(other.view.source.image_chosen, str(added.unique_id))
        assert other.view.controller.image is added
    else:
        before = other.session.image.revision
        left.data = another
        other.qtbot.waitUntil(lambda: other.session.image.revision > before)
    go_on.set()
    other.qtbot.waitUntil(lambda: "open the session again" in other.told)
    assert "today.json is a session of ct" in other.told
    assert [each.name for each in other.viewer.layers if "segm" in each.name] == []
    assert other.session.state.records == ()
    assert not other.session.can_undo


def test_work_on_an_image_that_is_left_at_once_is_kept(make_desk):
    desk = make_desk()
    other = np.random.default_rng(0).random((4, 20, 20)).astype(np.float32)
    left, _ = desk.image, desk.viewer.add_image(other, name="other", visible=False)
    desk.settle()
    labels = accept(desk, 3)
    desk.viewer.layers["other"].visible = True
    desk.send(desk.view.source.image_chosen, str(desk.viewer.layers["other"].unique_id))
    desk.settle()
    assert desk.view.controller.image is not left
    folder = Autosaves().folder
    desk.qtbot.waitUntil(lambda: any(folder.glob("*.json")))
    (path,) = folder.glob("*.json")
    session, _ = load_session(path)
    np.testing.assert_array_equal(session.labels.array(), labels)


def test_an_offer_is_only_made_on_its_own_image(make_desk):
    first = make_desk()
    accept(first, 3)
    first.view.controller.close()
    assert first.services.wait_for_end(30)
    second = make_desk()
    offered(second)
    other = np.random.default_rng(0).random(second.image.data.shape)
    added = second.viewer.add_image(other.astype(np.float32), name="other")
    second.settle()
    second.qtbot.waitUntil(lambda: second.view.controller.image is added)
    second.settle()
    assert not second.shows(second.view.offer)
    second.view.source.image_chosen.emit(str(second.image.unique_id))
    offered(second)


def test_what_is_offered_is_what_was_kept_and_nothing_is_not_offered(make_desk):
    first = make_desk()
    first.go_to(0, 3)
    first.click()
    first.wait_for_candidates()
    first.view.controller.close()
    assert first.services.wait_for_end(30)
    second = make_desk()
    offered(second)
    assert second.view.offer.text.text().endswith("was kept: 1 prompt")
    restore(second)
    second.wait_for_candidates()
    second.key(Qt.Key.Key_Z, CONTROL)
    second.view.controller.close()
    assert second.services.wait_for_end(30)
    assert len(list(Autosaves().folder.glob("*.json"))) == 2
    newest = max(
        Autosaves().folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns
    )
    assert load_session(newest)[0].is_empty
    found = Autosaves().find(load_session(newest)[0].image)
    assert found.session.n_prompts == 1


@pytest.mark.parametrize("other", [True, False])
def test_work_of_other_weights_of_the_same_model_says_so(make_desk, other):
    first = make_desk()
    accept(first, 3)
    own = first.session.model.sha256
    first.view.controller.close()
    assert first.services.wait_for_end(30)
    (kept,) = Autosaves().folder.glob("*.json")
    text = kept.read_text()
    assert f'"sha256": "{own}"' in text
    if other:
        kept.write_text(text.replace(f'"sha256": "{own}"', f'"sha256": "{"0" * 64}"'))
    second = make_desk()
    offered(second)
    restore(second)
    said = second.session.status.text
    assert "goes on" in said
    assert ("it was made with other weights of" in said) == other


def unwritable(kind: str):
    array = np.zeros(SHAPE, np.uint16)
    if kind == "dask":
        return da.from_array(array, chunks=(1, *SHAPE[1:]))
    if kind == "multiscale":
        return [array, array[:, ::2, ::2].copy()]
    array.flags.writeable = False
    return array


@pytest.mark.parametrize("kind", ["dask", "multiscale", "read-only"])
def test_labels_that_cannot_be_written_are_offered_as_a_copy(make_desk, kind):
    desk = make_desk()
    labels = desk.viewer.add_labels(unwritable(kind), name="lazy", scale=SCALE)
    place = str(labels.unique_id)
    desk.viewer.layers.selection.active = desk.image
    desk.settle()
    box = desk.view.write.labels
    assert box.findData(place) == -1
    assert box.itemText(box.findData(f"resampled:{place}")) == "lazy, copied"
    desk.send(desk.view.write.labels_chosen, place)
    assert "lazy is not an array in memory; choose or make another" in desk.told
    assert box.key == "new"
    desk.send(desk.view.write.labels_chosen, f"resampled:{place}")
    desk.qtbot.waitUntil(lambda: "lazy on ct" in desk.viewer.layers)
    desk.go_to(0, 3)
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    assert desk.viewer.layers["lazy on ct"].data.any()


@pytest.mark.parametrize("kind", ["dask", "read-only"])
def test_prompts_are_kept_where_labels_cannot_be_and_it_is_told_once(
    make_desk, kind, capture_notes
):
    desk = make_desk()
    accept(desk, 3)
    desk.send(desk.view.objects.renamed, 1, "liver")
    desk.viewer.layers["ct segmentation"].data = unwritable(kind)
    folder = Autosaves().folder
    for index in (5, 6):
        desk.go_to(0, index)
        desk.click()
        desk.wait_for_candidates()

        def kept(n=index - 4):
            paths = folder.glob("*.json")
            return [load_session(path)[0].n_prompts for path in paths] == [n]

        desk.qtbot.waitUntil(kept)
    assert [each for each in capture_notes if "kept without labels" in each] == [
        "The session is kept without labels: ct segmentation is not an array in "
        "memory; choose or make another layer"
    ]


@pytest.mark.parametrize("is_named", [True, False])
def test_a_session_whose_labels_were_cropped_is_restored_without_them(
    make_desk, capture_notes, is_named
):
    desk = make_desk()
    accept(desk, 3)
    if is_named:
        desk.send(desk.view.objects.renamed, 1, "liver")
    layer = desk.viewer.layers["ct segmentation"]
    layer.data = layer.data[:, :40].copy()
    desk.go_to(0, 5)
    desk.click()
    desk.wait_for_candidates()
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)
    assert "(12, 40, 80) for the image's (12, 60, 80)" in "".join(capture_notes)
    again = make_desk()
    offered(again)
    assert again.view.offer.text.text().endswith("was kept: 1 prompt")
    if is_named:
        assert_restored_without_labels(again)
    else:
        restore(again)
        assert len(again.session.state.prompts.labels) == 1
    assert "left out, since the session was kept without" in "".join(capture_notes)


def test_a_kept_file_whose_labels_do_not_fit_gives_all_else_back(
    make_desk, capture_notes
):
    desk = make_desk()
    accept(desk, 3)
    desk.send(desk.view.objects.renamed, 1, "liver")
    desk.go_to(0, 5)
    desk.click()
    desk.wait_for_candidates()
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)
    (path,) = Autosaves().folder.glob("*.json")
    session, records = load_session(path)
    cropped = SavedLabels.of("ct segmentation", session.labels.array()[:, :40])
    save_records(path, records, replace(session, labels=cropped))
    again = make_desk()
    offered(again)
    assert_restored_without_labels(again)
    assert "labels are left out, since they have the shape" in "".join(capture_notes)


def assert_restored_without_labels(desk) -> None:
    restore(desk)
    labels = desk.viewer.layers["ct segmentation"]
    assert labels.data.shape == SHAPE
    assert not labels.data.any()
    assert labels.metadata["label_names"] == {1: "liver"}
    state = desk.session.state
    assert len(state.records) == 1
    assert len(state.prompts.labels) == 1
    own = str(labels.unique_id)  # the first viewer's layer has sources of its own
    assert not [each for each in state.sources if each.place == own]
    assert not desk.shows(desk.view.offer)
    desk.wait_for_candidates()


def test_a_saved_session_says_that_it_has_no_labels(make_desk, tmp_path, monkeypatch):
    desk, path = make_desk(), tmp_path / "today.json"
    accept(desk, 3)
    desk.viewer.layers["ct segmentation"].data = unwritable("dask")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    desk.press(desk.view.session.save)
    desk.qtbot.waitUntil(lambda: "Saved the session as today.json" in desk.told)
    assert "kept without labels: ct segmentation is not an array" in desk.told
    assert load_session(path)[0].labels is None


def test_a_session_says_which_labels_layers_are_not_in_its_file(
    make_desk, tmp_path, monkeypatch, capture_notes
):
    path = tmp_path / "today.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    desk = make_desk()
    accept(desk, 3)
    second, third = (
        desk.viewer.add_labels(np.zeros(SHAPE, np.uint8), name=name, scale=SCALE)
        for name in ("second", "third")
    )
    desk.send(desk.view.write.labels_chosen, str(second.unique_id))
    brush(desk, third, "paint")
    desk.press(desk.view.session.save)
    desk.qtbot.waitUntil(lambda: "Saved the session as today.json" in desk.told)
    assert "the work in third is not in the file" in desk.told
    assert "choose that layer under Write to" in capture_notes[-1]
    assert layers_in(path) == ["second", "ct segmentation"]


def layers_in(path) -> list[str]:
    session, _ = load_session(path)
    return [each.labels.name for each in session.layers]


def rename(desk, labels) -> None:
    desk.send(desk.view.objects.renamed, 2, "liver")


def delete(desk, labels) -> None:
    desk.send(desk.view.objects.delete_requested, 2)


def erase(desk, labels) -> None:
    brush(desk, labels)


def brush_elsewhere(desk, labels) -> None:
    other = desk.viewer.add_labels(np.zeros(SHAPE, np.uint8), scale=SCALE)
    desk.send(desk.view.write.labels_chosen, str(other.unique_id))
    brush(desk, labels)


def brush(desk, labels, mode="erase") -> None:
    desk.viewer.layers.selection.active = labels
    labels.mode, labels.brush_size = mode, 12
    desk.drag((-30, 0), (30, 0))
    labels.mode = "pan_zoom"


def rename_and_undo(desk, labels) -> None:
    rename(desk, labels)
    desk.press(desk.view.write.undo)


@pytest.mark.parametrize(
    ("work", "is_kept"),
    [
        (rename, True),
        (delete, True),
        (erase, True),
        (brush_elsewhere, True),
        (rename_and_undo, False),
        (lambda *_: None, False),
    ],
)
def test_a_session_keeps_a_layer_that_was_written_to_before_if_it_holds_any_work(
    make_desk, tmp_path, monkeypatch, work, is_kept
):
    path = tmp_path / "today.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    desk = make_desk()
    data = np.zeros(SHAPE, np.uint8)
    data[3, 15:45, 20:60] = 2
    named = {"label_names": {1: "given by the file"}}
    first, second = (
        desk.viewer.add_labels(data.copy(), name=name, scale=SCALE, metadata=named)
        for name in ("first", "second")
    )
    desk.go_to(0, 3)
    desk.send(desk.view.write.labels_chosen, str(first.unique_id))
    work(desk, first)
    desk.send(desk.view.write.labels_chosen, str(second.unique_id))
    desk.press(desk.view.session.save)
    desk.qtbot.waitUntil(lambda: "Saved the session as today.json" in desk.told)
    assert "not in the file" not in desk.told
    assert layers_in(path) == ["second", "first"][: 1 + is_kept]


def test_work_that_is_not_kept_as_it_goes_is_told_once(
    make_desk, capture_notes, monkeypatch
):
    monkeypatch.setattr(session_actions, "REST_MS", SHORT_MS)
    desk = make_desk()
    accept(desk, 3)
    second = desk.viewer.add_labels(np.zeros(SHAPE, np.uint8), scale=SCALE)
    brush(desk, second, "paint")
    text = f"but the work in {second.name} is not in the file"

    def told() -> int:
        return sum(text in note for note in capture_notes)

    for label in (4, 5):
        accept(desk, label)
        desk.qtbot.wait(2 * SHORT_MS)
        desk.rest()
    assert told() == 1
