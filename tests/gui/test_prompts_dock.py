"""The dock in a real viewer, driven by real mouse and key events."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from fakes.call_counts import MOST_IN_A_TURN, counted_turns
from fakes.fake_segmenter import FakeSegmenter
from fakes.fake_shelf import FakeShelf
from fakes.held_segmenter import HeldSegmenter
from fakes.prompts_desk import LEFT, NONE, SHAPE, PromptsDesk
from napari_sam_med.gui.prompting.canvas import Tool
from napari_sam_med.gui.prompting.tools import refusal_of
from napari_sam_med.gui.prompting.views.rows.embedding_options import (
    EmbeddingSettings,
)

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def make_desk(make_napari_viewer, qtbot):
    desks = []

    def make(model=None) -> PromptsDesk:
        desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf(model))
        desks.append(desk)
        return desk

    yield make
    for desk in desks:
        desk.view.controller.close()
        assert desk.services.wait_for_end(30)


def test_click_pick_the_second_accept_in_all_three_orientations(make_desk):
    desk = make_desk()
    expected = np.zeros(SHAPE, dtype=np.uint16)
    for axis, index in enumerate((3, 20, 30)):
        desk.go_to(axis, index)
        desk.click()
        desk.wait_for_candidates()
        assert desk.viewer.layers["candidates"].visible
        desk.key(Qt.Key.Key_2)
        assert desk.session.chosen == 1
        second = desk.session.candidates.masks[1].copy()
        assert second.any()
        desk.key(Qt.Key.Key_Return)
        slice_ = np.moveaxis(expected, axis, 0)[index]
        slice_[second & (slice_ == 0)] = axis + 1
        np.testing.assert_array_equal(
            desk.viewer.layers["ct segmentation"].data, expected
        )
        assert not desk.viewer.layers["candidates"].visible
        desk.key(Qt.Key.Key_N)
        assert desk.session.state.label == axis + 2


def test_mouse_and_keys_do_what_the_dock_says(make_desk):
    desk = make_desk()
    desk.go_to(0, 3)
    points = desk.view.controller.layers.points

    desk.click()
    desk.click(CONTROL, off=(40, 0))
    assert desk.session.state.prompts.labels.tolist() == [1, 0]
    np.testing.assert_allclose(points.data[:, 0], 3.0)

    QTest.mouseDClick(desk.canvas, LEFT, NONE, desk.canvas.rect().center())
    desk.settle()
    assert len(points.data) == 2  # the second press of a double click is no click
    camera = getattr(desk.viewer, "scene", desk.viewer).camera  # napari before 0.9
    zoom = camera.zoom
    desk.drag((-60, -30), (60, 50))
    assert len(points.data) == 2
    assert camera.zoom == zoom

    desk.key(Qt.Key.Key_T)
    desk.click(off=(0, 40))
    assert desk.session.state.prompts.labels.tolist() == [1, 0, 0]
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert desk.session.state.prompts.labels.tolist() == [1, 0]
    desk.key(Qt.Key.Key_C, Qt.KeyboardModifier.ShiftModifier)
    assert desk.session.state.prompts.is_empty

    desk.viewer.reset_view()
    desk.key(Qt.Key.Key_B)
    desk.drag((-60, -30), (60, 50))
    desk.wait_for_candidates()
    (box,) = desk.session.state.prompts.boxes
    assert (box.axis, box.index) == (0, 3)
    row0, col0, row1, col1 = box.box_rc
    assert (col1 - col0 + 1) / (row1 - row0 + 1) == pytest.approx(1.5, rel=0.1)


def test_a_click_corrects_the_candidate_that_was_picked(make_desk, qtbot):
    model = FakeSegmenter()
    desk = make_desk(model)
    desk.go_to(0, 3)
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_3)
    picked = desk.session.candidates.logits[2].copy()
    desk.click(CONTROL, off=(40, 0))
    qtbot.waitUntil(lambda: len(model.seen_prompts) == 2)
    np.testing.assert_array_equal(model.seen_prompts[1].mask_logits, picked)
    assert model.seen_prompts[1].labels.tolist() == [1, 0]


def test_the_brush_keeps_the_mouse_and_its_keys(make_desk):
    desk = make_desk()
    labels = desk.viewer.add_labels(np.zeros(SHAPE, dtype=np.uint8), name="mine")
    desk.viewer.layers.selection.active = labels
    desk.go_to(0, 3)
    desk.key(Qt.Key.Key_2)
    assert labels.mode == "paint"
    desk.click()
    assert desk.session.state.prompts.is_empty
    assert labels.data.any()


def test_a_model_for_clicks_refuses_boxes_and_gives_one_reason(make_desk):
    desk = make_desk()
    desk.go_to(0, 3)
    desk.key(Qt.Key.Key_B)
    desk.choose_model("clicks_only")
    desk.wait_for_model("clicks_only")
    tools, buttons = desk.view.controller.tools, desk.view.tools.buttons
    assert tools.tool == "include"  # the box tool was left
    assert not buttons["box"].isEnabled()
    reason = refusal_of(Tool.BOX, desk.session.model)
    assert reason in buttons["box"].toolTip()
    desk.key(Qt.Key.Key_B)
    assert tools.tool == "include"
    assert desk.told == reason
    QTest.mouseClick(buttons["box"], LEFT)
    assert tools.tool == "include"
    desk.drag((-60, -30), (60, 50))
    assert desk.session.state.prompts.is_empty
    desk.viewer.reset_view()
    desk.click()
    desk.wait_for_candidates()


def test_a_model_for_boxes_refuses_points_and_goes_on_with_boxes(make_desk):
    desk = make_desk()
    desk.go_to(0, 3)
    desk.choose_model("box_only")
    desk.wait_for_model("box_only")
    tools, buttons = desk.view.controller.tools, desk.view.tools.buttons
    assert tools.tool == "box"
    reason = refusal_of(Tool.INCLUDE, desk.session.model)
    for name in ("include", "exclude"):
        assert not buttons[name].isEnabled()
        assert reason in buttons[name].toolTip()
    desk.key(Qt.Key.Key_T)
    assert desk.told == reason
    assert tools.tool == "box"
    desk.drag((-60, -30), (60, 50))
    desk.wait_for_candidates()
    assert tools.tool == "box"
    assert "Drag a box" in desk.view.candidates.hint.text()
    desk.choose_model("fake")
    desk.wait_for_model("fake")
    assert buttons["include"].isEnabled()
    desk.key(Qt.Key.Key_T)
    assert tools.tool == "include"


def test_the_window_stays_alive_while_a_slow_model_embeds(make_desk, qtbot):
    model = HeldSegmenter()
    desk = make_desk(model)
    desk.view.outputs.embeddings.form.value = EmbeddingSettings(prefetch=False)
    desk.go_to(0, 3)
    desk.click()  # at its first press of all napari compiles what finds the layer
    desk.wait_for_candidates()
    model.may_embed.clear()
    model.is_embedding.clear()
    desk.image.data[4] = 0.5  # slices that look alike share an embedding
    desk.go_to(0, 4)
    with counted_turns() as turns:
        desk.click()
        qtbot.waitUntil(model.is_embedding.is_set)
        before = len(turns)
        qtbot.waitUntil(lambda: len(turns) > before + 20)
        qtbot.waitUntil(lambda: desk.view.status.phase == "busy")
        model.may_embed.set()
        desk.wait_for_candidates()
    assert max(turns) < MOST_IN_A_TURN


def test_the_viewer_can_be_closed_while_the_model_works(make_desk, qtbot):
    model = HeldSegmenter()
    desk = make_desk(model)
    model.may_embed.clear()
    desk.click()
    qtbot.waitUntil(model.is_embedding.is_set)
    desk.viewer.close()
    model.may_embed.set()
    qtbot.waitUntil(lambda: not desk.services.models.worker.is_alive)


def test_closing_the_dock_takes_its_layers_and_keys_away(make_desk, qtbot):
    desk = make_desk()
    desk.click()
    desk.wait_for_candidates()
    desk.viewer.window.remove_dock_widget(desk.view)
    desk.view.deleteLater()
    qtbot.waitUntil(lambda: list(desk.viewer.layers) == [desk.image])
    qtbot.waitUntil(lambda: not desk.services.models.worker.is_alive)
    desk.viewer.layers.selection.active = desk.image
    desk.click()
    desk.key(Qt.Key.Key_2)
    assert desk.image.mode == "transform"
