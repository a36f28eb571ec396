"""What goes back to the model with the next click."""

import queue
from dataclasses import replace

import numpy as np
import pytest

from napari_sam_med import load_model
from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.ports import Capabilities
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import Window
from napari_sam_med.samples import us_lesion
from napari_sam_med.session.background.messages import Loaded, Predict, Predicted
from napari_sam_med.session.background.model_client import ModelClient
from napari_sam_med.session.background.model_service import ModelService, ModelSource
from napari_sam_med.session.feedback import KEPT
from napari_sam_med.session.labelling.label_edits import LabelEdit
from napari_sam_med.session.prompt_image import PromptImage
from napari_sam_med.session.prompt_session import PromptSession
from napari_sam_med.session.replay import load_records, save_records
from napari_sam_med.session.replay_answers import replay
from napari_sam_med.session.volume_prompts import ObjectPrompts, PlacedBox

SHAPE = (6, 8, 10)
WAIT_S = 60.0


class Desk:
    """A session whose requests are answered at will, with logits that tell the slot."""

    def __init__(self, *, masks: bool = True) -> None:
        self.posted: list = []
        self.session = PromptSession(self.posted.append)
        self.load(masks=masks)
        self.show(2)

    def load(self, *, masks: bool = True) -> None:
        self.session.choose_model(ModelSource("fake", lambda: None))
        able = Capabilities(masks=masks)
        generation = self.posted[-1].generation
        self.session.receive(Loaded(generation, "fake", "abc", able, 0.1))

    def show(self, index: int, *, low: float = 0.0) -> None:
        volume = Volume(np.zeros(SHAPE), Geometry((1.0, 1.0, 1.0)), name="ct")
        target = PromptImage(volume, Window(low, 100.0), "a")
        self.session.show(target, target.plane(0, index))

    @property
    def asked(self) -> Predict:
        return next(p for p in reversed(self.posted) if isinstance(p, Predict))

    @property
    def fed_slot(self) -> int | None:
        """The slot whose logits went with the newest request."""
        logits = self.asked.prompts.mask_logits
        return None if logits is None else int(logits[0, 0])

    def click(self, column: float, label: int = 1, *, index: int = 2) -> None:
        self.session.add_point((float(index), 3.0, column), label)

    def draw_box(self) -> None:
        box = PlacedBox(0, 2, (0.0, 0.0, 4.0, 4.0))
        self.session.replace_prompts(self.session.state.prompts.with_box(box))

    def answer(self, *, choose: int | None = None) -> None:
        masks = np.ones((3, *SHAPE[1:]), dtype=bool)
        slots = np.arange(3, dtype=np.float32)
        logits = np.broadcast_to(slots[:, None, None], (3, 4, 4))
        scores = np.array([0.5, 0.9, 0.7], dtype=np.float32)
        answer = Candidates(masks, scores, logits)
        asked = self.asked
        assert self.session.receive(
            Predicted(asked.generation, asked.plane, answer, 0.2, 0.1)
        )
        if choose is not None:
            self.session.choose(choose)

    def click_and_answer(
        self, column: float, *, choose: int | None = None, index: int = 2
    ) -> None:
        self.click(column, index=index)
        self.answer(choose=choose)

    def accept(self):
        edit = LabelEdit.between(
            "labels",
            np.zeros((1, 1, 1), int),
            np.ones((1, 1, 1), int),
            (0,) * 3,
            (1,) * 3,
        )
        self.session.record(self.session.to_accept(), edit, 1)
        return self.session.state.records[-1]


def test_the_first_click_takes_nothing_along():
    desk = Desk()
    desk.click(1)
    assert desk.fed_slot is None


def test_the_second_click_takes_the_best_candidate_along():
    desk = Desk()
    desk.click_and_answer(1)
    desk.click(2)
    assert desk.fed_slot == 1
    assert desk.asked.prompts.points_rc[:, 1].tolist() == [1.0, 2.0]


def test_a_candidate_that_a_person_chose_is_what_the_next_click_corrects():
    desk = Desk()
    desk.click_and_answer(1, choose=2)
    desk.click(2, 0)
    assert desk.fed_slot == 2


def test_a_click_after_a_box_corrects_the_answer_to_the_box():
    desk = Desk()
    desk.draw_box()
    desk.answer(choose=0)
    desk.click(2)
    assert desk.fed_slot == 0


def test_a_box_after_a_click_is_asked_anew():
    desk = Desk()
    desk.click_and_answer(1)
    desk.draw_box()
    assert desk.fed_slot is None


def test_clicks_faster_than_the_model_are_asked_together():
    desk = Desk()
    desk.click(1)
    desk.click(2)
    assert desk.fed_slot is None
    assert len(desk.asked.prompts.points_rc) == 2


def test_undo_and_redo_ask_what_was_asked_then():
    desk = Desk()
    desk.click_and_answer(1, choose=2)
    desk.click_and_answer(2, choose=0)
    desk.click(3)
    assert desk.fed_slot == 0
    desk.session.undo()
    assert desk.fed_slot == 2
    desk.session.undo()
    assert desk.fed_slot is None
    desk.session.redo()
    assert desk.fed_slot == 2
    desk.session.redo()
    assert desk.fed_slot == 0


def test_a_moved_point_is_no_correction_of_the_answer_before_it():
    desk = Desk()
    desk.click_and_answer(1)
    desk.click_and_answer(2)
    moved = np.array([[2.0, 3.0, 5.0], [2.0, 3.0, 2.0]])
    desk.session.replace_prompts(ObjectPrompts(moved, np.array([1, 1])))
    assert desk.fed_slot is None


def test_taking_the_last_point_away_goes_back_to_the_answer_before_it():
    desk = Desk()
    desk.click_and_answer(1, choose=2)
    desk.click_and_answer(2, choose=0)
    desk.click_and_answer(3)
    two = np.array([[2.0, 3.0, 1.0], [2.0, 3.0, 2.0]])
    desk.session.replace_prompts(ObjectPrompts(two, np.array([1, 1])))
    assert desk.fed_slot == 2


def test_another_model_is_asked_all_at_once():
    desk = Desk()
    desk.click_and_answer(1)
    desk.click(2)
    assert desk.fed_slot is not None
    desk.load()
    assert desk.fed_slot is None
    assert len(desk.asked.prompts.points_rc) == 2


def test_another_window_is_asked_all_at_once():
    desk = Desk()
    desk.click_and_answer(1)
    desk.click(2)
    desk.show(2, low=50.0)
    assert desk.fed_slot is None


def test_each_slice_goes_on_from_its_own_answer():
    desk = Desk()
    desk.click_and_answer(1, choose=2)
    desk.click(2)
    desk.show(3)
    desk.click_and_answer(1, index=3, choose=0)
    desk.click(2, index=3)
    assert desk.fed_slot == 0
    desk.show(2)
    assert desk.fed_slot == 2


def test_a_model_that_takes_no_masks_gets_none():
    desk = Desk(masks=False)
    desk.click_and_answer(1)
    desk.click(2)
    assert desk.fed_slot is None


def test_a_new_object_starts_from_nothing():
    desk = Desk()
    desk.click_and_answer(1)
    desk.accept()
    desk.click(1)
    desk.click(2)
    assert desk.fed_slot is None


def test_logits_are_dropped_beyond_the_last_ones():
    desk = Desk()
    for number in range(KEPT + 2):
        desk.click(number * 0.25)
        desk.answer()
    desk.click(9)
    for _ in range(KEPT):
        assert desk.fed_slot is not None
        desk.session.undo()
    assert desk.fed_slot is None


def test_a_record_says_which_answers_were_fed_back():
    desk = Desk()
    desk.draw_box()
    desk.answer(choose=0)
    desk.click(1)
    desk.click_and_answer(2, choose=2)
    desk.click_and_answer(3)
    assert desk.accept().fed == ((0, 0), (2, 2))


@pytest.fixture(scope="module")
def nano():
    return load_model("nano", device="cpu")


def test_a_replay_ends_at_the_very_mask_that_was_accepted(nano, tmp_path):
    image = us_lesion(3).volume
    target = PromptImage(image, Window(0.0, 255.0), "us")
    plane = target.plane(0, image.shape_zyx[0] // 2)
    answers: queue.Queue = queue.Queue()
    service = ModelService()
    thread = ModelClient(service, answers.put)
    thread.open()
    session = PromptSession(thread.post)

    def wait() -> None:
        while True:
            answer = answers.get(timeout=WAIT_S)
            if session.receive(answer) and isinstance(answer, Loaded | Predicted):
                return

    try:
        session.choose_model(ModelSource("nano", lambda: nano))
        wait()
        session.show(target, plane)
        height, width = target.shape_hw(plane)
        for step, (row, col) in enumerate([(0.5, 0.4), (0.6, 0.5), (0.4, 0.5)]):
            at = (float(plane.index), height * row, width * col)
            session.add_point(at, 0 if step == 2 else 1)
            wait()
            session.choose(step)
        [chosen] = session.to_accept()
        edit = LabelEdit.between(
            "labels",
            np.zeros((1, 1, 1), int),
            np.ones((1, 1, 1), int),
            (0,) * 3,
            (1,) * 3,
        )
        session.record([chosen], edit, 1)
    finally:
        thread.close()
        assert service.worker.wait_for_end(WAIT_S)
    save_records(tmp_path / "a.json", session.state.records)
    (record,) = load_records(tmp_path / "a.json")
    assert record.fed == ((1, 0), (2, 1))
    (replayed,) = replay([record], image, nano)
    np.testing.assert_array_equal(replayed.candidates.masks[2], chosen.mask)
    (at_once,) = replay([replace(record, fed=())], image, nano)
    assert (at_once.candidates.masks[2] != chosen.mask).any()
