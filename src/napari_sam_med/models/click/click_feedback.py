"""An answer as the logits that a next prompt may bring back.

A pixel that the crop left out has no logit: it is stored as ``OUTSIDE_LOGIT``, far
below any that a network gives. So the crop of the last pass, by which the zoom decides
whether to move, comes back with the logits, and a model needs no memory between calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_sam_med.models.click.click_predictor import ClickAnswer
from napari_sam_med.models.click.click_values import ClickCrop

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.models.click.click_values import ZoomIn

# exp(80) is still a float32.
OUTSIDE_LOGIT = -80.0
# Far beyond what decides anything, and half way to OUTSIDE_LOGIT.
_EXTREME_LOGIT = 40.0


def logits_from_answer(answer: ClickAnswer) -> npt.NDArray[np.float32]:
    """Turn an answer into finite logits.

    Parameters
    ----------
    answer : ClickAnswer
        What a predictor found.

    Returns
    -------
    (H, W) float32
        Logits within -40..40; -80 where the probability is 0.
    """
    probability = answer.probability[0, 0].cpu()
    logits = probability.logit().clamp(-_EXTREME_LOGIT, _EXTREME_LOGIT)
    logits[probability == 0] = OUTSIDE_LOGIT
    return np.asarray(logits.numpy(), dtype=np.float32)


def answer_from_logits(
    logits: npt.NDArray[np.float32], zoom: ZoomIn | None
) -> ClickAnswer:
    """Recover an answer from its logits.

    Parameters
    ----------
    logits : (H, W) float32
        What ``logits_from_answer`` gave, or any other logits of the image's size.
    zoom : ZoomIn or None
        Rules of the predictor. One that leaves the first picture whole stores no crop
        for it, one that resizes from the first click does.

    Returns
    -------
    ClickAnswer
        On the CPU, without a focus crop.
    """
    seen = logits > (OUTSIDE_LOGIT - _EXTREME_LOGIT) / 2
    probability = torch.from_numpy(np.where(seen, logits, -np.inf)).sigmoid()
    rows, cols = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    crop = None
    if seen.any():
        crop = ClickCrop(int(rows[0]), int(rows[-1]), int(cols[0]), int(cols[-1]))
    if crop == ClickCrop.whole(logits.shape) and (
        zoom is None or zoom.skip_clicks >= 0
    ):
        crop = None
    return ClickAnswer(probability[None, None].float(), crop)
