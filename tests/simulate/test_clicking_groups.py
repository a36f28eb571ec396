"""Clicks in a tenth of a region, by distance from its border."""

import numpy as np
import pytest
from scipy import ndimage

from napari_sam_med.errors import PromptError
from napari_sam_med.simulate.clicking_groups import GROUPS, click_of_group
from napari_sam_med.simulate.distance_maps import exact_distance
from napari_sam_med.simulate.rng import seeded_draws

DISC = np.hypot(*(np.indices((41, 41)) - 20)) <= 17
ALL = range(1, GROUPS + 1)


def clicks(region, group, count=40):
    distance = exact_distance(region)
    draws = [seeded_draws("a", 1, step) for step in range(count)]
    return [click_of_group(distance, draw, group=group) for draw in draws]


@pytest.mark.parametrize("group", ALL)
def test_a_click_lies_in_its_tenth_of_the_distances(group):
    inside = ndimage.distance_transform_edt(np.pad(DISC, 1))[1:-1, 1:-1]
    ordered = np.sort(inside[DISC])
    count = len(ordered)
    low = ordered[(group - 1) * count // 10]
    high = ordered[max(group * count // 10 - 1, 0)]
    for click in clicks(DISC, group):
        assert low - 1e-9 <= inside[click.point_rc] <= high + 1e-9
        assert click.radius == pytest.approx(inside[click.point_rc])


def test_the_ten_groups_share_the_pixels_out():
    sizes = [clicks(DISC, group, 1)[0].tied for group in ALL]
    assert sum(sizes) == DISC.sum()
    assert max(sizes) - min(sizes) <= 1


def test_pixels_at_one_distance_are_dealt_out_at_random():
    """Of a strip all pixels are alike: no group has the upper end for itself."""
    strip = np.zeros((42, 3), dtype=bool)
    strip[1:41, 1] = True
    for group in (1, 10):
        rows = [click.point_rc[0] for click in clicks(strip, group, 60)]
        assert min(rows) < 12
        assert max(rows) > 28


def test_only_the_part_that_the_rule_would_click_is_clicked():
    parts = np.zeros((30, 30), dtype=bool)
    parts[2:22, 2:22] = parts[25:28, 25:28] = True
    for group in ALL:
        for click in clicks(parts, group, 10):
            assert max(click.point_rc) < 22


def test_of_few_pixels_the_groups_share_them():
    few = np.zeros((5, 5), dtype=bool)
    few[1, 1:4] = True
    places = {group: {c.point_rc for c in clicks(few, group, 20)} for group in ALL}
    assert set.union(*places.values()) == {(1, 1), (1, 2), (1, 3)}
    one = np.zeros((3, 3), dtype=bool)
    one[1, 1] = True
    assert {c.point_rc for g in ALL for c in clicks(one, g, 2)} == {(1, 1)}


def test_without_any_region_the_rule_itself_clicks():
    click = click_of_group(np.zeros((4, 4)), lambda n: n - 1, group=3)
    assert (click.point_rc, click.tied) == ((3, 3), 16)


@pytest.mark.parametrize("group", [0, 11])
def test_a_group_that_does_not_exist_is_refused(group):
    with pytest.raises(PromptError, match="give 1 to 10"):
        click_of_group(exact_distance(DISC), lambda n: 0, group=group)
