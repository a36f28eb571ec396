"""Answers averaged over mirror images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fakes.tiny_sam import tiny_sam
from napari_sam_med.core.ports import Segmenter
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.errors import ModelError
from napari_sam_med.models import load_model
from napari_sam_med.models.sam.sam_segmenter import SamSegmenter
from napari_sam_med.models.wrappers.test_time_augmentation import (
    FlipAugmentation,
    flip_axes,
    flipped,
)

SHAPES = {"square": (60, 60), "wide": (40, 60), "tall": (60, 40)}
LOGITS = np.linspace(-3, 3, 256, dtype=np.float32).reshape(16, 16)


def ask(shape_hw):
    height, width = shape_hw
    box = (5, 4, height - 8, width - 12)
    return {
        "a point": Prompts([(12, 30)], [1]),
        "points": Prompts([(12, 30), (3, 9)], [1, 0]),
        "a box": Prompts(box_rc=box),
        "everything": Prompts([(12, 30)], [1], box, LOGITS),
    }


def picture(shape_hw):
    return np.random.default_rng(4).integers(0, 256, shape_hw, dtype=np.uint8)


@pytest.fixture(scope="module")
def plain():
    return SamSegmenter(tiny_sam(), name="tiny", device="cpu")


@pytest.fixture(scope="module")
def model(plain):
    return FlipAugmentation(plain)


def by_hand(plain, image, prompts):
    """Mirror the image itself, ask the plain model, turn its answers back, average."""
    found = []
    for axes in flip_axes(plain.embed(image).input_hw):
        turned = np.ascontiguousarray(np.flip(image, axes)) if axes else image
        asked = flipped(prompts, axes, image.shape)
        answer = plain.predict(plain.embed(turned), asked)
        back = [1 + axis for axis in axes]
        single = np.flip(answer.single.logits, back)
        found.append((np.flip(answer.logits, back), single, answer.scores))
    return [np.mean(each, 0) for each in zip(*found, strict=True)]


def test_it_is_a_segmenter_under_the_same_name(model):
    assert isinstance(model, Segmenter)
    assert model.name == "tiny"


@pytest.mark.parametrize("shape", SHAPES)
def test_an_answer_to_an_earlier_mask_is_the_mean_of_the_mirror_images(
    plain, model, shape
):
    image, prompts = picture(SHAPES[shape]), ask(SHAPES[shape])["everything"]
    found = model.predict(model.embed(image), prompts)
    logits, single, scores = by_hand(plain, image, prompts)
    np.testing.assert_allclose(found.logits, logits, atol=1e-4)
    np.testing.assert_allclose(found.single.logits, single, atol=1e-4)
    np.testing.assert_allclose(found.scores, scores, atol=1e-5)


@pytest.mark.parametrize("kind", ["points", "a box"])
@pytest.mark.parametrize("shape", SHAPES)
def test_all_slots_are_averaged_with_a_second_answer(plain, model, shape, kind):
    image, prompts = picture(SHAPES[shape]), ask(SHAPES[shape])[kind]
    found = model.predict(model.embed(image), prompts)
    first, single, scores = by_hand(plain, image, prompts)
    second = by_hand(plain, image, replace(prompts, mask_logits=single[0]))[1]
    assert np.abs(second - single).max() > 1e-3
    np.testing.assert_allclose(found.logits, (first + second) / 2, atol=1e-4)
    np.testing.assert_allclose(found.single.logits, (single + second) / 2, atol=1e-4)
    np.testing.assert_allclose(found.scores, scores, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_best_candidate_alone_is_asked_again_after_a_lone_point(
    plain, model, shape
):
    image, prompts = picture(SHAPES[shape]), ask(SHAPES[shape])["a point"]
    found = model.predict(model.embed(image), prompts)
    first, single, scores = by_hand(plain, image, prompts)
    best = int(scores.argmax())
    second = by_hand(plain, image, replace(prompts, mask_logits=first[best]))[1][0]
    assert np.abs(second - first[best]).max() > 1e-3
    first[best] = (first[best] + second) / 2
    np.testing.assert_allclose(found.logits, first, atol=1e-4)
    np.testing.assert_allclose(found.single.logits, single, atol=1e-4)
    np.testing.assert_allclose(found.scores, scores, atol=1e-5)


def test_padding_stays_at_the_bottom_and_the_right_of_every_view():
    assert flip_axes((40, 60)) == flip_axes((60, 60)) == ((), (1,))
    assert flip_axes((60, 40)) == ((), (0,))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_answer_to_a_mirror_image_is_the_mirror_image_of_the_answer(model, shape):
    image, prompts = picture(SHAPES[shape]), ask(SHAPES[shape])["points"]
    axes = flip_axes(model.embed(image).input_hw)[1]
    turned = np.ascontiguousarray(np.flip(image, axes))
    there = model.predict(model.embed(image), prompts)
    back = model.predict(model.embed(turned), flipped(prompts, axes, image.shape))
    turned_logits = np.flip(back.logits, [1 + axis for axis in axes])
    np.testing.assert_allclose(there.logits, turned_logits, atol=1e-4)


def test_a_batch_answers_as_single_calls_do(model):
    image = picture((60, 60))
    embedding, many = model.embed(image), list(ask((60, 60)).values())
    for found, prompts in zip(model.predict_many(embedding, many), many, strict=True):
        alone = model.predict(embedding, prompts)
        np.testing.assert_allclose(found.logits, alone.logits, atol=1e-4)


def test_mirroring_twice_changes_nothing():
    prompts = ask((60, 40))["everything"]
    again = flipped(flipped(prompts, (0, 1), (60, 40)), (0, 1), (60, 40))
    assert again.to_json() == prompts.to_json()
    assert np.array_equal(again.mask_logits, LOGITS)


def test_without_refinement_it_reads_the_same_embeddings_and_answers_plainly(
    plain, model
):
    image, prompts = picture((60, 60)), ask((60, 60))["a box"]
    found = model.without_refinement().predict(model.embed(image), prompts)
    expected = plain.predict(plain.embed(image), prompts)
    np.testing.assert_allclose(found.logits, expected.logits, atol=1e-4)


def test_an_embedding_without_mirror_images_is_refused(plain, model):
    image, prompts = picture((60, 60)), ask((60, 60))["a box"]
    with pytest.raises(ModelError, match="1 of 2 views"):
        model.predict(plain.embed(image), prompts)


@pytest.mark.parametrize(
    ("zoom", "views"), [("default", 2), ("on", 2), ("auto", 2), ("off", 1)]
)
def test_nano_sees_mirror_images_unless_its_zoom_is_off(zoom, views):
    model = load_model("nano", device="cpu", zoom=zoom)
    assert model.info.refines == (views > 1)
    assert len(model.embed(picture((64, 64))).features) == views


def test_nano_without_refinement_answers_as_one_network_on_one_view():
    image, prompts = picture((64, 64)), Prompts(box_rc=(20, 20, 30, 34))
    model = load_model("nano", device="cpu")
    plain = model.without_refinement()
    assert not plain.info.refines
    answer = plain.predict(model.embed(image), prompts)
    assert answer.logits.shape == (3, 128, 128)
    assert model.predict(model.embed(image), prompts).scores != pytest.approx(
        answer.scores
    )
