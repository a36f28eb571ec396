"""FocalClick with SegFormer: the coarse network and the refiner in one state dict.

Names of the modules are those of the published state dicts.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from napari_sam_med.models.click.click_crops import resized
from napari_sam_med.models.click.click_maps import disk_maps
from napari_sam_med.models.click.click_network import ColourNorm, ScaleBy
from napari_sam_med.models.click.focalclick.mix_transformer import (
    MixTransformer,
    MixWidths,
    map_from_tokens,
    tokens_from_map,
)
from napari_sam_med.models.click.focalclick.refiner import Refiner

INPUT_SIZE = 256
"""Height and width of every picture that enters either network, in pixels."""


@dataclass(frozen=True, slots=True)
class FocalClickVariant:
    """One published size of FocalClick.

    Parameters
    ----------
    backbone : MixWidths
        Size of the Mix Transformer.
    decoder_width : int
        Channels of the decoder, and of the feature map that the refiner reads.
    halved : bool
        Whether the coarse network sees 128 x 128 pixels (the "S1" models), its click
        disks then having a radius of 3 instead of 5 pixels of the 256.
    """

    backbone: MixWidths
    decoder_width: int
    halved: bool


class TokenLinear(nn.Module):
    """Linear layer at each pixel of a map."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.proj = nn.Linear(channels_in, channels_out)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) to (B, channels_out, h, w)."""
        size = (int(maps.shape[-2]), int(maps.shape[-1]))
        return map_from_tokens(self.proj(tokens_from_map(maps)), size)


class FusionConv(nn.Module):
    """1 x 1 convolution, batch norm, ReLU."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 1, bias=False)
        self.bn = nn.BatchNorm2d(channels_out)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Mix the channels."""
        mixed: torch.Tensor = self.bn(self.conv(maps)).relu()
        return mixed


class SegFormerHead(nn.Module):
    """Bring four stages to one size and mix them."""

    def __init__(self, widths: tuple[int, ...], width: int) -> None:
        super().__init__()
        for stage in (4, 3, 2, 1):
            linear = TokenLinear(widths[stage - 1], width)
            self.add_module(f"linear_c{stage}", linear)
        self.linear_fuse = FusionConv(4 * width, width)
        self.linear_pred = nn.Conv2d(width, 1, 1)

    def forward(self, stages: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and feature map at the first stage's size."""
        size = stages[0].shape[-2:]
        aligned = [
            functional.interpolate(
                self.get_submodule(f"linear_c{stage}")(stages[stage - 1]),
                size=size,
                mode="bilinear",
                align_corners=False,
            )
            for stage in (4, 3, 2, 1)
        ]
        feature = self.linear_fuse(torch.cat(aligned, dim=1))
        return self.linear_pred(feature), feature


class SegFormer(nn.Module):
    """Backbone and head of the coarse network."""

    def __init__(self, variant: FocalClickVariant) -> None:
        super().__init__()
        self.backbone = MixTransformer(variant.backbone)
        self.decode_head = SegFormerHead(variant.backbone.widths, variant.decoder_width)

    def forward(
        self, picture: torch.Tensor, clicks: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and feature map at a quarter of the input's size."""
        logits, feature = self.decode_head(self.backbone(picture, clicks))
        return logits, feature


class FocalClick(nn.Module):
    """Coarse network over the target crop, and the refiner for the focus crop.

    Parameters
    ----------
    variant : FocalClickVariant
        Which of the published sizes.

    Notes
    -----
    Chen et al., "FocalClick: Towards Practical Interactive Image Segmentation", CVPR
    2022. ``maps_transform`` is in the published files and has no influence.
    """

    def __init__(self, variant: FocalClickVariant) -> None:
        super().__init__()
        self.halved = variant.halved
        self.colour_norm = ColourNorm()
        self.maps_transform = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            ScaleBy(),
        )
        self.feature_extractor = SegFormer(variant)
        self.refiner = Refiner(variant.decoder_width)

    def forward(
        self, image: torch.Tensor, points: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run the coarse network.

        Parameters
        ----------
        image : (B, 4, 256, 256) float32
            Colours in 0..1, then the previous probability.
        points : (B, 2n, 3) float32
            See ``napari_sam_med.models.click.click_maps.points_tensor``.

        Returns
        -------
        logits : (B, 1, 256, 256) float32
            At the input's size.
        feature : (B, C, h, w) float32
            For the refiner: 64 x 64, or 32 x 32 where the input is halved.
        """
        shape_hw = (int(image.shape[-2]), int(image.shape[-1]))
        radius = 3.0 if self.halved else 5.0
        disks = disk_maps(points, radius=radius, shape_hw=shape_hw)
        clicks = torch.cat([image[:, 3:], disks], dim=1)
        picture = self.colour_norm(image[:, :3])
        if self.halved:
            half = (shape_hw[0] // 2, shape_hw[1] // 2)
            picture, clicks = resized(picture, half), resized(clicks, half)
        logits, feature = self.feature_extractor(picture, clicks)
        return resized(logits, shape_hw), feature
