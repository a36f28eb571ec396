"""The first minutes: what to do, what is set, what goes on, where to click next."""

import numpy as np
import pytest
from napari import settings
from napari.layers import Image
from napari.utils.progress import progress

from fakes.fake_shelf import FakeShelf
from fakes.held_segmenter import HeldSegmenter
from fakes.prompts_desk import PromptsDesk
from napari_sam_med.core.candidates import most_disputed
from napari_sam_med.gui.docks import make_prompts_dock
from napari_sam_med.gui.preferences import PLUGIN, preferences
from napari_sam_med.gui.shared.model_shelf import PackageShelf
from napari_sam_med.session.background.services import Services


@pytest.fixture
def make_desk(make_napari_viewer, qtbot):
    desks = []

    def make(model=None):
        desks.append(PromptsDesk(make_napari_viewer(), qtbot, FakeShelf(model)))
        desks[-1].go_to(0, 3)
        return desks[-1]

    yield make
    for desk in desks:
        desk.view.controller.close()
        assert desk.services.wait_for_end(30)


def test_a_dock_without_an_image_shows_steps_and_opens_the_sample(
    make_napari_viewer, qtbot
):
    viewer, services = make_napari_viewer(), Services()
    view = make_prompts_dock(viewer, FakeShelf(), services)
    viewer.window.add_dock_widget(view)
    assert view.start.isVisibleTo(view)
    view.start.sample.click()
    qtbot.waitUntil(lambda: view.controller.image is not None)
    assert isinstance(view.controller.image, Image)
    assert view.controller.image.metadata["modality"] == "CT"
    assert not view.start.isVisibleTo(view)
    view.controller.close()
    assert services.wait_for_end(30)


def test_the_place_where_masks_disagree_most_is_marked_until_the_next_click(make_desk):
    desk = make_desk()
    assert not desk.view.next_click.isEnabled()
    desk.click()
    desk.wait_for_candidates()
    desk.press(desk.view.next_click)
    desk.settle()
    [point] = desk.viewer.layers["next click"].data
    masks = desk.session.candidates.masks
    row, col = point[1:].astype(int)
    assert masks[:, row, col].any()
    assert not masks[:, row, col].all()
    desk.click(off=(20, 0))
    desk.wait_for_candidates()
    assert "next click" not in desk.viewer.layers


def test_masks_that_are_the_same_have_no_disputed_place():
    assert most_disputed(np.ones((3, 4, 5), dtype=bool)) is None


def activities() -> set[str]:
    return {str(each).split(":")[0] for each in progress._all_instances}


def test_precomputing_is_seen_in_the_activity_dock_while_it_goes_on(make_desk):
    model = HeldSegmenter()
    desk, words = make_desk(model), "Precomputing embeddings"
    model.may_embed.clear()
    desk.press(desk.view.outputs.precompute)
    desk.qtbot.waitUntil(lambda: any(words in each for each in activities()))
    model.may_embed.set()
    desk.qtbot.waitUntil(lambda: not desk.view.outputs.is_running)
    assert not any(words in each for each in activities())


def test_closing_the_dock_ends_its_line_in_the_activity_dock(make_desk):
    model = HeldSegmenter()
    desk = make_desk(model)
    others = set(progress._all_instances)
    model.may_embed.clear()
    desk.press(desk.view.outputs.precompute)
    desk.qtbot.waitUntil(lambda: bool(set(progress._all_instances) - others))
    desk.view.controller.shut()
    assert not set(progress._all_instances) - others
    model.may_embed.set()


def test_a_new_dock_begins_as_napari_preferences_say(make_desk, monkeypatch):
    generator = pytest.importorskip("napari.settings._plugin_config_generator")
    own = generator.plugin_configuration_generator()[PLUGIN](config_path=None)
    own.prompts.accept_on_leaving, own.prompts.model = True, "mean_shift"
    monkeypatch.setattr(settings, "get_plugin_settings", lambda: {PLUGIN: own})
    desk = make_desk()
    assert desk.view.kinds.on_leaving.isChecked()
    assert desk.view.write.keep_others.isChecked()
    assert preferences().model == "mean_shift"


@pytest.mark.parametrize(
    ("name", "first"), [("", "nano"), ("no such", "nano"), ("sam_vit_b", "sam_vit_b")]
)
def test_the_model_that_is_loaded_first_is_one_that_there_is(name, first):
    assert PackageShelf(name).default == first
