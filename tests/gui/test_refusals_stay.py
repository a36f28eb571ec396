"""What a person was refused stays to be read, whatever comes by itself meanwhile."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

from fakes.fake_shelf import FakeShelf
from fakes.held_segmenter import HeldSegmenter
from fakes.prompts_desk import SHAPE, PromptsDesk


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    model = HeldSegmenter()
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf(model))
    desk.may_answer = model.may_answer
    desk.go_to(0, 6)
    yield desk
    desk.may_answer.set()
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def is_answered(desk) -> bool:
    return desk.session.is_fresh and "Accept writes it" in desk.told


def refused_while_predicting(desk) -> str:
    """Click, and accept before there is a mask."""
    desk.may_answer.clear()
    desk.click()
    desk.key(Qt.Key.Key_Return)
    refusal = desk.told
    assert desk.view.status.phase == "error"
    assert not desk.session.is_fresh
    desk.may_answer.set()
    return refusal


def test_a_refusal_is_read_beside_the_answer_that_comes_after_it(desk):
    refusal = refused_while_predicting(desk)
    desk.qtbot.waitUntil(lambda: is_answered(desk))
    desk.settle()
    assert desk.told.startswith(refusal.removesuffix(".")), desk.told
    assert desk.view.status.phase == "error"


def test_a_refusal_goes_once_the_person_acts_again(desk):
    refusal = refused_while_predicting(desk)
    desk.qtbot.waitUntil(lambda: is_answered(desk))
    desk.click(off=(20, 0))
    desk.wait_for_candidates()
    assert refusal.removesuffix(".") not in desk.told
    assert desk.view.status.phase == "ready"


def test_a_refused_box_is_read_beside_what_was_asked_before(desk):
    desk.may_answer.clear()
    desk.click()
    desk.key(Qt.Key.Key_B)
    desk.drag((-700, -500), (-690, -490))
    refusal = desk.told
    desk.may_answer.set()
    assert desk.view.status.phase == "error", refusal
    desk.qtbot.waitUntil(lambda: is_answered(desk))
    assert desk.told.startswith(refusal.removesuffix(".")), desk.told


def test_a_refusal_outlasts_the_slices_of_a_propagation(desk):
    desk.click()
    desk.wait_for_candidates()
    desk.may_answer.clear()
    desk.key(Qt.Key.Key_P)
    run = desk.view.controller.propagation.run
    assert run.is_running
    desk.key(Qt.Key.Key_V)  # the object has no slices to review yet
    refusal = desk.told
    assert desk.view.status.phase == "error", refusal
    desk.may_answer.set()
    desk.qtbot.waitUntil(lambda: run.waits)
    desk.settle()
    assert desk.told.startswith(refusal.removesuffix(".")), desk.told
    assert "Accept" in desk.told


def test_a_refused_lock_stays_beside_the_answer_to_what_the_brush_changed(desk):
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    desk.key(Qt.Key.Key_L)
    labels = desk.viewer.layers["ct segmentation"]
    before = np.array(labels.data)
    desk.click(off=(60, 0))
    desk.viewer.layers.selection.active = labels
    labels.selected_label, labels.mode = 2, "paint"
    desk.may_answer.clear()
    desk.drag((-60, 0), (60, 0))
    refusal = desk.told
    assert "of locked objects stay" in refusal
    labels.mode = "pan_zoom"
    desk.may_answer.set()
    desk.qtbot.waitUntil(lambda: is_answered(desk))
    assert desk.told.startswith(refusal), desk.told
    assert labels.data.shape == SHAPE
    np.testing.assert_array_equal(labels.data == 1, before == 1)


def test_a_refusal_in_the_3d_view_is_read_beside_why_nothing_can_be_prompted(desk):
    desk.click()
    desk.wait_for_candidates()
    desk.viewer.dims.ndisplay = 3
    desk.settle()
    problem = desk.told
    assert "3-D" in problem
    desk.key(Qt.Key.Key_N)  # the second time it drops the prompts
    assert "no accepted mask" in desk.told
    assert desk.told.endswith(problem)
    desk.viewer.dims.ndisplay = 2
    desk.wait_for_candidates()
    assert "3-D" not in desk.told


def test_a_propagation_that_failed_is_not_told_again_as_lost(desk):
    broken = np.full(SHAPE, np.nan, np.float32)
    desk.image.data = broken
    desk.image.contrast_limits = (0, 1)
    desk.click()
    desk.qtbot.waitUntil(lambda: "NaN" in desk.told)
    desk.key(Qt.Key.Key_P)
    run = desk.view.controller.propagation.run
    desk.qtbot.waitUntil(lambda: not run.is_running)
    desk.settle()
    assert "NaN" in desk.told
    other = desk.viewer.add_image(np.zeros(SHAPE, np.float32), name="other")
    desk.viewer.layers.selection.active = other
    desk.qtbot.waitUntil(lambda: desk.view.controller.image is other)
    desk.settle()
    assert "Discarded" not in desk.told


def test_a_mask_in_a_hidden_layer_is_told_as_hidden(desk):
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    assert "hidden" not in desk.told
    desk.viewer.layers["ct segmentation"].visible = False
    desk.click(off=(60, 0))
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    assert desk.told.endswith("; ct segmentation is hidden"), desk.told


def test_accepting_in_3d_is_answered_in_one_sentence(desk):
    desk.click()
    desk.wait_for_candidates()
    desk.viewer.dims.ndisplay = 3
    desk.settle()
    before = desk.told
    assert "3-D" in before
    desk.key(Qt.Key.Key_Return)
    assert desk.told == before
