import numpy as np
import pytest

from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.ports import Capabilities
from napari_sam_med.errors import PromptError
from napari_sam_med.session.kinds.placed_strokes import PlacedStroke, outlined
from napari_sam_med.session.kinds.slice_objects import SecondBox
from napari_sam_med.session.volume_prompts import ObjectPrompts, PlacedBox


def test_a_point_counts_in_all_three_slices_through_its_voxel():
    prompts = ObjectPrompts().with_point((4.0, 10.4, 19.6), 1)
    on = [prompts.on(SlicePlane(axis, index)) for axis, index in enumerate((4, 10, 20))]
    assert [p.points_rc.tolist() for p in on] == [
        [[10.4, 19.6]],
        [[4.0, 19.6]],
        [[4.0, 10.4]],
    ]


def test_a_point_does_not_count_in_the_next_slice():
    prompts = ObjectPrompts().with_point((4.0, 10.0, 20.0), 1)
    assert prompts.on(SlicePlane(0, 5)) is None


def test_labels_stay_with_their_points_when_slices_mix():
    prompts = (
        ObjectPrompts()
        .with_point((4.0, 1.0, 1.0), 1)
        .with_point((5.0, 2.0, 2.0), 1)
        .with_point((4.0, 3.0, 3.0), 0)
    )
    assert prompts.on(SlicePlane(0, 4)).labels.tolist() == [1, 0]


def test_a_box_counts_only_in_the_slice_it_was_drawn_in():
    prompts = ObjectPrompts().with_box(PlacedBox(1, 7, (0.0, 2.0, 3.0, 9.0)))
    assert prompts.on(SlicePlane(1, 7)).box_rc.tolist() == [0.0, 2.0, 3.0, 9.0]
    assert prompts.on(SlicePlane(0, 2)) is None


def test_a_second_box_in_a_slice_replaces_the_first():
    prompts = (
        ObjectPrompts()
        .with_box(PlacedBox(0, 7, (0.0, 0.0, 1.0, 1.0)))
        .with_box(PlacedBox(0, 8, (0.0, 0.0, 2.0, 2.0)))
        .with_box(PlacedBox(0, 7, (0.0, 0.0, 3.0, 3.0)))
    )
    assert len(prompts.boxes) == 2
    assert prompts.boxes_on(SlicePlane(0, 7)) == [(0.0, 0.0, 3.0, 3.0)]


def test_clearing_a_slice_leaves_the_others():
    prompts = (
        ObjectPrompts()
        .with_point((4.0, 1.0, 1.0), 1)
        .with_point((5.0, 2.0, 2.0), 0)
        .with_box(PlacedBox(0, 4, (0.0, 0.0, 1.0, 1.0)))
    )
    left = prompts.without(SlicePlane(0, 4))
    np.testing.assert_array_equal(left.points_zyx, [[5.0, 2.0, 2.0]])
    assert left.labels.tolist() == [0]
    assert left.boxes == ()


def test_adding_a_point_leaves_the_older_value_as_it_was():
    first = ObjectPrompts()
    first.with_point((0.0, 0.0, 0.0), 1)
    assert first.is_empty


A, B = PlacedBox(0, 7, (0.0, 0.0, 9.0, 9.0)), PlacedBox(0, 7, (0.0, 20.0, 9.0, 29.0))
PLANE, SHAPE_HW = SlicePlane(0, 7), (64, 64)


def two_boxes(rule=SecondBox.OBJECT):
    return ObjectPrompts().with_box(A, rule).with_box(B, rule)


def scribble(*path_rc, label=1):
    return PlacedStroke.scribble(path_rc, label, PLANE, SHAPE_HW)


def lasso(*path_rc, label=1):
    return PlacedStroke.lasso(path_rc, label, PLANE, SHAPE_HW)


SQUARE = ((10, 10), (10, 30), (30, 30), (30, 10))


def test_two_boxes_of_a_slice_are_two_objects():
    each = two_boxes().each_on(PLANE)
    assert [one.prompts.box_rc.tolist() for one in each] == [
        [0, 0, 9, 9],
        [0, 20, 9, 29],
    ]


def test_a_click_counts_for_the_box_that_it_is_nearest_to():
    prompts = (
        two_boxes().with_point((7.0, 5.0, 22.0), 1).with_point((7.0, 5.0, 12.0), 0)
    )
    first, second = (one.prompts for one in prompts.each_on(PLANE))
    assert first.labels.tolist() == [0]
    assert second.points_rc.tolist() == [[5.0, 22.0]]


def test_a_click_in_a_box_inside_another_counts_for_the_inner_one():
    inner = PlacedBox(0, 7, (2.0, 2.0, 4.0, 4.0))
    prompts = two_boxes().with_box(inner, SecondBox.OBJECT)
    each = prompts.with_point((7.0, 3.0, 3.0), 1).each_on(PLANE)
    assert [len(one.prompts.points_rc) for one in each] == [0, 0, 1]


def test_slices_with_several_objects_are_listed_and_those_with_parts_are_not():
    assert two_boxes().crowded(0) == (7,)
    assert two_boxes(SecondBox.PART).crowded(0) == ()
    assert two_boxes(SecondBox.REPLACE).boxes == (B,)


def test_saying_that_boxes_replace_each_other_leaves_the_last_of_each_slice():
    other = PlacedBox(1, 3, (0.0, 0.0, 1.0, 1.0))
    prompts = two_boxes().with_box(other, SecondBox.OBJECT)
    assert prompts.ruled(SecondBox.REPLACE).boxes == (B, other)


def test_a_scribble_is_asked_as_points_between_the_clicks_it_was_drawn_between():
    prompts = (
        ObjectPrompts()
        .with_point((7.0, 50.0, 50.0), 0)
        .with_stroke(scribble((10, 10), (10, 18)))
        .with_point((7.0, 60.0, 60.0), 1)
    )
    asked = prompts.on(PLANE)
    rows = [[50, 50], [10, 11], [10, 13], [10, 15], [10, 17], [60, 60]]
    assert asked.points_rc.tolist() == rows
    assert asked.labels.tolist() == [0, 1, 1, 1, 1, 1]


def test_a_scribble_stays_in_its_place_when_an_earlier_click_goes():
    prompts = (
        ObjectPrompts()
        .with_point((7.0, 50.0, 50.0), 0)
        .with_stroke(scribble((10, 10)))
        .with_point((7.0, 60.0, 60.0), 1)
        .without_point(0)
    )
    assert prompts.on(PLANE).points_rc.tolist() == [[10, 10], [60, 60]]


def test_a_scribble_counts_in_its_own_slice_only_and_goes_when_that_is_cleared():
    prompts = ObjectPrompts().with_stroke(scribble((10, 10), (10, 18)))
    assert prompts.slices(0) == (7,)
    assert prompts.on(SlicePlane(1, 10)) is None
    assert prompts.without(PLANE).is_empty


def test_a_lasso_is_asked_as_the_box_round_its_pixels():
    asked = ObjectPrompts().with_stroke(lasso(*SQUARE)).on(PLANE)
    assert asked.box_rc.tolist() == [10, 10, 30, 30]
    assert len(asked.points_rc) == 0


@pytest.mark.parametrize(
    ("able", "n_points", "has_box"),
    [
        (Capabilities(masks=False), 1, True),
        (Capabilities(boxes=False), 1, False),
        (Capabilities(points=False, masks=False), 0, True),
    ],
)
def test_a_lasso_is_asked_as_what_the_model_takes(able, n_points, has_box):
    asked = ObjectPrompts().with_stroke(lasso(*SQUARE)).on(PLANE, able)
    assert (len(asked.points_rc), asked.box_rc is not None) == (n_points, has_box)


def test_lassos_join_and_those_on_the_background_cut():
    other = lasso((40, 40), (40, 42), (42, 42), (42, 40))
    hole = lasso((15, 15), (15, 20), (20, 20), (20, 15), label=0)
    mask = outlined([lasso(*SQUARE), other, hole], SHAPE_HW)
    assert mask.sum() == 21 * 21 + 9 - 36
    assert not mask[17, 17]


def test_a_lasso_on_the_background_cuts_from_the_mask_that_was_there():
    start = np.zeros(SHAPE_HW, dtype=bool)
    start[10:31, 10:21] = True
    mask = outlined([lasso(*SQUARE, label=0)], SHAPE_HW, start)
    assert mask is None


def test_a_lasso_without_a_pixel_is_refused():
    with pytest.raises(PromptError, match="no pixel"):
        lasso((1.2, 1.2), (1.3, 1.2), (1.3, 1.4))


def test_a_line_is_clipped_to_the_slice_and_moved_no_farther_than_its_border():
    stroke = scribble((-5, 10), (20, 10))
    assert stroke.path_rc[0] == (0.0, 10.0)
    moved = stroke.shifted((100.0, 0.0), SHAPE_HW)
    assert moved.path_rc == ((43.0, 10.0), (63.0, 10.0))
    assert np.subtract(moved.points_rc, stroke.points_rc)[:, 0].tolist() == [43.0] * 4
