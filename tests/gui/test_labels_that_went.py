"""Labels layers that go, or change, while another thread prepares what to write."""

import threading

import numpy as np
import pytest

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import SCALE, SHAPE, PromptsDesk
from napari_sam_med.gui.prompting.control.object_list import mask_tool_actions
from napari_sam_med.gui.prompting.control.propagating import propagate_actions


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
        assert go_on.wait(20)
        return does(*args)

    monkeypatch.setattr(module, name, late)
    return go_on


def remove(desk) -> None:
    desk.viewer.layers.remove(desk.labels)


def replace_data(desk) -> None:
    desk.labels.data = np.zeros((5, 6, 7), dtype=np.uint8)


def assert_told(desk) -> None:
    desk.qtbot.waitUntil(lambda: "organs was removed, cropped or replaced" in desk.told)
    desk.settle()


def test_a_tool_whose_layer_went_says_so(desk, monkeypatch):
    go_on = hold_back(monkeypatch, mask_tool_actions, "filled")
    desk.press(desk.view.mask_tools.buttons["fill"])
    remove(desk)
    go_on.set()
    assert_told(desk)
    assert not desk.session.can_undo


@pytest.mark.parametrize("change", [remove, replace_data])
def test_a_propagation_whose_layer_went_says_so_and_can_be_accepted(
    desk, monkeypatch, change
):
    run = desk.view.controller.propagation.run
    desk.send(desk.view.write.label_chosen, 4)
    desk.view.controller.click(np.multiply(SCALE, (4, 40, 50)), 1)
    desk.wait_for_candidates()
    desk.send(desk.view.propagate.start_requested)
    desk.qtbot.waitUntil(lambda: run.waits)
    desk.settle()
    go_on = hold_back(monkeypatch, propagate_actions, "with_masks")
    desk.press(desk.view.propagate.accept)
    change(desk)
    go_on.set()
    assert_told(desk)
    desk.send(desk.view.write.labels_chosen, "new")
    desk.press(desk.view.propagate.accept)
    desk.qtbot.waitUntil(lambda: "Wrote" in desk.told)
    assert desk.viewer.layers["ct segmentation"].data.any()
