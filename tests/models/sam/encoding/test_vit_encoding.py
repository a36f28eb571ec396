"""Our way through SAM's vision transformer against the official modules' own."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from segment_anything.modeling import ImageEncoderViT
from torch import nn

from napari_sam_med.models.sam.encoding import vit_encoding
from napari_sam_med.models.sam.encoding.vit_encoding import vit_features
from napari_sam_med.models.sam.relatives.sam_med2d import AdapterBlock

SIDE_PX = 96
WIDTH = 48


def encoder_of(**options):
    """6 x 6 tokens in windows of 4 x 4, which leaves padding below and at the right."""
    torch.manual_seed(4)
    encoder = ImageEncoderViT(
        img_size=SIDE_PX,
        patch_size=16,
        embed_dim=WIDTH,
        depth=3,
        num_heads=3,
        out_chans=8,
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
        use_rel_pos=True,
        window_size=4,
        global_attn_indexes=(1,),
        **options,
    )
    for parameter in encoder.parameters():
        nn.init.normal_(parameter, std=0.2)
    return encoder.eval().requires_grad_(requires_grad=False)


@pytest.fixture(scope="module")
def images():
    torch.manual_seed(5)
    return torch.randn(2, 3, SIDE_PX, SIDE_PX)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("tile", [1, 7, 2**20])
def test_tiles_of_any_size_give_the_official_embedding(
    images, tile, threads, monkeypatch
):
    monkeypatch.setattr(vit_encoding, "TILE_SCORES", tile)
    encoder, before = encoder_of(), torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found, _ = vit_features(encoder, images)
        expected = encoder(images)
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(found, expected, atol=2e-6, rtol=0)


def test_biases_folded_into_channels_give_the_official_embedding(images, monkeypatch):
    folded = vit_encoding._attended_folded
    monkeypatch.setattr(vit_encoding, "_attended_in_tiles", folded)
    encoder = encoder_of()
    found, _ = vit_features(encoder, images)
    torch.testing.assert_close(found, encoder(images), atol=5e-6, rtol=0)


def test_an_encoder_without_a_bias_of_the_projection_is_encoded(images):
    encoder = encoder_of(qkv_bias=False)
    found, _ = vit_features(encoder, images)
    torch.testing.assert_close(found, encoder(images), atol=2e-6, rtol=0)


def test_an_encoder_without_positions_is_encoded(images):
    encoder = encoder_of(use_abs_pos=False)
    for block in encoder.blocks:
        block.attn.use_rel_pos = False
    found, _ = vit_features(encoder, images)
    torch.testing.assert_close(found, encoder(images), atol=2e-6, rtol=0)


def test_the_second_answer_is_the_first_global_blocks_output(images):
    encoder = encoder_of()
    seen = []
    encoder.blocks[1].register_forward_hook(lambda *found: seen.append(found[-1]))
    _, early = vit_features(encoder, images)
    encoder(images)
    torch.testing.assert_close(early.permute(0, 2, 3, 1), seen[0], atol=2e-6, rtol=0)


def test_adapters_beside_the_mlp_take_part(images):
    encoder = encoder_of()
    torch.manual_seed(6)
    plain, _ = vit_features(encoder, images)
    encoder.blocks = nn.ModuleList(
        AdapterBlock(
            WIDTH, 3, use_rel_pos=True, window_size=side, input_size=(6, 6)
        ).eval()
        for side in (4, 0)
    )
    found, _ = vit_features(encoder, images, AdapterBlock.feed_forward)
    torch.testing.assert_close(found, encoder(images), atol=2e-6, rtol=0)
    assert not torch.allclose(found, plain)


def test_bfloat16_on_a_processor_encodes_nearly_the_same(images):
    encoder = encoder_of()
    exact, _ = vit_features(encoder, images)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half, _ = vit_features(encoder, images)
    likeness = torch.cosine_similarity(exact.flatten(), half.float().flatten(), dim=0)
    assert 0.999 < likeness < 1


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("half", [False, True])
def test_a_gpu_gives_the_official_embedding(images, half):
    encoder = encoder_of().cuda()
    exact = encoder(images.cuda())
    with torch.autocast("cuda", dtype=torch.bfloat16, enabled=half):
        found, _ = vit_features(encoder, images.cuda())
    likeness = torch.cosine_similarity(exact.flatten(), found.float().flatten(), dim=0)
    assert likeness > (0.995 if half else 1 - 1e-6)
