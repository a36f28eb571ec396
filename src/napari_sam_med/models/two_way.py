"""SAM's two-way transformer, arranged for few tokens and many prompts on a CPU.

Same parameters and same numbers as ``segment_anything``'s, but the heads are kept
apart by masks on the few prompt tokens instead of by transposing the many image
tokens, and what the prompts of an image share in the first layer is computed once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from segment_anything.modeling.transformer import (
        Attention,
        TwoWayAttentionBlock,
        TwoWayTransformer,
    )


def two_way(
    transformer: TwoWayTransformer,
    source: torch.Tensor,
    position: torch.Tensor,
    tokens: torch.Tensor,
    image_index: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Run the transformer.

    Parameters
    ----------
    transformer : segment_anything.modeling.TwoWayTransformer
        Its parameters are used.
    source : torch.Tensor
        float (P, N, C) image tokens of each prompt, or (B, N, C) of each image when
        `image_index` is given.
    position : torch.Tensor
        float (1, N, C) positional encoding of the image tokens.
    tokens : torch.Tensor
        float (P, T, C).
    image_index : torch.Tensor, optional
        int (P,), the image of each prompt.

    Returns
    -------
    tuple of torch.Tensor
        Tokens (P, T, C) and image tokens (P, N, C) after the transformer.
    """
    queries, keys, index = tokens, source, image_index
    for layer in transformer.layers:
        queries, keys = _layer(layer, queries, keys, (tokens, position), index)
        index = None
    attended = _to_image(
        transformer.final_attn_token_to_image,
        queries + tokens,
        keys + position,
        keys,
    )
    return transformer.norm_final_attn(queries + attended), keys


def _layer(
    layer: TwoWayAttentionBlock,
    queries: torch.Tensor,
    keys: torch.Tensor,
    positions: tuple[torch.Tensor, torch.Tensor],
    index: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Run one block; `index` spreads per-image keys to prompts."""
    token_position, image_position = positions
    if layer.skip_first_layer_pe:
        queries = layer.self_attn(q=queries, k=queries, v=queries)
    else:
        placed = queries + token_position
        queries = queries + layer.self_attn(q=placed, k=placed, v=queries)
    queries = layer.norm1(queries)
    placed_keys = keys + image_position
    attended = _to_image(
        layer.cross_attn_token_to_image,
        queries + token_position,
        placed_keys,
        keys,
        index,
    )
    queries = layer.norm2(queries + attended)
    queries = layer.norm3(queries + layer.mlp(queries))
    answered = _to_tokens(
        layer.cross_attn_image_to_token,
        placed_keys,
        queries + token_position,
        queries,
        index,
    )
    spread = keys if index is None else keys[index]
    return queries, layer.norm4(spread + answered)


def _head_masks(attention: Attention, like: torch.Tensor) -> torch.Tensor:
    """Give (heads, 1, D) masks that are 1 on the channels of each head."""
    heads = attention.num_heads
    mask = torch.eye(heads, dtype=like.dtype, device=like.device)
    return mask.repeat_interleave(attention.internal_dim // heads, 1)[:, None]


def _to_image(
    attention: Attention,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    index: torch.Tensor | None = None,
) -> torch.Tensor:
    """Let tokens (P, T, C) attend to image tokens (P or B, N, C)."""
    masks = _head_masks(attention, query)
    scale = (attention.internal_dim // attention.num_heads) ** -0.5
    q = attention.q_proj(query) * scale
    k, v = attention.k_proj(key), attention.v_proj(value)
    if index is not None:
        k, v = k[index], v[index]
    prompts, count, width = q.shape
    split = (q[:, None] * masks).view(prompts, -1, width)
    seen = torch.softmax(split @ k.transpose(1, 2), -1) @ v
    joined = (seen.view(prompts, -1, count, width) * masks).sum(1)
    return torch.as_tensor(attention.out_proj(joined))


def _to_tokens(
    attention: Attention,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    index: torch.Tensor | None = None,
) -> torch.Tensor:
    """Let image tokens (P or B, N, C) attend to tokens (P, T, C)."""
    masks = _head_masks(attention, key)
    scale = (attention.internal_dim // attention.num_heads) ** -0.5
    q = attention.q_proj(query)
    if index is not None:
        q = q[index]
    k, v = attention.k_proj(key) * scale, attention.v_proj(value)
    prompts, count, width = k.shape
    k = (k[:, None] * masks).view(prompts, -1, width)
    v = (v[:, None] * masks).view(prompts, -1, width)
    scores = q @ k.transpose(1, 2)
    shape = scores.shape
    weights = torch.softmax(scores.view(*shape[:2], -1, count), -1).view(shape)
    return torch.as_tensor(attention.out_proj(weights @ v))
