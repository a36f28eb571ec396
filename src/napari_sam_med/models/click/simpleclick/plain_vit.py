"""Plain vision transformer of SimpleClick: most blocks see windows, a few see all.

Names of the modules are those of the published state dicts.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

_MLP_RATIO = 4
_EPS = 1e-6
_WINDOW_PX = 224
_IMAGENET_CLASSES = 1000


@dataclass(frozen=True, slots=True)
class PlainVitSizes:
    """Size of a plain vision transformer.

    Parameters
    ----------
    patch : int
        Height and width of a patch in pixels.
    width : int
        Length of a token.
    depth : int
        Number of blocks.
    heads : int
        Attention heads of each block.
    group : int
        The last block of each group of so many sees all tokens.
    grid : int
        Patches along each axis at the native size of the input.
    """

    patch: int
    width: int
    depth: int
    heads: int
    group: int
    grid: int


def windows_from_grid(tokens: torch.Tensor, count: int) -> torch.Tensor:
    """Cut a grid of tokens into windows.

    Parameters
    ----------
    tokens : (B, h, w, C) float32
        The grid; both sides divisible by ``count``.
    count : int
        Windows along each axis.

    Returns
    -------
    (B * count * count, n, C) float32
        Tokens of each window in raster order.
    """
    batch, height, width, channels = tokens.shape
    split = tokens.reshape(
        batch, count, height // count, count, width // count, channels
    )
    return split.transpose(2, 3).reshape(batch * count * count, -1, channels)


def grid_from_windows(
    windows: torch.Tensor, count: int, grid: tuple[int, int]
) -> torch.Tensor:
    """Undo ``windows_from_grid``.

    Parameters
    ----------
    windows : (B * count * count, n, C) float32
        Tokens of each window.
    count : int
        Windows along each axis.
    grid : (height, width)
        Size of the grid in tokens.

    Returns
    -------
    (B, height, width, C) float32
        The grid.
    """
    channels = windows.shape[-1]
    height, width = grid[0] // count, grid[1] // count
    split = windows.reshape(-1, count, count, height, width, channels)
    return split.transpose(2, 3).reshape(-1, *grid, channels)


class PatchEmbedding(nn.Module):
    """Patches that do not overlap, as tokens."""

    def __init__(self, patch: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) to (B, h, w, width)."""
        tokens: torch.Tensor = self.proj(maps)
        return tokens.permute(0, 2, 3, 1)


class Attention(nn.Module):
    """Multi-head attention of the tokens among themselves."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(B, N, C) to (B, N, C)."""
        batch, count, _ = tokens.shape
        split = self.qkv(tokens).reshape(batch, count, 3, self.heads, -1)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind()
        seen = functional.scaled_dot_product_attention(query, key, value)
        mixed: torch.Tensor = self.proj(seen.transpose(1, 2).flatten(2))
        return mixed


class Mlp(nn.Module):
    """Two linear layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, _MLP_RATIO * width)
        self.fc2 = nn.Linear(_MLP_RATIO * width, width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(..., C) to (..., C)."""
        mixed: torch.Tensor = self.fc2(functional.gelu(self.fc1(tokens)))
        return mixed


class Block(nn.Module):
    """Attention, then the multilayer perceptron, each beside an identity."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=_EPS)
        self.norm2 = nn.LayerNorm(width, eps=_EPS)
        self.attn = Attention(width, heads)
        self.mlp = Mlp(width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(B, N, C) to (B, N, C)."""
        seen: torch.Tensor = tokens + self.attn(self.norm1(tokens))
        mixed: torch.Tensor = self.mlp(self.norm2(seen))
        return seen + mixed


class PlainVit(nn.Module):
    """Backbone of SimpleClick.

    Notes
    -----
    Liu et al., "SimpleClick", ICCV 2023; Li et al., "Exploring Plain Vision
    Transformer Backbones for Object Detection", ECCV 2022, for the windows.
    ``cls_token``, ``fc_norm`` and ``head`` are in the published files and have no
    influence.
    """

    def __init__(self, sizes: PlainVitSizes) -> None:
        super().__init__()
        width = sizes.width
        self.sizes = sizes
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + sizes.grid**2, width))
        self.patch_embed = PatchEmbedding(sizes.patch, width)
        self.blocks = nn.ModuleList(
            Block(width, sizes.heads) for _ in range(sizes.depth)
        )
        self.fc_norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, _IMAGENET_CLASSES)

    def forward(self, picture: torch.Tensor, clicks: torch.Tensor) -> torch.Tensor:
        """Compute the last block's map.

        Parameters
        ----------
        picture : (B, 3, H, W) float32
            Normalised colours.
        clicks : (B, h, w, width) float32
            Tokens of the clicks, added to those of the picture.

        Returns
        -------
        (B, width, h, w) float32
            One place for each patch.
        """
        tokens: torch.Tensor = self.patch_embed(picture) + clicks
        grid = (int(tokens.shape[1]), int(tokens.shape[2]))
        tokens = tokens + self.positions(grid)
        # The number of windows is given, and their size follows from it.
        count = grid[0] // (_WINDOW_PX // self.sizes.patch)
        for number, block in enumerate(self.blocks, start=1):
            pieces = 1 if number % self.sizes.group == 0 else count
            seen = block(windows_from_grid(tokens, pieces))
            tokens = grid_from_windows(seen, pieces, grid)
        return tokens.permute(0, 3, 1, 2)

    def positions(self, grid: tuple[int, int]) -> torch.Tensor:
        """Resize the position embedding to another grid, if it is another.

        Parameters
        ----------
        grid : (height, width)
            In patches.

        Returns
        -------
        (1, height, width, C) float32
            Without the class token's entry.
        """
        side = self.sizes.grid
        native: torch.Tensor = self.pos_embed[:, 1:].reshape(1, side, side, -1)
        if grid == (side, side):
            return native
        resized = functional.interpolate(
            native.permute(0, 3, 1, 2), size=grid, mode="bicubic", align_corners=False
        )
        placed: torch.Tensor = resized.permute(0, 2, 3, 1)
        return placed
