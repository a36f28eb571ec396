"""SAM 2.1's networks with fresh weights, of the classes of transformers."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

from napari_sam_med.errors import ModelError
from napari_sam_med.models.video.official_layout import speak_official

if TYPE_CHECKING:
    from torch import nn

OLDEST = (5, 24)
"""The release of transformers whose answers were compared with the official code's."""
PATCH_PX = 16


@dataclass(frozen=True, slots=True)
class HieraSize:
    """Shape of an image encoder.

    Parameters
    ----------
    width : int
        Channels of a token in the first stage; doubled with each.
    heads : int
        Attention heads in the first stage; doubled with each.
    depths : tuple of int
        Blocks in each of the four stages.
    global_blocks : tuple of int
        Blocks that attend to the whole image instead of windows.
    windows : tuple of int
        Side of the windows in each stage, in tokens.
    background : int
        Side of the position embedding that is stretched over the image, in cells.
    """

    width: int
    heads: int
    depths: tuple[int, ...]
    global_blocks: tuple[int, ...]
    windows: tuple[int, ...] = (8, 4, 14, 7)
    background: int = 7


# facebookresearch/sam2 (commit 2b90b9f), sam2/configs/sam2.1/*.yaml; what base+ leaves
# out is the default of Hiera in sam2/modeling/backbones/hieradet.py.
HIERA_SIZES = {
    "tiny": HieraSize(96, 1, (1, 2, 7, 2), (5, 7, 9)),
    "small": HieraSize(96, 1, (1, 2, 11, 2), (7, 10, 13)),
    "base_plus": HieraSize(112, 2, (2, 3, 16, 3), (12, 16, 20), background=14),
    "large": HieraSize(144, 2, (2, 6, 36, 4), (23, 33, 43), (8, 4, 16, 8)),
}


def build_sam2(size: HieraSize, input_px: int) -> nn.Module:
    """Build SAM 2.1 with fresh weights.

    Parameters
    ----------
    size : HieraSize
        Of its image encoder.
    input_px : int
        Side of its input, a multiple of 32: 1024 for SAM 2.1, 512 for MedSAM2.

    Returns
    -------
    transformers.Sam2VideoModel
        Its state dict has the names of the published files.

    Raises
    ------
    ModelError
        If transformers is not there, or too old.
    """
    check_transformers()
    from transformers import Sam2VideoConfig, Sam2VideoModel

    network: nn.Module = Sam2VideoModel(Sam2VideoConfig(**_settings(size, input_px)))
    speak_official(network)
    return network


def check_transformers() -> None:
    """Refuse to go on without transformers, or with a release that was never compared.

    Raises
    ------
    ModelError
        If it is not there, or too old.
    """
    try:
        found = metadata.version("transformers")
    except metadata.PackageNotFoundError:
        found = "none"
    numbers = tuple(int(each) for each in found.split(".")[:2] if each.isdecimal())
    if numbers < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        msg = (
            f"SAM 2.1 and MedSAM2 need transformers {oldest} or newer, and {found} is "
            'here; run `pip install "napari-sam-med[video]"`'
        )
        raise ModelError(msg)


def _settings(size: HieraSize, input_px: int) -> dict[str, Any]:
    """Put a size into transformers' words; what is not said here is SAM 2.1's."""
    stages = range(len(size.depths))
    widths = [size.width * 2**stage for stage in stages]
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": size.width,
        "num_attention_heads": size.heads,
        "image_size": [input_px, input_px],
        "blocks_per_stage": list(size.depths),
        "embed_dim_per_stage": widths,
        "num_attention_heads_per_stage": [size.heads * 2**stage for stage in stages],
        "window_size_per_stage": list(size.windows),
        "global_attention_blocks": list(size.global_blocks),
        "window_positional_embedding_background_size": [size.background] * 2,
    }
    cells = input_px // PATCH_PX
    vision = {
        "model_type": "sam2_vision_model",
        "backbone_config": backbone,
        "backbone_channel_list": widths[::-1],
        "backbone_feature_sizes": [[cells * step] * 2 for step in (4, 2, 1)],
    }
    return {
        "vision_config": vision,
        "prompt_encoder_config": {"image_size": input_px},
        "image_size": input_px,
        "memory_attention_rope_feat_sizes": [cells, cells],
    }
