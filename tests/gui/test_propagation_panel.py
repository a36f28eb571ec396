"""Propagation in a real viewer, by real mouse and keys, with a model that segments."""

import threading

import numpy as np
import pytest
from napari.layers import Labels
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import LEFT, LOAD_MS, SCALE, SHAPE, PromptsDesk
from napari_sam_med.gui.prompting.control.propagating import propagation_writing
from napari_sam_med.gui.prompting.control.propagating.propagation_preview import (
    DRAW_WAIT_MS,
)
from napari_sam_med.gui.prompting.overlay import PREVIEW
from napari_sam_med.gui.prompting.shown_image import WINDOW_WAIT_MS
from napari_sam_med.gui.prompting.views.propagate_bar import (
    PropagateBar,
    PropagateForm,
    PropagateMethod,
    PropagateRange,
)
from napari_sam_med.gui.shared.prompt_layers import rectangle_from_box
from napari_sam_med.gui.torch_beside_gl import load_beside_gl
from napari_sam_med.models import load_model
from napari_sam_med.session.volume_prompts import PlacedBox

CONTROL = Qt.KeyboardModifier.ControlModifier


def phantom() -> np.ndarray:
    """A bright block in a dark volume, on a background that is nowhere alike."""
    array = np.random.default_rng(1).normal(0.2, 0.01, SHAPE)
    array[3:9, 19:41, 25:55] += 0.6
    return array.astype(np.float32)


@pytest.fixture(scope="module")
def nano():
    return load_beside_gl(load_model, "nano")


@pytest.fixture
def desk(nano, make_napari_viewer, qtbot, request):
    is_shown = getattr(request, "param", False)  # a hidden viewer draws nothing
    viewer = make_napari_viewer(show=is_shown)
    desk = PromptsDesk(viewer, qtbot, FakeShelf(nano))
    desk.image.data = phantom()
    desk.run = desk.view.controller.propagation.run
    desk.truth = phantom() > 0.5
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def box(desk, axis: int, index: int) -> None:
    """Draw a box round the block, as napari's own tool draws it."""
    desk.go_to(axis, index)
    desk.key(Qt.Key.Key_B)
    low, high = np.delete([(3, 19, 25), (8, 40, 54)], axis, axis=1)
    placed = PlacedBox(axis, index, (*low.tolist(), *high.tolist()))
    desk.view.controller.layers.boxes.add_rectangles(rectangle_from_box(placed, 3))
    desk.wait_for_candidates()


def preview_layer(desk):
    return desk.viewer.layers["candidates"]


def is_previewed(desk) -> bool:
    return bool((preview_layer(desk).data == PREVIEW).any())


def wait_for_preview(desk) -> None:
    # a real model follows the object through as many as 80 slices
    desk.qtbot.waitUntil(lambda: desk.run.waits, timeout=LOAD_MS)
    desk.settle()


def wait_for_labels(desk):
    desk.qtbot.waitUntil(lambda: desk.run.target is None)
    desk.settle()
    return desk.viewer.layers["ct segmentation"]


def dice(mask, truth) -> float:
    return 2 * (mask & truth).sum() / (mask.sum() + truth.sum())


@pytest.mark.parametrize(("axis", "index"), [(0, 6), (1, 30), (2, 40)])
def test_one_box_becomes_an_object_in_each_orientation(desk, axis, index):
    box(desk, axis, index)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    preview = preview_layer(desk).data > 0
    assert dice(preview, desk.truth) > 0.9
    assert "ct segmentation" not in desk.viewer.layers
    desk.key(Qt.Key.Key_Escape if axis == 2 else Qt.Key.Key_Up)  # no key of ours: Up
    if axis == 2:
        assert not is_previewed(desk)
        return
    desk.press(desk.view.propagate.accept)
    labels = wait_for_labels(desk)
    np.testing.assert_array_equal(labels.data > 0, preview)
    assert desk.session.state.prompts.is_empty


def test_it_is_one_step_of_undo_and_comes_back_with_redo(desk):
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    desk.press(desk.view.propagate.accept)
    labels = wait_for_labels(desk)
    written = labels.data.copy()
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert not labels.data.any()
    desk.key(Qt.Key.Key_Z, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    np.testing.assert_array_equal(labels.data, written)


def test_a_double_click_on_accept_makes_one_layer_and_one_step(desk):
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    QTest.mouseDClick(desk.view.propagate.accept, LEFT)
    desk.view.propagate.accept_requested.emit()
    labels = wait_for_labels(desk)
    named = [each.name for each in desk.viewer.layers if isinstance(each, Labels)]
    assert named.count(labels.name) == 1
    assert not any("segmentation [" in name for name in named)
    assert labels.data.any()
    assert desk.view.window().updatesEnabled()
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert not labels.data.any()


def test_a_preview_discarded_while_its_labels_are_made_leaves_no_layer(desk):
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    desk.view.propagate.accept_requested.emit()
    desk.view.propagate.discard_requested.emit()
    desk.settle()
    assert "ct segmentation" not in desk.viewer.layers
    assert not is_previewed(desk)


def close(desk) -> None:
    QTest.mouseClick(desk.view.parentWidget().title.close_button, LEFT)
    desk.qtbot.waitUntil(lambda: not desk.view.controller.is_open)


def reopen(desk) -> None:
    desk.viewer.window.add_dock_widget(desk.view, name="SAM Prompts")
    desk.qtbot.waitUntil(lambda: desk.session.model is not None)
    desk.settle()


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_corrected_slice_is_never_overwritten(desk, is_closed):
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    desk.press(desk.view.propagate.accept)
    labels = wait_for_labels(desk)
    desk.go_to(0, 8)
    if is_closed:
        close(desk)
    desk.viewer.layers.selection.active = labels
    labels.mode = "erase"
    desk.drag((-40, -20), (40, 20))
    labels.mode = "pan_zoom"
    if is_closed:
        reopen(desk)
    corrected = labels.data[8].copy()
    assert 0 < corrected.sum() < desk.truth[8].sum()
    labels.data[4] = 0  # an other slice has to be written again
    desk.view.controller.tools.take_keys()
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    desk.press(desk.view.propagate.accept)
    desk.qtbot.waitUntil(labels.data[4].any)
    np.testing.assert_array_equal(labels.data[8], corrected)


def test_the_layer_of_the_preview_is_used_again_and_goes_with_its_image(desk):
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    layer = preview_layer(desk)
    desk.press(desk.view.propagate.accept)
    wait_for_labels(desk)
    assert not layer.visible
    assert layer.data.size == 1  # no second volume is kept in memory
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    assert preview_layer(desk) is layer
    assert layer.visible
    desk.viewer.layers.remove(desk.image)
    desk.qtbot.waitUntil(lambda: layer not in desk.viewer.layers)


def test_stop_keeps_what_is_there_and_discard_throws_it_away(desk, qtbot):
    box(desk, 0, 6)
    steps = []
    taken = desk.run.take

    def stop_after_three(answer):
        told = taken(answer)
        steps.append(answer)
        if len(steps) == 3:
            desk.view.propagate.start.click()
        return told

    desk.run.take = stop_after_three
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    desk.rest()
    assert len(desk.run.slices) == 3
    assert desk.view.propagate.accept.text() == "Accept 3"
    desk.press(desk.view.propagate.discard)
    assert not is_previewed(desk)
    assert not desk.run.slices


@pytest.mark.parametrize("desk", [True], indirect=True)
def test_the_preview_is_seen_on_the_canvas_and_stays_hidden_if_it_was_hidden(desk):
    box(desk, 0, 6)
    desk.go_to(0, 7)
    without = desk.viewer.screenshot(canvas_only=True, flash=False)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    desk.qtbot.wait(2 * DRAW_WAIT_MS)
    seen = desk.viewer.screenshot(canvas_only=True, flash=False)
    changed = (seen != without).any(axis=-1)
    mask = desk.run.slices[7].mask
    assert changed.sum() > 0.9 * mask.sum()  # a voxel is a pixel or more
    preview_layer(desk).visible = False
    last = desk.run.slices[7]
    desk.view.controller.propagation.preview.put(0, last)
    desk.qtbot.wait(2 * DRAW_WAIT_MS)
    assert not preview_layer(desk).visible


def test_another_start_takes_the_earlier_preview_away_at_once(desk):
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    assert is_previewed(desk)
    desk.view.propagate.start_requested.emit()
    assert not is_previewed(desk)
    wait_for_preview(desk)
    assert is_previewed(desk)


def test_candidates_cover_the_preview_only_while_they_are_seen(desk):
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    layer, mask = preview_layer(desk), desk.run.slices[6].mask
    assert not (layer.data[6] == PREVIEW)[mask].any()
    desk.go_to(0, 7)
    desk.settle()
    np.testing.assert_array_equal(layer.data[6] == PREVIEW, mask)
    desk.key(Qt.Key.Key_Escape)
    desk.go_to(0, 6)
    desk.wait_for_candidates()
    assert layer.visible
    assert layer.data.shape[0] == 1


def test_an_answer_that_waits_while_the_bar_is_drawn_is_drawn_after_it(
    make_napari_viewer, qtbot
):
    make_napari_viewer()  # whose activity dock lets Qt handle waiting events
    bar = PropagateBar()
    qtbot.addWidget(bar)
    QTimer.singleShot(
        0, lambda: bar.set_state(can_start=True, is_running=False, slices=3)
    )
    bar.set_state(can_start=True, is_running=True, slices=0)
    qtbot.wait(10)
    assert bar.accept.text() == "Accept 3"
    assert bar.start.text() == "Propagate"


@pytest.mark.parametrize(
    ("reach", "here", "expected"),
    [
        (PropagateRange.UP, 6, range(6, 9)),
        (PropagateRange.DOWN, 6, range(3, 7)),
        (PropagateRange.HERE, 8, range(6, 9)),
    ],
)
def test_the_range_is_kept(desk, reach, here, expected):
    box(desk, 0, 6)
    desk.go_to(0, here)
    desk.view.propagate.form.value = PropagateForm(reach=reach)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    found = [k for k, each in sorted(desk.run.slices.items()) if each.area_px]
    assert found == list(expected)


def test_a_single_slice_is_told_as_one(desk):
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_Return)
    desk.view.propagate.form.value = PropagateForm(reach=PropagateRange.HERE)
    desk.go_to(0, 7)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    desk.press(desk.view.propagate.accept)
    wait_for_labels(desk)
    assert desk.told == "Wrote 1 slice under label 1"


def test_a_preview_of_a_single_slice_is_told_in_words(desk):
    box(desk, 0, 6)
    desk.view.propagate.form.value = PropagateForm(reach=PropagateRange.HERE)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    assert desk.told == "Slice 6 alone. Accept it or discard it"


def test_a_preview_tells_the_lowest_score_of_what_was_followed(desk):
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    followed = {k: each.score for k, each in desk.run.slices.items() if k != 6}
    low = min(followed, key=followed.get)
    score = f"{followed[low]:.2f} on slice {low}"
    end = f"lowest score among those followed {score}. Accept them"
    assert end in desk.told, desk.told


def test_interpolation_needs_two_slices_and_says_so(desk):
    box(desk, 0, 6)
    method = PropagateForm(method=PropagateMethod.INTERPOLATION)
    desk.view.propagate.form.value = method
    desk.key(Qt.Key.Key_P)
    assert "interpolation lies between slices" in desk.told
    assert desk.run.target is None


def test_locked_objects_keep_their_voxels_when_a_volume_is_written(desk):
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_Return)
    labels = desk.viewer.layers["ct segmentation"]
    desk.view.controller.tools.take_keys()
    desk.key(Qt.Key.Key_L)
    before = labels.data.copy()
    desk.send(desk.view.write.label_chosen, 2)
    desk.view.write.keep_others.setChecked(False)
    box(desk, 0, 5)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    desk.press(desk.view.propagate.accept)
    wait_for_labels(desk)
    assert (labels.data == 2).any()
    np.testing.assert_array_equal(labels.data == 1, before == 1)
    assert "label 1 keeps" in desk.told, desk.told


@pytest.mark.parametrize("roll", [0, 20])
def test_a_preview_of_voxels_that_changed_is_dropped_and_told(desk, roll):
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    desk.image.data = np.roll(phantom(), roll, axis=2)
    desk.settle()
    assert desk.run.target is None
    assert not is_previewed(desk)
    assert not desk.shows(desk.view.propagate.accept)
    lost = "Discarded the preview of 6 slices: the voxels of ct have changed"
    # the answer for the new voxels stands behind it if the window was drawn slowly
    assert desk.told.startswith(f"{lost}; propagate again")
    desk.qtbot.waitUntil(lambda: "Accept writes it" in desk.told)
    assert desk.told.startswith(lost)
    desk.view.propagate.accept_requested.emit()
    desk.settle()
    assert "ct segmentation" not in desk.viewer.layers


def test_a_propagation_of_voxels_that_changed_is_stopped_and_told(desk):
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_P)
    desk.image.data = phantom()
    desk.settle()
    assert desk.told.startswith("Discarded the ")
    desk.rest()
    assert desk.run.target is None
    assert not is_previewed(desk)


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize("shape", [(20, 50, 60), (5, 30, 30), (50, 60)])
def test_an_image_of_another_shape_drops_what_was_propagated(desk, shape, waits):
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_P)
    if waits:
        wait_for_preview(desk)
    desk.image.data = np.full(shape, 0.2, np.float32)
    desk.settle()
    assert desk.run.target is None
    desk.key(Qt.Key.Key_P)  # before the session has heard of the voxels
    desk.key(Qt.Key.Key_Return)
    desk.qtbot.wait(2 * WINDOW_WAIT_MS)
    desk.rest()
    assert desk.run.target is None
    assert "Error" not in desk.told
    desk.key(Qt.Key.Key_Return)
    desk.settle()
    assert "Error" not in desk.told
    for each in desk.viewer.layers:
        if isinstance(each, Labels) and each.name == "ct segmentation":
            assert each.data.shape == shape


def test_a_preview_that_is_left_for_another_image_says_so(desk):
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    cine = np.stack([phantom()] * 2)
    layer = desk.viewer.add_image(
        cine, name="cine", contrast_limits=(0, 1), scale=(1, *SCALE)
    )
    desk.send(desk.view.source.image_chosen, str(layer.unique_id))
    desk.settle()
    lost = "Discarded the preview of 6 slices: it belonged to"
    assert desk.told == f"{lost} ct; propagate again"


def test_masks_of_labels_that_were_moved_are_not_propagated(desk):
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_Return)
    desk.settle()
    labels = desk.viewer.layers["ct segmentation"]
    labels.translate = np.add(labels.translate, (2 * SCALE[0], 0, 0))
    desk.settle()
    desk.go_to(0, 6)
    desk.key(Qt.Key.Key_P)
    assert "ct segmentation lies on another grid than ct" in desk.told
    assert desk.run.target is None


def test_a_stop_before_the_first_slice_leaves_nothing_to_decide(desk):
    box(desk, 0, 6)
    desk.view.propagate.start_requested.emit()
    desk.view.propagate.stop_requested.emit()
    desk.settle()
    assert desk.told == "Stopped before the first slice was found"
    assert desk.run.target is None


def test_new_prompts_on_a_corrected_slice_are_told_as_not_written(desk):
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_Return)
    desk.settle()
    before = desk.viewer.layers["ct segmentation"].data[6].copy()
    desk.view.controller.click(np.multiply(SCALE, (6, 20, 27)), 0)
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    desk.press(desk.view.propagate.accept)
    labels = wait_for_labels(desk)
    np.testing.assert_array_equal(labels.data[6], before)
    assert "slice 6 keeps the mask that was accepted or drawn there" in desk.told
    assert desk.session.pending == (6,)


def test_a_preview_that_goes_with_the_dock_is_told(desk):
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    notification_manager.records.clear()
    close(desk)
    told = [each.message for each in notification_manager.records]
    lost = "Discarded the preview of 6 slices: SAM Prompts was closed; propagate again"
    assert told == [lost]


@pytest.mark.parametrize("is_new", [True, False])
def test_an_accepted_preview_is_written_before_the_dock_closes(
    desk, monkeypatch, is_new
):
    go_on, find = threading.Event(), propagation_writing.with_masks

    def slow(*args):
        assert go_on.wait(30)
        return find(*args)

    monkeypatch.setattr(propagation_writing, "with_masks", slow)
    box(desk, 0, 6)
    if not is_new:
        desk.key(Qt.Key.Key_Return)
        desk.go_to(0, 6)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    notification_manager.records.clear()
    QTest.mouseClick(desk.view.propagate.accept, LEFT)
    QTest.mouseClick(desk.view.parentWidget().title.close_button, LEFT)
    desk.qtbot.wait(300)
    go_on.set()
    desk.qtbot.waitUntil(lambda: not desk.view.controller.is_open)
    (told,) = [each.message for each in notification_manager.records]
    assert "Wrote" in told
    labels = desk.viewer.layers["ct segmentation"]
    assert dice(labels.data > 0, desk.truth) > 0.9
    reopen(desk)
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert not (labels.data[:6] > 0).any()


def test_a_dock_that_is_opened_again_while_it_writes_goes_on(desk, monkeypatch):
    go_on, find = threading.Event(), propagation_writing.with_masks

    def slow(*args):
        assert go_on.wait(30)
        return find(*args)

    monkeypatch.setattr(propagation_writing, "with_masks", slow)
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    QTest.mouseClick(desk.view.propagate.accept, LEFT)
    QTest.mouseClick(desk.view.parentWidget().title.close_button, LEFT)
    desk.qtbot.wait(300)
    reopen(desk)
    go_on.set()
    wait_for_labels(desk)
    assert "Wrote" in desk.told
    desk.rest()
    assert desk.view.controller.is_open


def test_a_preview_that_goes_with_its_image_is_told(desk):
    box(desk, 0, 6)
    desk.key(Qt.Key.Key_P)
    wait_for_preview(desk)
    notification_manager.records.clear()
    desk.viewer.layers.remove(desk.image)
    desk.qtbot.waitUntil(lambda: desk.run.target is None)
    desk.settle()
    told = [each.message for each in notification_manager.records]
    assert told == ["Discarded the preview of 6 slices: ct was removed"]
