"""What every click network takes and gives."""

from typing import Protocol

import torch
from torch import nn

__all__ = ["ClickNetwork", "ColourNorm", "ScaleBy"]

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


class ClickNetwork(Protocol):
    """A network that turns a picture, the last answer and clicks into logits."""

    def __call__(self, image: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        """Predict the logits of the object.

        Parameters
        ----------
        image : (B, 4, H, W) float32
            Red, green, blue in 0..1, then the previous probability in 0..1.
        points : (B, 2n, 3) float32
            See `napari_sam_med.models.clicks.maps.points_tensor`.

        Returns
        -------
        (B, 1, H, W) float32
            Logits at the input's size.
        """
        ...


class ColourNorm(nn.Module):
    """Normalise (B, 3, H, W) colours in 0..1 with ImageNet's mean and deviation."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        for name, values in (("mean", _IMAGENET_MEAN), ("std", _IMAGENET_STD)):
            constant = torch.tensor(values).view(1, 3, 1, 1)
            # Not persistent: official state dicts do not hold them.
            self.register_buffer(name, constant, persistent=False)

    def forward(self, colours: torch.Tensor) -> torch.Tensor:
        """Subtract the mean, divide by the deviation."""
        return (colours - self.mean) / self.std


class ScaleBy(nn.Module):
    """Multiply by the size of one learnt number."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Scale the maps."""
        return maps * self.scale.abs()
