"""Cascade-forward refinement: the same clicks again, over the last answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam_med.models.click.click_predictor import (
    MASK_THRESHOLD,
    ClickAnswer,
    ClickPredictor,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from torch import nn

    from napari_sam_med.models.click.click_values import ClickPoint, ZoomIn

_FEW_PIXELS = 20


@dataclass(frozen=True, slots=True)
class CascadePredictor:
    """Repeat the first clicks' prediction until it settles.

    Parameters
    ----------
    once : ClickPredictor
        One pass.
    passes : int
        Most passes for one prediction.
    clicks : int
        With more clicks than this there is a single pass.

    Notes
    -----
    Sun et al., "CFR-ICL: Cascade-Forward Refinement with Iterative ClickPoint Loss for
    Interactive Image Segmentation", AAAI 2024. Defaults: what Mazurowski et al. (MedIA
    2023) ran in their published code. The passes end early when at most 20 pixels
    changed sides.
    """

    once: ClickPredictor
    passes: int = 5
    clicks: int = 1

    @property
    def network(self) -> nn.Module:
        """The network of each pass."""
        return self.once.network

    @property
    def zoom(self) -> ZoomIn | None:
        """The zoom of each pass."""
        return self.once.zoom

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
            The answer to feed back into the first pass.

        Returns
        -------
        ClickAnswer
            The last pass's.
        """
        answer = self.once.predict(image, clicks, previous)
        if len(clicks) > self.clicks:
            return answer
        for _ in range(self.passes - 1):
            before, answer = answer, self.once.predict(image, clicks, answer)
            if _changed_pixels(before, answer) <= _FEW_PIXELS:
                break
        return answer


def _changed_pixels(before: ClickAnswer, after: ClickAnswer) -> int:
    """Number of pixels that joined or left the object."""
    now = after.probability > MASK_THRESHOLD
    return int((now ^ (before.probability > MASK_THRESHOLD)).count_nonzero())
