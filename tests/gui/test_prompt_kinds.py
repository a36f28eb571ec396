"""Scribbles, lassos, several boxes and starting masks, with mouse and keys."""

import numpy as np
import pytest
from qtpy.QtCore import QPointF, Qt
from qtpy.QtTest import QTest

from fakes.fake_segmenter import FakeSegmenter
from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import LEFT, NONE, PromptsDesk
from napari_sam_med.core.ports import Capabilities, ModelInfo

CONTROL = Qt.KeyboardModifier.ControlModifier
LINE = [(-60, -20), (-30, 0), (0, 10), (40, 20)]
ROUND = [(-50, -40), (50, -40), (50, 40), (-50, 40)]
BOXES = [((-150, -90), (-90, -30)), ((-40, -90), (20, -30)), ((70, 10), (130, 70))]


class CountingSegmenter(FakeSegmenter):
    """Notes how many objects it was asked about in each batch."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def predict_many(self, embedding, prompts):
        self.batches.append(len(prompts))
        return super().predict_many(embedding, prompts)


@pytest.fixture
def model():
    return CountingSegmenter()


@pytest.fixture
def desk(make_napari_viewer, qtbot, model):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf(model))
    desk.go_to(0, 3)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def prompts_of(desk):
    return desk.session.state.prompts


def lines_of(desk):
    return desk.view.controller.painter.lines.layer


def labels_of(desk) -> np.ndarray:
    image = desk.view.controller.image
    return desk.view.controller._parts.lists.labels_for(image).data


def draw_boxes(desk, boxes=BOXES) -> None:
    for start, end in boxes:
        desk.key(Qt.Key.Key_B)
        desk.drag(start, end)
    desk.wait_for_candidates()


def accept(desk) -> None:
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)


def choose_rule(desk, key: str) -> None:
    desk.send(desk.view.kinds.second_box.chosen, key)
    desk.settle()


def test_a_scribble_is_drawn_asked_as_points_and_one_step_of_undo(desk, model):
    desk.key(Qt.Key.Key_S)
    centre = getattr(desk.viewer, "scene", desk.viewer).camera.center
    desk.draw(LINE)
    desk.wait_for_candidates()
    (stroke,) = prompts_of(desk).strokes
    assert (stroke.axis, stroke.index, stroke.label) == (0, 3, 1)
    asked = model.seen_prompts[-1]
    assert asked.labels.tolist() == [1] * len(stroke.points_rc)
    assert len(stroke.points_rc) == 4
    assert lines_of(desk).visible
    assert getattr(desk.viewer, "scene", desk.viewer).camera.center == centre
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert prompts_of(desk).is_empty
    assert not lines_of(desk).visible


def test_with_control_a_scribble_is_on_the_background(desk):
    desk.press(desk.view.tools.buttons["scribble"])
    desk.draw(LINE, CONTROL)
    (stroke,) = prompts_of(desk).strokes
    assert stroke.label == 0


def test_a_line_is_seen_while_it_is_drawn(desk, monkeypatch):
    seen = []
    painter = desk.view.controller.painter
    paint = painter.lines.show_lines
    monkeypatch.setattr(
        painter.lines, "show_lines", lambda *a: (seen.append(len(a[2][0])), paint(*a))
    )
    long = [(5 * k - 60, k) for k in range(20)]  # 0.3 s; it is drawn every 0.04
    desk.key(Qt.Key.Key_S)
    desk.draw(long)
    assert len(seen) > 1
    assert 0 < seen[0] < seen[-1] == len(long) - 1


def drawn_in_a_hurry(desk, places) -> None:
    """Let the button go before napari has heard of the last places."""
    at = [QPointF(desk.canvas.rect().center()) + QPointF(*each) for each in places]
    QTest.mousePress(desk.canvas, LEFT, NONE, at[0].toPoint())
    for place in at[1:]:
        desk.slide(place)
    QTest.mouseRelease(desk.canvas, LEFT, NONE, at[-1].toPoint())
    desk.settle()


@pytest.mark.parametrize("tool", ["box", "scribble", "lasso"])
def test_what_is_drawn_ends_where_the_button_is_let_go(desk, tool):
    ends = []
    for draw in (desk.draw, lambda places: drawn_in_a_hurry(desk, places)):
        desk.send(desk.view.tools.tool_chosen, tool)
        draw([(-50.0, -40.0), (-49.0, -40.0), (50.0, -40.0), (50.0, 40.0)])
        if tool == "box":
            (box,) = prompts_of(desk).boxes
            ends.append(box.box_rc)
        else:
            (stroke,) = prompts_of(desk).strokes
            ends.append(stroke.path_rc[-1])
        desk.key(Qt.Key.Key_Z, CONTROL)
    np.testing.assert_allclose(*ends)


def test_a_scribble_is_selected_moved_and_removed(desk):
    desk.key(Qt.Key.Key_S)
    desk.draw([(-60, 0), (0, 0), (60, 0)])
    (before,) = prompts_of(desk).strokes
    desk.drag((-20, 0), (-20, 40))
    (moved,) = prompts_of(desk).strokes
    shift = np.subtract(moved.path_rc, before.path_rc)
    assert (shift[:, 0] > 1).all()
    np.testing.assert_allclose(shift[:, 1], 0, atol=0.2)
    desk.key(Qt.Key.Key_Delete)
    assert prompts_of(desk).is_empty
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert prompts_of(desk).strokes == (moved,)


def test_a_line_is_seen_on_its_own_slice_only(desk):
    desk.key(Qt.Key.Key_S)
    desk.draw(LINE)
    desk.go_to(0, 4)
    desk.settle()
    assert not lines_of(desk).visible
    desk.go_to(0, 3)
    desk.settle()
    assert lines_of(desk).visible


def test_removing_the_layer_of_lines_drops_them_as_a_step(desk):
    desk.key(Qt.Key.Key_S)
    desk.draw(LINE)
    desk.viewer.layers.remove(lines_of(desk))
    desk.settle()
    assert prompts_of(desk).is_empty
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert lines_of(desk).visible


def test_a_lasso_is_asked_as_its_box_and_its_inside(desk, model):
    desk.key(Qt.Key.Key_O)
    desk.draw(ROUND)
    desk.wait_for_candidates()
    asked = model.seen_prompts[-1]
    assert len(asked.points_rc) == 0
    assert asked.box_rc is not None
    assert (asked.mask_logits > 0).any()
    assert desk.view.controller.tools.tool == "include"


def test_a_lasso_for_a_model_without_masks_says_what_is_asked_instead(desk, model):
    model._info = ModelInfo("fake", "", capabilities=Capabilities(masks=False))
    desk.choose_model("box_only")
    desk.wait_for_model("box_only")
    desk.choose_model("fake")
    desk.wait_for_model("fake")
    desk.key(Qt.Key.Key_O)
    desk.draw(ROUND)
    desk.wait_for_candidates()
    asked = model.seen_prompts[-1]
    assert (len(asked.points_rc), asked.mask_logits) == (1, None)
    assert "fake takes no mask: the lasso is asked as box and a point" in desk.told


def test_a_lasso_without_a_pixel_is_refused_with_a_reason(desk):
    desk.key(Qt.Key.Key_O)
    desk.draw([(0, 0), (1, 0)])
    assert prompts_of(desk).is_empty
    assert "lasso holds no pixel" in desk.told


def test_three_boxes_are_three_objects_asked_in_one_batch(desk, model):
    draw_boxes(desk)
    assert model.batches[-1] == 3
    assert "3 boxes" in desk.told
    assert desk.shows(desk.view.boxes)
    accept(desk)
    assert set(np.unique(labels_of(desk)[3])) == {0, 1, 2, 3}
    assert "labels 1, 2, 3 on slice 3" in desk.told
    assert len(desk.session.state.records) == 3
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert not labels_of(desk).any()
    assert len(prompts_of(desk).boxes) == 3


def test_further_objects_get_free_labels_and_leave_locked_and_preserved_ones(desk):
    data = np.zeros(desk.image.data.shape, dtype=np.uint8)
    data[3, 18:20] = 7
    data[3, 38:40] = 4
    labels = desk.viewer.add_labels(data.copy(), scale=desk.image.scale)
    desk.send(desk.view.write.labels_chosen, str(labels.unique_id))
    desk.viewer.layers.selection.active = desk.image
    desk.send(desk.view.objects.locked, 4, True)  # noqa: FBT003 - a signal's value
    desk.send(desk.view.write.label_chosen, 2)
    desk.settle()
    draw_boxes(desk)
    accept(desk)
    written = labels_of(desk)
    assert set(np.unique(written)) - {0, 4, 7} == {2, 8, 9}
    for kept in (4, 7):
        np.testing.assert_array_equal(written == kept, data == kept)


def test_a_click_corrects_the_box_it_is_in_and_the_choice_is_of_one_object(desk, model):
    draw_boxes(desk, BOXES[:2])
    desk.key(Qt.Key.Key_3)
    desk.send(desk.view.boxes.linkActivated, "0")
    desk.settle()
    assert desk.session.answers.slots == (1, 2)
    desk.key(Qt.Key.Key_1)
    assert desk.session.answers.slots == (0, 2)
    desk.click(off=(-10, -60))
    desk.wait_for_candidates()
    first, second = model.seen_prompts[-2:]
    assert (len(first.points_rc), len(second.points_rc)) == (0, 1)


def test_a_box_that_is_taken_hold_of_shows_its_candidates(desk):
    draw_boxes(desk, BOXES[:2])
    assert desk.session.answers.at == 1
    desk.click(off=(BOXES[0][0][0], -60))  # on its left edge
    assert desk.session.answers.at == 0
    assert "Candidates of box <b>1</b>" in desk.view.boxes.text()


def test_boxes_that_are_parts_are_written_under_one_label(desk, model):
    choose_rule(desk, "part")
    draw_boxes(desk, BOXES[:2])
    assert model.batches[-1] == 2
    accept(desk)
    assert set(np.unique(labels_of(desk))) == {0, 1}
    assert {record.label for record in desk.session.state.records} == {1}


def test_a_second_box_replaces_the_first_if_so_chosen(desk):
    choose_rule(desk, "replace")
    draw_boxes(desk, BOXES[:2])
    assert len(prompts_of(desk).boxes) == 1
    assert not desk.shows(desk.view.boxes)


def test_changing_what_boxes_are_is_a_step_and_the_list_follows_undo(desk):
    draw_boxes(desk, BOXES[:2])
    choose_rule(desk, "part")
    assert prompts_of(desk).joins
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert not prompts_of(desk).joins
    assert desk.view.kinds.second_box.key == "object"


def test_several_objects_are_accepted_before_one_is_propagated(desk):
    draw_boxes(desk, BOXES[:2])
    desk.key(Qt.Key.Key_P)
    assert "several objects" in desk.told


def test_a_click_corrects_the_mask_that_the_object_has(desk, model):
    desk.click()
    accept(desk)
    had = labels_of(desk)[3] == 1
    desk.click(off=(120, 60))
    desk.wait_for_candidates()
    assert model.seen_prompts[-1].mask_logits is not None
    assert "correcting the mask of label 1" in desk.told
    assert desk.session.candidates.masks[desk.session.chosen][had].all()


def test_starting_from_the_mask_can_be_left_and_taken_back(desk, model):
    desk.click()
    accept(desk)
    desk.click(off=(120, 60))
    desk.wait_for_candidates()
    desk.view.kinds.start.click()
    desk.wait_for_candidates()
    assert model.seen_prompts[-1].mask_logits is None
    assert "correcting" not in desk.told
    desk.key(Qt.Key.Key_Z, CONTROL)
    desk.wait_for_candidates()
    assert "correcting the mask of label 1" in desk.told


def test_another_label_does_not_start_from_the_mask_of_the_first(desk, model):
    desk.click()
    accept(desk)
    desk.send(desk.view.write.label_chosen, 2)
    desk.click(off=(120, 60))
    desk.wait_for_candidates()
    assert model.seen_prompts[-1].mask_logits is None


@pytest.mark.parametrize("tool", [Qt.Key.Key_B, Qt.Key.Key_O, Qt.Key.Key_S])
def test_what_is_drawn_while_the_image_changes_lands_on_no_other(desk, tool):
    array = np.random.default_rng(0).random(desk.image.data.shape, dtype=np.float32)
    other = desk.viewer.add_image(array, name="t2", scale=desk.image.scale)
    desk.send(desk.view.source.image_chosen, str(other.unique_id))
    desk.send(desk.view.source.image_chosen, str(desk.image.unique_id))
    desk.go_to(0, 3)
    desk.key(tool)
    centre = QPointF(desk.canvas.rect().center())
    at = [centre + QPointF(*map(float, each)) for each in ROUND]
    QTest.mousePress(desk.canvas, LEFT, NONE, at[0].toPoint())
    for k, place in enumerate(at[1:]):
        desk.move(place)
        if k == 0:
            desk.send(desk.view.source.image_chosen, str(other.unique_id))
            desk.go_to(0, 3)
    QTest.mouseRelease(desk.canvas, LEFT, NONE, at[2].toPoint())
    desk.settle()
    assert desk.view.controller.image is other
    assert prompts_of(desk).is_empty
    assert "another slice or image came" in desk.told
