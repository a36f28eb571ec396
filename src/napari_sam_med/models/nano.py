"""The bundled model: a genuine ``Sam`` with a small encoder."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from segment_anything.modeling import (
    MaskDecoder,
    PromptEncoder,
    Sam,
    TwoWayTransformer,
)
from torch import nn

from napari_sam_med.errors import CheckpointError
from napari_sam_med.models.encoders import STRIDE, NanoEncoder

IMG_SIZE = 256
CHANNELS = 96
PIXEL_MEAN, PIXEL_STD = 128.0, 64.0
WEIGHTS = Path(__file__).parent.parent / "weights" / "nano.safetensors"


def build_nano() -> Sam:
    """Build nano with fresh weights.

    Returns
    -------
    segment_anything.modeling.Sam
        256-pixel input, 16 x 16 embedding of 96 channels, 64 x 64 logits. Grey 128
        normalises to zero, the value that ``Sam.preprocess`` pads with.
    """
    side = IMG_SIZE // STRIDE
    return Sam(
        image_encoder=NanoEncoder(IMG_SIZE, CHANNELS),
        prompt_encoder=PromptEncoder(
            embed_dim=CHANNELS,
            image_embedding_size=(side, side),
            input_image_size=(IMG_SIZE, IMG_SIZE),
            mask_in_chans=16,
        ),
        mask_decoder=MaskDecoder(
            transformer_dim=CHANNELS,
            transformer=TwoWayTransformer(
                depth=2, embedding_dim=CHANNELS, num_heads=4, mlp_dim=384
            ),
            activation=nn.ReLU,
            iou_head_hidden_dim=CHANNELS,
        ),
        pixel_mean=[PIXEL_MEAN] * 3,
        pixel_std=[PIXEL_STD] * 3,
    )


def load_nano_state(sam: Sam, path: Path = WEIGHTS) -> None:
    """Fill nano with stored weights (half precision in the file, single in use).

    Parameters
    ----------
    sam : segment_anything.modeling.Sam
        As `build_nano` gives it; changed in place and set to evaluation.
    path : pathlib.Path
        A safetensors file; the bundled one by default.

    Raises
    ------
    CheckpointError
        If the file is absent, damaged, or holds other tensors.
    """
    try:
        state = load_file(path)
    except (OSError, SafetensorError) as error:
        msg = f"{path} cannot be read as safetensors ({error}); give nano's weights"
        raise CheckpointError(msg) from error
    try:
        sam.load_state_dict({name: value.float() for name, value in state.items()})
    except RuntimeError as error:
        msg = f"{path} holds another model's tensors; give nano's weights"
        raise CheckpointError(msg) from error
    sam.eval()
