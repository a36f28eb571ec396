import numpy as np
import pytest

from napari_sam_med.training.painting.layers import (
    folded,
    paint_nest,
    paint_rings,
    peeled,
)
from napari_sam_med.training.painting.scene_canvas import Canvas

SIZE = 128


def disc(radius=40):
    row, col = np.indices((SIZE, SIZE)) - SIZE / 2
    return row**2 + col**2 <= radius**2


def areas(canvas):
    return [np.isin(canvas.identity, ids).sum() for ids in canvas.targets]


def test_peeling_a_disc_leaves_a_disc_that_is_smaller_by_the_depth():
    left = peeled(disc(40), 10)
    assert not (left & ~disc(31)).any()
    assert not (disc(29) & ~left).any()


def test_peeling_counts_the_edge_of_the_canvas_as_border():
    left = peeled(np.ones((SIZE, SIZE), bool), 5)
    assert not left[:4].any()
    assert left[10:-10, 10:-10].all()


@pytest.mark.parametrize("seed", range(5))
def test_folds_take_from_the_region_and_never_add(seed):
    region = disc()
    cut = folded(np.random.default_rng(seed), region)
    assert cut.any()
    assert not (cut & ~region).any()
    assert cut.sum() < region.sum()


@pytest.mark.parametrize("seed", range(10))
def test_a_nest_offers_layers_that_are_seen(seed):
    rng = np.random.default_rng(seed)
    canvas = Canvas.blank(rng, SIZE)
    paint_nest(rng, canvas, (SIZE / 2, SIZE / 2), 45)
    assert len(canvas.targets) >= 3
    assert max(areas(canvas)) > 0.02 * SIZE**2
    assert np.mean(np.array(areas(canvas)) > 0) > 0.7


def test_nests_hold_thin_layers():
    thin = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        canvas = Canvas.blank(rng, SIZE)
        paint_nest(rng, canvas, (SIZE / 2, SIZE / 2), 45)
        layers = [np.isin(canvas.identity, ids) for ids in canvas.targets]
        thin += any(m.sum() > 150 and not peeled(m, 4).any() for m in layers)
    assert thin >= 8


@pytest.mark.parametrize("seed", range(5))
def test_rings_offer_wall_and_lumen_alone_and_together(seed):
    rng = np.random.default_rng(seed)
    canvas = Canvas.blank(rng, SIZE)
    paint_rings(rng, canvas)
    assert len(canvas.targets) % 4 == 0
    wall, _again, lumen, both = areas(canvas)[-4:]
    assert wall > 0
    assert both == wall + lumen
