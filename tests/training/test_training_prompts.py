import numpy as np
import pytest

from napari_sam_med.training.training_prompts import centre_rc, correction, first_prompt


@pytest.fixture
def rng():
    return np.random.default_rng(2)


def disc(row, col, radius, size=64):
    rows, cols = np.indices((size, size))
    return (rows - row) ** 2 + (cols - col) ** 2 <= radius**2


def test_the_centre_of_a_disc_is_its_middle(rng):
    assert centre_rc(rng, disc(20, 30, 9)) == (20, 30)


def test_single_prompts_are_a_point_inside_or_a_box_round_the_object(rng):
    mask = disc(30, 20, 10)
    kinds = set()
    for _ in range(60):
        coords, labels = first_prompt(rng, mask, 2)
        kinds.add(tuple(labels))
        if labels[0] == 1:
            col, row = coords[0].astype(int)
            assert mask[row, col]
        else:
            assert np.abs(coords.ravel() - [10, 20, 30, 40]).max() < 8
    assert kinds == {(1, -1), (2, 3)}


def test_wide_prompts_put_positive_points_inside_and_negative_ones_outside(rng):
    mask = disc(30, 20, 10)
    seen = set()
    for _ in range(80):
        coords, labels = first_prompt(rng, mask, 7)
        for (col, row), label in zip(coords.astype(int), labels, strict=True):
            seen.add(int(label))
            if label in {0, 1}:
                assert mask[row, col] == bool(label)
    assert seen == {-1, 0, 1, 2, 3}


def test_the_points_of_parts_lie_in_different_parts(rng):
    mask = disc(15, 15, 8) | disc(45, 45, 8)
    pairs = [first_prompt(rng, mask, 4) for _ in range(60)]
    together = [c for c, label in pairs if list(label) == [1, 1, -1, -1]]
    assert any({tuple(p) for p in c[:2]} == {(15, 15), (45, 45)} for c in together)


def test_a_missed_part_is_clicked_positive_at_its_centre(rng):
    truth = disc(20, 20, 8) | disc(50, 50, 4)
    x, y, label = correction(rng, truth, disc(20, 20, 8), 4)
    assert label == 1
    assert (int(y) // 4, int(x) // 4) == (50, 50)


def test_a_wrongly_added_part_is_clicked_negative(rng):
    predicted = disc(20, 20, 8) | disc(50, 50, 4)
    x, y, label = correction(rng, disc(20, 20, 8), predicted, 4)
    assert label == 0
    assert (int(y) // 4, int(x) // 4) == (50, 50)


def test_a_perfect_prediction_is_clicked_inside(rng):
    truth = disc(20, 20, 8)
    x, y, label = correction(rng, truth, truth, 4)
    assert label == 1
    assert truth[int(y) // 4, int(x) // 4]
