"""What a model answers: masks to choose from, each with its own predicted quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam_med.errors import ImageError

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.core.prompts import Prompts

ONE_ANSWER = 0.98
"""Masks that overlap so far are one answer to a person. On the four samples, 11 objects
with clicks at the middle and then of the largest error, the three masks of ``nano``
overlap by 0.05 to 0.92 after the first click, and by 0.98 or more in 23 of the 33 later
answers (``Candidates.agreement`` after each click)."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """K masks for one prompt, K = 3 for SAM and 1 for click models.

    Parameters
    ----------
    masks : (K, H, W) bool
        At the slice's own size.
    scores : (K,) float32
        Predicted IoU of each mask; a model may give slightly more than 1.
    logits : (K, h, w) float32
        Low-resolution logits, to be fed back as ``Prompts.mask_logits``.
    single : Candidates or None
        The model's one answer for unambiguous prompts (K = 1; SAM's
        ``multimask_output=False``), from the same decoding. None if the model has none.
    prompts : Prompts or None
        What is answered, in pixels of the slice, with the logits that were fed back;
        None from a model itself, which knows of no slice.
    agreement : float or None
        How far all masks overlap, see ``agreement_of``; None if nobody has looked.

    Raises
    ------
    ImageError
        If the three arrays do not hold the same number of candidates.
    """

    masks: npt.NDArray[np.bool_]
    scores: npt.NDArray[np.float32]
    logits: npt.NDArray[np.float32]
    single: Candidates | None = None
    prompts: Prompts | None = None
    agreement: float | None = None

    def __post_init__(self) -> None:
        counts = (len(self.masks), len(self.scores), len(self.logits))
        if len(set(counts)) != 1 or self.masks.ndim != 3 or self.logits.ndim != 3:
            msg = (
                f"{counts[0]} masks, {counts[1]} scores and {counts[2]} logits; "
                "give (K, H, W), (K,) and (K, h, w)"
            )
            raise ImageError(msg)

    def __len__(self) -> int:
        return len(self.masks)

    @property
    def best_index(self) -> int:
        """Slot of the highest score; of equal ones the first."""
        return int(self.scores.argmax())

    @property
    def is_one_answer(self) -> bool:
        """Whether several masks are known to be as good as one and the same."""
        return len(self) > 1 and (self.agreement or 0.0) >= ONE_ANSWER


def most_disputed(
    masks: npt.NDArray[np.bool_], spacing_rc: tuple[float, float] = (1.0, 1.0)
) -> tuple[int, int] | None:
    """Find the pixel about which several masks disagree most.

    Parameters
    ----------
    masks : (K, H, W) bool
        Of one slice.
    spacing_rc : (row, column)
        Millimetres between pixels.

    Returns
    -------
    (row, column) or None
        Of what some masks have and others have not, the pixel that lies farthest from
        its edge: a click there decides the most. None if all are the same.

    Examples
    --------
    >>> masks = np.zeros((2, 5, 9), dtype=bool)
    >>> masks[0, :, :2] = masks[1] = True
    >>> most_disputed(masks)
    (2, 4)
    """
    disputed: npt.NDArray[np.bool_] = np.logical_xor(
        masks.any(axis=0), masks.all(axis=0)
    )
    rows, cols = (np.flatnonzero(disputed.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return None
    part = disputed[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    depth = ndimage.distance_transform_edt(np.pad(part, 1), sampling=spacing_rc)
    row, col = np.unravel_index(int(depth[1:-1, 1:-1].argmax()), part.shape)
    return int(rows[0] + row), int(cols[0] + col)


def agreement_of(masks: npt.NDArray[np.bool_]) -> float:
    """Say how far several masks overlap: what all share by what any has.

    Parameters
    ----------
    masks : (K, H, W) bool
        Of one slice.

    Returns
    -------
    float
        0 to 1; of two masks it is their IoU, and 1 if all are empty.

    Examples
    --------
    >>> agreement_of(np.array([[[True, True]], [[True, False]]]))
    0.5
    """
    union = int(np.count_nonzero(masks.any(axis=0)))
    shared = int(np.count_nonzero(masks.all(axis=0)))
    return shared / union if union else 1.0
