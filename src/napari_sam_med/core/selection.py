"""Rules that pick one of a model's candidates."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt


class Selection(StrEnum):
    """Which mask counts; the values stand in result rows.

    ``first`` is slot 0 of the candidates, the study's "default"; ``best_score`` the
    highest predicted IoU; ``oracle`` the best against the truth, an upper bound that no
    user reaches; ``single`` the model's one answer (SAM's ``multimask_output=False``).
    """

    FIRST = "first"
    BEST_SCORE = "best_score"
    ORACLE = "oracle"
    SINGLE = "single"


def oracle_index(ious: Sequence[float]) -> int:
    """Slot with the best IoU, by the rule of the study's published code.

    Parameters
    ----------
    ious : (K,) float
        IoU of each candidate with the truth.

    Returns
    -------
    int
        The first of the best; the last slot if all are 0.

    Notes
    -----
    mazurowski-lab/segment-anything-medical-evaluation keeps a slot only when it is
    strictly better than the best so far, from 0, and otherwise ends on the last.

    Examples
    --------
    >>> oracle_index([0.2, 0.7, 0.7]), oracle_index([0.0, 0.0, 0.0])
    (1, 2)
    """
    best = int(np.argmax(ious))
    return best if ious[best] > 0 else len(ious) - 1


def best_score_index(scores: npt.NDArray[np.float32]) -> int:
    """Slot with the highest predicted IoU; of equal ones the first."""
    return int(np.argmax(scores))
