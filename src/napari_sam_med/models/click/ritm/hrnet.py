"""HRNet V2, the backbone of RITM: four resolutions kept side by side.

Names of the modules are those of the published state dicts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from napari_sam_med.models.click.click_crops import resized

if TYPE_CHECKING:
    from collections.abc import Sequence

_BOTTLENECK_PLANES = 64
_BOTTLENECK_OUT = 256
_BLOCKS = 4


def conv_norm(
    channels_in: int, channels_out: int, *, kernel: int = 3, stride: int = 1
) -> list[nn.Module]:
    """Convolution without bias that keeps the size at stride 1, and its batch norm."""
    return [
        nn.Conv2d(
            channels_in, channels_out, kernel, stride, padding=kernel // 2, bias=False
        ),
        nn.BatchNorm2d(channels_out),
    ]


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions beside an identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv_norm(channels, channels)
        self.conv2, self.bn2 = conv_norm(channels, channels)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Keep the size and the channels."""
        inner = self.bn1(self.conv1(maps)).relu()
        changed: torch.Tensor = self.bn2(self.conv2(inner)) + maps
        return changed.relu()


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolution beside a shortcut."""

    def __init__(self, channels_in: int) -> None:
        super().__init__()
        planes, out = _BOTTLENECK_PLANES, _BOTTLENECK_OUT
        self.conv1, self.bn1 = conv_norm(channels_in, planes, kernel=1)
        self.conv2, self.bn2 = conv_norm(planes, planes)
        self.conv3, self.bn3 = conv_norm(planes, out, kernel=1)
        self.downsample: nn.Module = nn.Identity()
        if channels_in != out:
            self.downsample = nn.Sequential(*conv_norm(channels_in, out, kernel=1))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Keep the size; 256 channels come out."""
        inner: torch.Tensor = self.bn1(self.conv1(maps)).relu()
        inner = self.bn2(self.conv2(inner)).relu()
        changed: torch.Tensor = self.bn3(self.conv3(inner)) + self.downsample(maps)
        return changed.relu()


def _fusion(widths: Sequence[int], source: int, goal: int) -> nn.Module:
    """Path from one resolution's map to another's, less the upsampling."""
    if source == goal:
        return nn.Identity()
    if source > goal:
        return nn.Sequential(*conv_norm(widths[source], widths[goal], kernel=1))
    steps = []
    for step in range(goal - source):
        last = step == goal - source - 1
        channels = widths[goal] if last else widths[source]
        layers = conv_norm(widths[source], channels, stride=2)
        steps.append(nn.Sequential(*layers, *([] if last else [nn.ReLU()])))
    return nn.Sequential(*steps)


class HrModule(nn.Module):
    """Four basic blocks at each resolution, then every resolution into every other."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(*(BasicBlock(width) for _ in range(_BLOCKS)))
            for width in widths
        )
        scales = range(len(widths))
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(_fusion(widths, source, goal) for source in scales)
            for goal in scales
        )

    def forward(self, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        """Keep sizes and channels, finest map first."""
        seen = [branch(one) for branch, one in zip(self.branches, maps, strict=True)]
        fused = []
        for goal, paths in zip(seen, self.fuse_layers, strict=True):
            total = torch.zeros_like(goal)
            for one, path in zip(seen, paths.children(), strict=True):
                total = total + resized(path(one), _size(goal))
            fused.append(total.relu())
        return fused


def _size(maps: torch.Tensor) -> tuple[int, int]:
    """Height and width of maps."""
    return int(maps.shape[-2]), int(maps.shape[-1])


def _down(channels_in: int, channels_out: int) -> nn.Module:
    """Half the resolution: the new lowest branch (nested in the published names)."""
    layers = conv_norm(channels_in, channels_out, stride=2)
    return nn.Sequential(nn.Sequential(*layers, nn.ReLU()))


class HrNet(nn.Module):
    """Backbone that reads a picture and a map to add after its first convolution.

    Parameters
    ----------
    width : int
        Channels of the finest branch (18 or 32); the others have 2, 4, 8 times as many.

    Notes
    -----
    Wang et al., "Deep High-Resolution Representation Learning for Visual Recognition",
    TPAMI 2020; layer order and sizes as in the published RITM models.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        widths = [width * 2**scale for scale in range(4)]
        self.channels = sum(widths)
        self.conv1, self.bn1 = conv_norm(3, 64, stride=2)
        self.conv2, self.bn2 = conv_norm(64, 64, stride=2)
        self.layer1 = nn.Sequential(
            Bottleneck(64), *(Bottleneck(_BOTTLENECK_OUT) for _ in range(_BLOCKS - 1))
        )
        first = nn.Sequential(*conv_norm(_BOTTLENECK_OUT, widths[0]), nn.ReLU())
        self.transition1 = nn.ModuleList([first, _down(_BOTTLENECK_OUT, widths[1])])
        self.stage2 = nn.Sequential(HrModule(widths[:2]))
        self.transition2 = _grown(widths, 2)
        self.stage3 = nn.Sequential(*(HrModule(widths[:3]) for _ in range(4)))
        self.transition3 = _grown(widths, 3)
        self.stage4 = nn.Sequential(*(HrModule(widths) for _ in range(3)))

    def features(self, picture: torch.Tensor, extra: torch.Tensor) -> torch.Tensor:
        """Compute the four resolutions' maps, at a quarter of the input's size.

        Parameters
        ----------
        picture : (B, 3, H, W) float32
            Normalised colours.
        extra : (B, 64, H / 2, W / 2) float32
            Added after the first convolution; sizes rounded up.

        Returns
        -------
        (B, 15 * width, H / 4, W / 4) float32
            Finest first; sizes rounded up.
        """
        stem = self.bn1(self.conv1(picture)).relu() + extra
        start = self.layer1(self.bn2(self.conv2(stem)).relu())
        maps = self.stage2([layer(start) for layer in self.transition1])
        for transition, stage in (
            (self.transition2, self.stage3),
            (self.transition3, self.stage4),
        ):
            maps = stage([*maps, transition[-1](maps[-1])])
        return torch.cat([resized(one, _size(maps[0])) for one in maps], dim=1)


def _grown(widths: Sequence[int], scale: int) -> nn.ModuleList:
    """Transition that passes the branches there are and adds one."""
    passed = [nn.Identity() for _ in range(scale)]
    return nn.ModuleList([*passed, _down(widths[scale - 1], widths[scale])])
