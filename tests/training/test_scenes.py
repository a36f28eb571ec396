import numpy as np
import pytest

from napari_sam_med.training.painting import phantoms
from napari_sam_med.training.painting.scenes import (
    KINDS,
    PAINTERS,
    SMALLEST_AREA,
    make_scene,
)

SIZE = 128


@pytest.fixture(scope="module")
def scenes():
    """So many scenes that rare kinds occur, their phantoms of a small pool."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phantoms, "POOLS", (1, 1, 1, 1))
        return [make_scene(np.random.default_rng([1, n]), SIZE) for n in range(160)]


def test_a_scene_is_a_function_of_its_seed():
    first, second = (make_scene(np.random.default_rng(9), SIZE) for _ in range(2))
    assert (first.image == second.image).all()
    assert (first.masks == second.masks).all()


def test_every_object_is_seen_and_leaves_background(scenes):
    for scene in scenes:
        areas = scene.masks.sum((1, 2))
        assert areas.min() >= SMALLEST_AREA
        assert areas.max() <= 0.85 * SIZE**2


def test_objects_are_unions_of_painted_identities(scenes):
    for scene in scenes:
        for mask in scene.masks:
            inside = set(np.unique(scene.identity[mask]))
            assert 0 not in inside
            assert (np.isin(scene.identity, list(inside)) == mask).all()


def test_all_kinds_of_scene_occur(scenes):
    assert {scene.kind for scene in scenes} == set(KINDS)


def test_scenes_are_grey_and_colour_with_and_without_contrast(scenes):
    colour = [bool(np.ptp(scene.image, axis=2).any()) for scene in scenes]
    assert 0 < sum(colour) < len(colour)
    assert all(scene.image.dtype == np.uint8 for scene in scenes)


def test_the_shares_of_all_kinds_add_up_to_one_and_phantoms_are_last():
    assert sum(share for _, share in PAINTERS.values()) == pytest.approx(1)
    assert KINDS[-1] == "phantom"


@pytest.mark.parametrize("kind", ["layers", "pairs", "parts", "many", "tubes"])
def test_scenes_of_several_things_offer_objects_of_several_sizes(scenes, kind):
    found = [scene for scene in scenes if scene.kind == kind]
    assert found
    sizes = [len({int(mask.sum()) for mask in scene.masks}) for scene in found]
    assert max(sizes) >= 3
    assert all(mask.any() for scene in found for mask in scene.masks)
