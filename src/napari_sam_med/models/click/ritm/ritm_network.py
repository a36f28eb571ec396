"""RITM with previous-mask input: HRNet, object-contextual head, click branch.

Names of the modules are those of the published state dicts.
"""

from __future__ import annotations

import torch
from torch import nn

from napari_sam_med.models.click.click_crops import resized
from napari_sam_med.models.click.click_maps import disk_maps
from napari_sam_med.models.click.click_network import ClickNetwork, ColourNorm, ScaleBy
from napari_sam_med.models.click.ritm.hrnet import HrNet, conv_norm

_DISK_RADIUS = 5.0


def _projection(channels_in: int, *channels_out: int) -> nn.Sequential:
    """1 x 1 convolutions, each with batch norm and ReLU (nested as published)."""
    layers: list[nn.Module] = []
    for channels in channels_out:
        conv, norm = conv_norm(channels_in, channels, kernel=1)
        layers += [conv, nn.Sequential(norm, nn.ReLU())]
        channels_in = channels
    return nn.Sequential(*layers)


class ObjectAttention(nn.Module):
    """Attention of the pixels over the objects, of which there is one."""

    def __init__(self, features: int, keys: int) -> None:
        super().__init__()
        self.f_pixel = _projection(features, keys, keys)
        self.f_object = _projection(features, keys, keys)
        self.f_down = _projection(features, keys)
        self.f_up = _projection(keys, features)

    def forward(self, pixels: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Context that every pixel receives.

        With one object the softmax over objects is 1 whatever the similarity:
        ``f_pixel`` and ``f_object`` are in the published files and have no influence.
        """
        received: torch.Tensor = self.f_up(self.f_down(context)).expand_as(pixels)
        return received


class ContextHead(nn.Module):
    """Pixel features joined with those of the object they may belong to."""

    def __init__(self, features: int, keys: int) -> None:
        super().__init__()
        self.object_context_block = ObjectAttention(features, keys)
        self.conv_bn_dropout = nn.Sequential(
            *_projection(2 * features, features), nn.Dropout2d(0.05)
        )

    def forward(self, pixels: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """(B, features, h, w) pixels and (B, features, 1, 1) context to features."""
        received = self.object_context_block(pixels, context)
        mixed: torch.Tensor = self.conv_bn_dropout(torch.cat([received, pixels], dim=1))
        return mixed


class ContextHrNet(HrNet):
    """HRNet with its two outputs: a coarse guess, and the object-contextual one."""

    def __init__(self, width: int, context_width: int) -> None:
        super().__init__(width)
        features = 2 * context_width
        self.conv3x3_ocr = nn.Sequential(
            nn.Conv2d(self.channels, features, 3, padding=1),
            nn.BatchNorm2d(features),
            nn.ReLU(),
        )
        self.ocr_distri_head = ContextHead(features, context_width)
        self.cls_head = nn.Conv2d(features, 1, 1)
        self.aux_head = nn.Sequential(
            nn.Conv2d(self.channels, self.channels, 1),
            nn.BatchNorm2d(self.channels),
            nn.ReLU(),
            nn.Conv2d(self.channels, 1, 1),
        )

    def forward(
        self, picture: torch.Tensor, extra: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Main and coarse logits at a quarter of the input's size."""
        maps = self.features(picture, extra)
        coarse = self.aux_head(maps)
        pixels = self.conv3x3_ocr(maps)
        shares = coarse.flatten(2).softmax(dim=2)
        context = (pixels.flatten(2) @ shares.transpose(1, 2)).unsqueeze(-1)
        return self.cls_head(self.ocr_distri_head(pixels, context)), coarse


class Ritm(ClickNetwork):
    """RITM, iterative-mask variant.

    Parameters
    ----------
    width : int
        Channels of HRNet's finest branch: 18 or 32.
    context_width : int
        Key width of the object-contextual head: 64 with 18, 128 with 32.

    Notes
    -----
    Sofiiuk, Petrov, Konushin, "Reviving iterative training with mask guidance for
    interactive segmentation", ICIP 2022. Takes any input size.
    """

    def __init__(self, width: int, context_width: int) -> None:
        super().__init__()
        self.colour_norm = ColourNorm()
        self.maps_transform = nn.Sequential(
            nn.Conv2d(3, 16, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(16, 64, 3, stride=2, padding=1),
            ScaleBy(),
        )
        self.feature_extractor = ContextHrNet(width, context_width)

    def forward(self, image: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        """Predict logits at the input's size (see ``ClickNetwork``)."""
        return self.both_logits(image, points)[0]

    def both_logits(
        self, image: torch.Tensor, points: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Predict the main and the auxiliary logits, the latter used in training.

        Parameters
        ----------
        image : (B, 4, H, W) float32
            Colours in 0..1, then the previous probability.
        points : (B, 2n, 3) float32
            See ``napari_sam_med.models.click.click_maps.points_tensor``.

        Returns
        -------
        main, auxiliary : (B, 1, H, W) float32
            Logits at the input's size.
        """
        shape_hw = (int(image.shape[-2]), int(image.shape[-1]))
        disks = disk_maps(points, radius=_DISK_RADIUS, shape_hw=shape_hw)
        clicks = self.maps_transform(torch.cat([image[:, 3:], disks], dim=1))
        main, coarse = self.feature_extractor(self.colour_norm(image[:, :3]), clicks)
        return resized(main, shape_hw), resized(coarse, shape_hw)
