"""From prompts on a few slices to an object in a volume."""

from contextlib import closing
from itertools import islice

import numpy as np
import pytest

from fakes.fake_segmenter import FakeSegmenter
from fakes.solid_volumes import (
    SHAPE,
    SPACING_ZYX,
    ThresholdSegmenter,
    box_of,
    ellipsoid,
    scan_of,
)
from napari_sam_med import Prompts, load_model, propagate
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.metrics import dice
from napari_sam_med.core.ports import Capabilities
from napari_sam_med.core.slice_view import EmbeddedSlice
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import ImageError, ModelError, PromptError
from napari_sam_med.propagation import (
    PropagationSettings,
    VolumeViews,
    iterate_propagation,
)
from napari_sam_med.propagation.propagation_settings import PromptedBy

TRUTH = ellipsoid()
MIDDLE = 7


def prompted(truth, *indices, axis=0):
    return {i: Prompts(box_rc=box_of(np.take(truth, i, axis))) for i in indices}


def test_one_box_becomes_the_whole_object():
    found = propagate(ThresholdSegmenter(), scan_of(TRUTH), prompted(TRUTH, MIDDLE))
    assert dice(found.volume_mask(), TRUTH) > 0.9


def test_the_bundled_model_makes_an_object_of_one_box():
    found = propagate(load_model("nano"), scan_of(TRUTH), prompted(TRUTH, MIDDLE))
    assert dice(found.volume_mask(), TRUTH) > 0.85


@pytest.mark.parametrize("axis", [1, 2])
def test_slices_across_other_axes_with_unequal_pixels_do_as_well(axis):
    centre = (22, 26)[axis - 1]
    given = prompted(TRUTH, centre, axis=axis)
    found = propagate(ThresholdSegmenter(), scan_of(TRUTH), given, axis)
    assert found.axis == axis
    assert dice(found.volume_mask(), TRUTH) > 0.85


def test_an_object_grows_by_rows_that_are_thicker_than_the_slices():
    truth = ellipsoid((60, 12, 60), (30, 6, 30), (26, 26, 26), (1.0, 5.0, 1.0))
    scan = scan_of(truth, (1.0, 5.0, 1.0))
    settings = PropagationSettings(limits=(12, 20))
    run = iterate_propagation(load_model("nano"), scan, prompted(truth, 12), settings)
    *_, last = run
    assert last.index == 20
    assert dice(last.mask, truth[20]) > 0.95


def test_the_ends_of_a_range_are_not_passed_and_all_of_it_is_filled():
    found = propagate(
        ThresholdSegmenter(),
        scan_of(TRUTH),
        prompted(TRUTH, MIDDLE),
        index_range=(3, 10),
    )
    assert list(found.masks) == list(range(3, 11))
    assert all(each.area_px for each in found)


@pytest.mark.parametrize("index", [0, 14])
def test_all_of_a_range_is_filled_up_to_the_border_of_the_volume(index):
    truth = ellipsoid(centre=(index, 22.0, 26.0))
    given = prompted(truth, index)
    found = propagate(load_model("ellipse"), scan_of(truth), given, index_range=(0, 14))
    assert all(found.masks[each].any() for each in range(15))


def test_an_aslant_vessel_in_thick_slices_is_followed_to_its_ends():
    z, y, x = np.ix_(np.arange(16) * 5.0, np.arange(64.0), np.arange(96.0))
    far = np.hypot(y - 32, x - (16 + 0.9 * z))
    truth = (far < 6) & (z > 5) & (z < 75)
    scan = scan_of(truth, (5.0, 1.0, 1.0))
    found = propagate(load_model("nano"), scan, prompted(truth, 3))
    assert dice(found.volume_mask(), truth) > 0.9


def test_an_object_is_followed_through_its_waist():
    z, y, x = np.ix_(np.arange(20) * 3.0, np.arange(64.0), np.arange(64.0))
    radius = 9 + 9 * np.cos(np.pi * z / 57) ** 2
    truth = (np.hypot(y - 32, x - 32) < radius) & (z > 2) & (z < 55)
    found = propagate(
        load_model("nano"), scan_of(truth, (3.0, 1.0, 1.0)), prompted(truth, 1)
    )
    assert dice(found.volume_mask(), truth) > 0.9


def test_limits_are_not_passed_although_the_object_goes_on():
    settings = PropagationSettings(limits=(5, 9))
    run = iterate_propagation(
        ThresholdSegmenter(), scan_of(TRUTH), prompted(TRUTH, MIDDLE), settings
    )
    assert sorted(each.index for each in run) == [5, 6, 7, 8, 9]


def test_a_projection_ends_by_itself_where_the_object_ends():
    found = propagate(ThresholdSegmenter(), scan_of(TRUTH), prompted(TRUTH, MIDDLE))
    filled = np.flatnonzero(TRUTH.any(axis=(1, 2)))
    reached = list(found.masks)
    assert abs(reached[0] - filled[0]) <= 1
    assert abs(reached[-1] - filled[-1]) <= 1


def test_several_prompted_slices_are_joined():
    given = prompted(TRUTH, 4, MIDDLE, 10)
    found = propagate(ThresholdSegmenter(), scan_of(TRUTH), given)
    prompted_on = [i for i, origin in found.origins.items() if origin == "prompted"]
    assert prompted_on == [4, 7, 10]
    assert dice(found.volume_mask(), TRUTH) > 0.9


def test_a_given_mask_is_kept_bit_for_bit():
    mask = TRUTH[MIDDLE].copy()
    mask[20, 20] = False
    found = propagate(ThresholdSegmenter(), scan_of(TRUTH), {MIDDLE: mask})
    assert (found.masks[MIDDLE] == mask).all()
    assert found.scores[MIDDLE] == 1.0


def test_an_object_that_splits_is_followed_into_both_branches():
    truth = np.zeros(SHAPE, dtype=bool)
    rows, cols = np.indices(SHAPE[1:])
    for index in range(3, 12):
        apart = max(0, index - 5)
        for side in (-1, 1):
            middle = 26 + side * (4 + apart)
            truth[index] |= np.hypot(rows - 22, cols - middle) < 6
    model = ThresholdSegmenter()
    found = propagate(model, scan_of(truth), prompted(truth, 4), index_range=(3, 11))
    assert dice(found.masks[11], truth[11]) > 0.85


def test_two_parts_that_join_are_followed_into_one():
    truth = np.zeros(SHAPE, dtype=bool)
    rows, cols = np.indices(SHAPE[1:])
    for index in range(3, 12):
        for side in (-1, 1):
            middle = 26 + side * max(4, 14 - index)
            truth[index] |= np.hypot(rows - 22, cols - middle) < 6
    found = propagate(
        ThresholdSegmenter(), scan_of(truth), {3: truth[3]}, index_range=(3, 11)
    )
    assert dice(found.volume_mask(), truth) > 0.85


def test_models_that_take_points_only_are_prompted_by_points():
    able = Capabilities(boxes=False, n_candidates=1)
    model = FakeSegmenter(capabilities=able)
    run = iterate_propagation(
        model,
        scan_of(TRUTH),
        {MIDDLE: TRUTH[MIDDLE]},
        PropagationSettings(index_range=(6, 8)),
    )
    assert [each.index for each in run] == [7, 6, 8]
    assert all(
        len(each.points_rc) and each.box_rc is None for each in model.seen_prompts
    )


@pytest.mark.parametrize("prompted_by", PromptedBy)
def test_the_neighbours_mask_its_box_or_both_become_the_prompt(prompted_by):
    model = FakeSegmenter()
    settings = PropagationSettings(index_range=(6, 8), prompted_by=prompted_by)
    list(iterate_propagation(model, scan_of(TRUTH), {7: TRUTH[7]}, settings))
    asked = model.seen_prompts[0]
    assert (asked.box_rc is None) == (prompted_by is PromptedBy.MASK)
    assert (asked.mask_logits is None) == (prompted_by is PromptedBy.BOX)


def test_a_model_that_takes_no_mask_is_not_prompted_by_one():
    settings = PropagationSettings(prompted_by=PromptedBy.BOTH)
    run = iterate_propagation
    with pytest.raises(ModelError, match="no outline as a prompt"):
        run(ThresholdSegmenter(), scan_of(TRUTH), prompted(TRUTH, 7), settings)


def test_interpolation_asks_no_model_about_the_slices_between():
    model = ThresholdSegmenter()
    given = {index: TRUTH[index] for index in (2, 3, 5, MIDDLE, 9, 11, 12)}
    found = propagate(model, scan_of(TRUTH), given, method="interpolation")
    assert model.n_embed == 0
    assert list(found.masks) == list(range(2, 13))
    assert found.origins[6] == "interpolated"
    assert dice(found.volume_mask(), TRUTH) > 0.9


def test_a_propagation_can_be_stopped_after_any_slice():
    model = ThresholdSegmenter()
    run = iterate_propagation(
        model, scan_of(TRUTH), prompted(TRUTH, MIDDLE), PropagationSettings()
    )
    with closing(run):
        some = list(islice(run, 3))
    assert [each.index for each in some] == [7, 6, 5]
    assert model.n_embed == 3


def test_slices_that_the_caller_has_embedded_are_not_embedded_again():
    model, volume = ThresholdSegmenter(), scan_of(TRUTH)
    settings = PropagationSettings()
    views = VolumeViews.of(volume, settings)
    seen = [EmbeddedSlice.of(model, view) for view in views]
    model.n_embed = 0
    given = prompted(TRUTH, MIDDLE)
    run = iterate_propagation(model, volume, given, settings, seen.__getitem__)
    assert len(list(run)) > 5
    assert model.n_embed == 0


def test_the_same_call_gives_the_same_bits():
    given, volume = prompted(TRUTH, MIDDLE), scan_of(TRUTH)
    one, other = (propagate(load_model("nano"), volume, given) for _ in range(2))
    assert (one.volume_mask() == other.volume_mask()).all()


def test_colour_volumes_are_followed_too():
    grey = scan_of(TRUTH)
    volume = Volume(np.repeat(grey.array[..., None], 3, -1), grey.geometry)
    found = propagate(load_model("ellipse"), volume, prompted(TRUTH, MIDDLE))
    assert dice(found.volume_mask(), TRUTH) > 0.8


@pytest.mark.parametrize("at", [(0, 0), (0, 40), (38, 0)])
def test_objects_at_the_border_of_the_image_are_followed(at):
    truth = ellipsoid(centre=(7.0, float(at[0]), float(at[1])))
    found = propagate(ThresholdSegmenter(), scan_of(truth), prompted(truth, MIDDLE))
    assert dice(found.volume_mask(), truth) > 0.8


def test_an_object_that_fills_its_slice_does_not_break_the_propagation():
    volume = Volume(np.full((4, 20, 20), 200, dtype=np.uint8))
    mask = np.ones((20, 20), dtype=bool)
    found = propagate(ThresholdSegmenter(), volume, {1: mask})
    assert (found.masks[1]).all()


def test_a_model_that_does_not_follow_objects_is_refused_for_video():
    with pytest.raises(ModelError, match="does not follow objects"):
        propagate(
            ThresholdSegmenter(), scan_of(TRUTH), prompted(TRUTH, 7), method="video"
        )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "no slice has a prompt"),
        ({99: Prompts(box_rc=(1, 1, 2, 2))}, "give them on slices 0 to 14"),
        ({2.0: Prompts(box_rc=(1, 1, 2, 2))}, "with the key 2.0; give a dict"),
        ({"a": Prompts(box_rc=(1, 1, 2, 2))}, "with the key 'a'; give a dict"),
        ({7: Prompts(box_rc=(1, 1, 2, 99))}, "outside the 48 x 56 slice"),
        ({7: np.zeros((48, 56), dtype=bool)}, "0 pixels"),
        ({7: np.ones((48, 55), dtype=bool)}, "give \\(48, 56\\) bool"),
        ({7: np.ones((48, 56), dtype=np.uint8)}, "type uint8"),
    ],
)
def test_prompts_that_do_not_fit_are_refused_at_once(given, said):
    with pytest.raises(PromptError, match=said):
        iterate_propagation(
            ThresholdSegmenter(), scan_of(TRUTH), given, PropagationSettings()
        )


def test_a_range_that_is_not_there_says_what_to_give():
    with pytest.raises(ImageError, match=r"0 to 14; give a first and a last slice"):
        PropagationSettings(index_range=(3, 15)).reach(15)


@pytest.mark.parametrize("index_range", [(5, 3), (-1, 3), (3, 15)])
def test_ranges_that_are_none_are_refused(index_range):
    with pytest.raises(ImageError, match="slices"):
        propagate(
            ThresholdSegmenter(),
            scan_of(TRUTH),
            prompted(TRUTH, 4),
            index_range=index_range,
        )


def test_interpolation_between_one_slice_and_nothing_is_refused():
    with pytest.raises(PromptError, match="on two"):
        propagate(
            ThresholdSegmenter(),
            scan_of(TRUTH),
            prompted(TRUTH, 7),
            method="interpolation",
        )


def test_interpolation_beyond_the_given_slices_is_refused():
    with pytest.raises(PromptError, match="between the given slices 4 and 10"):
        propagate(
            ThresholdSegmenter(),
            scan_of(TRUTH),
            prompted(TRUTH, 4, 10),
            method="interpolation",
            index_range=(3, 10),
        )


def test_thick_and_thin_slices_of_one_object_give_the_same_object():
    volumes = []
    for thickness, count in ((2.0, 22), (4.0, 11)):
        spacing = (thickness, *SPACING_ZYX[1:])
        centre = ((count - 1) / 2, 22.0, 26.0)
        truth = ellipsoid((count, 48, 56), centre, spacing=spacing)
        given = prompted(truth, count // 2)
        found = propagate(ThresholdSegmenter(), scan_of(truth, spacing), given)
        volumes.append(found.volume_mask().sum() * thickness)
    assert abs(volumes[0] / volumes[1] - 1) < 0.1


@pytest.mark.parametrize("pixel_mm", [1e-9, 1e-30])
def test_a_spacing_far_below_tissue_is_no_fault_of_the_object(pixel_mm):
    scan = Volume(scan_of(TRUTH).array, Geometry((pixel_mm,) * 3))
    found = propagate(ThresholdSegmenter(), scan, prompted(TRUTH, MIDDLE))
    assert dice(found.volume_mask(), TRUTH) > 0.7
