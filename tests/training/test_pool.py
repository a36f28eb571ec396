"""Scenes in a pool, prompts drawn from them, and steps over both."""

import time

import numpy as np
import pytest
import torch

from fakes.small_nano import small_nano
from napari_sam_med.errors import DatasetError
from napari_sam_med.models.sam.batched_decoder import NEGATIVE, PADDING, POSITIVE
from napari_sam_med.training import training_prompts
from napari_sam_med.training.batches import is_compact
from napari_sam_med.training.config import TrainConfig
from napari_sam_med.training.optimiser import MatrixOptimiser
from napari_sam_med.training.painting import phantoms, scenes
from napari_sam_med.training.pool import pool_prompts
from napari_sam_med.training.pool.painter_rings import OBJECTS, PainterRings
from napari_sam_med.training.pool.pool_steps import PoolStep, Variant, draw_variant
from napari_sam_med.training.pool.scene_pool import ScenePool
from napari_sam_med.training.run_checkpoints import RunState
from napari_sam_med.training.steps import Trainee

SIZE = 64
CPU = torch.device("cpu")


@pytest.fixture
def _small_scenes(monkeypatch):
    monkeypatch.setattr(phantoms, "POOLS", (1, 1, 1, 1))
    monkeypatch.setattr(scenes, "KINDS", ("focus", "crowd"))
    monkeypatch.setattr(scenes, "SMALLEST_AREA", 60)


@pytest.fixture
def painted(_small_scenes):
    """A pool of eight scenes, taken over from two painters."""
    pool = ScenePool(SIZE, 8, CPU)
    with PainterRings(2, SIZE, (5,), ring=4) as rings:
        while pool.seen < 12:  # a painter that has ended is an error
            for each in rings.fresh():
                pool.take(each)
    return pool


def masks(*shapes):
    found = torch.zeros(len(shapes), SIZE, SIZE)
    for mask, (row0, col0, row1, col1) in zip(found, shapes, strict=True):
        mask[row0:row1, col0:col1] = 1
    return found


def test_a_pool_keeps_painting_over_its_oldest_scenes(painted):
    assert painted.seen >= 12
    assert painted.most == 8


def test_drawn_objects_are_solid_masks_on_images_of_the_scenes_size(painted):
    drawn = painted.draw(3, 4, boxes=0.5)
    assert drawn.images.shape == (3, 3, SIZE, SIZE)
    assert drawn.masks.shape == (12, SIZE, SIZE)
    assert set(drawn.masks.unique().tolist()) <= {0.0, 1.0}
    assert drawn.edges.shape == (3, SIZE // 2, SIZE // 2)
    assert 0 <= float(drawn.images.min()) <= float(drawn.images.max()) <= 255


@pytest.mark.usefixtures("_small_scenes")
def test_what_a_painter_packs_a_pool_unpacks():
    pool = ScenePool(SIZE, 8, CPU)
    with PainterRings(1, SIZE, (5,), ring=4) as rings:
        while not (given := list(rings.fresh())):
            time.sleep(0.01)
        pool.take(given[0])
    rng = np.random.default_rng([5, 0, 0, 0])
    scene = scenes.make_scene(rng, SIZE)
    order = rng.permutation(len(scene.masks))[:OBJECTS]
    stored = pool._unpacked(pool._kept[1][0])[: len(order)].bool().numpy()
    assert np.array_equal(stored, scene.masks[order])
    compact = [float(is_compact(mask)) for mask in scene.masks[order]]
    assert pool._kept[3][0, : len(order)].tolist() == compact


@pytest.mark.usefixtures("_small_scenes")
def test_painters_end_with_their_context():
    with PainterRings(2, SIZE, (5,), ring=2) as rings:
        processes = rings._processes
        assert all(each.is_alive() for each in processes)
    assert not any(each.is_alive() for each in processes)


@pytest.mark.usefixtures("_small_scenes")
def test_a_painter_that_died_is_named():
    with PainterRings(1, SIZE, (5,), ring=2) as rings:
        rings._processes[0].kill()
        rings._processes[0].join()
        with pytest.raises(DatasetError, match="has ended"):
            list(rings.fresh())


def test_a_lone_prompt_is_a_point_inside_or_the_corners_of_the_object():
    shown = masks((8, 8, 40, 24), (50, 2, 52, 60)).repeat(20, 1, 1)
    boxed = torch.arange(len(shown)) % 4 < 2
    xy, labels = pool_prompts.first_prompts(shown, boxed, 2)
    assert (labels[boxed] == torch.tensor([2, 3])).all()
    assert (labels[~boxed] == torch.tensor([POSITIVE, PADDING])).all()
    cols, rows = xy[~boxed, 0].long().unbind(1)
    assert shown[~boxed][torch.arange(int((~boxed).sum())), rows, cols].all()


def test_boxes_are_mostly_tight_inclusive_pixels():
    found = pool_prompts.box_corners(masks((8, 10, 40, 24)).repeat(200, 1, 1))
    tight = (found == torch.tensor([10.0, 8, 23, 39])).all(1)
    assert 0.4 < float(tight.float().mean()) < 0.8


def test_a_centre_lies_deep_inside():
    found = pool_prompts.centre(masks((8, 8, 40, 40)).repeat(50, 1, 1))
    assert float((found - 23.5).abs().max()) <= 6


@pytest.mark.parametrize(
    ("truth", "answer", "label", "inside"),
    [
        ((4, 4, 20, 20), (4, 4, 20, 6), POSITIVE, (4, 6, 20, 20)),
        ((4, 4, 20, 6), (4, 4, 20, 20), NEGATIVE, (4, 6, 20, 20)),
        ((4, 4, 20, 20), (4, 4, 20, 20), POSITIVE, (4, 4, 20, 20)),
    ],
)
def test_a_correction_lies_where_the_answer_errs(truth, answer, label, inside):
    logits = (masks(answer) * 2 - 1).repeat(30, 1, 1)
    xy, found = pool_prompts.corrections(masks(truth).repeat(30, 1, 1), logits)
    row0, col0, row1, col1 = (2 * each for each in inside)
    assert (found == label).all()
    assert ((xy[:, 0] >= col0) & (xy[:, 0] < col1)).all()
    assert ((xy[:, 1] >= row0) & (xy[:, 1] < row1)).all()


def test_depth_is_the_distance_to_the_outside_and_to_the_border():
    found = training_prompts.depth_in(torch.ones(1, 5, 5), 9)
    assert found[0, 2].tolist() == [1, 2, 3, 2, 1]


def run():
    torch.manual_seed(2)
    trainee = Trainee(small_nano())
    optimiser = MatrixOptimiser(trainee.parameters(), 1e-3, 0.0)
    state = RunState.fresh(trainee, optimiser)
    return state, PoolStep(TrainConfig(corrected_share=0.5), state)


def test_steps_on_the_same_scenes_learn_them(painted):
    state, stepper = run()
    drawn = painted.draw(2, 4, boxes=0.5)
    variant = Variant(2, (False,), late=False)
    losses = [float(stepper.take(drawn, variant, 3e-2)[0]) for _ in range(25)]
    assert np.mean(losses[-5:]) < 0.85 * np.mean(losses[:5])
    assert all(torch.isfinite(each).all() for each in state.trainee.parameters())


@pytest.mark.parametrize("width", [2, 4])
@pytest.mark.parametrize(
    ("again", "given"), [((False,), False), ((True, False), False), ((False,), True)]
)
def test_every_variant_of_a_step_gives_numbers(painted, width, again, given):
    _, stepper = run()
    drawn = painted.draw(2, 4, boxes=0.5)
    found = stepper.take(drawn, Variant(width, again, late=True, given=given), 1e-3)
    assert torch.isfinite(found).all()
    assert (found[1:3] <= 1).all()


def test_the_rate_of_a_step_is_the_one_given(painted):
    state, stepper = run()
    before = [each.clone() for each in state.trainee.parameters()]
    stepper.take(painted.draw(2, 4, boxes=0.5), Variant(2, (False,), late=True), 0.0)
    after = state.trainee.parameters()
    assert all(torch.equal(*pair) for pair in zip(before, after, strict=True))


def test_variants_follow_the_shares_of_the_configuration():
    config = TrainConfig(
        corrections=(0.5, 0.5), again_share=0.2, wide_share=0.3, late_from=10
    )
    rng = np.random.default_rng(1)
    drawn = [draw_variant(config, rng, step) for step in range(2000)]
    assert np.mean([each.width == 4 for each in drawn]) == pytest.approx(0.3, abs=0.03)
    assert sum(each.late for each in drawn) == 1990
    rounds = sum(len(each.again) for each in drawn)
    asked_again = sum(sum(each.again) for each in drawn)
    assert asked_again / rounds == pytest.approx(0.2, abs=0.03)
