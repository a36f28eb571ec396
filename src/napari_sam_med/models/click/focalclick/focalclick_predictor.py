"""From an image and a list of clicks to FocalClick's probability map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from napari_sam_med.models.click.click_crops import (
    clicks_in_crop,
    pasted,
    resized,
)
from napari_sam_med.models.click.click_maps import points_tensor
from napari_sam_med.models.click.click_predictor import (
    MASK_THRESHOLD,
    ClickAnswer,
    crop_of_clicks,
    mirrored_clicks,
    with_previous,
)
from napari_sam_med.models.click.click_values import ClickCrop, ClickPoint, ZoomIn
from napari_sam_med.models.click.focalclick.focalclick_network import (
    INPUT_SIZE,
    FocalClick,
)
from napari_sam_med.models.click.focalclick.focus import focus_crop

if TYPE_CHECKING:
    from collections.abc import Sequence

_INPUT_HW = (INPUT_SIZE, INPUT_SIZE)
_FOCUS_RATIO = 1.4
_CLICKS_BEFORE_FREEZE = 10

TARGET_CROP = ZoomIn(
    target=_INPUT_HW, min_crop=10, keep_overlap=None, threshold=MASK_THRESHOLD
)
"""Official target crop: found anew at each click, as small as 10 pixels."""


@dataclass(frozen=True, slots=True)
class FocalClickPredictor:
    """Coarse network over the target crop, then the refiner over the focus crop.

    Parameters
    ----------
    network : FocalClick
        In evaluation mode, on the image's device.
    zoom : ZoomIn or None
        Rules of the target crop; None: always the whole picture.
    mirror : bool
        Average the coarse logits with those of the mirror image.
    refine : bool
        False: the coarse network alone (the official mode "NoBRS").

    Notes
    -----
    XavierCHEN34/ClickSEG, ``isegm/inference/predictors/focalclick.py``.
    """

    network: FocalClick
    zoom: ZoomIn | None = TARGET_CROP
    mirror: bool = False
    refine: bool = True

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
            Probability at image size, the target crop and the focus crop.
        """
        shape_hw = (int(image.shape[-2]), int(image.shape[-1]))
        crop = crop_of_clicks(self.zoom, clicks, shape_hw, previous)
        target = crop or ClickCrop.whole(shape_hw)
        picture = with_previous(image, previous)[(..., *target.slices)]
        averaged, logits, feature = self._coarse(picture, clicks, target)
        coarse = pasted(averaged.sigmoid(), target, shape_hw).logit()
        if not self.refine:
            return ClickAnswer(coarse.sigmoid(), crop)
        focus = _focus(coarse, previous, clicks[-1], target)
        refined = self._refined(image, clicks, focus, target, (logits, feature))
        frozen = previous is not None and len(clicks) > _CLICKS_BEFORE_FREEZE
        base = previous.probability.logit() if previous and frozen else coarse
        base[(..., *focus.slices)] = refined
        return ClickAnswer(base.sigmoid(), crop, focus)

    def _coarse(
        self, picture: torch.Tensor, clicks: Sequence[ClickPoint], target: ClickCrop
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits to show, and those of the unmirrored picture with its features."""
        moved = clicks_in_crop(clicks, target, _INPUT_HW)
        squeezed = resized(picture, _INPUT_HW)
        logits, feature = self._run(squeezed, moved)
        if not self.mirror:
            return logits, logits, feature
        turned = mirrored_clicks(moved, width=INPUT_SIZE)
        other, _ = self._run(squeezed.flip(-1), turned)
        return 0.5 * (logits + other.flip(-1)), logits, feature

    def _run(
        self, squeezed: torch.Tensor, clicks: Sequence[ClickPoint]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and features of a picture of the input's size."""
        logits, feature = self.network(
            squeezed, points_tensor(clicks).to(squeezed.device)
        )
        return logits.float(), feature

    def _refined(
        self,
        image: torch.Tensor,
        clicks: Sequence[ClickPoint],
        focus: ClickCrop,
        target: ClickCrop,
        coarse: tuple[torch.Tensor, torch.Tensor],
    ) -> torch.Tensor:
        """Logits of the focus crop at its own size."""
        logits, feature = coarse
        moved = clicks_in_crop(clicks, focus, _INPUT_HW)
        refined = self.network.refiner(
            resized(image[(..., *focus.slices)], _INPUT_HW),
            points_tensor(moved).to(image.device),
            feature=feature,
            logits=logits,
            box=_box_in_input(focus, target).to(image.device),
        )
        return resized(refined.logits.float(), focus.shape_hw)


def _focus(
    coarse: torch.Tensor,
    previous: ClickAnswer | None,
    click: ClickPoint,
    target: ClickCrop,
) -> ClickCrop:
    """Focus crop of a click.

    The official code compares logits with the threshold that is meant for
    probabilities; its crops depend on it.
    """
    predicted = (coarse[0, 0] > MASK_THRESHOLD).cpu().numpy()
    before = torch.zeros_like(coarse) if previous is None else previous.probability
    return focus_crop(
        predicted,
        (before[0, 0] > MASK_THRESHOLD).cpu().numpy(),
        click,
        target=target,
        ratio=_FOCUS_RATIO,
    )


def _box_in_input(focus: ClickCrop, target: ClickCrop) -> torch.Tensor:
    """Focus crop as (1, 5): 0, x0, y0, x1, y1 in the coarse network's input."""
    height, width = target.shape_hw
    limits = [
        (focus.col0 - target.col0) * INPUT_SIZE / width,
        (focus.row0 - target.row0) * INPUT_SIZE / height,
        (focus.col1 + 1 - target.col0) * INPUT_SIZE / width,
        (focus.row1 + 1 - target.row0) * INPUT_SIZE / height,
    ]
    return torch.tensor([[0.0, *(min(max(x, 0.0), INPUT_SIZE) for x in limits)]])
