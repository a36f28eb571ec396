import numpy as np
import pytest
import torch

from napari_sam_med.models.nano.nano_network import build_nano
from napari_sam_med.models.sam.batched_decoder import (
    decode,
    dense_tokens,
    sparse_tokens,
)


@pytest.fixture(scope="module")
def sam():
    torch.manual_seed(3)
    return build_nano().eval()


@torch.no_grad()
def reference(sam, embedding, points, boxes, masks):
    sparse, dense = sam.prompt_encoder(points=points, boxes=boxes, masks=masks)
    return sam.mask_decoder.predict_masks(
        embedding, sam.prompt_encoder.get_dense_pe(), sparse, dense
    )


@torch.no_grad()
def test_points_boxes_and_masks_decode_as_segment_anything_does(sam):
    embeddings = torch.randn(2, 128, 32, 32)
    coords = torch.tensor([[[30.0, 40.0], [200.0, 90.0]], [[9.0, 7.0], [61.0, 99.0]]])
    fed = torch.randn(2, 1, 128, 128)
    points = (coords[:1, :1], torch.ones(1, 1))
    expected = [
        reference(sam, embeddings[:1], points, None, fed[:1]),
        reference(sam, embeddings[1:], None, coords[1:].reshape(1, 4), fed[1:]),
    ]
    coords = coords.clone()
    coords[0, 1] = 0
    labels = torch.tensor([[1, -1], [2, 3]])
    sparse = sparse_tokens(sam.prompt_encoder, coords, labels)
    dense = dense_tokens(sam.prompt_encoder, fed)
    logits, scores = decode(sam, embeddings, torch.tensor([0, 1]), sparse, dense)
    for prompt, (masks, ious) in enumerate(expected):
        np.testing.assert_allclose(logits[prompt], masks[0], atol=2e-4)
        np.testing.assert_allclose(scores[prompt], ious[0], atol=2e-5)


@pytest.mark.parametrize("images", [[1, 0, 1], [0, 0, 0]])
@torch.no_grad()
def test_prompts_without_a_mask_decode_the_same_shared_or_apart(sam, images):
    embeddings = torch.randn(max(images) + 1, 128, 32, 32)
    index = torch.tensor(images)
    coords = torch.rand(3, 2, 2) * 255
    labels = torch.tensor([[1, -1], [2, 3], [2, 3]])
    sparse = sparse_tokens(sam.prompt_encoder, coords, labels)
    nothing = torch.full((3, 1, 128, 128), torch.nan)
    apart = dense_tokens(sam.prompt_encoder, nothing).expand(3, -1, 32, 32)
    together = decode(sam, embeddings, index, sparse, None)
    separate = decode(sam, embeddings, index, sparse, apart)
    np.testing.assert_allclose(together[0], separate[0], atol=2e-4)
    np.testing.assert_allclose(together[1], separate[1], atol=2e-5)
