"""The refiner of FocalClick: a small network that redraws one crop of the answer.

Names of the modules are those of the published state dicts.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn
from torchvision.ops import roi_align

from napari_sam_med.models.click.click_crops import resized
from napari_sam_med.models.click.click_maps import disk_maps

_CHANNELS = 32
_DISK_RADIUS = 5.0


class Refined(NamedTuple):
    """What the refiner gives, each (B, 1, H, W) float32 logits of the crop.

    Parameters
    ----------
    logits : torch.Tensor
        The redrawn object.
    trimap : torch.Tensor
        Where the redrawing counts; elsewhere the coarse logits stand.
    coarse : torch.Tensor
        The coarse logits, cut out and enlarged.
    """

    logits: torch.Tensor
    trimap: torch.Tensor
    coarse: torch.Tensor


class ConvNormRelu(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(self, channels_in: int, *, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            channels_in, _CHANNELS, kernel, stride, padding=kernel // 2
        )
        self.norm = nn.BatchNorm2d(_CHANNELS)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """32 channels come out."""
        found: torch.Tensor = self.norm(self.conv(maps)).relu()
        return found


class SeparableConv(nn.Module):
    """Depthwise 3 x 3 and 1 x 1 convolution, batch norm, ReLU."""

    def __init__(self) -> None:
        super().__init__()
        self.conv3x3 = nn.Conv2d(_CHANNELS, _CHANNELS, 3, padding=1, groups=_CHANNELS)
        self.conv1x1 = nn.Conv2d(_CHANNELS, _CHANNELS, 1)
        self.norm = nn.BatchNorm2d(_CHANNELS)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Keep size and channels."""
        found: torch.Tensor = self.norm(self.conv1x1(self.conv3x3(maps))).relu()
        return found


class Refiner(nn.Module):
    """Redraw a crop from its colours, its clicks and the coarse network's features.

    Parameters
    ----------
    feature_channels : int
        Channels of the coarse network's feature map.

    Notes
    -----
    Chen et al., "FocalClick", CVPR 2022, section 3.2. ``feature_gate`` is in the
    published files and has no influence.
    """

    def __init__(self, feature_channels: int) -> None:
        super().__init__()
        self.image_conv1 = ConvNormRelu(6, kernel=3, stride=2)
        self.image_conv2 = SeparableConv()
        self.image_conv3 = SeparableConv()
        self.refine_fusion = ConvNormRelu(feature_channels, kernel=1, stride=1)
        self.refine_fusion2 = SeparableConv()
        self.refine_fusion3 = SeparableConv()
        self.feature_gate = nn.Sequential(nn.Conv2d(_CHANNELS, 1, 1))
        self.refine_pred = nn.Conv2d(_CHANNELS, 1, 3, padding=1)
        self.refine_trimap = nn.Conv2d(_CHANNELS, 1, 3, padding=1)

    def forward(
        self,
        colours: torch.Tensor,
        points: torch.Tensor,
        *,
        feature: torch.Tensor,
        logits: torch.Tensor,
        box: torch.Tensor,
    ) -> Refined:
        """Redraw the crop.

        Parameters
        ----------
        colours : (1, 3, S, S) float32 in 0..1
            The crop, not normalised.
        points : (1, 2n, 3) float32
            Clicks in pixels of the crop; see ``points_tensor``.
        feature : (1, C, h, w) float32
            Feature map of the coarse network.
        logits : (1, 1, S, S) float32
            Coarse logits at the size of the coarse network's input.
        box : (1, 5) float32
            Batch index 0, then x0, y0, x1, y1 of the crop in the coarse network's
            input.

        Returns
        -------
        Refined
            Logits of the crop.
        """
        size = (int(logits.shape[-2]), int(logits.shape[-1]))
        seen = roi_align(
            feature,
            box,
            output_size=feature.shape[-2:],
            spatial_scale=feature.shape[-1] / size[1],
            aligned=True,
        )
        coarse = roi_align(logits, box, output_size=size, aligned=True)
        disks = disk_maps(points, radius=_DISK_RADIUS, shape_hw=size)
        stacked = torch.cat([colours, disks, coarse.sigmoid()], dim=1)
        drawn = self.image_conv3(self.image_conv2(self.image_conv1(stacked)))
        half = (int(drawn.shape[-2]), int(drawn.shape[-1]))
        joined = drawn + resized(self.refine_fusion(seen), half)
        joined = self.refine_fusion3(self.refine_fusion2(joined))
        trimap = resized(self.refine_trimap(joined), size)
        share = trimap.sigmoid()
        redrawn = resized(self.refine_pred(joined), size)
        return Refined(redrawn * share + coarse * (1 - share), trimap, coarse)
