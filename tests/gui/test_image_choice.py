"""Which image is prompted, and what lies on top, while layers come and go."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import SCALE, SHAPE, PromptsDesk
from napari_sam_med.gui.napari_io import is_ours, place_of


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    desk.go_to(0, 3)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def second_image(desk, **how):
    array = np.random.default_rng(1).random(SHAPE, dtype=np.float32)
    return desk.viewer.add_image(array, name="mr", scale=SCALE, **how)


def prompted(desk):
    desk.settle()
    return desk.view.controller.image


def test_layers_that_are_opened_later_lie_below_prompts_and_candidates(desk):
    desk.click()
    desk.wait_for_candidates()
    desk.viewer.add_labels(np.ones(SHAPE, np.uint8), name="truth", scale=SCALE)
    second_image(desk, visible=False)
    desk.settle()
    ours = [is_ours(layer) for layer in desk.viewer.layers]
    assert ours == sorted(ours)
    assert sum(ours) == 4


def test_a_layer_that_is_moved_up_goes_below_our_own_again(desk):
    desk.click()
    desk.settle()
    desk.viewer.layers.move(0, len(desk.viewer.layers))
    desk.settle()
    ours = [is_ours(layer) for layer in desk.viewer.layers]
    assert ours == sorted(ours)


def test_a_second_image_that_is_opened_is_the_one_that_is_prompted(desk):
    other = second_image(desk)
    assert prompted(desk) is other
    desk.click()
    assert desk.session.image.place == place_of(other)
    assert len(desk.session.state.prompts.points_zyx) == 1


def test_an_image_that_is_opened_together_with_its_labels_is_prompted(desk):
    other = second_image(desk)
    desk.viewer.add_labels(np.ones(SHAPE, np.uint8), name="mr labels", scale=SCALE)
    assert prompted(desk) is other
    desk.viewer.layers.selection.active = desk.image
    assert prompted(desk) is desk.image
    desk.viewer.layers.selection.active = desk.viewer.layers["mr labels"]
    assert prompted(desk) is desk.image


@pytest.mark.parametrize("how", ["hidden", "pinned"])
def test_one_that_is_hidden_or_comes_beside_a_pinned_one_is_not(desk, how):
    if how == "pinned":
        desk.press(desk.view.source.pin)
    second_image(desk, visible=how == "pinned")
    desk.viewer.add_labels(np.ones(SHAPE, np.uint8), name="mr labels", scale=SCALE)
    assert prompted(desk) is desk.image


def test_one_that_comes_and_goes_at_once_changes_nothing(desk):
    second_image(desk)
    desk.settle()
    desk.viewer.layers.selection.active = desk.image
    desk.settle()
    gone = desk.viewer.add_image(np.zeros(SHAPE, np.float32), name="gone", scale=SCALE)
    desk.viewer.layers.remove(gone)
    desk.viewer.layers.selection.active = None
    assert prompted(desk) is desk.image


def test_selecting_an_image_in_napari_prompts_it(desk):
    second_image(desk)
    desk.settle()
    desk.viewer.layers.selection.active = desk.image
    assert prompted(desk) is desk.image


def test_no_layer_comes_or_goes_while_another_one_does(desk):
    depths, events = [0], desk.viewer.layers.events
    for event in (events.inserting, events.removing):
        event.connect(lambda _event: depths.append(depths[-1] + 1))
    for event in (events.inserted, events.removed):
        event.connect(lambda _event: depths.append(depths[-1] - 1), position="last")
    desk.viewer.add_image(np.ones((2, 8, 8)), name="small", scale=(0.1, 0.1, 0.1))
    desk.viewer.layers.selection.active = desk.image
    desk.settle()
    desk.go_to(0, SHAPE[0] - 1)
    desk.click()
    desk.wait_for_candidates()
    desk.viewer.layers.remove(desk.image)  # ours are all that lies so far out now
    desk.settle()
    assert prompted(desk).name == "small"
    assert len(depths) > 10
    assert max(depths) == 1


def test_hiding_the_image_prompts_the_one_that_is_seen_then(desk):
    other = second_image(desk)
    desk.settle()
    other.visible = False
    assert prompted(desk) is desk.image


def test_a_hidden_image_that_is_opened_is_not_prompted(desk):
    second_image(desk, visible=False)
    assert prompted(desk) is desk.image


def test_a_pinned_image_stays_the_one_that_is_prompted(desk):
    desk.press(desk.view.source.pin)
    other = second_image(desk)
    assert prompted(desk) is desk.image
    desk.press(desk.view.source.pin)
    desk.viewer.layers.selection.active = other
    assert prompted(desk) is other


def test_choosing_an_image_in_the_list_shows_it(desk):
    other = second_image(desk)
    desk.settle()
    desk.send(desk.view.source.images.chosen, place_of(desk.image))
    assert prompted(desk) is desk.image
    assert desk.image.visible
    assert not other.visible
    assert desk.viewer.layers.selection.active is desk.image


def test_choosing_an_image_hides_labels_of_others_and_leaves_its_own(desk):
    own = desk.viewer.add_labels(np.ones(SHAPE, np.uint8), name="own", scale=SCALE)
    other = second_image(desk, translate=(50.0, 0, 0))
    place = {"scale": SCALE, "translate": (50.0, 0, 0)}
    foreign = desk.viewer.add_labels(np.ones(SHAPE, np.uint8), name="mr", **place)
    desk.settle()
    desk.send(desk.view.source.images.chosen, place_of(desk.image))
    desk.settle()
    assert own.visible
    assert not foreign.visible
    desk.send(desk.view.source.images.chosen, place_of(other))
    desk.settle()
    assert other.visible


def test_choosing_an_image_hides_the_layer_that_another_image_is_labelled_in(desk):
    second_image(desk)
    desk.settle()
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    written = desk.viewer.layers["mr segmentation"]
    assert written.visible
    desk.send(desk.view.source.images.chosen, place_of(desk.image))
    desk.settle()
    assert not written.visible


def test_a_click_leaves_the_image_selected_with_its_controls_and_its_value(desk):
    desk.click()
    assert desk.viewer.layers.selection.active is desk.image


def test_new_labels_of_napari_have_the_images_shape_after_a_click(desk):
    desk.click()
    desk.viewer._new_labels()
    layer = desk.viewer.layers.selection.active
    assert layer.data.shape == SHAPE
    np.testing.assert_allclose(layer.scale, SCALE)
