import numpy as np

from napari_sam_med.core.planes import SlicePlane
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
    assert prompts.box_on(SlicePlane(0, 7)) == (0.0, 0.0, 3.0, 3.0)


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
