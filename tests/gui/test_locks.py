"""Locks hold in every viewer and in copies of a layer, whoever draws on it."""

import numpy as np
import pytest
from napari._app_model import get_app_model
from qtpy.QtCore import Qt

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import SCALE, SHAPE, PromptsDesk

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
RED = (250, 10, 20)
OBJECT = np.s_[2:5, 15:45, 20:60]
"""In the middle of the canvas on slice 3."""


def with_labels(make_napari_viewer, qtbot) -> PromptsDesk:
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    data = np.zeros(SHAPE, dtype=np.uint8)
    data[OBJECT] = 2
    desk.labels = desk.viewer.add_labels(data, name="organs", scale=SCALE)
    write_to(desk, desk.labels)
    desk.go_to(0, 3)
    return desk


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = with_labels(make_napari_viewer, qtbot)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(5)


@pytest.fixture
def second(desk, make_napari_viewer, qtbot):
    """Another viewer with the same Labels layer."""
    second = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    second.viewer.layers.append(desk.labels)
    second.labels = desk.labels
    write_to(second, desk.labels)
    second.go_to(0, 3)
    yield second
    second.view.controller.close()
    assert second.services.wait_for_end(5)


def write_to(desk, labels) -> None:
    desk.send(desk.view.write.labels_chosen, str(labels.unique_id))


def lock(desk, label: int = 2, *, is_locked: bool = True) -> None:
    desk.send(desk.view.objects.locked, label, is_locked)


def wait_until_said(desk, name, *, is_red, is_locked, label=2) -> None:
    def is_said():
        found = [each for each in desk.view.objects.rows if each.label == label]
        said = [(each.name, each.colour == RED, each.is_locked) for each in found]
        return said == [(name, is_red, is_locked)]

    desk.qtbot.waitUntil(is_said)
    desk.settle()


def say(desk, label: int = 2) -> None:
    desk.send(desk.view.objects.renamed, label, "liver")
    desk.send(desk.view.objects.recoloured, label, RED)
    lock(desk, label)


def accept(desk) -> None:
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)


def test_a_lock_of_one_viewer_holds_in_the_dock_of_another(desk, second):
    say(desk)
    before = desk.labels.data.copy()
    second.send(second.view.write.label_chosen, 2)
    accept(second)
    assert "label 2 is locked" in second.told
    second.send(second.view.objects.delete_requested, 2)
    assert "label 2 is locked" in second.told
    np.testing.assert_array_equal(desk.labels.data, before)


def test_what_one_viewer_says_is_seen_in_the_other_and_goes_back_once(desk, second):
    say(desk)
    wait_until_said(second, "liver", is_red=True, is_locked=True)
    lock(second, is_locked=False)
    wait_until_said(desk, "liver", is_red=True, is_locked=False)
    second.press(second.view.write.undo)
    wait_until_said(desk, "liver", is_red=True, is_locked=True)
    wait_until_said(second, "liver", is_red=True, is_locked=True)
    for _ in range(3):
        desk.press(desk.view.write.undo)
    wait_until_said(desk, "", is_red=False, is_locked=False)
    wait_until_said(second, "", is_red=False, is_locked=False)
    assert not desk.labels.metadata["label_names"]


def test_a_mask_undone_in_one_viewer_respects_a_lock_of_the_other(desk, second):
    accept(desk)
    before = desk.labels.data.copy()
    lock(second, desk.session.state.label)
    desk.press(desk.view.write.undo)
    assert "is locked" in desk.told
    np.testing.assert_array_equal(desk.labels.data, before)


def duplicate(desk):
    """Do what napari's menu of a layer does."""
    layers = desk.viewer.layers
    layers.selection = {desk.labels}
    before = set(layers)
    get_app_model().commands.execute_command("napari.layer.duplicate").result()
    desk.settle()
    (copy,) = set(layers) - before
    return copy


def test_a_duplicate_has_names_colours_and_locks_of_its_own(desk):
    say(desk)
    copy = duplicate(desk)
    write_to(desk, copy)
    wait_until_said(desk, "liver", is_red=True, is_locked=True)
    desk.send(desk.view.write.label_chosen, 2)
    before = copy.data.copy()
    accept(desk)
    assert "label 2 is locked" in desk.told
    np.testing.assert_array_equal(copy.data, before)
    lock(desk, is_locked=False)
    wait_until_said(desk, "liver", is_red=True, is_locked=False)
    write_to(desk, desk.labels)
    wait_until_said(desk, "liver", is_red=True, is_locked=True)


def test_new_objects_of_a_duplicate_have_colours_of_their_own(desk):
    say(desk)
    copy = duplicate(desk)
    write_to(desk, copy)
    wait_until_said(desk, "liver", is_red=True, is_locked=True)
    colours = []
    for label in (5, 6):
        desk.send(desk.view.write.label_chosen, label)
        colours.append(tuple(copy.get_color(label)))
    assert colours[0] != colours[1]
    np.testing.assert_allclose(copy.get_color(2)[:3], np.divide(RED, 255), atol=0.01)


def test_a_resampled_copy_takes_names_colours_and_locks(desk):
    coarse = desk.viewer.add_labels(
        desk.labels.data[::2, ::2, ::2].copy(),
        name="coarse",
        scale=np.multiply(SCALE, 2),
    )
    image = desk.viewer.add_image(
        np.random.default_rng(0).random(coarse.data.shape),
        name="low",
        scale=coarse.scale,
    )
    desk.send(desk.view.source.image_chosen, str(image.unique_id))
    write_to(desk, coarse)
    say(desk)
    desk.send(desk.view.source.image_chosen, str(desk.image.unique_id))
    desk.send(desk.view.write.labels_chosen, f"resampled:{coarse.unique_id}")
    desk.qtbot.waitUntil(lambda: "coarse on ct" in desk.viewer.layers)
    desk.settle()
    wait_until_said(desk, "liver", is_red=True, is_locked=True)
    desk.send(desk.view.objects.delete_requested, 2)
    assert "label 2 is locked" in desk.told


def test_a_script_that_gives_other_metadata_takes_no_lock_away(desk):
    say(desk)
    desk.labels.metadata = {"label_names": {2: "lobe"}}
    desk.settle()
    wait_until_said(desk, "lobe", is_red=True, is_locked=True)
    copy = duplicate(desk)
    write_to(desk, copy)
    wait_until_said(desk, "lobe", is_red=True, is_locked=True)
