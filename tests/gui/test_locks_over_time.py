"""Locks in labels with a time axis: they hold, and no other time point changes."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import SCALE, SHAPE, PromptsDesk
from napari_sam_med.gui.prompting.views.propagate_bar import PropagateForm

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
N_TIMES, NOW = 3, 1
LOCKED, FREE = 2, 3


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    """The canvas's middle at the second time point, among objects on every slice."""
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    # the same on all slices, so that the object goes through them
    cine = np.random.default_rng(1).random((N_TIMES, 1, *SHAPE[1:]), dtype=np.float32)
    cine = np.repeat(cine, SHAPE[0], axis=1)
    layer = desk.viewer.add_image(cine, name="cine", scale=(1, *SCALE))
    data = np.zeros((N_TIMES, *SHAPE), np.uint8)
    data[..., :30, :] = LOCKED
    data[..., 30:, :] = FREE
    data[0, :, :2] = 0  # no two time points alike
    desk.labels = desk.viewer.add_labels(data, name="organs", scale=(1, *SCALE))
    desk.send(desk.view.source.image_chosen, str(layer.unique_id))
    desk.send(desk.view.write.labels_chosen, str(desk.labels.unique_id))
    desk.viewer.dims.set_current_step(0, NOW)
    desk.viewer.dims.set_current_step(1, 3)
    desk.viewer.reset_view()
    desk.settle()
    desk.view.write.keep_others.setChecked(False)
    desk.send(desk.view.objects.locked, LOCKED, True)  # noqa: FBT003 - a signal
    desk.send(desk.view.write.label_chosen, 1)
    desk.view.propagate.form.value = PropagateForm(stops=False)
    desk.run = desk.view.controller.propagation.run
    desk.before = data.copy()
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def propagate(desk) -> None:
    desk.view.controller.click((NOW, *np.multiply(SCALE, (3, 30, 40))), 1)
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_P)
    desk.qtbot.waitUntil(lambda: desk.run.waits)
    desk.settle()
    mask = desk.session.candidates.masks[desk.session.chosen]
    assert mask[:30].any()
    assert mask[30:].any()


def press_accept(desk) -> None:
    """What others lose is asked for first."""
    for asked in ("accept again", "Wrote"):
        desk.press(desk.view.propagate.accept)
        desk.qtbot.waitUntil(lambda asked=asked: asked in desk.told)
        desk.settle()


def assert_guarded(desk) -> None:
    data, before = desk.labels.data, desk.before
    np.testing.assert_array_equal(data[NOW] == LOCKED, before[NOW] == LOCKED)
    for time in (0, 2):
        np.testing.assert_array_equal(data[time], before[time])


def test_a_propagation_changes_no_locked_object_and_no_other_time_point(desk):
    propagate(desk)
    press_accept(desk)
    assert (desk.labels.data[NOW] == 1).any(axis=(1, 2)).sum() > 1
    assert_guarded(desk)
    assert f"label {LOCKED} keeps" in desk.told
    written = desk.labels.data.copy()
    desk.key(Qt.Key.Key_Z, CONTROL)
    np.testing.assert_array_equal(desk.labels.data, desk.before)
    desk.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    np.testing.assert_array_equal(desk.labels.data, written)


def test_an_object_locked_while_its_preview_waits_is_not_written(desk):
    propagate(desk)
    desk.send(desk.view.objects.locked, 1, True)  # noqa: FBT003 - a signal
    desk.wait_for_candidates()  # an answer that comes late would tell of itself
    desk.press(desk.view.propagate.accept)
    desk.qtbot.waitUntil(lambda: "label 1 is locked" in desk.told)
    np.testing.assert_array_equal(desk.labels.data, desk.before)
    assert desk.run.waits  # and can be accepted once it is unlocked


def test_a_step_of_one_time_point_is_not_undone_over_a_lock_from_another(desk):
    propagate(desk)
    press_accept(desk)
    written = desk.labels.data.copy()
    desk.viewer.dims.set_current_step(0, 2)
    desk.settle()
    desk.send(desk.view.objects.locked, 1, True)  # noqa: FBT003 - a signal
    desk.viewer.dims.set_current_step(0, NOW)
    desk.settle()
    desk.press(desk.view.write.undo)
    assert "label 1 is locked" in desk.told
    np.testing.assert_array_equal(desk.labels.data, written)


def test_a_brush_through_all_time_points_leaves_the_locked_object(desk):
    desk.viewer.layers.selection.active = desk.labels
    desk.labels.n_edit_dimensions = 4
    desk.labels.mode, desk.labels.selected_label = "paint", 5
    desk.labels.brush_size = 20
    desk.drag((-60, 90), (60, 90))  # along the border of both objects
    desk.labels.mode = "pan_zoom"
    data = desk.labels.data
    assert all((data[time] == 5).any() for time in range(N_TIMES))
    np.testing.assert_array_equal(data == LOCKED, desk.before == LOCKED)
    assert "locked objects" in desk.told
    desk.key(Qt.Key.Key_Z, CONTROL)
    np.testing.assert_array_equal(data, desk.before)
