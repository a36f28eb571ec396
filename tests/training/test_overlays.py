import numpy as np
import pytest

from napari_sam_med.training.painting import overlays
from napari_sam_med.training.painting.overlays import burn_in, cover

SIZE = 96
TRIES = 300


def covered(seed: int) -> tuple[np.ndarray, np.ndarray]:
    values = np.full((SIZE, SIZE), 0.5, np.float32)
    before = values.copy()
    after = cover(np.random.default_rng(seed), values)
    assert (values == before).all()
    return before, after


def burnt(seed: int) -> np.ndarray:
    image = np.full((SIZE, SIZE, 3), 100, np.uint8)
    burn_in(np.random.default_rng(seed), image)
    return image


def test_an_overlay_is_a_function_of_its_seed():
    for seed in range(40):
        assert (covered(seed)[1] == covered(seed)[1]).all()
        assert (burnt(seed) == burnt(seed)).all()


def test_most_scenes_stay_bare_and_covered_ones_stay_finite():
    pairs = [covered(seed) for seed in range(TRIES)]
    assert all(after.dtype == np.float32 for _, after in pairs)
    assert all(np.isfinite(after).all() for _, after in pairs)
    changed = np.mean([(before != after).any() for before, after in pairs])
    assert 0.1 < changed < 0.3


@pytest.mark.parametrize("share", ["STRAND_SHARE", "BEAM_SHARE", "GLARE_SHARE"])
def test_each_overlay_changes_a_part_of_the_scene(monkeypatch, share):
    for name in ("STRAND_SHARE", "BEAM_SHARE", "GLARE_SHARE"):
        monkeypatch.setattr(overlays, name, float(name == share))
    shares = [(before != after).mean() for before, after in map(covered, range(40))]
    assert np.mean(np.array(shares) > 0) > 0.9
    assert np.mean(shares) < 0.7


def test_beams_darken_or_brighten_only_what_lies_deeper(monkeypatch):
    monkeypatch.setattr(overlays, "BEAM_SHARE", 1.0)
    monkeypatch.setattr(overlays, "STRAND_SHARE", 0.0)
    monkeypatch.setattr(overlays, "GLARE_SHARE", 0.0)
    thirds = np.zeros(3)
    for before, after in map(covered, range(60)):
        change = np.abs(after - before)
        thirds += [part.sum() for part in np.split(change, 3)]
    assert thirds[0] < thirds[1] < thirds[2]


def test_marks_are_rare_small_and_bright():
    images = [burnt(seed) for seed in range(TRIES)]
    marked = [image for image in images if (image != 100).any()]
    assert 0.02 < len(marked) / TRIES < 0.12
    for image in marked:
        assert (image != 100).any(axis=2).mean() < 0.2
        assert image.max() >= 160
