"""ClickPoint models behind the port that the docks and the benchmark use."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fakes.golden_clickers import fill_golden, golden_arrays, small_folder
from napari_sam_med.core.ports import Segmenter
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.errors import ImageError, ModelError, PromptError
from napari_sam_med.models.click.click_segmenter import ClickSegmenter
from napari_sam_med.models.click.focalclick.focalclick_variants import (
    focalclick_predictor,
)
from napari_sam_med.models.weight_files import sha256_of

FOLDER = "focalclick_segformer_b0_s1"
NAME = "focalclick_b0_s1"


@pytest.fixture(scope="module")
def predictor():
    made = focalclick_predictor(NAME, refine=False)
    fill_golden(made.network, small_folder(FOLDER))
    return made


@pytest.fixture(scope="module")
def model(predictor):
    return ClickSegmenter(predictor, name=NAME, device="cpu")


@pytest.fixture(scope="module")
def arrays():
    return golden_arrays(small_folder(FOLDER))


@pytest.fixture(scope="module")
def embedding(model, arrays):
    return model.embed(arrays["pred_image"])


def clicked(arrays, count, *, logits=None):
    clicks = arrays["pred_clicks"][:count]
    return Prompts(clicks[:, :2], clicks[:, 2], mask_logits=logits)


def test_it_is_a_segmenter_with_one_candidate_for_points(model):
    able = model.capabilities

    assert isinstance(model, Segmenter)
    assert (able.points, able.boxes, able.masks) == (True, False, True)
    assert able.n_candidates == 1


def test_all_clicks_in_one_pass_give_the_official_mask(model, embedding, arrays):
    answer = model.predict(embedding, clicked(arrays, 3))

    wanted = arrays["nobrs_onepass_3"].astype(np.float32)
    clear = np.abs(wanted - 0.49) > 1e-3
    assert len(answer) == 1
    np.testing.assert_array_equal(answer.masks[0][clear], (wanted > 0.49)[clear])
    probability = 1 / (1 + np.exp(-answer.logits[0]))
    np.testing.assert_allclose(probability, wanted, atol=1e-3)


def test_logits_fed_back_give_the_official_chain_of_answers(predictor, arrays):
    refining = dataclasses.replace(predictor, refine=True)
    model = ClickSegmenter(refining, name=NAME, device="cpu")
    embedding = model.embed(arrays["pred_image"])

    logits = None
    for k in (1, 2, 3):
        answer = model.predict(embedding, clicked(arrays, k, logits=logits))
        logits = answer.logits[0]

        wanted = arrays[f"focal_default_{k}"].astype(np.float32)
        np.testing.assert_allclose(1 / (1 + np.exp(-logits)), wanted, atol=1e-3)


def test_score_is_the_expected_overlap(model, embedding, arrays):
    answer = model.predict(embedding, clicked(arrays, 1))

    probability = 1 / (1 + np.exp(-answer.logits[0].astype(np.float64)))
    mask = answer.masks[0]
    wanted = probability[mask].sum() / (mask.sum() + probability[~mask].sum())
    assert answer.scores.tolist() == pytest.approx([wanted], abs=1e-4)


def test_nothing_is_remembered_between_calls(model, embedding, arrays):
    before = model.predict(embedding, clicked(arrays, 1))
    model.predict(embedding, clicked(arrays, 3))
    after = model.predict(embedding, clicked(arrays, 1))

    np.testing.assert_array_equal(before.logits, after.logits)


def test_many_prompts_are_answered_as_one_by_one(model, embedding, arrays):
    prompts = [clicked(arrays, k) for k in (2, 1)]

    many = model.predict_many(embedding, prompts)

    for answer, each in zip(many, prompts, strict=True):
        alone = model.predict(embedding, each)
        np.testing.assert_array_equal(answer.logits, alone.logits)


def test_a_grey_image_is_taken_as_three_equal_channels(model, arrays):
    grey = arrays["pred_image"][..., 0]

    from_grey = model.predict(model.embed(grey), clicked(arrays, 1))
    from_colour = model.predict(
        model.embed(np.dstack([grey, grey, grey])), clicked(arrays, 1)
    )

    np.testing.assert_array_equal(from_grey.logits, from_colour.logits)


def test_a_box_is_refused(model, embedding):
    with pytest.raises(ModelError, match="does not accept box prompts"):
        model.predict(embedding, Prompts([(5, 5)], [1], box_rc=(1, 1, 9, 9)))


def test_a_click_outside_the_image_is_refused(model, embedding):
    with pytest.raises(PromptError, match="outside the 240 x 300 slice"):
        model.predict(embedding, Prompts([(240, 5)], [1]))


def test_logits_of_another_size_are_refused(model, embedding):
    logits = np.zeros((256, 256), dtype=np.float32)

    with pytest.raises(PromptError, match=r"give focalclick_b0_s1 the \(240, 300\)"):
        model.predict(embedding, Prompts([(5, 5)], [1], mask_logits=logits))


def test_another_models_embedding_is_refused(model, embedding):
    other = dataclasses.replace(embedding, model="nano")

    with pytest.raises(ModelError, match="made by nano"):
        model.predict(other, Prompts([(5, 5)], [1]))


def test_an_image_of_floats_is_refused(model):
    with pytest.raises(ImageError, match="float64"):
        model.embed(np.zeros((10, 10)))


def test_hash_is_that_of_the_weights_file(predictor, model, tmp_path):
    file = tmp_path / "weights.pth"
    file.write_bytes(b"any bytes")

    stored = ClickSegmenter(predictor, name=NAME, weights=file, device="cpu")

    assert stored.sha256 == sha256_of(file)
    assert model.sha256 == ""
    assert model.device == "cpu"


def test_half_precision_is_near_the_full_one_but_not_it(
    predictor, model, embedding, arrays
):
    half = ClickSegmenter(predictor, name=NAME, device="cpu", precision="bf16")
    full, quick = (
        each.predict(embedding, clicked(arrays, 3)) for each in (model, half)
    )
    assert (full.logits != quick.logits).any()
    assert (full.masks != quick.masks).mean() < 0.01


def test_an_unknown_precision_is_refused(predictor):
    with pytest.raises(ModelError, match="precision 'fp8'"):
        ClickSegmenter(predictor, name=NAME, device="cpu", precision="fp8")


def test_a_refiner_counts_as_a_look_at_a_crop(model):
    refining = ClickSegmenter(
        focalclick_predictor(NAME, refine=True), name=NAME, device="cpu"
    )
    modes = [each.info.crop_refinement for each in (model, refining)]
    assert modes == ["off", "on"]
    assert refining.without_refinement() is refining


def test_a_persons_mask_is_taken_as_logits_of_the_images_pixels(model):
    mask = np.zeros((40, 30), dtype=bool)
    mask[10:30, 5:20] = True
    logits = model.mask_grid(mask.shape).logits_from(mask)
    np.testing.assert_array_equal(logits > 0, mask)
    embedding = model.embed(np.zeros((40, 30), dtype=np.uint8))
    answer = model.predict(embedding, Prompts([(20, 12)], [1], None, logits))
    assert answer.masks.shape == (1, 40, 30)
