"""MobileSAM: SAM's prompts and decoder behind a TinyViT encoder.

Sizes and names of the modules are those of the published file.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from segment_anything.modeling.common import LayerNorm2d
from segment_anything.modeling.image_encoder import window_partition, window_unpartition
from torch import nn
from torch.nn import functional

from napari_sam_med.models.sam.sam_architecture import CHANNELS, SAM_INPUT_PX, sam_round

if TYPE_CHECKING:
    from segment_anything.modeling import Sam

WIDTHS = (64, 128, 160, 320)
DEPTHS = (2, 2, 6, 2)
WINDOWS = (7, 14, 7)
# The last downsampling keeps the size, so that the embedding is 64 x 64 as SAM's.
DOWN_STRIDES = (2, 2, 1)
HEAD_WIDTH = 32
EXPANSION = 4
IMAGENET_CLASSES = 1000


def build_mobile_sam() -> Sam:
    """Build MobileSAM with fresh weights.

    Notes
    -----
    Zhang et al., "Faster Segment Anything: Towards Lightweight SAM for Mobile
    Applications", arXiv:2306.14289; ChaoningZhang/MobileSAM, ``vit_t``.
    """
    return sam_round(TinyVit())


class TinyVit(nn.Module):
    """From a (B, 3, 1024, 1024) image to a (B, 256, 64, 64) embedding.

    ``norm_head`` and ``head`` classify ImageNet; the published file holds them and
    nothing uses them.

    Notes
    -----
    Wu et al., "TinyViT: Fast Pretraining Distillation for Small Vision Transformers",
    ECCV 2022, the 5 M parameter shape.
    """

    img_size = SAM_INPUT_PX

    def __init__(self) -> None:
        super().__init__()
        self.patch_embed = ConvPatchEmbedding(WIDTHS[0])
        self.layers = nn.ModuleList([ConvStage(WIDTHS[0], DEPTHS[0])])
        for width, depth, window in zip(WIDTHS[1:], DEPTHS[1:], WINDOWS, strict=True):
            self.layers.append(AttentionStage(width, depth, window))
        for layer, widths, stride in zip(
            self.layers[:-1], pairwise(WIDTHS), DOWN_STRIDES, strict=True
        ):
            layer.downsample = Downsample(*widths, stride)
        self.norm_head = nn.LayerNorm(WIDTHS[-1])
        self.head = nn.Linear(WIDTHS[-1], IMAGENET_CLASSES)
        self.neck = nn.Sequential(
            nn.Conv2d(WIDTHS[-1], CHANNELS, 1, bias=False),
            LayerNorm2d(CHANNELS),
            nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False),
            LayerNorm2d(CHANNELS),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Encode (B, 3, 1024, 1024) float32."""
        x = self.patch_embed(x)
        for layer in self.layers:
            x = layer(x)
        embedding: torch.Tensor = self.neck(x)
        return embedding


class ConvBatchNorm(nn.Sequential):
    """A convolution without bias and its batch norm."""

    def __init__(
        self, before: int, after: int, side: int = 1, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.c = nn.Conv2d(
            before, after, side, stride, side // 2, groups=groups, bias=False
        )
        self.bn = nn.BatchNorm2d(after)


class ConvPatchEmbedding(nn.Module):
    """To a quarter of the image's size."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.seq = nn.Sequential(
            ConvBatchNorm(3, width // 2, 3, 2),
            nn.GELU(),
            ConvBatchNorm(width // 2, width, 3, 2),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 3, S, S) to (B, width, S/4, S/4)."""
        embedded: torch.Tensor = self.seq(x)
        return embedded


class ThreeConvs(nn.Module):
    """Pointwise, depthwise and pointwise convolution, GELU between."""

    def __init__(self, before: int, hidden: int, after: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = ConvBatchNorm(before, hidden)
        self.conv2 = ConvBatchNorm(hidden, hidden, 3, stride, groups=hidden)
        self.conv3 = ConvBatchNorm(hidden, after)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, before, H, W) to (B, after, H/stride, W/stride)."""
        x = functional.gelu(self.conv1(x))
        folded: torch.Tensor = self.conv3(functional.gelu(self.conv2(x)))
        return folded


class Downsample(ThreeConvs):
    """To the next stage's width and size."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__(before, after, after, stride)


class ConvBlock(ThreeConvs):
    """Inverted bottleneck; the activation comes after the addition."""

    def __init__(self, width: int) -> None:
        super().__init__(width, EXPANSION * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width, H, W) to the same."""
        return functional.gelu(x + super().forward(x))


class Stage(nn.Module):
    """Blocks and, but for the last stage, a downsampling."""

    def __init__(self, blocks: list[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.downsample: nn.Module | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the next stage's input."""
        for block in self.blocks:
            x = block(x)
        return x if self.downsample is None else self.downsample(x)


class ConvStage(Stage):
    """The first stage: convolutions only."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__([ConvBlock(width) for _ in range(depth)])


class AttentionStage(Stage):
    """A later stage: attention in windows."""

    def __init__(self, width: int, depth: int, window: int) -> None:
        super().__init__([WindowedBlock(width, window) for _ in range(depth)])


class WindowedBlock(nn.Module):
    """Attention in windows, a depthwise convolution, and an MLP."""

    def __init__(self, width: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.attn = WindowAttention(width, window)
        self.local_conv = ConvBatchNorm(width, width, 3, groups=width)
        self.mlp = NormedMlp(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width, H, W) to the same."""
        tokens = x.permute(0, 2, 3, 1)
        # Windows are padded before the norm, so that padding takes part as its bias.
        windows, padded = window_partition(tokens, self.window)
        attended = self.attn(windows.flatten(1, 2)).view_as(windows)
        hw = (x.shape[2], x.shape[3])
        tokens = tokens + window_unpartition(attended, self.window, padded, hw)
        tokens = self.local_conv(tokens.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        out: torch.Tensor = tokens + self.mlp(tokens)
        return out.permute(0, 3, 1, 2)


class WindowAttention(nn.Module):
    """Attention among the tokens of a window, with a bias for each offset."""

    offsets: torch.Tensor

    def __init__(self, width: int, window: int) -> None:
        super().__init__()
        self.heads = width // HEAD_WIDTH
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.attention_biases = nn.Parameter(torch.zeros(self.heads, window**2))
        # On the CPU even where the network is built without memory.
        side = torch.arange(window, device="cpu")
        rows, cols = side.repeat_interleave(window), side.repeat(window)
        offsets = (rows[:, None] - rows).abs() * window + (cols[:, None] - cols).abs()
        self.register_buffer("offsets", offsets, persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(windows, tokens, width) to the same."""
        count, length = x.shape[:2]
        # The projection is grouped by head: 32 queries, 32 keys, 32 values each.
        qkv = self.qkv(self.norm(x)).view(count, length, self.heads, 3 * HEAD_WIDTH)
        query, key, value = qkv.transpose(1, 2).split(HEAD_WIDTH, dim=3)
        bias = self.attention_biases[:, self.offsets]
        scores = (query @ key.transpose(-2, -1)) * HEAD_WIDTH**-0.5 + bias
        mixed = scores.softmax(dim=-1) @ value
        joined: torch.Tensor = self.proj(mixed.transpose(1, 2).reshape(x.shape))
        return joined


class NormedMlp(nn.Module):
    """Norm, and two layers with GELU between."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, EXPANSION * width)
        self.fc2 = nn.Linear(EXPANSION * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(..., width) to the same."""
        folded: torch.Tensor = self.fc2(functional.gelu(self.fc1(self.norm(x))))
        return folded
