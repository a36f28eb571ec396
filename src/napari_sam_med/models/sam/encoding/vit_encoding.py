"""SAM's vision transformers for inference: the official modules, computed another way.

``ImageEncoderViT.forward`` writes out the scores of all pairs of tokens (0.8 GB for
ViT-B), adds a bias for each, and does both for windows that are padded with zeros. Here

- scores stay in the processor's cache on a CPU, some queries at a time, and never exist
  on a GPU, where the bias is folded into further channels of queries and keys;
- the projections run on the image's own tokens; for padding their result is the bias.

The parameters are read from the official modules, whose names and numbers stay as they
are. ``test_vit_encoding.py`` compares both, ``make bench`` times both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from segment_anything.modeling.image_encoder import (
    get_rel_pos,
    window_partition,
    window_unpartition,
)
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from segment_anything.modeling import ImageEncoderViT
    from segment_anything.modeling.image_encoder import Attention, Block

# For each thread, scores of 256 queries on 4,096 keys: 4 MB, which stay in the cache. A
# global block of ViT-B takes 2.0 s of one core with it, 2.3 s with four times as many,
# 4.2 s as published (AMD EPYC 3, `make bench` times the whole encoder).
TILE_SCORES = 2**20
# Flash kernels take channels in multiples of 8.
CHANNEL_STEP = 8


def vit_features(
    encoder: ImageEncoderViT,
    images: torch.Tensor,
    feed_forward: Callable[[Block, torch.Tensor], torch.Tensor] | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Encode images as ``ImageEncoderViT.forward`` does.

    Parameters
    ----------
    encoder : segment_anything.modeling.ImageEncoderViT
        The network; it is only read.
    images : (B, 3, S, S) float32
        Its input.
    feed_forward : callable, optional
        From a block and its normalised tokens (B, h, w, V) to what is added to them; by
        default the block's own ``mlp``.

    Returns
    -------
    (B, C, h, w) and (B, V, h, w) tensors
        The embedding, and the output of the first block that sees the whole image.

    Notes
    -----
    In float32 on a CPU each step is the official one on part of the data: where the
    library multiplies a part as it does the whole, the bits are equal. On other devices
    and in bfloat16 they differ by rounding.
    """
    tokens = encoder.patch_embed(images)
    if encoder.pos_embed is not None:
        tokens = tokens + encoder.pos_embed
    early: torch.Tensor | None = None
    for block in encoder.blocks:
        tokens = block_output(block, tokens, feed_forward)
        if early is None and block.window_size == 0:
            early = tokens
    embedding: torch.Tensor = encoder.neck(tokens.permute(0, 3, 1, 2))
    return embedding, (tokens if early is None else early).permute(0, 3, 1, 2)


def block_output(
    block: Block,
    tokens: torch.Tensor,
    feed_forward: Callable[[Block, torch.Tensor], torch.Tensor] | None = None,
) -> torch.Tensor:
    """Run one transformer block as ``Block.forward`` does.

    Parameters
    ----------
    block : segment_anything.modeling.image_encoder.Block
        It is only read.
    tokens : (B, h, w, V) float32
        Its input.
    feed_forward : callable, optional
        See ``vit_features``.

    Returns
    -------
    (B, h, w, V) float32 tensor
    """
    projected = block.attn.qkv(block.norm1(tokens))
    if block.window_size:
        attended = _attended_in_windows(block.attn, projected, block.window_size)
    else:
        attended = _attended(block.attn, projected)
    tokens = tokens + block.attn.proj(attended)
    normed = block.norm2(tokens)
    more = block.mlp(normed) if feed_forward is None else feed_forward(block, normed)
    return torch.as_tensor(tokens + more)


def _attended_in_windows(
    attention: Attention, projected: torch.Tensor, side: int
) -> torch.Tensor:
    """Attend inside windows; padding was zero before the projection."""
    height, width = projected.shape[1:3]
    below, right = -height % side, -width % side
    if below or right:
        padded = functional.pad(projected, (0, 0, 0, right, 0, below))
        if attention.qkv.bias is not None:
            bias = attention.qkv.bias.to(padded.dtype)
            padded[:, height:] = bias
            padded[:, :height, width:] = bias
    else:
        padded = projected
    windows, padded_hw = window_partition(padded, side)
    attended = _attended(attention, windows)
    whole: torch.Tensor = window_unpartition(attended, side, padded_hw, (height, width))
    return whole


def _attended(attention: Attention, projected: torch.Tensor) -> torch.Tensor:
    """From queries, keys and values (B, h, w, 3 V) to attended tokens (B, h, w, V)."""
    batch, height, width, _ = projected.shape
    heads = attention.num_heads
    split = projected.view(batch, height * width, 3, heads, -1)
    split = split.permute(2, 0, 3, 1, 4).reshape(3, batch * heads, height * width, -1)
    biases = _position_biases(attention, split[0], (height, width))
    attend = _attended_in_tiles if projected.device.type == "cpu" else _attended_folded
    mixed = attend(split, biases)
    joined = mixed.view(batch, heads, height, width, -1).permute(0, 2, 3, 1, 4)
    return joined.reshape(batch, height, width, -1)


def _position_biases(
    attention: Attention, queries: torch.Tensor, shape_hw: tuple[int, int]
) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Bias of each query (P, N, D) for keys of each row (P, N, h), of each column."""
    if not attention.use_rel_pos:
        return None
    height, width = shape_hw
    placed = queries.view(len(queries), height, width, -1)
    by_row = get_rel_pos(height, height, attention.rel_pos_h)
    by_col = get_rel_pos(width, width, attention.rel_pos_w)
    rows = torch.einsum("phwc,hkc->phwk", placed, by_row)
    cols = torch.einsum("phwc,wkc->phwk", placed, by_col)
    return rows.flatten(1, 2), cols.flatten(1, 2)


def _attended_in_tiles(
    split: torch.Tensor, biases: tuple[torch.Tensor, torch.Tensor] | None
) -> torch.Tensor:
    """Attend (3, P, N, D), some queries at a time, so that their scores stay cached."""
    if biases is None:
        attended: torch.Tensor = functional.scaled_dot_product_attention(*split)
        return attended
    mixed = torch.empty_like(split[2])
    exact = split.dtype == torch.float32
    tile_of = _exact_tile if exact else _fused_tile
    queries, keys, values = split
    if exact:
        queries = queries * queries.shape[-1] ** -0.5
    rows, cols = biases[0][..., None], biases[1][..., None, :]
    for heads, some in _tiles(*values.shape[:2]):
        bias = rows[heads, some], cols[heads, some]
        asked = queries[heads, some], keys[heads], values[heads]
        mixed[heads, some] = tile_of(asked, bias)
    return mixed


def _tiles(heads: int, tokens: int) -> Iterator[tuple[slice, slice]]:
    """Cut heads x queries into tiles that give all threads something to do."""
    budget = TILE_SCORES * torch.get_num_threads()
    some = min(tokens, max(1, budget // tokens))
    several = max(1, budget // (some * tokens))
    for head in range(0, heads, several):
        for query in range(0, tokens, some):
            yield slice(head, head + several), slice(query, query + some)


def _exact_tile(
    asked: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    bias: tuple[torch.Tensor, torch.Tensor],
) -> torch.Tensor:
    """Do the official steps, in their order and thus to the bit, on one tile."""
    queries, keys, values = asked
    scores = torch.bmm(queries, keys.transpose(1, 2))
    grid = scores.view(*scores.shape[:2], bias[0].shape[2], bias[1].shape[3])
    grid += bias[0]
    grid += bias[1]
    return torch.bmm(torch.softmax(scores, -1, out=scores), values)


def _fused_tile(
    asked: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    bias: tuple[torch.Tensor, torch.Tensor],
) -> torch.Tensor:
    """Leave a tile to the kernel that sums in float32 whatever the precision."""
    queries, keys, values = (each[None] for each in asked)
    mask = (bias[0] + bias[1]).flatten(2)[None]
    return functional.scaled_dot_product_attention(
        queries, keys, values, attn_mask=mask
    )[0]


def _attended_folded(
    split: torch.Tensor, biases: tuple[torch.Tensor, torch.Tensor] | None
) -> torch.Tensor:
    """Attend (3, P, N, D) with the biases as further channels of queries and keys.

    A key of row r and column c gets one in channels r and h + c, where the query has
    its biases: the product then adds both, and no kernel sees a mask.
    """
    queries, keys, values = split
    if biases is None:
        attended: torch.Tensor = functional.scaled_dot_product_attention(*split)
        return attended
    rows, cols = biases
    channels, height, width = queries.shape[-1], rows.shape[-1], cols.shape[-1]
    one_row = torch.eye(height, dtype=keys.dtype, device=keys.device)
    one_col = torch.eye(width, dtype=keys.dtype, device=keys.device)
    places = torch.cat(
        [one_row.repeat_interleave(width, 0), one_col.repeat(height, 1)], 1
    )
    asked = torch.cat([queries * channels**-0.5, rows, cols], -1)
    placed = torch.cat([keys, places.expand(len(keys), -1, -1)], -1)
    more = -asked.shape[-1] % CHANNEL_STEP
    wide = asked.shape[-1] + more
    mixed: torch.Tensor = functional.scaled_dot_product_attention(
        functional.pad(asked, (0, more))[None],
        functional.pad(placed, (0, more))[None],
        functional.pad(values, (0, wide - channels))[None],
        scale=1.0,
    )
    return mixed[0, ..., :channels]
