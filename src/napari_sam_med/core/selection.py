"""Rules that pick one of a model's candidates."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.metrics import iou

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from napari_sam_med.core.candidates import Candidates


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


@dataclass(frozen=True, slots=True, eq=False)
class Picked:
    """The mask that a rule picked.

    Parameters
    ----------
    mask : (H, W) bool
        At the size of the candidates.
    score : float
        Its predicted IoU; of masks joined from several prompts the mean.
    logits : (h, w) float32 or None
        Of the candidate, to be fed back; None for a joined mask.
    """

    mask: npt.NDArray[np.bool_]
    score: float
    logits: npt.NDArray[np.float32] | None = None


def pick(
    answers: Sequence[Candidates],
    selection: Selection,
    truth: npt.NDArray[np.bool_],
) -> Picked | None:
    """Pick one mask from a model's answers about one object.

    Parameters
    ----------
    answers : sequence of Candidates
        One for each prompt of the object; the masks picked from several are joined.
    selection : Selection
        The rule.
    truth : (H, W) bool
        The object; only the oracle looks at it.

    Returns
    -------
    Picked or None
        None if ``single`` is asked of a model that offers candidates but no one answer.

    Notes
    -----
    Of several prompts ``first`` and ``oracle`` join slot by slot and use one slot for
    all of them, as the study's published code does for its boxes; ``best_score`` takes
    each prompt's own best.
    """
    if selection is Selection.SINGLE:
        singles = [_single_of(candidates) for candidates in answers]
        if any(single is None for single in singles):
            return None
        return _joined([one for one in singles if one is not None], [0] * len(answers))
    if selection is Selection.BEST_SCORE:
        return _joined(answers, [candidates.best_index for candidates in answers])
    slot = 0
    if selection is Selection.ORACLE:
        joined = np.logical_or.reduce([candidates.masks for candidates in answers])
        slot = oracle_index([iou(mask, truth) for mask in joined])
    return _joined(answers, [slot] * len(answers))


def _single_of(candidates: Candidates) -> Candidates | None:
    alone = len(candidates) == 1
    return candidates if alone and candidates.single is None else candidates.single


def _joined(answers: Sequence[Candidates], slots: Sequence[int]) -> Picked:
    pairs = list(zip(answers, slots, strict=True))
    if len(pairs) == 1:
        candidates, slot = pairs[0]
        score = float(candidates.scores[slot])
        return Picked(candidates.masks[slot], score, candidates.logits[slot])
    mask = np.logical_or.reduce([each.masks[slot] for each, slot in pairs])
    return Picked(mask, float(np.mean([each.scores[slot] for each, slot in pairs])))
