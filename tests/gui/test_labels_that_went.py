"""Labels layers that go, or change, while another thread prepares what to write."""

import threading

import numpy as np
import pytest

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import SCALE, SHAPE, PromptsDesk
from napari_sam_med.gui.prompting.control.object_list import mask_tool_actions
from napari_sam_med.gui.prompting.control.propagating import propagation_writing


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    data = np.zeros(SHAPE, dtype=np.uint8)
    data[2:5, 10:20, 10:20], data[4, 12, 12] = 3, 0
    desk.labels = desk.viewer.add_labels(data, name="organs", scale=SCALE)
    desk.send(desk.view.write.labels_chosen, str(desk.labels.unique_id))
    desk.send(desk.view.write.label_chosen, 3)
    desk.go_to(0, 4)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def hold_back(monkeypatch, module, name) -> threading.Event:
    """Let a function of the other thread wait."""
    go_on, does = threading.Event(), getattr(module, name)

    def late(*args):
        if threading.current_thread() is not threading.main_thread():
            assert go_on.wait(20)
        return does(*args)

    monkeypatch.setattr(module, name, late)
    return go_on


def replace_data(desk) -> None:
    desk.labels.data = np.zeros((5, 6, 7), dtype=np.uint8)


def assert_told(desk, why: str) -> None:
    desk.qtbot.waitUntil(lambda: why in desk.told)
    desk.settle()


def propagate(desk) -> None:
    run = desk.view.controller.propagation.run
    desk.send(desk.view.write.label_chosen, 4)
    desk.view.controller.click(np.multiply(SCALE, (4, 40, 50)), 1)
    desk.wait_for_candidates()
    desk.send(desk.view.propagate.start_requested)
    desk.qtbot.waitUntil(lambda: run.waits)
    desk.settle()


def test_a_tool_is_done_before_its_layer_goes(desk, monkeypatch):
    go_on = hold_back(monkeypatch, mask_tool_actions, "filled")
    desk.press(desk.view.mask_tools.buttons["fill"])
    desk.viewer.layers.remove(desk.labels)
    assert desk.labels.data[4, 12, 12] == 3
    go_on.set()
    desk.rest()
    assert "organs was removed" not in desk.told


def test_a_tool_whose_layer_was_replaced_says_so(desk, monkeypatch):
    go_on = hold_back(monkeypatch, mask_tool_actions, "filled")
    desk.press(desk.view.mask_tools.buttons["fill"])
    replace_data(desk)
    go_on.set()
    assert_told(desk, "organs lies on another grid")
    assert not desk.session.can_undo


def test_an_accepted_propagation_is_written_before_its_layer_goes(desk, monkeypatch):
    propagate(desk)
    go_on = hold_back(monkeypatch, propagation_writing, "with_masks")
    desk.press(desk.view.propagate.accept)
    desk.viewer.layers.remove(desk.labels)
    assert (desk.labels.data == 4).any()
    go_on.set()
    desk.rest()
    assert "organs was removed" not in desk.told


def test_a_propagation_whose_layer_was_replaced_says_so_and_can_be_accepted(
    desk, monkeypatch
):
    propagate(desk)
    go_on = hold_back(monkeypatch, propagation_writing, "with_masks")
    desk.press(desk.view.propagate.accept)
    replace_data(desk)
    go_on.set()
    assert_told(desk, "organs was removed, cropped or replaced")
    desk.send(desk.view.write.labels_chosen, "new")
    desk.press(desk.view.propagate.accept)
    desk.qtbot.waitUntil(lambda: "Wrote" in desk.told)
    assert desk.viewer.layers["ct segmentation"].data.any()
