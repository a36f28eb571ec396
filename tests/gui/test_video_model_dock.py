"""A video model in the dock, as an ordinary model for pictures."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

from fakes.fake_shelf import FakeShelf
from fakes.golden_video import miniature
from fakes.prompts_desk import PromptsDesk


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf(miniature()))
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(5)


@pytest.mark.parametrize(("axis", "index"), [(0, 3), (1, 20)])
def test_a_click_is_answered_by_three_masks_and_one_is_accepted(desk, axis, index):
    desk.go_to(axis, index)
    desk.click()
    desk.wait_for_candidates(timeout=20_000)
    masks = desk.session.candidates.masks.copy()
    assert len(masks) == 3
    chosen = next(i for i, mask in enumerate(masks) if mask.any())
    desk.key((Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3)[chosen])
    desk.key(Qt.Key.Key_Return)
    written = desk.viewer.layers["ct segmentation"].data
    found = np.take(written, index, axis=axis) > 0
    np.testing.assert_array_equal(found, masks[chosen])
