"""A network of nano's build, small enough to train in a test."""

from __future__ import annotations

from segment_anything.modeling import (
    MaskDecoder,
    PromptEncoder,
    Sam,
    TwoWayTransformer,
)
from torch import nn

from napari_sam_med.models.nano.nano_encoder import NanoEncoder

INPUT_PX, EMBEDDING_PX, CHANNELS = 64, 8, 16


def small_nano() -> Sam:
    """64-pixel input, 8 x 8 embedding of 16 channels, 32 x 32 logits."""
    return Sam(
        image_encoder=NanoEncoder(
            INPUT_PX, CHANNELS, widths=(8, 8, 16, 32), depths=(1, 1, 1), heads=2
        ),
        prompt_encoder=PromptEncoder(
            embed_dim=CHANNELS,
            image_embedding_size=(EMBEDDING_PX, EMBEDDING_PX),
            input_image_size=(INPUT_PX, INPUT_PX),
            mask_in_chans=8,
        ),
        mask_decoder=MaskDecoder(
            transformer_dim=CHANNELS,
            transformer=TwoWayTransformer(
                depth=2, embedding_dim=CHANNELS, num_heads=2, mlp_dim=32
            ),
            activation=nn.ReLU,
            iou_head_hidden_dim=CHANNELS,
        ),
        pixel_mean=[128.0] * 3,
        pixel_std=[64.0] * 3,
    )
