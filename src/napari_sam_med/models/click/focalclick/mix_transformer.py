"""Mix Transformer, the backbone of FocalClick, with its entry for clicks.

Names of the modules are those of the published state dicts.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

_HEADS = (1, 2, 5, 8)
_REDUCTIONS = (8, 4, 2, 1)
_MLP_RATIO = 4
_BLOCK_EPS = 1e-6


@dataclass(frozen=True, slots=True)
class MixWidths:
    """Size of a Mix Transformer.

    Parameters
    ----------
    widths : tuple of 4 int
        Channels of each stage.
    depths : tuple of 4 int
        Blocks of each stage.
    """

    widths: tuple[int, int, int, int]
    depths: tuple[int, int, int, int]


def map_from_tokens(tokens: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """(B, h * w, C) tokens in raster order as a (B, C, h, w) map."""
    batch, _, channels = tokens.shape
    return tokens.transpose(1, 2).reshape(batch, channels, *size)


def tokens_from_map(maps: torch.Tensor) -> torch.Tensor:
    """(B, C, h, w) map as (B, h * w, C) tokens in raster order."""
    return maps.flatten(2).transpose(1, 2)


class OverlappingPatchEmbedding(nn.Module):
    """Overlapping patches as tokens."""

    def __init__(
        self, channels_in: int, width: int, *, kernel: int, stride: int
    ) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels_in, width, kernel, stride, padding=kernel // 2)
        self.norm = nn.LayerNorm(width)

    def forward(self, maps: torch.Tensor) -> tuple[torch.Tensor, tuple[int, int]]:
        """Tokens, and height and width of their grid."""
        embedded = self.proj(maps)
        size = (int(embedded.shape[-2]), int(embedded.shape[-1]))
        return self.norm(tokens_from_map(embedded)), size


class ReducedAttention(nn.Module):
    """Attention whose keys and values come from a map of lower resolution."""

    def __init__(self, width: int, heads: int, reduction: int) -> None:
        super().__init__()
        self.heads, self.reduction = heads, reduction
        self.q = nn.Linear(width, width)
        self.kv = nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)
        if reduction > 1:
            self.sr = nn.Conv2d(width, width, reduction, reduction)
            self.norm = nn.LayerNorm(width)

    def forward(self, tokens: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        """(B, N, C) to (B, N, C)."""
        source = tokens
        if self.reduction > 1:
            reduced = self.sr(map_from_tokens(tokens, size))
            source = self.norm(tokens_from_map(reduced))
        query = self._split(self.q(tokens))
        key, value = (self._split(part) for part in self.kv(source).chunk(2, dim=-1))
        seen = functional.scaled_dot_product_attention(query, key, value)
        mixed: torch.Tensor = self.proj(seen.transpose(1, 2).flatten(2))
        return mixed

    def _split(self, tokens: torch.Tensor) -> torch.Tensor:
        """(B, N, C) to (B, heads, N, C / heads)."""
        batch, count, _ = tokens.shape
        return tokens.reshape(batch, count, self.heads, -1).transpose(1, 2)


class DepthwiseConv(nn.Module):
    """3 x 3 convolution of each channel by itself."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 3, padding=1, groups=width)

    def forward(self, tokens: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        """(B, N, C) to (B, N, C)."""
        return tokens_from_map(self.dwconv(map_from_tokens(tokens, size)))


class MixMlp(nn.Module):
    """Two linear layers with a depthwise convolution between."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, _MLP_RATIO * width)
        self.dwconv = DepthwiseConv(_MLP_RATIO * width)
        self.fc2 = nn.Linear(_MLP_RATIO * width, width)

    def forward(self, tokens: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        """(B, N, C) to (B, N, C)."""
        mixed: torch.Tensor = self.fc2(
            functional.gelu(self.dwconv(self.fc1(tokens), size))
        )
        return mixed


class MixBlock(nn.Module):
    """Attention, then the multilayer perceptron, each beside an identity."""

    def __init__(self, width: int, heads: int, reduction: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=_BLOCK_EPS)
        self.attn = ReducedAttention(width, heads, reduction)
        self.norm2 = nn.LayerNorm(width, eps=_BLOCK_EPS)
        self.mlp = MixMlp(width)

    def forward(self, tokens: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        """(B, N, C) to (B, N, C)."""
        seen: torch.Tensor = tokens + self.attn(self.norm1(tokens), size)
        mixed: torch.Tensor = self.mlp(self.norm2(seen), size)
        return seen + mixed


class MixTransformer(nn.Module):
    """Four stages; clicks join on the way from the first to the second.

    Notes
    -----
    Xie et al., "SegFormer", NeurIPS 2021; the entry for clicks after Chen et al.,
    "FocalClick", CVPR 2022. The stage-1 map that comes out does not hold the clicks.
    """

    def __init__(self, sizes: MixWidths) -> None:
        super().__init__()
        channels = (3, *sizes.widths)
        for stage, width in enumerate(sizes.widths, start=1):
            kernel, stride = (7, 4) if stage == 1 else (3, 2)
            embedding = OverlappingPatchEmbedding(
                channels[stage - 1], width, kernel=kernel, stride=stride
            )
            self.add_module(f"patch_embed{stage}", embedding)
        self.patch_embed_side1 = OverlappingPatchEmbedding(
            3, sizes.widths[0], kernel=7, stride=4
        )
        for stage, width in enumerate(sizes.widths, start=1):
            heads, reduction = _HEADS[stage - 1], _REDUCTIONS[stage - 1]
            blocks = nn.ModuleList(
                MixBlock(width, heads, reduction)
                for _ in range(sizes.depths[stage - 1])
            )
            self.add_module(f"block{stage}", blocks)
            self.add_module(f"norm{stage}", nn.LayerNorm(width, eps=_BLOCK_EPS))

    def forward(
        self, picture: torch.Tensor, clicks: torch.Tensor
    ) -> list[torch.Tensor]:
        """Compute the maps of the four stages.

        Parameters
        ----------
        picture : (B, 3, H, W) float32
            Normalised colours.
        clicks : (B, 3, H, W) float32
            Previous probability, positive and negative disks.

        Returns
        -------
        list of (B, C, h, w) float32
            At 1/4, 1/8, 1/16 and 1/32 of the input's size.
        """
        found = [self._stage(1, picture)]
        tokens, size = self.patch_embed_side1(clicks)
        found.append(self._stage(2, found[0] + map_from_tokens(tokens, size)))
        for stage in (3, 4):
            found.append(self._stage(stage, found[-1]))
        return found

    def _stage(self, stage: int, maps: torch.Tensor) -> torch.Tensor:
        """Patches, blocks and norm of one stage."""
        tokens, size = self.get_submodule(f"patch_embed{stage}")(maps)
        for block in self.get_submodule(f"block{stage}").children():
            tokens = block(tokens, size)
        return map_from_tokens(self.get_submodule(f"norm{stage}")(tokens), size)
