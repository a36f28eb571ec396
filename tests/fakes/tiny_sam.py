"""A small SAM of segment_anything's own classes, with stand-in weights."""

from __future__ import annotations

from segment_anything.modeling import (
    ImageEncoderViT,
    MaskDecoder,
    PromptEncoder,
    Sam,
    TwoWayTransformer,
)

from fakes.golden_weights import Entry, golden_state_dict

INPUT_PX = 64
EMBEDDING_PX = 4
CHANNELS = 16


def tiny_sam() -> Sam:
    """64-pixel input, 4 x 4 embedding of 16 channels; its masks are half full."""
    sam = _untrained()
    entries = [Entry(key, tuple(v.shape)) for key, v in sam.state_dict().items()]
    sam.load_state_dict(golden_state_dict(entries))
    return sam.eval()


def _untrained() -> Sam:
    return Sam(
        image_encoder=ImageEncoderViT(
            img_size=INPUT_PX,
            patch_size=INPUT_PX // EMBEDDING_PX,
            embed_dim=32,
            depth=2,
            num_heads=2,
            out_chans=CHANNELS,
            use_rel_pos=True,
            window_size=2,
            global_attn_indexes=(1,),
        ),
        prompt_encoder=PromptEncoder(
            embed_dim=CHANNELS,
            image_embedding_size=(EMBEDDING_PX, EMBEDDING_PX),
            input_image_size=(INPUT_PX, INPUT_PX),
            mask_in_chans=8,
        ),
        mask_decoder=MaskDecoder(
            num_multimask_outputs=3,
            transformer=TwoWayTransformer(
                depth=2, embedding_dim=CHANNELS, mlp_dim=32, num_heads=2
            ),
            transformer_dim=CHANNELS,
            iou_head_depth=3,
            iou_head_hidden_dim=16,
        ),
    )
