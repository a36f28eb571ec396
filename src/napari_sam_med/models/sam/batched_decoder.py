"""SAM's prompt encoder and mask decoder for many prompts on several images at once.

``MaskDecoder.forward`` takes one image. Here every prompt names its image, the
upscaling runs on tokens (a 2 x 2 transposed convolution of stride 2 is a matrix
product), and all four masks come back. Where prompt tokens and image tokens attend to
each other, projections of the many image tokens are moved to the few prompt tokens:
(x W) (y V)' is x ((y V) W')'. The parameters are the model's own; a test shows that the
numbers are those of ``segment_anything``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from segment_anything.modeling import MaskDecoder, PromptEncoder, Sam
    from segment_anything.modeling.transformer import (
        Attention,
        TwoWayAttentionBlock,
        TwoWayTransformer,
    )

PADDING, NEGATIVE, POSITIVE, CORNER_LOW, CORNER_HIGH = -1, 0, 1, 2, 3


def sparse_tokens(
    encoder: PromptEncoder, coords_xy: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """Encode points, box corners and padding as prompt tokens.

    Parameters
    ----------
    encoder : segment_anything.modeling.PromptEncoder
        The model's own.
    coords_xy : torch.Tensor
        float (P, T, 2) pixels of the input, x first.
    labels : torch.Tensor
        int (P, T): -1 padding, 0 negative, 1 positive, 2 and 3 the corners of a box.

    Returns
    -------
    torch.Tensor
        float (P, T, C).
    """
    size = encoder.input_image_size
    position = encoder.pe_layer.forward_with_coords(coords_xy + 0.5, size)
    table = torch.cat(
        [encoder.not_a_point_embed.weight]
        + [embedding.weight for embedding in encoder.point_embeddings]
    )
    placed = position * (labels >= 0)[..., None]
    return torch.as_tensor(placed + table[labels + 1])


def dense_tokens(encoder: PromptEncoder, logits: torch.Tensor) -> torch.Tensor:
    """Encode a previous mask for some prompts, "no mask" for the others.

    Parameters
    ----------
    encoder : segment_anything.modeling.PromptEncoder
        The model's own.
    logits : torch.Tensor
        float (P, 1, 4h, 4w); a prompt whose logits are NaN has no mask.

    Returns
    -------
    torch.Tensor
        float (P, C, h, w).
    """
    absent = encoder.no_mask_embed.weight.reshape(1, -1, 1, 1)
    missing = logits.isnan().any(dim=(1, 2, 3))[:, None, None, None]
    given = encoder.mask_downscaling(logits.nan_to_num(0.0))
    return torch.where(missing, absent, given)


def decode(
    sam: Sam,
    embeddings: torch.Tensor,
    image_index: torch.Tensor,
    sparse: torch.Tensor,
    dense: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Predict all four masks of every prompt.

    Parameters
    ----------
    sam : segment_anything.modeling.Sam
        The model.
    embeddings : torch.Tensor
        float (B, C, h, w) image embeddings.
    image_index : torch.Tensor
        int (P,), the image of each prompt.
    sparse : torch.Tensor
        float (P, T, C) prompt tokens.
    dense : torch.Tensor or None
        float (P, C, h, w) mask embeddings; None if no prompt has a mask.

    Returns
    -------
    tuple of torch.Tensor
        Logits (P, 4, 4h, 4w) and predicted IoU (P, 4); the first of the four is
        what ``multimask_output=False`` gives.
    """
    decoder = sam.mask_decoder
    own = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight])
    tokens = torch.cat([own.expand(len(sparse), -1, -1), sparse], 1)
    height, width = embeddings.shape[-2:]
    position = sam.prompt_encoder.get_dense_pe().flatten(2).transpose(1, 2).contiguous()
    images = embeddings.flatten(2).transpose(1, 2).contiguous()
    if dense is None:
        source = images + sam.prompt_encoder.no_mask_embed.weight
        shared = None if len(images) == 1 else image_index
    else:
        source = images[image_index] + dense.flatten(2).transpose(1, 2)
        shared = None
    hidden, image_tokens = _two_way(
        decoder.transformer, source, position, tokens, shared
    )
    masks = hidden[:, 1 : 1 + decoder.num_mask_tokens]
    hyper = torch.stack(
        [head(masks[:, i]) for i, head in enumerate(decoder.output_hypernetworks_mlps)],
        1,
    )
    logits = hyper @ _upscaled(decoder, image_tokens).transpose(1, 2)
    return _unfolded(logits, height, width), decoder.iou_prediction_head(hidden[:, 0])


def _upscaled(decoder: MaskDecoder, tokens: torch.Tensor) -> torch.Tensor:
    """Run ``output_upscaling`` on (P, N, C) tokens; (P, 16 N, C / 8) comes back."""
    first, norm, activation, second, last = decoder.output_upscaling
    batch, count, _ = tokens.shape
    x = _matrix_product(first, tokens).view(batch, count * 4, -1)
    x = functional.layer_norm(x, x.shape[-1:], norm.weight, norm.bias, norm.eps)
    x = _matrix_product(second, activation(x)).view(batch, count * 16, -1)
    return torch.as_tensor(last(x))


def _matrix_product(
    convolution: torch.nn.ConvTranspose2d, tokens: torch.Tensor
) -> torch.Tensor:
    """Apply a 2 x 2 transposed convolution of stride 2 to each token alone."""
    weight = convolution.weight.permute(2, 3, 1, 0).flatten(0, 2)
    bias = torch.as_tensor(convolution.bias).repeat(4)
    return functional.linear(tokens, weight, bias)


def _unfolded(logits: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Order (P, 4, h w 2 2 2 2) tokens as an image (P, 4, 4h, 4w)."""
    count, masks, _ = logits.shape
    split = logits.view(count, masks, height, width, 2, 2, 2, 2)
    image = split.permute(0, 1, 2, 4, 6, 3, 5, 7)
    return image.reshape(count, masks, height * 4, width * 4)


def _two_way(
    transformer: TwoWayTransformer,
    source: torch.Tensor,
    position: torch.Tensor,
    tokens: torch.Tensor,
    image_index: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Transform tokens (P, T, C) and image tokens (P, N, C).

    With ``image_index`` (P,) the image tokens come as (B, N, C), one for each image;
    those of one image that all prompts ask about as (1, N, C).
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


def _to_image(
    attention: Attention,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    index: torch.Tensor | None = None,
) -> torch.Tensor:
    """Let tokens (P, T, C) attend to image tokens (P, B or 1, N, C).

    The key's bias adds the same to all scores of a token: softmax takes it out. The
    weights of a token add up to one, so values are projected after they are averaged.
    """
    heads = attention.num_heads
    scale = (attention.internal_dim // heads) ** -0.5
    split = _per_head(attention.q_proj(query) * scale, attention.k_proj.weight, heads)
    key, value = (each if index is None else each[index] for each in (key, value))
    seen = _product(torch.softmax(_product(split, key.transpose(1, 2)), -1), value)
    prompts, count, _ = query.shape
    seen = seen.view(prompts, heads, count, -1)
    weight = attention.v_proj.weight.view(heads, -1, seen.shape[-1])
    joined = (seen @ weight.transpose(1, 2)).transpose(1, 2).flatten(2)
    return torch.as_tensor(attention.out_proj(joined + attention.v_proj.bias))


def _to_tokens(
    attention: Attention,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    index: torch.Tensor | None = None,
) -> torch.Tensor:
    """Let image tokens (P, B or 1, N, C) attend to tokens (P, T, C)."""
    heads = attention.num_heads
    scale = (attention.internal_dim // heads) ** -0.5
    k, v = attention.k_proj(key) * scale, attention.v_proj(value)
    prompts, count, _ = k.shape
    split = _per_head(k, attention.q_proj.weight, heads)
    offset = _per_head(k, attention.q_proj.bias[:, None], heads)
    query = query if index is None else query[index]
    if len(query) == prompts:
        scores = torch.baddbmm(offset, split, query.transpose(1, 2))
    else:
        scores = _product(split, query.transpose(1, 2)).add_(offset)
    weights = torch.softmax(scores.view(prompts, heads, count, -1), 2).flatten(1, 2)
    answers = _per_head(v, attention.out_proj.weight.transpose(0, 1), heads)
    bias = attention.out_proj.bias.view(1, 1, -1)
    return torch.baddbmm(bias, weights.transpose(1, 2), answers)


def _product(some: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Multiply (P, R, K) by (P, K, N); by one (1, K, N) as a single product."""
    if len(others) == len(some):
        return some @ others
    return (some.flatten(0, 1) @ others[0]).view(len(some), some.shape[1], -1)


def _per_head(tokens: torch.Tensor, weight: torch.Tensor, heads: int) -> torch.Tensor:
    """Multiply the channels (P, T, D) of each head by its rows of (D, C) weights.

    (P, heads * T, C) comes back.
    """
    prompts, count, _ = tokens.shape
    split = tokens.view(prompts, count, heads, -1).transpose(1, 2)
    rows = weight.reshape(heads, -1, weight.shape[-1])
    return (split @ rows).reshape(prompts, heads * count, -1)
