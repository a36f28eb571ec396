"""Small image encoders that stand where SAM has its vision transformer."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

STRIDE = 8
FINE, COARSE = 4, 16


class ResidualBlock(nn.Module):
    """Normalise, two 3 x 3 convolutions, add: (B, C, h, w) to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Refine the features."""
        refined = self.conv2(functional.relu(self.conv1(self.norm(x))))
        return x + torch.as_tensor(refined)


class AttentionBlock(nn.Module):
    """Pre-norm self-attention and a two-layer perceptron on (B, N, C) tokens."""

    def __init__(self, channels: int, heads: int, expansion: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(
            nn.Linear(channels, expansion * channels),
            nn.ReLU(),
            nn.Linear(expansion * channels, channels),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let every token see all others."""
        batch, count, channels = x.shape
        split = self.qkv(self.norm1(x)).view(batch, count, 3, self.heads, -1)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value)
        x = x + self.out(seen.transpose(1, 2).reshape(batch, count, channels))
        return x + torch.as_tensor(self.mlp(self.norm2(x)))


class NanoEncoder(nn.Module):
    """Convolutions at strides 4 and 8, self-attention at 16, joined at stride 8.

    Attention is cheap on few tokens; each of them is spread over the 2 x 2 places of
    the embedding that it covers. The finer features reach the embedding beside it,
    those of stride 4 folded into channels (pixel unshuffle), so that the decoder's
    fourfold upscaling has detail to unfold.

    Parameters
    ----------
    img_size : int
        Side of the square input in pixels, a multiple of 16.
    out_chans : int
        Channels of the embedding.
    widths : tuple of int
        Channels at strides 2, 4, 8 and 16; the last a multiple of `heads`.
    depths : tuple of int
        Residual blocks at strides 4 and 8, attention blocks at 16.
    heads : int
        Of each attention block.
    """

    def __init__(
        self,
        img_size: int = 256,
        out_chans: int = 128,
        *,
        widths: tuple[int, int, int, int] = (32, 56, 112, 240),
        depths: tuple[int, int, int] = (1, 2, 5),
        heads: int = 8,
    ) -> None:
        super().__init__()
        self.img_size = img_size
        stem, fine, middle, coarse = widths
        self.stem = nn.Sequential(
            nn.Conv2d(3, stem, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(stem, fine, 3, stride=2, padding=1),
        )
        self.fine = nn.Sequential(*(ResidualBlock(fine) for _ in range(depths[0])))
        self.to_middle = nn.Conv2d(fine, middle, 2, stride=2)
        self.middle = nn.Sequential(*(ResidualBlock(middle) for _ in range(depths[1])))
        self.to_coarse = nn.Conv2d(middle, coarse, 2, stride=2)
        side = img_size // COARSE
        self.position = nn.Parameter(0.02 * torch.randn(1, side * side, coarse))
        self.coarse = nn.ModuleList(
            AttentionBlock(coarse, heads, 3) for _ in range(depths[2])
        )
        self.spread = nn.Linear(coarse, out_chans * (COARSE // STRIDE) ** 2)
        folded = middle + fine * (STRIDE // FINE) ** 2
        self.neck = nn.Conv2d(folded, out_chans, 1)
        self.refine = ResidualBlock(out_chans)
        self.norm = nn.GroupNorm(1, out_chans)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Embed images.

        Parameters
        ----------
        x : torch.Tensor
            float (B, 3, img_size, img_size), as ``Sam.preprocess`` gives it.

        Returns
        -------
        torch.Tensor
            float (B, out_chans, img_size / 8, img_size / 8).
        """
        fine = self.fine(self.stem(x.contiguous(memory_format=torch.channels_last)))
        middle = self.middle(self.to_middle(fine))
        coarse = self.to_coarse(middle)
        batch, _, height, width = coarse.shape
        tokens = coarse.flatten(2).transpose(1, 2) + self.position
        for block in self.coarse:
            tokens = block(tokens)
        wide = self.spread(tokens).transpose(1, 2).reshape(batch, -1, height, width)
        folded = [middle, functional.pixel_unshuffle(fine, STRIDE // FINE)]
        joined = functional.pixel_shuffle(wide, COARSE // STRIDE)
        joined = joined + self.neck(torch.cat(folded, 1))
        return torch.as_tensor(self.norm(self.refine(joined))).contiguous()
