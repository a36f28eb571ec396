"""Slices of phantoms as training scenes."""

import numpy as np
import pytest

from napari_sam_med.samples import mr_head, xray_chest
from napari_sam_med.samples.sample_files import COLLECTIONS
from napari_sam_med.training.painting import phantoms
from napari_sam_med.training.painting.scene_canvas import Canvas


@pytest.fixture
def chests(monkeypatch):
    """Scenes of one X-ray phantom, which is quick to make."""
    monkeypatch.setattr(phantoms, "KIND_SHARES", (0.0, 0.0, 1.0, 0.0))
    monkeypatch.setattr(phantoms, "POOLS", (1, 1, 1, 1))
    scenes = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        scenes.append(Canvas.blank(rng, 128))
        phantoms.paint_phantom(rng, scenes[-1])
    return scenes


def test_no_phantom_of_the_sample_data_is_trained_on():
    shown = [seed for collection in COLLECTIONS for seed in collection.seeds]
    assert max(shown) < phantoms.FIRST_SEED
    kind = phantoms.MAKERS.index(mr_head)
    trained = phantoms.phantom(kind, 0).volume.array
    assert not np.array_equal(trained, mr_head(0).volume.array)


def test_a_class_of_two_parts_is_offered_whole_and_in_parts(chests):
    targets = [set(scene.targets) for scene in chests]
    assert any({(1, 2), (1,), (2,)} <= each for each in targets)


def test_a_whole_slice_and_details_of_it_occur(chests):
    areas = [np.count_nonzero(scene.identity) for scene in chests]
    assert max(areas) > 1.5 * min(areas)


def test_a_whole_slice_shows_the_truth_of_the_phantom(chests):
    truth = xray_chest(phantoms.FIRST_SEED).labels[0] > 0
    share = truth.mean()
    seen = [np.count_nonzero(scene.identity) / scene.identity.size for scene in chests]
    assert min(abs(each - share) for each in seen) < 0.01


def test_phantoms_generated_at_once_are_those_generated_one_by_one(monkeypatch):
    monkeypatch.setattr(phantoms, "POOLS", (0, 0, 1, 1))
    one_by_one = [phantoms.phantom(kind, 0).volume.array for kind in (2, 3)]
    monkeypatch.setattr(phantoms, "_generated", {})
    phantoms.generate_all(2)
    assert sorted(phantoms._generated) == [(2, 0), (3, 0)]
    for kind, array in zip((2, 3), one_by_one, strict=True):
        np.testing.assert_array_equal(phantoms.phantom(kind, 0).volume.array, array)
