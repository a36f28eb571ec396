"""The SAM adapter against segment_anything's own predictor."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from segment_anything import SamPredictor

from fakes.tiny_sam import tiny_sam
from napari_sam_med.core.ports import Segmenter
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.errors import ImageError, ModelError, PromptError
from napari_sam_med.models.sam.relatives.med_sam import MedSamVariant
from napari_sam_med.models.sam.relatives.sam_med2d import SamMed2dVariant
from napari_sam_med.models.sam.sam_segmenter import SamSegmenter
from napari_sam_med.models.weight_files import sha256_of

SHAPE_HW = (50, 90)
LOGITS = np.linspace(-3, 3, 256, dtype=np.float32).reshape(16, 16)
PROMPTS = {
    "a point": Prompts([(12, 70)], [1]),
    "points": Prompts([(12, 70), (40.5, 3.25), (0, 0)], [1, 0, 1]),
    "a box": Prompts(box_rc=(5, 20, 44, 81)),
    "a point and a box": Prompts([(12, 70)], [0], box_rc=(5, 20, 44, 81)),
    "a point and a mask": Prompts([(12, 70)], [1], mask_logits=LOGITS),
    "all three": Prompts([(12, 70)], [1], (5, 20, 44, 81), LOGITS),
}


@pytest.fixture(scope="module")
def image():
    rng = np.random.default_rng(5)
    return rng.integers(0, 256, (*SHAPE_HW, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def model():
    return SamSegmenter(tiny_sam(), name="tiny", device="cpu")


@pytest.fixture(scope="module")
def embedding(model, image):
    return model.embed(image)


def official(sam, image, prompts, *, multimask):
    predictor = SamPredictor(sam)
    predictor.set_image(image)
    points = len(prompts.points_rc) > 0
    box = prompts.box_rc
    return predictor.predict(
        point_coords=prompts.points_rc[:, ::-1] if points else None,
        point_labels=prompts.labels if points else None,
        box=None if box is None else box[[1, 0, 3, 2]],
        mask_input=None if prompts.mask_logits is None else prompts.mask_logits[None],
        multimask_output=multimask,
    )


def same(candidates, expected):
    found = candidates.masks, candidates.scores, candidates.logits
    return all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_the_adapter_is_a_segmenter(model):
    assert isinstance(model, Segmenter)


@pytest.mark.parametrize("kind", PROMPTS)
def test_three_candidates_are_bit_equal_to_the_official_predictor(
    kind, model, embedding, image
):
    candidates = model.predict(embedding, PROMPTS[kind])
    expected = official(model.sam, image, PROMPTS[kind], multimask=True)
    assert same(candidates, expected)
    assert 0 < candidates.masks.mean() < 1


@pytest.mark.parametrize("kind", PROMPTS)
def test_the_single_answer_is_bit_equal_to_the_official_predictor(
    kind, model, embedding, image
):
    single = model.predict(embedding, PROMPTS[kind]).single
    assert same(single, official(model.sam, image, PROMPTS[kind], multimask=False))


@pytest.fixture(params=[1, 2, None], ids=["1", "2", "default"])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param or before)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("multimask", [True, False])
def test_masks_at_the_size_of_the_image_are_the_official_ones_on_any_threads(
    model, embedding, image, multimask
):
    predictor, sam = SamPredictor(model.sam), model.sam
    predictor.set_image(image)
    ask = {"point_coords": np.array([[70, 12]]), "point_labels": np.array([1])}
    full, _, _ = predictor.predict(
        **ask, multimask_output=multimask, return_logits=True
    )
    before = sam.mask_threshold
    try:
        # a threshold that a pixel meets exactly tells the last bit of this pixel
        for sam.mask_threshold in full[:, ::17, ::23].ravel().tolist():
            found = model.predict(embedding, PROMPTS["a point"])
            masks = found.masks if multimask else found.single.masks
            assert np.array_equal(masks, full > sam.mask_threshold)
    finally:
        sam.mask_threshold = before


def test_a_tall_grey_image_is_answered_like_its_rgb_copies(model):
    grey = np.random.default_rng(6).integers(0, 256, (90, 37), dtype=np.uint8)
    candidates = model.predict(model.embed(grey), PROMPTS_TALL)
    rgb = np.repeat(grey[:, :, None], 3, axis=2)
    assert same(candidates, official(model.sam, rgb, PROMPTS_TALL, multimask=True))


PROMPTS_TALL = Prompts([(70, 12)], [1])


@pytest.mark.parametrize("shape_hw", [(3, 2000), (2000, 3)])
def test_an_image_whose_shorter_side_is_rounded_away_is_answered(model, shape_hw):
    prompts = Prompts(box_rc=(0, 0, shape_hw[0] - 1, shape_hw[1] - 1))
    embedding = model.embed(np.zeros(shape_hw, np.uint8))
    assert model.predict(embedding, prompts).masks.shape == (3, *shape_hw)


def test_a_batch_answers_as_single_calls_do_and_in_their_order(model, embedding):
    many = [*PROMPTS.values(), Prompts([(3, 3)], [1]), Prompts(box_rc=(0, 0, 9, 9))]
    together = model.predict_many(embedding, many)
    for found, prompts in zip(together, many, strict=True):
        alone = model.predict(embedding, prompts)
        np.testing.assert_allclose(found.logits, alone.logits, atol=1e-5)
        np.testing.assert_allclose(found.scores, alone.scores, atol=1e-5)
        assert (found.masks != alone.masks).mean() < 1e-3


def test_no_prompts_give_no_answers(model, embedding):
    assert model.predict_many(embedding, []) == []


def test_calls_leave_no_trace(model, embedding, image):
    before = model.predict(embedding, PROMPTS["a point"])
    model.embed(255 - image)
    model.predict(embedding, PROMPTS["all three"])
    after = model.predict(embedding, PROMPTS["a point"])
    assert same(after, (before.masks, before.scores, before.logits))


def test_threads_may_share_a_model(model, image):
    images = [np.roll(image, shift, axis=1) for shift in range(4)]

    def answer(each):
        return model.predict(model.embed(each), PROMPTS["points"]).logits

    alone = [answer(each) for each in images]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(answer, images))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


def test_an_answer_can_be_fed_back_as_a_mask(model, embedding):
    first = model.predict(embedding, PROMPTS["a point"])
    again = replace(PROMPTS["points"], mask_logits=first.logits[first.best_index])
    assert model.predict(embedding, again).masks.shape == (3, *SHAPE_HW)


def test_another_models_embedding_is_refused(embedding):
    other = SamSegmenter(tiny_sam(), name="other", device="cpu")
    with pytest.raises(ModelError, match="made by tiny and other was asked"):
        other.predict(embedding, PROMPTS["a point"])


def test_a_point_outside_the_image_is_refused(model, embedding):
    with pytest.raises(PromptError, match=r"outside the 50 x 90 slice"):
        model.predict(embedding, Prompts([(12, 90)], [1]))


def test_a_mask_of_another_size_is_refused(model, embedding):
    with pytest.raises(PromptError, match=r"mask logits of shape \(4, 4\)"):
        model.predict(embedding, Prompts([(1, 1)], [1], mask_logits=np.zeros((4, 4))))


def test_a_float_image_is_refused(model):
    with pytest.raises(ImageError, match="float64"):
        model.embed(np.zeros(SHAPE_HW))


def test_an_unknown_device_is_refused():
    with pytest.raises(ModelError, match="device 'tpu' is unknown; give auto, cpu"):
        SamSegmenter(tiny_sam(), name="tiny", device="tpu")


def test_an_unknown_precision_is_refused():
    with pytest.raises(ModelError, match="precision 'fp8'; give one of"):
        SamSegmenter(tiny_sam(), name="tiny", device="cpu", precision="fp8")


def test_half_precision_encodes_nearly_the_same(embedding, image):
    half = SamSegmenter(tiny_sam(), name="tiny", device="cpu", precision="bf16")
    found, exact = half.embed(image).features[0], embedding.features[0]
    assert found.dtype == np.float32
    assert 0 < np.abs(found - exact).mean() < 0.05 * np.abs(exact).mean()


def test_the_hash_is_that_of_the_weights_file(tmp_path):
    file = tmp_path / "weights.bin"
    file.write_bytes(b"weights")
    model = SamSegmenter(tiny_sam(), name="tiny", weights=file, device="cpu")
    assert model.sha256 == sha256_of(file)
    assert SamSegmenter(tiny_sam(), name="tiny", device="cpu").sha256 == ""


@pytest.mark.parametrize("variant", [MedSamVariant(), SamMed2dVariant()])
def test_logits_over_a_padded_square_are_not_for_models_that_squeeze(variant, model):
    squeezing = SamSegmenter(tiny_sam(), name="tiny", variant=variant, device="cpu")
    assert squeezing.info.logits_side is None
    assert model.info.logits_side == 16


def test_images_embedded_in_batches_are_those_embedded_alone(model, image, monkeypatch):
    images = [image, image[:, :40], image[..., 0], np.roll(image, 9, axis=0), image[5:]]
    monkeypatch.setattr(SamSegmenter, "images_at_once", 2)
    together = model.embed_many(images)
    for found, each in zip(together, images, strict=True):
        alone = model.embed(each)
        assert (found.input_hw, found.shape_hw) == (alone.input_hw, alone.shape_hw)
        np.testing.assert_allclose(found.features[0], alone.features[0], atol=1e-5)


def test_an_image_refused_in_a_batch_is_refused(model, image, monkeypatch):
    monkeypatch.setattr(SamSegmenter, "images_at_once", 2)
    with pytest.raises(ImageError, match="float64"):
        model.embed_many([image, image, image.astype(float)])


def test_other_frequencies_give_other_positions(image):
    model = SamSegmenter(tiny_sam(), name="tiny", device="cpu")
    model.predict(model.embed(image), PROMPTS["a point"])
    model.sam.prompt_encoder.pe_layer.positional_encoding_gaussian_matrix *= 2
    found = model.predict(model.embed(image), PROMPTS["a point"])
    expected = official(model.sam, image, PROMPTS["a point"], multimask=True)
    assert same(found, expected)
