"""Clicks on arrays small enough to check by hand."""

import numpy as np
from scipy import ndimage

from napari_sam_med.simulate.clicks import first_click, released_click, ritm_click
from napari_sam_med.simulate.distance_maps import exact_distance, released_distance
from napari_sam_med.simulate.rng import SequentialDraws, seeded_draws

NO_CLICKS = np.zeros((0, 2))


def _first(n):
    return 0


def _square(shape, row0, col0, side):
    mask = np.zeros(shape, dtype=bool)
    mask[row0 : row0 + side, col0 : col0 + side] = True
    return mask


def test_released_click_reads_its_label_from_the_mask_of_all_classes():
    truth = _square((9, 20), 1, 1, 3)
    other = _square((9, 20), 2, 10, 5)
    surplus = truth | other
    of_all = truth * 1 + other * 2
    quirk = released_click(truth, surplus, of_all, released_distance, _first)
    meant = released_click(truth, surplus, truth, released_distance, _first)
    assert quirk.point_rc == meant.point_rc == (4, 12)
    assert (quirk.polarity, meant.polarity) == (1, 0)


def test_released_click_treats_missed_and_surplus_pixels_as_one_map():
    truth = _square((9, 12), 1, 1, 7)
    prediction = truth.copy()
    prediction[:, :4] = False
    prediction[1:8, 8:11] = True
    wide = truth ^ prediction
    click = released_click(truth, prediction, truth, exact_distance, _first)
    assert click.radius == exact_distance(wide).max()


def test_released_click_on_a_perfect_mask_may_fall_on_any_pixel():
    truth = _square((4, 5), 1, 1, 2)
    click = released_click(truth, truth, truth, released_distance, lambda n: n - 1)
    assert (click.tied, click.point_rc, click.polarity) == (20, (3, 4), 0)


def test_released_click_does_not_exclude_clicked_pixels():
    truth = _square((7, 7), 2, 2, 3)
    empty = np.zeros_like(truth)
    clicks = [
        released_click(truth, empty, truth, released_distance, _first) for _ in range(2)
    ]
    assert clicks[0] == clicks[1]


def test_strict_click_takes_the_larger_of_missed_and_surplus():
    truth = _square((12, 12), 0, 0, 5)
    surplus = _square((12, 12), 7, 7, 3)
    missed_more = ritm_click(truth, surplus, NO_CLICKS, _first)
    surplus_more = ritm_click(surplus, truth, NO_CLICKS, _first)
    assert (missed_more.point_rc, missed_more.polarity) == ((2, 2), 1)
    assert (surplus_more.point_rc, surplus_more.polarity) == ((2, 2), 0)


def test_strict_click_is_negative_when_both_errors_are_equal():
    truth, surplus = _square((12, 12), 0, 0, 3), _square((12, 12), 7, 7, 3)
    assert ritm_click(truth, surplus, NO_CLICKS, _first).polarity == 0


def test_strict_click_never_repeats_a_clicked_pixel():
    truth = _square((5, 5), 1, 1, 3)
    empty = np.zeros_like(truth)
    clicked = np.array([[2.0, 2.0]])
    click = ritm_click(truth, empty, clicked, _first)
    assert click.point_rc != (2, 2)
    assert click.radius == 1.0


def test_strict_click_stops_when_every_wrong_pixel_was_clicked():
    truth = _square((5, 5), 2, 2, 1)
    empty = np.zeros_like(truth)
    assert ritm_click(truth, empty, np.array([[2.0, 2.0]]), _first) is None


def test_the_border_of_the_slice_counts_as_the_border_of_the_object():
    whole = np.ones((5, 5), dtype=bool)
    for distance in (released_distance, exact_distance):
        assert first_click(whole, distance, _first).point_rc == (2, 2)


def test_exact_distances_follow_the_spacing():
    tall = np.zeros((7, 5), dtype=bool)
    tall[1:6, 1:4] = True
    distance = exact_distance(tall, spacing_rc=(0.5, 2.0))
    assert distance[3, 2] == 3.0


def test_exact_distances_are_those_of_scipy_for_any_region():
    rng = np.random.default_rng(2)
    for share in (0.02, 0.3, 0.9):
        region = ndimage.binary_opening(rng.random((60, 45)) > share)
        padded = np.pad(region, 1)
        for spacing in ((1.0, 1.0), (0.7, 0.7), (5.0, 0.8)):
            sampling = np.divide(spacing, min(spacing))
            expected = ndimage.distance_transform_edt(padded, sampling=sampling)
            found = exact_distance(region, spacing_rc=spacing)
            assert np.allclose(found, expected[1:-1, 1:-1], rtol=1e-6)


def test_pixels_equally_far_from_the_border_are_tied_exactly():
    disc = np.hypot(*(np.indices((41, 41)) - 20)) <= 15.3
    exact = ndimage.distance_transform_edt(np.pad(disc, 1))[1:-1, 1:-1]
    squared = np.rint(exact**2).astype(int)
    found = exact_distance(disc)
    pairs = {(s, f) for s, f in zip(squared.ravel(), found.ravel(), strict=True)}
    assert len(pairs) == len(np.unique(squared))


def test_a_choice_of_one_does_not_move_the_stream():
    plain, with_ones = SequentialDraws(), SequentialDraws()
    first = [plain(50) for _ in range(5)]
    second = []
    for _ in range(5):
        with_ones(1)
        second.append(with_ones(50))
    assert first == second


def test_a_stream_that_skips_what_was_drawn_goes_on_as_if_it_had_drawn():
    drawn = SequentialDraws()
    _ = [drawn(n) for n in (5, 1000, 3)]
    resumed = SequentialDraws()
    resumed.skip(drawn.take_log())
    assert [drawn(1000) for _ in range(4)] == [resumed(1000) for _ in range(4)]


def test_seeded_choices_differ_between_cases_classes_and_steps():
    draws = {
        seeded_draws(case, label, step)(10**6)
        for case in "ab"
        for label in (1, 2)
        for step in (1, 2)
    }
    assert len(draws) == 8


def test_another_seed_draws_otherwise_in_every_profile():
    assert seeded_draws("a", 1, 1, 2)(10**6) != seeded_draws("a", 1, 1)(10**6)
    assert SequentialDraws(2)(10**6) != SequentialDraws()(10**6)


def test_the_seed_of_earlier_releases_is_the_default():
    assert seeded_draws("a", 1, 1, 1)(10**6) == seeded_draws("a", 1, 1)(10**6)
