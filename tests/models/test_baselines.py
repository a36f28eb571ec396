"""Baselines: shapes that can be checked by hand."""

from __future__ import annotations

import time

import numpy as np
import pytest

from napari_sam_med.core.metrics import iou
from napari_sam_med.core.ports import Segmenter
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.errors import ModelError, PromptError
from napari_sam_med.models.baselines import Ellipse, RandomWalker


def disc_image(shape_hw=(80, 100), centre=(40, 60), radius=15.0, *, noise=6.0):
    rows, cols = np.indices(shape_hw)
    truth = np.hypot(rows - centre[0], cols - centre[1]) <= radius
    grey = np.where(truth, 180.0, 70.0)
    grey += np.random.default_rng(2).normal(0, noise, shape_hw)
    return grey.clip(0, 255).astype(np.uint8), truth


def answer(model, image, prompts):
    return model.predict(model.embed(image), prompts)


@pytest.fixture(params=[Ellipse, RandomWalker])
def model(request):
    return request.param()


def test_a_baseline_is_a_segmenter_with_one_candidate_and_no_weights(model):
    assert isinstance(model, Segmenter)
    assert model.capabilities.n_candidates == 1
    assert model.sha256 == ""


def test_the_ellipse_touches_all_four_sides_of_the_box():
    image = np.zeros((20, 30), dtype=np.uint8)
    mask = answer(Ellipse(), image, Prompts(box_rc=(3, 5, 11, 24))).masks[0]
    rows, cols = np.nonzero(mask)
    assert (rows.min(), cols.min(), rows.max(), cols.max()) == (3, 5, 11, 24)
    assert mask.sum() == pytest.approx(np.pi / 4 * 9 * 20, rel=0.03)


def test_a_box_of_one_pixel_gives_that_pixel():
    image = np.zeros((5, 5), dtype=np.uint8)
    mask = answer(Ellipse(), image, Prompts(box_rc=(2, 3, 2, 3))).masks[0]
    assert np.argwhere(mask).tolist() == [[2, 3]]


def test_a_box_finds_a_disc(model):
    image, truth = disc_image()
    prompts = Prompts(box_rc=(25, 45, 55, 75))
    assert iou(answer(model, image, prompts).masks[0], truth) > 0.9


def test_a_point_finds_a_disc(model):
    image, truth = disc_image()
    found = answer(model, image, Prompts([(40, 60)], [1]))
    assert iou(found.masks[0], truth) > 0.9
    assert 0.5 < found.scores[0] <= 1


def test_the_disc_stops_before_a_negative_point():
    image, _ = disc_image()
    found = answer(Ellipse(), image, Prompts([(40, 60), (40, 66)], [1, 0])).masks[0]
    assert found[40, 65]
    assert not found[40, 66]


def test_discs_grow_round_every_positive_point():
    image, _ = disc_image()
    found = answer(Ellipse(), image, Prompts([(40, 60), (5, 5)], [1, 1])).masks[0]
    assert found[40, 60]
    assert found[5, 5]


def test_a_point_at_the_very_edge_gives_a_mask():
    image, _ = disc_image()
    found = answer(Ellipse(), image, Prompts([(79.4, 99.4)], [1])).masks[0]
    assert found[79, 99]


def test_negative_points_alone_give_an_empty_mask_of_score_zero(model):
    image, _ = disc_image()
    found = answer(model, image, Prompts([(40, 60)], [0]))
    assert not found.masks.any()
    assert found.scores[0] == 0


def test_a_negative_click_takes_back_what_the_walker_gave():
    image = np.full((60, 60), 100, dtype=np.uint8)
    one = answer(RandomWalker(), image, Prompts([(30, 20)], [1]))
    two = answer(RandomWalker(), image, Prompts([(30, 20), (30, 28)], [1, 0]))
    assert one.masks[0, 30, 24]
    assert not two.masks[0, 30, 28]


def test_the_walker_stays_in_the_box():
    image, _ = disc_image()
    found = answer(RandomWalker(), image, Prompts(box_rc=(30, 50, 50, 70))).masks[0]
    outside = found.copy()
    outside[30:51, 50:71] = False
    assert found.any()
    assert outside.sum() <= 4


@pytest.mark.parametrize("sides", [(1, 1), (1, 2), (2, 2), (2, 9), (4, 4), (4, 10)])
@pytest.mark.parametrize("corner", [(20, 30), (0, 0), (0, 40)])
def test_a_small_box_finds_the_object_that_fills_it(model, sides, corner):
    image = np.full((50, 60), 70, dtype=np.uint8)
    truth = np.zeros(image.shape, dtype=bool)
    last = np.add(corner, sides) - 1
    truth[corner[0] : last[0] + 1, corner[1] : last[1] + 1] = True
    image[truth] = 180
    found = answer(model, image, Prompts(box_rc=(*corner, *last)))
    assert iou(found.masks[0], truth) > 0.5
    assert found.scores[0] > 0.5


def test_a_colour_image_is_taken(model):
    image, truth = disc_image()
    colour = np.repeat(image[:, :, None], 3, axis=2)
    prompts = Prompts([(40, 60)], [1])
    assert iou(answer(model, colour, prompts).masks[0], truth) > 0.9


def test_a_flat_image_and_a_tiny_one_are_answered(model):
    for shape in ((64, 64), (1, 1), (2, 7)):
        found = answer(model, np.full(shape, 9, dtype=np.uint8), Prompts([(0, 0)], [1]))
        assert found.masks.shape == (1, *shape)


def test_logits_agree_with_the_mask(model):
    image, _ = disc_image()
    found = answer(model, image, Prompts([(40, 60)], [1]))
    assert np.array_equal(found.logits[0] > 0, found.masks[0, ::2, ::2])


def test_the_walker_answers_a_large_slice_within_two_seconds():
    image, truth = disc_image((512, 512), (250, 250), 60.0)
    started = time.process_time()
    found = answer(RandomWalker(), image, Prompts([(250, 250)], [1]))
    assert time.process_time() - started < 2
    assert iou(found.masks[0], truth) > 0.85


def test_many_prompts_are_answered_in_order(model):
    image, _ = disc_image()
    many = [Prompts([(40, 60)], [1]), Prompts(box_rc=(25, 45, 55, 75))]
    embedding = model.embed(image)
    for found, prompts in zip(model.predict_many(embedding, many), many, strict=True):
        assert np.array_equal(found.masks, model.predict(embedding, prompts).masks)


def test_a_prompt_outside_and_a_strange_embedding_are_refused(model):
    image, _ = disc_image()
    with pytest.raises(PromptError, match="outside"):
        answer(model, image, Prompts([(80, 0)], [1]))
    other = RandomWalker() if isinstance(model, Ellipse) else Ellipse()
    with pytest.raises(ModelError, match="embed the image with the model that answers"):
        model.predict(other.embed(image), Prompts([(0, 0)], [1]))
