"""What painting an object does to a scene."""

import numpy as np
import pytest

from napari_sam_med.training.painting import scene_canvas as canvas_module
from napari_sam_med.training.painting.scene_canvas import LARGEST_BLEMISH, Canvas


@pytest.fixture
def disc():
    rows, cols = np.indices((64, 64))
    return (rows - 32) ** 2 + (cols - 30) ** 2 <= 15**2


def painted(disc, seed):
    """A dark scene with one bright disc, and its identity."""
    rng = np.random.default_rng(seed)
    canvas = Canvas.blank(rng, 64)
    canvas.values[:] = 0.1
    return canvas, canvas.paint(rng, disc, 0.9)


def test_a_blemish_changes_intensities_but_not_the_outline(disc, monkeypatch):
    monkeypatch.setattr(canvas_module, "BLEMISHED_SHARE", 1.0)
    like_under = 0
    for seed in range(20):
        canvas, identity = painted(disc, seed)
        assert np.array_equal(canvas.identity == identity, disc)
        assert (canvas.values[~disc] == np.float32(0.1)).all()
        like_under += (canvas.values[disc] == np.float32(0.1)).any()
    assert like_under > 5


def test_a_blemish_leaves_most_of_the_object_as_it_is(disc, monkeypatch):
    monkeypatch.setattr(canvas_module, "BLEMISHED_SHARE", 1.0)
    for seed in range(20):
        canvas, _identity = painted(disc, seed)
        as_under = canvas.values[disc] == np.float32(0.1)
        assert as_under.mean() <= LARGEST_BLEMISH


def test_a_soft_object_fades_within_its_outline(monkeypatch):
    monkeypatch.setattr(canvas_module, "SOFT_SHARE", 1.0)
    monkeypatch.setattr(canvas_module, "BLEMISHED_SHARE", 0.0)
    rng = np.random.default_rng(4)
    canvas = Canvas.blank(rng, 64)
    canvas.values[:] = 0.0
    monkeypatch.setattr(Canvas, "_outline", lambda *_: None)
    monkeypatch.setattr(Canvas, "tint", lambda *_: np.full((64, 64), 0.8))
    rows, cols = np.indices((64, 64))
    mask = np.hypot(rows - 32, cols - 32) < 16
    identity = canvas.paint(rng, mask, 0.8)
    assert (canvas.values[~mask] == 0).all()
    assert ((canvas.identity == identity) == mask).all()
    line = canvas.values[32, 17:32]
    assert line[-1] == pytest.approx(0.8, abs=1e-3)
    assert 0 < line[0] < 0.7
    assert (np.diff(line) >= -1e-6).all()
