"""SimpleClick: plain vision transformer, simple feature pyramid, light head.

CFR-ICL uses the very same network with other weights. Names of the modules are those
of the published state dicts.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from napari_sam_med.models.click.click_crops import resized
from napari_sam_med.models.click.click_maps import disk_maps
from napari_sam_med.models.click.click_network import ClickNetwork, ColourNorm
from napari_sam_med.models.click.simpleclick.plain_vit import (
    PatchEmbedding,
    PlainVit,
    PlainVitSizes,
)

_DISK_RADIUS = 5.0
_HEAD_CHANNELS = 256


@dataclass(frozen=True, slots=True)
class SimpleClickVariant:
    """One published size of SimpleClick.

    Parameters
    ----------
    backbone : PlainVitSizes
        Size of the transformer.
    pyramid : tuple of 4 int
        Channels of the pyramid's maps, at 1/4, 1/8, 1/16 and 1/32.
    """

    backbone: PlainVitSizes
    pyramid: tuple[int, int, int, int]


def _group_norm(channels: int) -> nn.Module:
    """Norm over all channels and places at once."""
    return nn.GroupNorm(1, channels)


def _up(channels_in: int, channels_out: int) -> nn.Module:
    """Twice the size."""
    return nn.ConvTranspose2d(channels_in, channels_out, 2, 2)


def _mix(channels_in: int, channels_out: int) -> list[nn.Module]:
    """1 x 1 convolution and norm."""
    return [nn.Conv2d(channels_in, channels_out, 1), _group_norm(channels_out)]


class FeaturePyramid(nn.Module):
    """Four sizes of map from one."""

    def __init__(self, width: int, pyramid: tuple[int, int, int, int]) -> None:
        super().__init__()
        four, eight, sixteen, thirty_two = pyramid
        inner = max(2 * four, width // 2)
        self.down_4 = nn.Sequential(
            _up(width, inner),
            _group_norm(inner),
            nn.GELU(),
            _up(inner, inner // 2),
            _group_norm(inner // 2),
            *_mix(inner // 2, four),
            nn.GELU(),
        )
        inner = max(eight, width // 2)
        self.down_8 = nn.Sequential(
            _up(width, inner), _group_norm(inner), *_mix(inner, eight), nn.GELU()
        )
        self.down_16 = nn.Sequential(*_mix(width, sixteen), nn.GELU())
        inner = max(thirty_two, 2 * width)
        self.down_32 = nn.Sequential(
            nn.Conv2d(width, inner, 2, 2),
            _group_norm(inner),
            *_mix(inner, thirty_two),
            nn.GELU(),
        )

    def forward(self, maps: torch.Tensor) -> list[torch.Tensor]:
        """Finest map first."""
        return [
            self.down_4(maps),
            self.down_8(maps),
            self.down_16(maps),
            self.down_32(maps),
        ]


class Conv(nn.Module):
    """1 x 1 convolution and ReLU."""

    def __init__(self, channels_in: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, _HEAD_CHANNELS, 1)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """256 channels come out."""
        mixed: torch.Tensor = self.conv(maps)
        return mixed.relu()


def _unused_up(channels: int) -> nn.Sequential:
    """Enlarging layers of a setting that no published model uses."""
    half = channels // 2
    return nn.Sequential(_up(channels, half), _group_norm(half), *_mix(half, half))


class PyramidHead(nn.Module):
    """Bring the pyramid's maps to the finest size and mix them.

    `up_conv1` and `up_conv2` are in the published files and have no influence.
    """

    def __init__(self, pyramid: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.conv_seg = nn.Conv2d(_HEAD_CHANNELS, 1, 1)
        self.convs = nn.ModuleList(Conv(channels) for channels in pyramid)
        self.fusion_conv = Conv(len(pyramid) * _HEAD_CHANNELS)
        self.up_conv1 = _unused_up(_HEAD_CHANNELS)
        self.up_conv2 = _unused_up(_HEAD_CHANNELS // 2)

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Logits at the finest map's size."""
        size = maps[0].shape[-2:]
        aligned = [
            functional.interpolate(
                conv(one), size=size, mode="bilinear", align_corners=False
            )
            for conv, one in zip(self.convs, maps, strict=True)
        ]
        fused = self.fusion_conv(torch.cat(aligned, dim=1))
        logits: torch.Tensor = self.conv_seg(fused)
        return logits


class SimpleClick(ClickNetwork):
    """SimpleClick or CFR-ICL.

    Parameters
    ----------
    variant : SimpleClickVariant
        Which of the published sizes.

    Notes
    -----
    Liu et al., "SimpleClick: Interactive Image Segmentation with Simple Vision
    Transformers", ICCV 2023. The input is 448 x 448 pixels; for a multiple of 224 the
    position embedding is resized.
    """

    def __init__(self, variant: SimpleClickVariant) -> None:
        super().__init__()
        sizes = variant.backbone
        self.colour_norm = ColourNorm()
        self.patch_embed_coords = PatchEmbedding(sizes.patch, sizes.width)
        self.backbone = PlainVit(sizes)
        self.neck = FeaturePyramid(sizes.width, variant.pyramid)
        self.head = PyramidHead(variant.pyramid)

    def forward(self, image: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        """Predict logits at the input's size (see ``ClickNetwork``)."""
        shape_hw = (int(image.shape[-2]), int(image.shape[-1]))
        return resized(self.head_logits(image, points), shape_hw)

    def head_logits(self, image: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        """Predict logits at the head's size.

        Parameters
        ----------
        image : (B, 4, H, W) float32
            Colours in 0..1, then the previous probability.
        points : (B, 2n, 3) float32
            See ``napari_sam_med.models.click.click_maps.points_tensor``.

        Returns
        -------
        (B, 1, h, w) float32
            Four places for each patch along each axis.
        """
        shape_hw = (int(image.shape[-2]), int(image.shape[-1]))
        disks = disk_maps(points, radius=_DISK_RADIUS, shape_hw=shape_hw)
        clicks = self.patch_embed_coords(torch.cat([image[:, 3:], disks], dim=1))
        maps = self.backbone(self.colour_norm(image[:, :3]), clicks)
        logits: torch.Tensor = self.head(self.neck(maps))
        return logits
