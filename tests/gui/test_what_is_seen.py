"""What a person sees of prompts and candidates, in a real viewer."""

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtGui import QImage

from fakes.fake_segmenter import FakeSegmenter
from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import SHAPE, PromptsDesk


class AgreeingSegmenter(FakeSegmenter):
    """Gives the same mask three times once it has two points."""

    def predict(self, embedding, prompts):
        answer = super().predict(embedding, prompts)
        if len(prompts.points_rc) < 2:
            return answer
        return replace(answer, masks=np.repeat(answer.masks[:1], 3, axis=0))


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    shelf = FakeShelf(AgreeingSegmenter())
    desk = PromptsDesk(make_napari_viewer(show=True), qtbot, shelf)
    desk.go_to(0, 3)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def picture_on(card):
    image = card.picture.pixmap().toImage().convertToFormat(QImage.Format.Format_RGB32)
    bits = image.constBits()
    bits.setsize(image.sizeInBytes())
    array = np.frombuffer(bits, np.uint8).reshape(image.height(), image.width(), 4)
    return array[..., :3].copy()


def photograph(desk):
    desk.qtbot.wait(50)
    return desk.viewer.screenshot(canvas_only=True, flash=False)


def test_three_masks_that_are_the_same_are_called_one_answer(desk):
    desk.click()
    desk.wait_for_candidates()
    row = desk.view.candidates
    assert not desk.shows(row.agreed)
    desk.click(off=(12, 0))
    desk.wait_for_candidates()
    assert desk.told.startswith("One answer")
    assert desk.shows(row.agreed)
    assert [desk.shows(card) for card in row.cards] == [False, True, False]


def test_pictures_of_masks_are_transposed_with_the_view(desk):
    desk.click(off=(20, 40))
    desk.wait_for_candidates()
    [card, *_] = desk.view.candidates.cards
    before = picture_on(card)
    desk.viewer.dims.transpose()
    desk.settle()
    after = picture_on(card)
    assert not np.array_equal(after, before)
    np.testing.assert_array_equal(after, before.swapaxes(0, 1))


def test_pictures_of_masks_are_turned_with_the_camera(desk):
    desk.click(off=(20, 40))
    desk.wait_for_candidates()
    [card, *_] = desk.view.candidates.cards
    before = picture_on(card)
    camera = getattr(desk.viewer, "scene", desk.viewer).camera
    camera.orientation2d = ("up", "left")
    desk.settle()
    np.testing.assert_array_equal(picture_on(card), before[::-1, ::-1])


def test_a_slice_without_prompts_has_no_mark_at_its_first_voxel(desk):
    desk.image.data = np.zeros(SHAPE, dtype=np.float32)
    desk.click()
    desk.wait_for_candidates()
    marked = photograph(desk)
    desk.go_to(0, 8)
    desk.settle()
    empty = photograph(desk)
    desk.viewer.layers["prompts: points"].visible = False
    np.testing.assert_array_equal(empty, photograph(desk))
    desk.viewer.layers["prompts: points"].visible = True
    desk.go_to(0, 3)
    desk.settle()
    np.testing.assert_array_equal(photograph(desk), marked)
