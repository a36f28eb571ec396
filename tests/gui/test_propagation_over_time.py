"""A preview of one time point stays while another one is looked at."""

import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtCore import Qt

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import SCALE, SHAPE, PromptsDesk
from napari_sam_med.gui.prompting.control.propagating.propagation_preview import (
    DRAW_WAIT_MS,
)
from napari_sam_med.gui.prompting.overlay import PREVIEW
from napari_sam_med.gui.torch_beside_gl import load_beside_gl
from napari_sam_med.models import load_model


@pytest.fixture(scope="module")
def nano():
    return load_beside_gl(load_model, "nano")


@pytest.fixture
def desk(nano, make_napari_viewer, qtbot):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf(nano))
    desk.viewer.layers.remove(desk.image)
    cine = np.random.default_rng(1).normal(0.2, 0.01, (3, *SHAPE)).astype(np.float32)
    cine[:, 2:9, 19:41, 25:55] += 0.6
    place = {"contrast_limits": (0, 1), "scale": (1, *SCALE)}
    desk.image = desk.viewer.add_image(cine, name="cine", **place)
    desk.settle()
    desk.run = desk.view.controller.propagation.run
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def at(desk, time: int, index: int = 3) -> None:
    desk.viewer.dims.set_current_step(0, time)
    desk.viewer.dims.set_current_step(1, index)
    desk.viewer.reset_view()
    desk.settle()


def preview_at(desk, time: int) -> int:
    """Propagate a click; gives the number of slices found."""
    at(desk, time)
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_P)
    desk.qtbot.waitUntil(lambda: desk.run.waits)
    desk.settle()
    return sum(1 for each in desk.run.slices.values() if each.area_px)


def previewed(desk) -> np.ndarray:
    """Which voxels the layer of the preview shows, of all time points."""
    layer = desk.viewer.layers["candidates"]
    return layer.visible * (layer.data == PREVIEW)


def segmentations(desk) -> list[Labels]:
    return [each for each in desk.viewer.layers if "segmentation" in each.name]


def test_it_comes_back_with_its_time_point_and_is_written_there_only(desk):
    count = preview_at(desk, 0)
    before = previewed(desk)[0]
    assert before.any()
    at(desk, 1)
    assert f"preview of {count} slices is of time point 0" in desk.told
    assert not previewed(desk)[1:].any()
    at(desk, 0, 5)
    assert previewed(desk)[0][4].any()
    desk.press(desk.view.propagate.accept)
    desk.qtbot.waitUntil(lambda: desk.run.target is None)
    desk.settle()
    (labels,) = segmentations(desk)
    assert labels.data[0].any()
    assert not labels.data[1:].any()
    assert desk.told.startswith(f"Wrote {count} slices")


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_it_is_neither_written_nor_dropped_elsewhere(desk, key):
    count = preview_at(desk, 0)
    at(desk, 1)
    desk.key(key)
    assert desk.told == (
        f"the preview of {count} slices is of time point 0; go there to accept or "
        "discard it"
    )
    assert desk.view.status.phase == "error"
    assert not segmentations(desk)
    at(desk, 0)
    assert desk.run.waits
    desk.key(Qt.Key.Key_Escape)
    assert desk.run.target is None
    assert not previewed(desk).any()


def test_a_time_point_left_while_it_is_being_written_alone_gets_it(desk):
    count = preview_at(desk, 0)
    desk.view.propagate.accept_requested.emit()
    desk.viewer.dims.set_current_step(0, 1)
    desk.qtbot.waitUntil(lambda: desk.run.target is None)
    desk.rest()
    assert desk.told.startswith(f"Wrote {count} slices")
    (labels,) = segmentations(desk)
    assert labels.data[0].any()
    assert not labels.data[1:].any()
    desk.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert labels.data[0].any()  # a step of the other time point
    at(desk, 0)
    desk.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not labels.data.any()


def test_another_propagation_elsewhere_asks_before_it_drops_it(desk):
    count = preview_at(desk, 0)
    at(desk, 1)
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_P)
    assert f"the preview of {count} slices is of time point 0" in desk.told
    assert "propagate again to drop it" in desk.told
    assert desk.run.target.time == 0
    desk.key(Qt.Key.Key_P)
    desk.qtbot.waitUntil(lambda: desk.run.waits)
    desk.settle()
    assert desk.run.target.time == 1
    assert not previewed(desk)[0].any()
    assert previewed(desk)[1].any()


def test_slices_that_are_found_meanwhile_belong_to_their_own_time_point(desk):
    at(desk, 0)
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_P)
    at(desk, 2)
    desk.qtbot.waitUntil(lambda: desk.run.waits)
    desk.settle()
    assert not previewed(desk)[1:].any()
    at(desk, 0, 5)
    desk.qtbot.wait(2 * DRAW_WAIT_MS)
    assert previewed(desk)[0].any()
