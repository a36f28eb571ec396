from dataclasses import replace

import numpy as np
import pytest

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.ports import Capabilities
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import PromptError
from napari_sam_med.session.background.messages import (
    Failed,
    Load,
    Loaded,
    Precompute,
    PrecomputeStep,
    Predict,
    Predicted,
    StopPrecompute,
)
from napari_sam_med.session.background.model_service import ModelSource
from napari_sam_med.session.labelling.label_edits import LabelEdit
from napari_sam_med.session.prompt_image import PromptImage
from napari_sam_med.session.prompt_session import PromptSession
from napari_sam_med.session.status import Phase
from napari_sam_med.session.volume_prompts import PlacedBox

SHAPE = (6, 8, 10)


class Desk:
    """A session whose requests are kept in a list, and answers to them."""

    def __init__(self, *, with_model: bool = True) -> None:
        self.posted: list = []
        self.session = PromptSession(self.posted.append)
        self.target = target_of()
        self.session.show(self.target, self.target.plane(0, 2))
        if with_model:
            self.session.choose_model(ModelSource("fake", lambda: None))
            self.answer_load()

    def answer_load(self) -> None:
        load = self.posted[-1]
        assert isinstance(load, Load)
        self.session.receive(
            Loaded(load.generation, load.source.name, "abc", Capabilities(), 0.1)
        )

    def predictions(self) -> list[Predict]:
        return [p for p in self.posted if isinstance(p, Predict)]

    def answer(self, request: Predict, *, masks=None) -> bool:
        return self.session.receive(
            Predicted(
                request.generation,
                request.plane,
                candidates_of(request.image.shape_hw(request.plane), masks),
                0.2,
                0.1,
            )
        )

    def box(self, box: PlacedBox) -> None:
        self.session.replace_prompts(self.session.state.prompts.with_box(box))

    def click(self, label: int = 1) -> Predict:
        self.session.add_point((2.0, 3.0, 4.0), label)
        return self.predictions()[-1]


def target_of(place="a", low=0.0) -> PromptImage:
    volume = Volume(np.zeros(SHAPE), Geometry((1.0, 1.0, 3.0)), name="ct")
    return PromptImage(volume, Window(low, 100.0), place)


def candidates_of(shape_hw, masks=None) -> Candidates:
    if masks is None:
        masks = np.zeros((3, *shape_hw), dtype=bool)
        for k in range(3):
            masks[k, : k + 1] = True
    scores = np.array([0.5, 0.9, 0.7], dtype=np.float32)
    return Candidates(masks, scores, np.zeros((3, 4, 4), dtype=np.float32))


def edit_of() -> LabelEdit:
    old = np.zeros((1, 2, 2), dtype=np.uint8)
    return LabelEdit.between("labels", old, old + 1, (2, 0, 0), SHAPE)


def test_a_click_asks_for_candidates_on_the_slice_shown():
    desk = Desk()
    request = desk.click()
    assert (request.plane.axis, request.plane.index) == (0, 2)
    assert request.prompts.points_rc.tolist() == [[3.0, 4.0]]


def test_the_best_score_is_chosen_first():
    desk = Desk()
    assert desk.answer(desk.click())
    assert desk.session.chosen == 1
    assert desk.session.status.phase is Phase.READY


def test_an_answer_to_older_prompts_is_dropped():
    desk = Desk()
    first = desk.click()
    second = desk.click(0)
    assert not desk.answer(first)
    assert desk.session.candidates is None
    assert desk.answer(second)


def test_an_answer_that_comes_after_the_slice_changed_is_dropped():
    desk = Desk()
    request = desk.click()
    desk.session.show(desk.target, desk.target.plane(0, 3))
    assert not desk.answer(request)
    assert desk.session.candidates is None


def test_an_answer_that_comes_after_the_image_went_is_dropped():
    desk = Desk()
    request = desk.click()
    desk.session.show(None, None)
    assert not desk.answer(request)


def test_an_answer_of_the_former_model_is_dropped():
    desk = Desk()
    request = desk.click()
    desk.session.choose_model(ModelSource("other", lambda: None))
    assert not desk.answer(request)


def test_prompts_wait_for_the_model_and_are_asked_when_it_is_ready():
    desk = Desk(with_model=False)
    desk.session.choose_model(ModelSource("fake", lambda: None))
    load = desk.posted[-1]
    desk.session.add_point((2.0, 3.0, 4.0), 1)
    assert desk.predictions() == []
    desk.session.receive(Loaded(load.generation, "fake", "", Capabilities(), 0.1))
    assert len(desk.predictions()) == 1


def test_coming_back_to_a_slice_asks_again_for_its_prompts():
    desk = Desk()
    desk.answer(desk.click())
    desk.session.show(desk.target, desk.target.plane(0, 3))
    assert desk.session.candidates is None
    desk.session.show(desk.target, desk.target.plane(0, 2))
    assert desk.answer(desk.predictions()[-1])


def test_another_window_asks_again_and_keeps_the_old_masks_meanwhile():
    desk = Desk()
    desk.answer(desk.click())
    narrow = target_of(low=50.0)
    desk.session.show(narrow, narrow.plane(0, 2))
    assert desk.session.candidates is not None
    assert not desk.session.is_fresh
    assert desk.predictions()[-1].image.window == Window(50.0, 100.0)


def test_showing_the_same_slice_again_asks_nothing():
    desk = Desk()
    desk.click()
    count = len(desk.posted)
    same = target_of()
    desk.session.show(same, same.plane(0, 2))
    assert len(desk.posted) == count


def test_masks_of_older_prompts_cannot_be_accepted():
    desk = Desk()
    desk.answer(desk.click())
    desk.click(0)
    with pytest.raises(PromptError, match="still answering"):
        desk.session.to_accept()


def test_nothing_to_accept_says_what_to_do():
    with pytest.raises(PromptError, match="click on the image"):
        Desk().session.to_accept()


def test_an_empty_mask_is_not_accepted():
    desk = Desk()
    masks = np.zeros((3, 8, 10), dtype=bool)
    desk.answer(desk.click(), masks=masks)
    with pytest.raises(PromptError, match="empty"):
        desk.session.to_accept()


def test_the_chosen_candidate_is_accepted():
    desk = Desk()
    desk.answer(desk.click())
    desk.session.choose(2)
    [chosen] = desk.session.to_accept()
    assert chosen.mask.sum() == 30
    assert chosen.label == 1


def test_a_candidate_that_does_not_exist_cannot_be_chosen():
    desk = Desk()
    desk.answer(desk.click())
    desk.session.choose(7)
    assert desk.session.chosen == 1


def test_accepting_uses_the_prompts_up_and_keeps_a_record():
    desk = Desk()
    desk.answer(desk.click())
    desk.session.record(desk.session.to_accept(), edit_of(), 4)
    assert desk.session.state.prompts.is_empty
    assert desk.session.candidates is None
    (record,) = desk.session.state.records
    assert (record.image, record.axis, record.index) == ("ct", 0, 2)
    assert record.prompts["points_rc"] == [[3.0, 4.0]]
    assert (record.model, record.sha256, record.chosen) == ("fake", "abc", 1)
    assert record.score == pytest.approx(0.9)
    assert record.window == (0.0, 100.0)


def test_undo_after_accepting_gives_prompts_and_edit_back():
    desk = Desk()
    desk.answer(desk.click())
    edit = edit_of()
    desk.session.record(desk.session.to_accept(), edit, 4)
    travel = desk.session.undo()
    assert travel.revert == (edit,)
    assert len(desk.session.state.prompts.points_zyx) == 1
    assert desk.session.state.records == ()
    assert desk.session.redo().apply == (edit,)


def test_undo_takes_back_one_prompt_at_a_time():
    desk = Desk()
    desk.click()
    desk.box(PlacedBox(0, 2, (0.0, 0.0, 4.0, 4.0)))
    desk.session.undo()
    assert desk.predictions()[-1].prompts.box_rc is None
    desk.session.undo()
    assert desk.session.state.prompts.is_empty
    assert not desk.session.can_undo


def test_clearing_drops_candidates_at_once():
    desk = Desk()
    desk.answer(desk.click())
    desk.session.clear()
    assert desk.session.candidates is None
    assert desk.session.can_undo


def test_the_next_object_has_the_number_it_is_given_and_no_prompts():
    desk = Desk()
    desk.session.set_label(4)
    desk.click()
    desk.session.next_object(7)
    assert desk.session.state.label == 7
    assert desk.session.state.prompts.is_empty
    desk.session.undo()
    assert desk.session.state.label == 4
    assert not desk.session.state.prompts.is_empty


def test_each_image_keeps_its_own_prompts():
    desk = Desk()
    desk.click()
    other = target_of("b")
    desk.session.show(other, other.plane(0, 2))
    assert desk.session.state.prompts.is_empty
    desk.session.show(desk.target, desk.target.plane(0, 2))
    assert not desk.session.state.prompts.is_empty


def test_a_failed_prediction_is_told_and_loses_no_prompt():
    desk = Desk()
    request = desk.click()
    desk.session.receive(Failed(request.generation, "predict", "the slice has NaN"))
    assert desk.session.status.phase is Phase.ERROR
    assert desk.session.status.text == "the slice has NaN"
    assert not desk.session.state.prompts.is_empty


def test_a_late_failure_is_not_told():
    desk = Desk()
    request = desk.click()
    desk.click()
    assert not desk.session.receive(Failed(request.generation, "predict", "late"))
    assert desk.session.status.text != "late"


def test_precomputing_tells_its_progress_and_ends():
    desk = Desk()
    desk.session.start_precompute()
    asked = desk.posted[-1]
    assert isinstance(asked, Precompute)
    assert desk.session.receive(PrecomputeStep(asked.generation, 1, 6, 5.0))
    assert desk.session.precompute.done == 1
    assert desk.session.receive(PrecomputeStep(asked.generation, 6, 6, 0.0))
    assert desk.session.precompute is None
    assert desk.session.status.text == "6 of 6 slices have embeddings"


def test_stopped_precomputing_shows_no_more_progress():
    desk = Desk()
    desk.session.start_precompute()
    asked = desk.posted[-1]
    desk.session.stop_precompute()
    assert isinstance(desk.posted[-1], StopPrecompute)
    assert not desk.session.receive(PrecomputeStep(asked.generation, 2, 6, 5.0))
    assert desk.session.precompute is None


def test_a_new_window_stops_precomputing_for_the_old_one():
    desk = Desk()
    desk.session.start_precompute()
    narrow = target_of(low=50.0)
    desk.session.show(narrow, narrow.plane(0, 2))
    assert any(isinstance(p, StopPrecompute) for p in desk.posted)


def test_a_choice_survives_leaving_the_slice_and_coming_back():
    desk = Desk()
    desk.answer(desk.click())
    desk.session.choose(2)
    desk.session.show(desk.target, desk.target.plane(0, 3))
    desk.session.show(desk.target, desk.target.plane(0, 2))
    desk.answer(desk.predictions()[-1])
    assert desk.session.chosen == 2


def test_a_choice_comes_back_with_undo_and_is_not_kept_for_other_prompts():
    desk = Desk()
    desk.answer(desk.click())
    desk.session.choose(2)
    desk.answer(desk.click(0))
    assert desk.session.chosen == 1
    desk.session.undo()
    desk.answer(desk.predictions()[-1])
    assert desk.session.chosen == 2


def test_two_hundred_steps_can_be_undone():
    desk = Desk()
    for _ in range(250):
        desk.click()
    for _ in range(200):
        desk.session.undo()
    assert len(desk.session.state.prompts.labels) == 50
    assert not desk.session.can_undo


def test_slices_with_prompts_that_were_not_accepted_are_listed():
    desk = Desk()
    desk.click()
    desk.box(PlacedBox(0, 5, (0.0, 0.0, 4.0, 4.0)))
    desk.box(PlacedBox(1, 3, (0.0, 0.0, 4.0, 4.0)))
    assert desk.session.pending == (2, 5)


def test_words_of_an_older_answer_go_with_undo_and_clear():
    desk = Desk()
    desk.answer(desk.click())
    desk.session.undo()
    assert desk.session.status.text == ""
    desk.answer(desk.click())
    desk.session.clear()
    assert desk.session.status.text == ""


def test_masks_that_agree_are_told_as_one_answer():
    desk = Desk()
    request = desk.click()
    alike = np.ones((3, *request.image.shape_hw(request.plane)), dtype=bool)
    answer = replace(candidates_of(alike.shape[1:], alike), agreement=1.0)
    told = Predicted(request.generation, request.plane, answer, 0.2, 0.1)
    assert desk.session.receive(told)
    assert desk.session.status.text.startswith("One answer")
