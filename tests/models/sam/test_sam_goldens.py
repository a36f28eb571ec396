"""SAM's relatives against outputs of their authors' code with stand-in weights.

Tolerances: 5e-5 on embeddings and logits, 1e-5 on predicted IoUs, inputs and encoded
prompts, 0.1 % of the pixels of a mask.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fakes.golden_sam import (
    CARDS,
    full_folder,
    raw_slots,
    read_golden,
    small_folder,
)
from fakes.golden_weights import read_manifest
from napari_sam_med.models.registry import card_of
from napari_sam_med.models.sam.relatives.sam_med2d import SamMed2dVariant
from napari_sam_med.models.sam.sam_builders import builder_of

COMMON = ["point", "box", "point_box", "points2", "point_mask", "points2_mask"]


def close(found, expected, tolerance=5e-5):
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def thinned(logits):
    return logits if logits.shape[-1] == 64 else logits[..., 1::3, 1::3]


def check_input(golden, prefix, step):
    image = golden.image(prefix)
    tensor, _ = golden.model._variant.input_from_image(golden.model.sam, image)
    first = 5 if step == 13 else 2
    found = tensor[0].numpy()
    expected = golden.arrays[f"{prefix}net_input_dec"]
    close(found[:, first::step, first::step], expected, 1e-5)
    statistics = found.mean(dtype=float), found.std(dtype=float)
    close(statistics, golden.arrays[f"{prefix}net_input_mean_std"], 1e-5)


def check_embedding(golden, embedding, prefix=""):
    found = embedding.features[0]
    thin = found[::8, 1::3, 1::3] if found.shape[-1] == 64 else found[::8]
    close(thin, golden.arrays[f"{prefix}emb_dec"])
    close(found.mean((1, 2)), golden.arrays[f"{prefix}emb_channel_mean"])
    close(found.std((1, 2)), golden.arrays[f"{prefix}emb_channel_std"])
    close(found.mean(0), golden.arrays[f"{prefix}emb_position_mean"])
    close(found.std(0), golden.arrays[f"{prefix}emb_position_std"])


def check_positions(golden):
    """The encoding of places that points, boxes and the image share."""
    with torch.no_grad():
        found = golden.model.sam.prompt_encoder.get_dense_pe()[0].numpy()
    thin = found[::8, 1::3, 1::3] if found.shape[-1] == 64 else found[::8]
    close(thin, golden.arrays["dense_pe_dec"], 1e-5)


def check_slots(golden, embedding, name, decode=None):
    prompts = golden.prompts(name)
    logits, ious, sparse, dense = raw_slots(golden, embedding, prompts, decode)
    close(sparse, golden.arrays[f"{name}_sparse"], 1e-5)
    if prompts.mask_logits is not None:
        thin = dense[::8, 1::3, 1::3] if dense.shape[-1] == 64 else dense[::8]
        close(thin, golden.arrays[f"{name}_dense_dec"], 1e-5)
    close(thinned(logits), golden.arrays[f"{name}_raw_dec"])
    close(ious, golden.arrays[f"{name}_raw_iou"], 1e-5)


def check_masks(golden, embedding, name):
    """The port's answer against the official predictor's, in both its modes."""
    shape_hw = embedding.shape_hw
    found = golden.model.predict(embedding, golden.prompts(name))
    expected = golden.masks(f"{name}_multi_mask_bits", shape_hw)
    # Some predictors return only the mask with the best score.
    kept = slice(None) if len(expected) == 3 else [found.best_index]
    close(found.scores[kept], golden.arrays[f"{name}_multi_iou"], 1e-5)
    assert (found.masks[kept] != expected).mean() <= 1e-3
    close(found.single.scores, golden.arrays[f"{name}_single_iou"], 1e-5)
    expected = golden.masks(f"{name}_single_mask_bits", shape_hw)
    assert (found.single.masks != expected).mean() <= 1e-3


def check_full_logits(golden, embedding):
    """Logits at the image's size, before the threshold, for the box."""
    slots, *_ = raw_slots(golden, embedding, golden.prompts("box"))
    full = golden.model.sam.postprocess_masks(
        torch.from_numpy(slots)[None], embedding.input_hw, embedding.shape_hw
    )[0].numpy()
    variant = golden.model._variant
    close(full[[variant.single_slot]], golden.arrays["box_single_full_logits"])
    several = full[list(variant.candidate_slots)]
    expected = golden.arrays["box_multi_full_logits_dec"]
    if len(expected) == 1:
        best = golden.model.predict(embedding, golden.prompts("box")).best_index
        several = several[[best]]
    close(several[:, 1::3, 1::3], expected)


@pytest.mark.parametrize("name", CARDS)
def test_the_published_files_entries_are_the_networks_in_name_and_shape(name):
    with torch.device("meta"):
        network = builder_of(card_of(CARDS[name]))()
    found = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    entries = read_manifest(small_folder(name) / "manifest.json")
    assert found == {entry.key: entry.shape for entry in entries}


@pytest.fixture(scope="module")
def mobile():
    golden = read_golden(small_folder("mobile_sam_vit_t"))
    return golden, golden.model.embed(golden.image())


def test_mobile_sam_sees_the_same_input_and_places(mobile):
    check_input(mobile[0], "", 13)
    check_positions(mobile[0])


def test_mobile_sam_embeds_as_published(mobile):
    check_embedding(*mobile)


@pytest.mark.parametrize("name", COMMON)
def test_mobile_sam_decodes_as_published(mobile, name):
    check_slots(*mobile, name)


@pytest.mark.parametrize("name", COMMON)
def test_mobile_sam_gives_the_published_masks(mobile, name):
    check_masks(*mobile, name)


def test_mobile_sams_logits_at_the_images_size_are_the_published_ones(mobile):
    check_full_logits(*mobile)


def test_mobile_sam_answers_on_a_tall_image(mobile):
    golden = mobile[0]
    embedding = golden.model.embed(golden.image("tall_"))
    check_slots(golden, embedding, "tall_point")
    check_input(golden, "tall_", 13)
    check_embedding(golden, embedding, "tall_")
    check_masks(golden, embedding, "tall_point")


class AsPublished(SamMed2dVariant):
    """SAM-Med2D's predictor itself: it takes colours and masks as they come."""

    def input_from_image(self, sam, rgb):
        return super().input_from_image(sam, rgb[..., ::-1])

    def mask_prompt(self, logits):
        return logits


@pytest.fixture(scope="module")
def med2d():
    golden = read_golden(small_folder("sam_med2d_vit_b"))
    return golden, golden.model.embed(golden.image("bgr_"))


def test_sam_med2d_sees_the_same_input_and_places(med2d):
    golden = med2d[0]
    check_positions(golden)
    trained, golden.model._variant = golden.model._variant, AsPublished()
    try:
        check_input(golden, "", 5)
        check_input(golden, "big_", 5)
        check_input(golden, "bgr_", 5)
    finally:
        golden.model._variant = trained


def test_sam_med2d_embeds_as_published_with_colours_exchanged(med2d):
    golden, embedding = med2d
    check_embedding(golden, embedding)
    exchanged = golden.model.embed(golden.image())
    check_embedding(golden, exchanged, "bgr_")
    check_slots(golden, exchanged, "bgr_point")
    check_masks(golden, exchanged, "bgr_point")


@pytest.mark.parametrize(
    "name", ["point", "box", "point_box", "points2", "points2_sigmask"]
)
def test_sam_med2d_decodes_and_masks_as_published(med2d, name):
    check_slots(*med2d, name)
    check_masks(*med2d, name)


def test_sam_med2ds_logits_at_the_images_size_are_the_published_ones(med2d):
    check_full_logits(*med2d)


@pytest.mark.parametrize("name", ["point_mask", "points2_mask"])
def test_sam_med2d_decodes_logits_fed_back_as_they_are(med2d, name):
    golden, embedding = med2d
    trained, golden.model._variant = golden.model._variant, AsPublished()
    try:
        check_slots(golden, embedding, name)
        check_masks(golden, embedding, name)
    finally:
        golden.model._variant = trained


def test_sam_med2d_answers_on_a_larger_image(med2d):
    golden = med2d[0]
    exchanged = np.ascontiguousarray(golden.image("big_")[..., ::-1])
    embedding = golden.model.embed(exchanged)
    check_embedding(golden, embedding, "big_")
    check_slots(golden, embedding, "big_point")
    check_masks(golden, embedding, "big_point")


@pytest.fixture(scope="module")
def high_quality():
    golden = read_golden(full_folder("sam_hq_vit_b"))
    return golden, golden.model.embed(golden.image())


def five_slots(sam, features, sparse, dense):
    positions = sam.prompt_encoder.get_dense_pe()
    return sam.mask_decoder.five_slots(features, positions, sparse, dense)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMON)
def test_hq_sam_decodes_and_masks_as_published(high_quality, name):
    check_positions(high_quality[0])
    check_embedding(*high_quality)
    check_slots(*high_quality, name, five_slots)
    check_masks(*high_quality, name)


@pytest.mark.slow
def test_hq_sams_logits_at_the_images_size_are_the_published_ones(high_quality):
    check_input(high_quality[0], "", 13)
    check_full_logits(*high_quality)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMON)
def test_hq_sams_own_slot_alone_gives_the_published_mask(high_quality, name):
    golden, embedding = high_quality
    slots, *_ = raw_slots(golden, embedding, golden.prompts(name), five_slots)
    alone = golden.model._variant.masks_from_logits(
        golden.model.sam,
        torch.from_numpy(slots[None, -1:]),
        embedding.input_hw,
        embedding.shape_hw,
    )
    packed = golden.arrays[f"{name}_hqonly_mask_bits"]
    expected = np.unpackbits(packed, count=alone.numel()).reshape(alone.shape)
    assert (alone.numpy() != expected).mean() <= 1e-3


@pytest.fixture(scope="module")
def plain():
    golden = read_golden(full_folder("sam_vit_b"))
    return golden, golden.model.embed(golden.image())


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMON)
def test_sam_decodes_and_masks_as_published(plain, name):
    check_input(plain[0], "", 13)
    check_positions(plain[0])
    check_embedding(*plain)
    check_slots(*plain, name)
    check_masks(*plain, name)


@pytest.mark.slow
def test_sams_logits_at_the_images_size_and_a_tall_image_are_the_published_ones(plain):
    golden, embedding = plain
    check_full_logits(golden, embedding)
    tall = golden.model.embed(golden.image("tall_"))
    check_input(golden, "tall_", 13)
    check_embedding(golden, tall, "tall_")
    check_slots(golden, tall, "tall_point")
    check_masks(golden, tall, "tall_point")
