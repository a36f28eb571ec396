"""What every click network takes and gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)

Network = TypeVar("Network", bound=nn.Module)


class ClickNetwork(nn.Module, ABC):
    """A network that turns a picture, the last answer and clicks into logits."""

    @abstractmethod
    def forward(self, image: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        """Predict the logits of the object.

        Parameters
        ----------
        image : (B, 4, H, W) float32
            Red, green, blue in 0..1, then the previous probability in 0..1.
        points : (B, 2n, 3) float32
            See ``napari_sam_med.models.click.click_maps.points_tensor``.

        Returns
        -------
        (B, 1, H, W) float32
            Logits at the input's size.
        """


class ColourNorm(nn.Module):
    """Normalise (B, 3, H, W) colours in 0..1 with ImageNet's mean and deviation."""

    def forward(self, colours: torch.Tensor) -> torch.Tensor:
        """Subtract the mean, divide by the deviation."""
        mean = colours.new_tensor(_IMAGENET_MEAN).view(1, 3, 1, 1)
        std = colours.new_tensor(_IMAGENET_STD).view(1, 3, 1, 1)
        return (colours - mean) / std


class ScaleBy(nn.Module):
    """Multiply by the size of one learnt number."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Scale the maps."""
        return maps * self.scale.abs()


def without_weights(build: Callable[[], Network]) -> Network:
    """Build a network whose weights are still to be loaded, in no time.

    Parameters
    ----------
    build : callable
        Makes the network.

    Returns
    -------
    torch.nn.Module
        In evaluation mode on the CPU, with arbitrary numbers in it: every entry has to
        be loaded before it is used.
    """
    with torch.device("meta"):
        network = build()
    return network.to_empty(device="cpu").eval()
