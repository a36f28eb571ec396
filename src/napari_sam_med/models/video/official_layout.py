"""The names in SAM 2.1's published files, on the networks of transformers.

A network that `speak_official` was given takes and gives state dicts under the names of
the published files, so that all that reads, checks and writes weights stays the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

POINTS = "prompt_encoder.point_embed.weight"
OFFICIAL_POINT = "sam_prompt_encoder.point_embeddings.{}.weight"
# From transformers' names to those of facebookresearch/sam2 (commit 2b90b9f,
# sam2/modeling), one after the other. Networks of three layers come before those of
# two, whose new names would match.
RULES = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"^vision_encoder\.backbone\.", "image_encoder.trunk."),
        (r"^vision_encoder\.neck\.convs\.(\d)\.", r"image_encoder.neck.convs.\1.conv."),
        (r"patch_embed\.projection", "patch_embed.proj"),
        (r"^no_memory_embedding", "no_mem_embed"),
        (r"^no_memory_positional_encoding", "no_mem_pos_enc"),
        (r"^memory_temporal_positional_encoding", "maskmem_tpos_enc"),
        (r"^no_object_pointer", "no_obj_ptr"),
        (r"^occlusion_spatial_embedding_parameter", "no_obj_embed_spatial"),
        (r"^temporal_positional_encoding_projection_layer", "obj_ptr_tpos_proj"),
        (r"^object_pointer_proj", "obj_ptr_proj"),
        (r"^shared_image_embedding", "prompt_encoder.shared_embedding"),
        (r"^(prompt_encoder|mask_decoder)\.", r"sam_\1."),
        (
            r"shared_embedding\.positional_embedding",
            "pe_layer.positional_encoding_gaussian_matrix",
        ),
        (r"mask_embed\.conv1", "mask_downscaling.0"),
        (r"mask_embed\.layer_norm1", "mask_downscaling.1"),
        (r"mask_embed\.conv2", "mask_downscaling.3"),
        (r"mask_embed\.layer_norm2", "mask_downscaling.4"),
        (r"mask_embed\.conv3", "mask_downscaling.6"),
        (r"upscale_conv1", "output_upscaling.0"),
        (r"upscale_layer_norm", "output_upscaling.1"),
        (r"upscale_conv2", "output_upscaling.3"),
        (r"(mlps\.\d|head|obj_ptr_proj)\.layers\.0", r"\1.layers.1"),
        (r"(mlps\.\d|head|obj_ptr_proj)\.proj_in", r"\1.layers.0"),
        (r"(mlps\.\d|head|obj_ptr_proj)\.proj_out", r"\1.layers.2"),
        (r"\.mlp\.proj_in", ".mlp.layers.0"),
        (r"\.mlp\.proj_out", ".mlp.layers.1"),
        (r"mask_downsampler\.final_conv", "mask_downsampler.encoder.12"),
        (r"feature_projection", "pix_feat_proj"),
        (r"^memory_encoder\.projection", "memory_encoder.out_proj"),
        (r"memory_fuser", "fuser"),
        (r"\.scale$", ".gamma"),
        (r"depthwise_conv", "dwconv"),
        (r"pointwise_conv", "pwconv"),
        (r"\.o_proj\.", ".out_proj."),
    )
)
STAGE = re.compile(r"mask_downsampler\.layers\.(\d)\.(conv|layer_norm)")


def official_name(name: str) -> str:
    """Translate the name of one entry.

    Parameters
    ----------
    name : str
        As transformers' ``Sam2VideoModel`` has it; not that of the four point
        embeddings, which are one entry there and four in the published files.

    Returns
    -------
    str
        As in the published files. Two entries that are always equal have one name.

    Examples
    --------
    >>> official_name("memory_attention.layers.0.self_attn.o_proj.bias")
    'memory_attention.layers.0.self_attn.out_proj.bias'
    """
    # a convolution, its norm and an activation are three of the official list
    name = STAGE.sub(_stage, name)
    for pattern, official in RULES:
        name = pattern.sub(official, name)
    return name.replace("layer_norm", "norm")


def _stage(found: re.Match[str]) -> str:
    place = 3 * int(found[1]) + (found[2] == "layer_norm")
    return f"mask_downsampler.encoder.{place}"


def official_state(own: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Rename a state dict of transformers' network.

    Parameters
    ----------
    own : mapping of str to tensor
        All entries of a ``Sam2VideoModel``.

    Returns
    -------
    dict of str to tensor
        The same numbers under the names of the published files.
    """
    renamed: dict[str, torch.Tensor] = {}
    for name, value in own.items():
        if name == POINTS:
            for kind, row in enumerate(value):
                renamed[OFFICIAL_POINT.format(kind)] = row[None]
        else:
            renamed[official_name(name)] = value
    return renamed


def own_state(
    official: Mapping[str, torch.Tensor], names: Iterable[str]
) -> dict[str, torch.Tensor]:
    """Undo `official_state`.

    Parameters
    ----------
    official : mapping of str to tensor
        All entries of a published file.
    names : iterable of str
        The entries of the ``Sam2VideoModel``.

    Returns
    -------
    dict of str to tensor
        What the network itself takes; an entry that the file lacks is left out.
    """
    found: dict[str, torch.Tensor] = {}
    for name in names:
        wanted = [official_name(name)]
        if name == POINTS:
            wanted = [OFFICIAL_POINT.format(kind) for kind in range(4)]
        if all(each in official for each in wanted):
            values = [official[each] for each in wanted]
            found[name] = torch.cat(values) if len(values) > 1 else values[0]
    return found


def speak_official(network: Any) -> None:
    """Let a network give and take state dicts under the published files' names.

    Parameters
    ----------
    network : transformers.Sam2VideoModel
        Changed in place.
    """
    names = list(network.state_dict())

    def rename(
        _module: torch.nn.Module, state: dict[str, torch.Tensor], *_: Any
    ) -> None:
        renamed = official_state(state)
        state.clear()
        state.update(renamed)

    def name_back(
        _module: torch.nn.Module, state: dict[str, torch.Tensor], *_: Any
    ) -> None:
        renamed = own_state(state, names)
        state.clear()
        state.update(renamed)

    network.register_state_dict_post_hook(rename)
    network.register_load_state_dict_pre_hook(name_back)
