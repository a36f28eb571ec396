"""MedSAM's preparation and output, step by step as its authors publish them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage import transform

from fakes.tiny_sam import INPUT_PX, tiny_sam
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.errors import ModelError
from napari_sam_med.models.sam.relatives.med_sam import MedSamVariant
from napari_sam_med.models.sam.sam_segmenter import SamSegmenter

BOX_RC = (5, 20, 44, 81)


@pytest.fixture(scope="module")
def model():
    return SamSegmenter(tiny_sam(), name="m", variant=MedSamVariant(), device="cpu")


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(5).integers(9, 200, (50, 90), dtype=np.uint8)


def published(sam, image, box_xy):
    """Official steps for one grey image and one box."""
    height, width = image.shape
    square = transform.resize(
        np.stack([image] * 3, axis=-1),
        (INPUT_PX, INPUT_PX),
        order=3,
        preserve_range=True,
        anti_aliasing=True,
    ).astype(np.uint8)
    scaled = (square - square.min()) / (square.max() - square.min())
    box = np.array(box_xy) / np.array([width, height, width, height]) * INPUT_PX
    with torch.no_grad():
        embedding = sam.image_encoder(
            torch.tensor(scaled).float().permute(2, 0, 1)[None]
        )
        sparse, dense = sam.prompt_encoder(
            points=None, boxes=torch.tensor(box).float()[None, None], masks=None
        )
        logits, _ = sam.mask_decoder(
            image_embeddings=embedding,
            image_pe=sam.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=False,
        )
    return logits, torch.nn.functional.interpolate(
        logits.sigmoid(), (height, width), mode="bilinear", align_corners=False
    )


def test_a_box_gives_the_mask_of_the_published_steps(model, image):
    found = model.predict(model.embed(image), Prompts(box_rc=BOX_RC))
    logits, probability = published(model.sam, image, (20, 5, 81, 44))
    np.testing.assert_allclose(found.logits, logits[0].numpy(), atol=1e-5)
    assert np.array_equal(found.masks, probability[0].numpy() > 0.5)
    assert 0 < found.masks.mean() < 1


def test_there_is_one_candidate_and_it_is_the_single_one(model, image):
    found = model.predict(model.embed(image), Prompts(box_rc=BOX_RC))
    assert len(found) == model.capabilities.n_candidates == 1
    assert np.array_equal(found.masks, found.single.masks)


def test_a_flat_image_is_answered(model):
    flat = np.full((20, 20), 7, dtype=np.uint8)
    found = model.predict(model.embed(flat), Prompts(box_rc=(2, 2, 9, 9)))
    assert np.isfinite(found.logits).all()


def test_points_and_masks_are_refused(model, image):
    embedding = model.embed(image)
    with pytest.raises(
        ModelError, match=r"does not accept point prompts .*; give box prompts"
    ):
        model.predict(embedding, Prompts([(3, 3)], [1], BOX_RC))
    with pytest.raises(
        ModelError, match=r"does not accept mask prompts .*; give box prompts"
    ):
        model.predict(embedding, Prompts(box_rc=BOX_RC, mask_logits=np.zeros((16, 16))))
