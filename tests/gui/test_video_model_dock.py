"""A video model in the dock: for pictures as any model, and through the volume."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

from fakes.fake_shelf import FakeShelf
from fakes.golden_video import miniature
from fakes.prompts_desk import SHAPE, PromptsDesk
from napari_sam_med.gui.prompting.views.propagate_bar import (
    PropagateForm,
    PropagateMethod,
)
from napari_sam_med.propagation.propagated_masks import Origin


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf(miniature()))
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


@pytest.mark.parametrize(("axis", "index"), [(0, 3), (1, 20)])
def test_a_click_is_answered_by_three_masks_and_one_is_accepted(desk, axis, index):
    desk.go_to(axis, index)
    desk.click()
    desk.wait_for_candidates()
    masks = desk.session.candidates.masks.copy()
    assert len(masks) == 3
    chosen = next(i for i, mask in enumerate(masks) if mask.any())
    desk.key((Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3)[chosen])
    desk.key(Qt.Key.Key_Return)
    written = desk.viewer.layers["ct segmentation"].data
    found = np.take(written, index, axis=axis) > 0
    np.testing.assert_array_equal(found, masks[chosen])


def test_a_click_goes_through_the_volume_as_through_a_video(desk):
    desk.go_to(0, 3)
    desk.click()
    desk.wait_for_candidates()
    masks = desk.session.candidates.masks
    chosen = next(i for i, mask in enumerate(masks) if mask.any())
    desk.key((Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3)[chosen])
    given = masks[chosen].copy()
    method = PropagateForm(method=PropagateMethod.VIDEO)
    desk.view.propagate.form.value = method
    desk.key(Qt.Key.Key_P)
    run = desk.view.controller.propagation.run
    desk.qtbot.waitUntil(lambda: run.waits, timeout=60_000)
    desk.settle()  # the buttons are drawn in another turn
    found = run.slices
    np.testing.assert_array_equal(found[3].mask, given)
    others = {each.origin for index, each in found.items() if index != 3}
    assert others == {Origin.VIDEO}
    desk.press(desk.view.propagate.accept)
    desk.qtbot.waitUntil(lambda: run.target is None)
    written = desk.viewer.layers["ct segmentation"].data > 0
    expected = np.zeros(SHAPE, dtype=bool)
    for index, each in found.items():
        expected[index] = each.mask
    np.testing.assert_array_equal(written, expected)
