"""From an image and a list of clicks to a probability map."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from napari_sam_med.models.click.click_crops import (
    clicks_in_crop,
    input_shape,
    next_crop,
    pasted,
    resized,
)
from napari_sam_med.models.click.click_maps import points_tensor
from napari_sam_med.models.click.click_values import ClickCrop, ClickPoint, ZoomIn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam_med.models.click.click_network import ClickNetwork

MASK_THRESHOLD = 0.49
"""Probability above which a pixel belongs to the object (official evaluation)."""


@dataclass(frozen=True, slots=True)
class ClickAnswer:
    """What a predictor found, and all that the next click needs to go on from it.

    Parameters
    ----------
    probability : (1, 1, H, W) float32
        Probability of the object at image size.
    crop : ClickCrop or None
        ClickCrop that went into the network; None for the whole picture.
    focus : ClickCrop or None
        ClickCrop that was drawn a second time; only FocalClick does so.
    """

    probability: torch.Tensor
    crop: ClickCrop | None = None
    focus: ClickCrop | None = None


@dataclass(frozen=True, slots=True)
class ClickPredictor:
    """Zoom in, average with the mirror image, come back.

    Parameters
    ----------
    network : ClickNetwork
        In evaluation mode, on the image's device.
    zoom : ZoomIn or None
        None: always the whole picture at its own size.
    mirror : bool
        Average the logits of the picture and of its mirror image.

    Notes
    -----
    The mode "NoBRS" of SamsungLabs/ritm_interactive_segmentation
    (``isegm/inference/predictors/base.py``), which SimpleClick took over.
    """

    network: ClickNetwork
    zoom: ZoomIn | None = field(default_factory=ZoomIn)
    mirror: bool = True

    @property
    def refine(self) -> bool:
        """No second network redraws a crop."""
        return False

    def predict(
        self,
        image: torch.Tensor,
        clicks: Sequence[ClickPoint],
        previous: ClickAnswer | None = None,
    ) -> ClickAnswer:
        """Predict the object of all clicks.

        Parameters
        ----------
        image : (1, 3, H, W) float32 in 0..1
            Red, green, blue.
        clicks : sequence of ClickPoint
            All clicks so far, in pixels of the image.
        previous : ClickAnswer, optional
            The answer to feed back. Without it the clicks stand alone.

        Returns
        -------
        ClickAnswer
            Probability at image size and the crop used.
        """
        shape_hw = (int(image.shape[-2]), int(image.shape[-1]))
        crop = crop_of_clicks(self.zoom, clicks, shape_hw, previous)
        used = crop or ClickCrop.whole(shape_hw)
        picture = with_previous(image, previous)[(..., *used.slices)]
        if crop is not None and self.zoom is not None:
            picture = resized(picture, input_shape(crop, self.zoom.target))
        height, width = picture.shape[-2:]
        moved = clicks_in_crop(clicks, used, (height, width))
        probability = self._logits(picture, moved).sigmoid()
        return ClickAnswer(pasted(probability, used, shape_hw), crop)

    def _logits(
        self, picture: torch.Tensor, clicks: Sequence[ClickPoint]
    ) -> torch.Tensor:
        """Logits of the picture, averaged with its mirror image if wanted."""
        points = points_tensor(clicks).to(picture.device)
        if not self.mirror:
            alone: torch.Tensor = self.network(picture, points).float()
            return alone
        turned = mirrored_clicks(clicks, width=picture.shape[-1])
        logits: torch.Tensor = self.network(
            torch.cat([picture, picture.flip(-1)]),
            torch.cat([points, points_tensor(turned).to(picture.device)]),
        ).float()
        # Logits are averaged, not probabilities.
        return 0.5 * (logits[:1] + logits[1:].flip(-1))


def crop_of_clicks(
    zoom: ZoomIn | None,
    clicks: Sequence[ClickPoint],
    shape_hw: tuple[int, int],
    previous: ClickAnswer | None,
) -> ClickCrop | None:
    """Choose the crop for these clicks.

    Parameters
    ----------
    zoom : ZoomIn or None
        Its rules; None leaves the picture whole.
    clicks : sequence of ClickPoint
        All clicks so far, in pixels of the image.
    shape_hw : (height, width)
        Size of the image in pixels.
    previous : ClickAnswer or None
        The answer that is fed back, and the crop that it saw.

    Returns
    -------
    ClickCrop or None
        None: the whole picture at its own size.
    """
    if zoom is None:
        return None
    return next_crop(
        None if previous is None else previous.probability[0, 0].cpu().numpy(),
        clicks,
        shape_hw=shape_hw,
        stored=None if previous is None else previous.crop,
        zoom=zoom,
    )


def mirrored_clicks(clicks: Sequence[ClickPoint], *, width: int) -> list[ClickPoint]:
    """Clicks as they lie in the left-right mirror image of a picture.

    Parameters
    ----------
    clicks : sequence of ClickPoint
        Clicks in pixels of the picture.
    width : int
        Width of the picture in pixels.

    Returns
    -------
    list of ClickPoint
        The same clicks at column ``width - 1 - col``.
    """
    return [ClickPoint(c.row, width - 1 - c.col, c.positive) for c in clicks]


def with_previous(image: torch.Tensor, previous: ClickAnswer | None) -> torch.Tensor:
    """Append the last answer as the fourth channel; zeros where there is none.

    Parameters
    ----------
    image : (1, 3, H, W) float32 in 0..1
        Red, green, blue.
    previous : ClickAnswer or None
        The answer to feed back.

    Returns
    -------
    (1, 4, H, W) float32
        The network's input before crop and resizing.
    """
    channel = (
        torch.zeros_like(image[:, :1]) if previous is None else previous.probability
    )
    return torch.cat([image, channel], dim=1)
