"""Scenes on the device: kept, drawn, cut, turned and exposed anew."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from napari_sam_med.training.batches import LOW_RES_SCALE, SIZE_POWER
from napari_sam_med.training.pool.painter_rings import BITS, OBJECTS

if TYPE_CHECKING:
    from napari_sam_med.training.pool.painter_rings import SceneArrays

# Of a GPU's free memory; the rest is for the training itself.
MOST_OF_MEMORY = 0.5
# Where there is no GPU, 0.3 GB: a CPU does not learn from more in hours.
MOST_ON_CPU = 1024
# Of the boxes round something that is not compact; as in `batches`.
ASKED_ANEW = 0.65
# Shares and ranges of what happens to a drawn scene; all were chosen without
# measurement, so that most scenes stay as they were painted.
TURNED, LARGEST_TURN = 0.3, 0.4
CUT, CLOSEST, WIDEST = 0.5, 0.5, 1.1
SQUEEZED, LARGEST_SQUEEZE = 0.2, 0.25
INVERTED, GAMMA, CONTRAST, TINTED, BLURRED, NOISY = 0.25, 0.5, 0.5, 0.2, 0.15, 0.3


@dataclass(frozen=True, slots=True, eq=False)
class DrawnScenes:
    """B scenes with P objects, n of each scene one after the other.

    Attributes
    ----------
    images : torch.Tensor
        float (B, 3, S, S), 0 to 255.
    masks : torch.Tensor
        float (P, S, S), 0 or 1; all 0 where an object was cut away.
    edges : torch.Tensor
        float (B, S / 2, S / 2).
    boxed : torch.Tensor
        bool (P,), whether a box is to be asked.
    """

    images: torch.Tensor
    masks: torch.Tensor
    edges: torch.Tensor
    boxed: torch.Tensor


class ScenePool:
    """As many of the newest scenes as the device takes.

    Parameters
    ----------
    size : int
        Side of the scenes in pixels.
    most : int
        Scenes to keep at most.
    device : torch.device
        Where.
    """

    def __init__(self, size: int, most: int, device: torch.device) -> None:
        low = size // LOW_RES_SCALE
        shapes = (
            ((size, size, 3), torch.uint8),
            ((OBJECTS, size, size // BITS), torch.uint8),
            ((OBJECTS,), torch.float32),
            ((OBJECTS,), torch.float32),
            ((low, low // BITS), torch.uint8),
        )
        each = sum(math.prod(shape) * kind.itemsize for shape, kind in shapes)
        if device.type == "cuda":
            free, _ = torch.cuda.mem_get_info(device)
            most = min(most, int(MOST_OF_MEMORY * free / each))
        else:
            most = min(most, MOST_ON_CPU)
        self.most = max(1, most)
        self._kept = tuple(
            torch.zeros(self.most, *shape, dtype=kind, device=device)
            for shape, kind in shapes
        )
        self._bits = torch.arange(BITS - 1, -1, -1, dtype=torch.uint8, device=device)
        # copies run beside a step, which they would wait for on its own stream
        self._copies = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]
        self.seen = 0

    def take(self, scenes: SceneArrays) -> None:
        """Keep scenes, in the place of the oldest ones."""
        with nullcontext() if self._copies is None else torch.cuda.stream(self._copies):
            self._copy(scenes)

    def _copy(self, scenes: SceneArrays) -> None:
        arrays = [getattr(scenes, each.name) for each in fields(scenes)]
        first, count = 0, len(arrays[0])
        while first < count:
            at = self.seen % self.most
            last = min(count, first + self.most - at)
            for kept, given in zip(self._kept, arrays, strict=True):
                kept[at : at + last - first].copy_(torch.from_numpy(given[first:last]))
            self.seen += last - first
            first = last

    def draw(self, images: int, prompts: int, boxes: float) -> DrawnScenes:
        """Draw scenes and objects.

        Parameters
        ----------
        images, prompts : int
            Scenes, and objects of each.
        boxes : float
            Share of the prompts that ask with a box.

        Returns
        -------
        DrawnScenes
        """
        device = self._bits.device
        if self._copies is not None:
            torch.cuda.current_stream(device).wait_stream(self._copies)
        rows = torch.randint(min(self.seen, self.most), (images,), device=device)
        image, packed, areas, compact, edges = (each[rows] for each in self._kept)
        shares = areas**SIZE_POWER * (areas > 0) + 1e-9
        first, other = (
            torch.multinomial(shares, prompts, replacement=True) for _ in range(2)
        )
        boxed = torch.rand(images, prompts, device=device) < boxes
        loose = boxed & (compact.gather(1, first) == 0)
        anew = loose & (torch.rand(images, prompts, device=device) < ASKED_ANEW)
        chosen = torch.where(anew, other, first)
        masks = self._unpacked(
            packed[torch.arange(images, device=device)[:, None], chosen]
        )
        picture = image.permute(0, 3, 1, 2).float()
        if self._copies is not None:
            self._copies.wait_stream(torch.cuda.current_stream(device))
        turned = _placed(picture, masks, self._unpacked(edges))
        return DrawnScenes(_exposed(turned[0]), *turned[1:], boxed.flatten())

    def _unpacked(self, packed: torch.Tensor) -> torch.Tensor:
        return ((packed[..., None] >> self._bits) & 1).flatten(-2).float()


def _uniform(like: torch.Tensor, low: float, high: float) -> torch.Tensor:
    """Draw a number for each image of `like`, (B,)."""
    return low + (high - low) * torch.rand(len(like), device=like.device)


def _placed(
    images: torch.Tensor, masks: torch.Tensor, edges: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Turn, mirror, cut and squeeze (B, 3, S, S), (B, n, S, S) and (B, s, s) alike."""
    chance = [_uniform(images, 0, 1) for _ in range(4)]
    quarter = torch.randint(4, (len(images),), device=images.device) * (math.pi / 2)
    turn = quarter + (chance[0] < TURNED) * _uniform(
        images, -LARGEST_TURN, LARGEST_TURN
    )
    scale = torch.where(chance[1] < CUT, _uniform(images, CLOSEST, WIDEST), 1.0)
    squeeze = (chance[2] < SQUEEZED) * _uniform(
        images, -LARGEST_SQUEEZE, LARGEST_SQUEEZE
    )
    across = scale * (1 + squeeze) * torch.where(chance[3] < 0.5, 1.0, -1.0)
    room = (1 - scale).clamp(min=0)
    shifts = [room * _uniform(images, -1, 1) for _ in range(2)]
    cosine, sine = turn.cos(), turn.sin()
    first = torch.stack([across * cosine, -scale * sine, shifts[0]], 1)
    second = torch.stack([across * sine, scale * cosine, shifts[1]], 1)
    grid = functional.affine_grid(
        torch.stack([first, second], 1), list(images.shape), align_corners=False
    )
    fine = functional.interpolate(edges[:, None], scale_factor=LOW_RES_SCALE)
    moved = (
        functional.grid_sample(each, grid, mode, align_corners=False)
        for each, mode in ((images, "bilinear"), (masks, "nearest"), (fine, "nearest"))
    )
    images, masks, fine = moved
    edges = functional.max_pool2d(fine, LOW_RES_SCALE)[:, 0]
    return images, masks.flatten(0, 1), edges


def _exposed(images: torch.Tensor) -> torch.Tensor:
    """Change the intensities of (B, 3, S, S), 0 to 255, as another machine might."""

    def number(low: float, high: float) -> torch.Tensor:
        return _uniform(images, low, high)[:, None, None, None]

    def some(share: float) -> torch.Tensor:
        return number(0, 1) < share

    x = images / 255
    x = torch.where(some(INVERTED), 1 - x, x)
    x = torch.where(some(GAMMA), x.clamp(min=1e-4) ** number(-0.6, 0.6).exp(), x)
    stretched = (x - 0.5) * number(0.6, 1.5) + 0.5 + number(-0.15, 0.15)
    x = torch.where(some(CONTRAST), stretched, x)
    gain = torch.cat([number(0.7, 1.3) for _ in range(3)], 1)
    shift = torch.cat([number(-0.1, 0.1) for _ in range(3)], 1)
    x = torch.where(some(TINTED), x * gain + shift, x)
    padded = functional.pad(x, (1, 1, 1, 1), "replicate")
    x = torch.where(some(BLURRED), functional.avg_pool2d(padded, 3, 1), x)
    grain = torch.randn_like(x[:, :1]) * number(0.01, 0.08)
    x = torch.where(some(NOISY), x + grain, x)
    return (x.clamp(0, 1) * 255).round()
