import numpy as np
import pytest

from fakes.fake_video import FakeVideoSegmenter
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.slice_view import SliceView
from napari_sam_med.core.video_port import track_views
from napari_sam_med.errors import PromptError

SQUARE = (1.0, 1.0)
FLAT = (4.0, 1.0)


def views_of(stack, spacing_rc=SQUARE):
    return [
        SliceView(image, SlicePlane(0, index, spacing_rc), None)
        for index, image in enumerate(stack)
    ]


def rod(shape=(6, 12, 48)):
    """A bright rod through all slices but the last."""
    stack = np.zeros(shape, dtype=np.uint8)
    stack[:-1, 4:8, 16:32] = 200
    return stack


def tracked(stack, order, prompted, spacing_rc=SQUARE, model=None, **options):
    model = model or FakeVideoSegmenter()
    return list(
        track_views(model, views_of(stack, spacing_rc), order, prompted, **options)
    )


def test_masks_come_in_the_order_that_was_asked():
    found = tracked(rod(), range(4, 0, -1), {4: rod()[4] > 0})
    assert [each.index for each in found] == [4, 3, 2, 1]


def test_a_slice_of_unequal_spacing_is_tracked_in_its_own_pixels():
    stack = rod()
    found = tracked(stack, range(5), {0: Prompts(box_rc=(4, 16, 7, 31))}, FLAT)
    for each in found:
        np.testing.assert_array_equal(each.mask, stack[each.index] > 0)


def test_a_mask_of_unequal_spacing_is_given_in_the_slices_own_pixels():
    stack = rod()
    found = tracked(stack, range(2), {0: stack[0] > 0}, FLAT)
    np.testing.assert_array_equal(found[0].mask, stack[0] > 0)


def test_an_object_that_is_gone_is_not_present_and_its_mask_is_empty():
    last = tracked(rod(), range(6), {0: rod()[0] > 0})[-1]
    assert not last.present
    assert not last.mask.any()


def test_each_slice_is_taken_only_when_its_turn_comes():
    model = FakeVideoSegmenter()
    stack = rod()
    going = track_views(model, views_of(stack), range(5), {0: stack[0] > 0})
    next(going)
    next(going)
    assert set(model.asked) == {0, 1}


def test_tracking_ends_when_it_is_told_to_stop():
    answers = iter([False, False, True])
    found = tracked(rod(), range(5), {0: rod()[0] > 0}, stop=lambda: next(answers))
    assert [each.index for each in found] == [0, 1]


@pytest.mark.parametrize(
    ("order", "prompted", "said"),
    [
        (range(3), {}, "no slice has a prompt"),
        (range(0, 6, 2), {0: Prompts(box_rc=(1, 1, 4, 4))}, "steps of 2"),
        (range(7), {0: Prompts(box_rc=(1, 1, 4, 4))}, "slice 6 is not there"),
        (range(3), {-1: Prompts(box_rc=(1, 1, 4, 4))}, "slice -1 is not there"),
        (range(3), {0: np.zeros((12, 48), dtype=bool)}, "with 0 pixels"),
        (range(3), {0: np.ones((12, 48))}, "type float64"),
        (range(3), {0: np.ones((12, 12), dtype=bool)}, "slice is 12 x 48"),
        (range(3), {0: Prompts(points_rc=[(90, 1)], labels=[1])}, "outside"),
        (
            range(3),
            {0: Prompts(box_rc=(1, 1, 4, 4), mask_logits=np.zeros((4, 4)))},
            "hold logits",
        ),
    ],
)
def test_what_cannot_be_tracked_is_refused_at_once(order, prompted, said):
    with pytest.raises(PromptError, match=said):
        track_views(FakeVideoSegmenter(), views_of(rod()), order, prompted)
