import numpy as np
import pytest
from scipy import ndimage

from napari_sam_med.training.painting import random_shapes


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_smooth_noise_is_standardised(rng):
    field = random_shapes.smooth_noise(rng, 64, 6)
    assert field.shape == (64, 64)
    assert abs(field.mean()) < 1e-4
    assert field.std() == pytest.approx(1, abs=1e-3)


def test_a_contour_without_roughness_is_an_ellipse(rng):
    outline = random_shapes.contour(rng, (50, 60), 20, roughness=0.0, aspect=4.0)
    distance = np.linalg.norm(outline - (50, 60), axis=1)
    assert distance.max() == pytest.approx(40)
    assert distance.min() == pytest.approx(10)


def test_filling_a_contour_gives_its_area(rng):
    outline = random_shapes.contour(rng, (64, 64), 30, roughness=0.0, aspect=1.0)
    assert random_shapes.fill_contour(outline, 128).sum() == pytest.approx(
        np.pi * 30**2, rel=0.06
    )


def test_a_level_set_is_one_part_near_its_centre(rng):
    mask = random_shapes.level_set(rng, 128, (40, 90), 20)
    assert ndimage.label(mask)[1] == 1
    row, col = ndimage.center_of_mass(mask)
    assert np.hypot(row - 90, col - 40) < 20


def test_a_tube_is_one_thin_part(rng):
    mask = random_shapes.tube(rng, 128, (64, 64), 60, 5)
    assert ndimage.label(mask, np.ones((3, 3)))[1] == 1
    assert ndimage.distance_transform_edt(mask).max() < 8


def test_a_scaled_contour_keeps_its_middle(rng):
    outline = random_shapes.contour(rng, (50, 60), 20)
    smaller = random_shapes.scaled(outline, 0.5)
    np.testing.assert_allclose(smaller.mean(0), outline.mean(0))
    assert np.ptp(smaller[:, 0]) == pytest.approx(np.ptp(outline[:, 0]) / 2)


def test_depth_counts_from_the_border_of_the_canvas_too():
    region = np.zeros((9, 12), bool)
    region[:, 7:] = True
    deep = random_shapes.depth(region)
    assert (deep[~region] == 0).all()
    assert deep[4, 7:].tolist() == pytest.approx([1, 2, 3, 2, 1], abs=0.02)
    assert deep[0, 7:].tolist() == pytest.approx([1] * 5, abs=0.02)
